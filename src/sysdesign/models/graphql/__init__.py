"""GraphQL: how many nodes a query may return, what it costs, and what batching saves.

A query nests lists in lists, so its size is a product: counts here are the worst case in
which every list is as long as asked for. Times in `_ms` milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Numbers, Output, Text, checked
from sysdesign.models.graphql.documents import DEEPEST, Selection, shape
from sysdesign.models.wording import count, duration, percent, several
from sysdesign.probability.elementwise import plain

JUST_WHOLE = 1 - 1e-12
LENGTHS = Text("first, last, limit, count")
NO_TEXT = Text("")
REQUESTS_A_POINT = 100  # GitHub's scale

Sizes = Annotated[Numbers, Input("Length of each nested list, outermost first", low=0, high=1e6, default=(50, 20, 10))]
NodeLimit = Annotated[float, Input("Most nodes that the server allows", low=1, high=1e12, default=500_000)]


@dataclass(frozen=True)
class QueryCost:
    """Size and cost of a query if every list is full."""

    nodes: Annotated[float, Output("Nodes at most")]
    requests: Annotated[float, Output("List requests to fulfill it, one a parent")]
    points: Annotated[float, Output("Rate limit points (requests / 100, at least 1)")]
    depth: Annotated[int, Output("Lists in lists")]
    largest_list: Annotated[float, Output("Longest list asked for")]
    limit_used: Annotated[float, Output("Share of the node limit", "share")]
    unsized: Annotated[tuple[str, ...], Output("Lists that give no length, at the length assumed", apart=True)]
    level: Annotated[np.ndarray, Output("Level of lists, from the outermost")]
    nodes_at_level: Annotated[np.ndarray, Output("Nodes at that level")]
    requests_at_level: Annotated[np.ndarray, Output("List requests at that level")]


@checked
def query_cost(
    query: Annotated[
        Text,
        Input(
            "Query",
            default="repositories(50) { pullRequests(20) { comments(10) } issues(20) { comments(10) } } followers(10)",
            help="An operation with its fragments, or name(50) { ... } in short; fields without a length are single.",
        ),
    ],
    node_limit: NodeLimit = 500_000,
    variables: Annotated[
        Text, Input("Variables", default="", help='n=20, open=true, or {"n": 20}; others are at their defaults.')
    ] = NO_TEXT,
    operation: Annotated[Text, Input("Operation, where the text holds several", default="")] = NO_TEXT,
    lengths: Annotated[
        Text, Input("Arguments that give a list's length", default=LENGTHS, help="Add the schema's own, as pageSize.")
    ] = LENGTHS,
    unsized_length: Annotated[
        float, Input("Length assumed of a list that gives none", low=1, high=1_000_000, default=100)
    ] = 100,
) -> QueryCost:
    """Nodes, requests and points of a query, from its text.

    Each list counts its length times the lengths of the lists around it. A list is
    requested once for each node that holds it: that is the number of queries of a server
    that does not batch (see `batching`), and a hundredth of it, rounded, is what GitHub
    charges. Takes whole operations: variables at the values given or their defaults,
    fragments opened (those on different types are added, which is the worst case), fields
    of one name merged as an execution merges them, `@skip` and `@include`. A length is
    that of an argument in `lengths`. Without a schema a list can only be told by that, by
    `nodes` or `edges` in it, by arguments that page, or by a plural name with fields; one
    that gives no length counts `unsized_length` and is named in the result. Other fields
    count nothing. Raises InvalidInput, with the position, where the text is not such a
    query, is longer than 100,000 characters or 20,000 words, deeper than 64, opens to more
    than 100,000 fields, or has fragments that hold themselves. Source: github-graphql-limits.

    >>> query_cost("repositories(50) { issues(10) }").nodes
    550.0
    """
    found = shape(
        query, operation=operation, variables=variables, lengths=lengths, unsized_length=float(unsized_length)
    )
    nodes, requests = _at_levels(found.fields, {})
    if not np.isfinite(nodes).all():
        raise InvalidInput("query: its lists are too long to be counted; the product of their lengths is not finite")
    return _cost(nodes, requests, _longest_list(found.fields, {}), node_limit, found.unsized)


def _cost(
    nodes: np.ndarray, requests: np.ndarray, largest: float, node_limit: float, unsized: tuple[str, ...] = ()
) -> QueryCost:
    """The cost of a query from its nodes and list requests at each level."""
    asked = float(requests.sum())
    return QueryCost(
        nodes=float(nodes.sum()),
        requests=asked,
        points=max(1.0, math.floor(asked / REQUESTS_A_POINT + 0.5)),
        depth=nodes.size,
        largest_list=largest,
        limit_used=float(nodes.sum()) / node_limit,
        unsized=unsized,
        level=np.arange(1, nodes.size + 1),
        nodes_at_level=nodes,
        requests_at_level=requests,
    )


Levels = tuple[np.ndarray, np.ndarray]
Fields = tuple[Selection, ...]


def _at_levels(fields: Fields, known: dict[int, Levels]) -> Levels:
    """Nodes and list requests of one object's fields at each level of lists; fields that recur are summed up once."""
    if id(fields) not in known:
        parts = [_of_field(field, known) for field in fields]
        known[id(fields)] = _summed([nodes for nodes, _ in parts]), _summed([requests for _, requests in parts])
    return known[id(fields)]


def _of_field(field: Selection, known: dict[int, Levels]) -> Levels:
    nodes, requests = _at_levels(field.fields, known)
    if field.size is None:
        return nodes, requests
    with np.errstate(over="ignore", invalid="ignore"):
        return np.append(field.size, field.size * nodes), np.append(1.0, field.size * requests)


def _summed(parts: list[np.ndarray]) -> np.ndarray:
    total = np.zeros(max((part.size for part in parts), default=0))
    for part in parts:
        total[: part.size] += part
    return total


def _longest_list(fields: Fields, known: dict[int, float]) -> float:
    if id(fields) not in known:
        known[id(fields)] = max((max(f.size or 0.0, _longest_list(f.fields, known)) for f in fields), default=0.0)
    return known[id(fields)]


@checked
def nested(sizes: Sizes, node_limit: NodeLimit = 500_000) -> QueryCost:
    """Nodes, requests and points of one chain of nested lists.

    The lengths from the outermost list inward; see `query_cost` for what is counted and for
    queries that branch. Raises InvalidInput where there are more than 64 lists or one is
    longer than a million. Source: github-graphql-limits.

    >>> nested((50, 10)).nodes
    550.0
    """
    lengths = np.asarray(sizes, dtype=float)
    if lengths.size > DEEPEST or lengths.prod() > 1e290:
        raise InvalidInput(
            f"sizes holds {several(lengths.size, 'list')}; it takes {DEEPEST} or fewer whose product stays finite"
        )
    parents = np.concatenate(([1.0], np.cumprod(lengths)[:-1]))
    return _cost(parents * lengths, parents, float(lengths.max()), node_limit)


@dataclass(frozen=True)
class WorstCase:
    """The largest query that a depth limit lets through."""

    nodes: Annotated[float, Output("Nodes at most")]
    requests: Annotated[float, Output("List requests at most")]
    deepest_allowed: Annotated[float, Output("Depth up to which the node limit holds by itself")]
    longest_allowed: Annotated[float, Output("List length up to which it holds at this depth")]


@checked
def depth_limit(
    depth: Annotated[int, Input("Depth limit, in lists", low=1, high=20, default=4)],
    list_length: Annotated[float, Input("Longest list allowed", low=1, high=10_000, default=100)],
    lists_at_each: Annotated[float, Input("List fields queried on each node", low=1, high=100, default=1)] = 1,
    node_limit: NodeLimit = 500_000,
) -> WorstCase:
    """The worst query that a depth limit and a list limit let through.

    Each node holds b lists of n, so level i has (b n)^i nodes: a depth limit alone leaves a
    query's size exponential. Aliases repeat a field as often as a client likes and so raise
    b past the number of fields in the schema. Elementwise over arrays for all but the two
    limits found by search. Raises InvalidInput where an input is out of range.
    Follows from the geometric sum.

    >>> depth_limit(3, 100).nodes
    1010100.0
    """
    growth = np.asarray(lists_at_each, dtype=float) * list_length
    levels = np.asarray(depth, dtype=float)
    requests = np.asarray(lists_at_each) * _levels_sum(growth, levels)
    return WorstCase(
        nodes=plain(growth * _levels_sum(growth, levels)),
        requests=plain(requests),
        deepest_allowed=plain(np.vectorize(_deepest, otypes=[float])(growth, node_limit)),
        longest_allowed=plain(np.vectorize(_longest, otypes=[float])(depth, lists_at_each, node_limit)),
    )


def _levels_sum(growth: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """1 + g + ... + g^(levels - 1)."""
    apart = np.where(growth == 1, 2.0, growth)
    return np.where(growth == 1, levels, (apart**levels - 1) / (apart - 1))


def _deepest(growth: float, limit: float) -> float:
    total, level, depth = 0.0, 1.0, 0
    while depth < 1000:  # at a growth of 1 the limit is reached only after as many levels
        level *= growth
        total += level
        if total > limit:
            break
        depth += 1
    return float(depth)


def _longest(depth: float, lists: float, limit: float) -> float:
    """The longest list by bisection; 0 where even lists of one are too many."""
    low, high = 0, 10**13
    while high - low > 1:
        middle = (low + high) // 2
        nodes, level = 0.0, 1.0
        for _ in range(int(depth)):
            level *= lists * middle
            nodes += level
            if nodes > limit:
                break
        low, high = (low, middle) if nodes > limit else (middle, high)
    return float(low)


@dataclass(frozen=True)
class Batching:
    """Database queries of a nested query, one a parent or batched by a data loader."""

    queries: Annotated[float, Output("Queries without a loader (N + 1)")]
    batched_queries: Annotated[float, Output("Queries with a loader")]
    times_fewer: Annotated[float, Output("Times fewer")]
    time_ms: Annotated[float, Output("Time without a loader", "ms")]
    batched_ms: Annotated[float, Output("Time with a loader", "ms")]
    keys_fetched: Annotated[float, Output("Keys that the loader fetches")]


@checked
def batching(
    sizes: Sizes,
    most_keys: Annotated[int, Input("Most keys in a batch", low=1, high=1_000_000, default=1000)] = 1000,
    distinct: Annotated[float, Input("Share of keys that are distinct", "share", low=1e-6, high=1, default=1)] = 1,
    query_ms: Annotated[float, Input("Time of a query", "ms", low=0, high=1e6, default=2)] = 2,
    connections: Annotated[int, Input("Queries at once for one request", low=1, high=10_000, default=10)] = 10,
) -> Batching:
    """Queries that a nested query costs one by one, and with a data loader.

    Without a loader each node resolves its list by itself: 1 + n1 + n1 n2 + ... A loader
    collects the keys of one level and asks once for each `most_keys` of them, each distinct
    key once: one query a level while they fit. Levels follow each other, queries of a level
    run `connections` at a time, and a batch takes as long as a single query, which large
    batches do not. Raises InvalidInput where there are more than 64 lists.
    Follows from counting; the scheme is that of DataLoader.

    >>> batching((50, 10)).queries
    51.0
    """
    lengths = np.asarray(sizes, dtype=float)
    if lengths.size > DEEPEST or lengths.prod() > 1e290:
        raise InvalidInput(
            f"sizes holds {several(lengths.size, 'list')}; it takes {DEEPEST} or fewer whose product stays finite"
        )
    keys = np.concatenate(([1.0], np.cumprod(lengths)[:-1]))
    fetched = np.where(keys > 0, np.maximum(np.ceil(keys * distinct * JUST_WHOLE), 1), 0)
    batches = np.ceil(fetched / most_keys)
    one_by_one = np.ceil(keys / connections * JUST_WHOLE).sum() * query_ms
    return Batching(
        queries=float(keys.sum()),
        batched_queries=float(batches.sum()),
        times_fewer=float(keys.sum() / batches.sum()),
        time_ms=float(one_by_one),
        batched_ms=float(np.ceil(batches / connections).sum() * query_ms),
        keys_fetched=float(fetched.sum()),
    )


def _costed(inputs: Mapping[str, Any], result: QueryCost) -> str:
    guess = inputs.get("unsized_length", 0)
    assumed = (
        f" {', '.join(result.unsized[:5])}{' and others' if len(result.unsized) > 5 else ''} "
        f"{'gives' if len(result.unsized) == 1 else 'give'} no length: {count(guess)} is assumed of each."
        if result.unsized
        else ""
    )
    return (
        f"Up to {several(result.nodes, 'node')} by {several(result.requests, 'list request')}, "
        f"{percent(result.limit_used)} of "
        f"the node limit; {several(result.points, 'point')}.{assumed}"
    )


def _bounded(inputs: Mapping[str, Any], result: WorstCase) -> str:
    return (
        f"A depth limit of {inputs['depth']:g} still lets {several(result.nodes, 'node')} through; the node limit "
        f"would hold by itself up to a depth of {count(result.deepest_allowed)} or lists "
        f"of {count(result.longest_allowed)}."
    )


def _batched(inputs: Mapping[str, Any], result: Batching) -> str:
    return (
        f"{count(result.queries)} queries one by one, {count(result.batched_queries)} with a loader: "
        f"{duration(result.time_ms / 1000)} against {duration(result.batched_ms / 1000)}."
    )


LIMITS = "Which depth and node limits, and is batching needed?"
MODELS = (
    Model(query_cost, LIMITS, _costed, "08-graphql", "08-graphql/query-levels"),
    Model(nested, LIMITS, _costed, "08-graphql", "08-graphql/nested-levels"),
    Model(depth_limit, LIMITS, _bounded, "08-graphql", "08-graphql/depth-limit"),
    Model(batching, LIMITS, _batched, "08-graphql", "08-graphql/batching"),
)
