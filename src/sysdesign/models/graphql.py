"""GraphQL: how many nodes a query may return, what it costs, and what batching saves.

A query nests lists in lists, so its size is a product: counts here are the worst case in
which every list is as long as asked for. Times in `_ms` milliseconds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Numbers, Output, Text, checked
from sysdesign.models.wording import count, duration, percent
from sysdesign.probability.elementwise import plain

LONGEST_QUERY = 10_000
DEEPEST = 64
JUST_WHOLE = 1 - 1e-12
REQUESTS_A_POINT = 100  # GitHub's scale
LEVEL_CHANGE = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}

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
    level: Annotated[np.ndarray, Output("Level of lists, from the outermost")]
    nodes_at_level: Annotated[np.ndarray, Output("Nodes at that level")]
    requests_at_level: Annotated[np.ndarray, Output("List requests at that level")]


@dataclass(frozen=True)
class Selection:
    """A field of a query; `size` is the length of its list, None for a single object or a value."""

    name: str
    size: float | None
    fields: tuple[Selection, ...]


@checked
def query_cost(
    query: Annotated[
        Text,
        Input(
            "Query",
            default="repositories(50) { pullRequests(20) { comments(10) } issues(20) { comments(10) } } followers(10)",
            help="Lists with their lengths, name(50) { ... } or name(first: 50) { ... }; others are single objects.",
        ),
    ],
    node_limit: NodeLimit = 500_000,
) -> QueryCost:
    """Nodes, requests and points of a query, from its text.

    Each list counts its length times the lengths of the lists around it. A list is
    requested once for each node that holds it: that is the number of queries of a server
    that does not batch (see `batching`), and a hundredth of it, rounded, is what GitHub
    charges. Fields without a length (edges, node, a value) count nothing. Takes a GraphQL
    selection or its short form, not fragments or variables; other arguments are skipped.
    Raises InvalidInput, with the position, where the text is not such a query, longer than
    10,000 characters or deeper than 64. Source: github-graphql-limits.

    >>> query_cost("repositories(50) { issues(10) }").nodes
    550.0
    """
    fields = _Reader(query).selections()
    lists = list(_lists(fields, 1.0, 1))
    nodes, requests = np.zeros((2, max((level for _, _, level in lists), default=0)))
    for size, parents, level in lists:
        nodes[level - 1] += parents * size
        requests[level - 1] += parents
    return _cost(nodes, requests, max((size for size, _, _ in lists), default=0.0), node_limit)


def _cost(nodes: np.ndarray, requests: np.ndarray, largest: float, node_limit: float) -> QueryCost:
    """The cost of a query from its nodes and list requests at each level."""
    asked = float(requests.sum())
    return QueryCost(
        nodes=float(nodes.sum()),
        requests=asked,
        points=max(1.0, math.floor(asked / REQUESTS_A_POINT + 0.5)),
        depth=nodes.size,
        largest_list=largest,
        limit_used=float(nodes.sum()) / node_limit,
        level=np.arange(1, nodes.size + 1),
        nodes_at_level=nodes,
        requests_at_level=requests,
    )


def _lists(fields: tuple[Selection, ...], parents: float, level: int) -> Iterator[tuple[float, float, int]]:
    """Each list's length, the number of its parents, and its depth among lists."""
    for field in fields:
        if field.size is None:
            yield from _lists(field.fields, parents, level)
        else:
            yield field.size, parents, level
            yield from _lists(field.fields, parents * field.size, level + 1)


TOKEN = re.compile(
    r'\s*(?:,\s*|#[^\n]*\s*)*(?:(?P<word>[A-Za-z_]\w*)|(?P<number>\d+)|(?P<text>"[^"]*")|(?P<sign>[(){}:\[\]$.!@=-]))'
)


class _Reader:
    """Reads the selections of a query, one token ahead."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST_QUERY:
            raise InvalidInput(f"query has {len(text)} characters; it takes {LONGEST_QUERY} or fewer")
        self.text, self.at = text, 0
        self.kind, self.token, self.place = "", "", 0
        self.advance()

    def advance(self) -> str:
        taken = self.token
        match = TOKEN.match(self.text, self.at)
        if match:
            self.kind, self.token = str(match.lastgroup), match[str(match.lastgroup)]
            self.place, self.at = match.start(str(match.lastgroup)), match.end()
        elif self.text[self.at :].strip(" \t\r\n,"):
            left = self.text[self.at :]
            self.place = self.at + len(left) - len(left.lstrip(" \t\r\n,"))
            raise self.fault(f"{self.text[self.place]!r} does not belong in a query")
        else:
            self.kind, self.token, self.place, self.at = "end", "", len(self.text), len(self.text)
        return taken

    def fault(self, what: str) -> InvalidInput:
        return InvalidInput(
            f"query, position {self.place + 1}: {what}; write lists with their lengths, as in "
            "repositories(50) { issues(10) }, or repositories(first: 50) { issues(first: 10) }"
        )

    def expect(self, sign: str) -> None:
        if self.token != sign or self.kind != "sign":
            raise self.fault(f"found {self.token or 'the end'!r}, expected {sign!r}")
        self.advance()

    def selections(self) -> tuple[Selection, ...]:
        if self.token in ("query", "mutation", "subscription") and self.kind == "word":
            self.advance()
            if self.kind == "word":  # the operation's name
                self.advance()
        braced = self.token == "{"
        found = self.block(0) if braced else self.fields(0)
        if self.kind != "end":
            raise self.fault(f"found {self.token!r} after a whole query")
        if not found:
            raise self.fault("there is no field")
        return found

    def block(self, depth: int) -> tuple[Selection, ...]:
        if depth > DEEPEST:
            raise self.fault(f"deeper than {DEEPEST}")
        self.expect("{")
        found = self.fields(depth)
        self.expect("}")
        return found

    def fields(self, depth: int) -> tuple[Selection, ...]:
        found = []
        while self.kind == "word":
            found.append(self.field(depth))
        return tuple(found)

    def field(self, depth: int) -> Selection:
        name = self.advance()
        if self.token == ":":  # what stood before was an alias
            self.advance()
            if self.kind != "word":
                raise self.fault(f"found {self.token or 'the end'!r}, expected the field after its alias")
            name = self.advance()
        size = self.arguments() if self.token == "(" else None
        inner = self.block(depth + 1) if self.token == "{" else ()
        return Selection(name, size, inner)

    def arguments(self) -> float | None:
        """The length among the arguments: a bare number, first or last."""
        self.expect("(")
        size, name, level = None, "", 1
        while level:
            if self.kind == "end":
                raise self.fault("the text ends inside parentheses")
            if level == 1 and name in ("", "first", "last"):
                size = self.length(size)
            if self.kind == "sign":
                level += LEVEL_CHANGE.get(self.token, 0)
            if self.token != ":":
                name = self.token if self.kind == "word" else "-"
            self.advance()
        return size

    def length(self, size: float | None) -> float | None:
        """The length that the token gives, or what was known before."""
        if self.token == "$":
            raise self.fault("a length is a variable here; put its number in its place")
        if self.kind != "number":
            return size
        if self.text[self.at : self.at + 1] == "." or len(self.token) > 7:
            raise self.fault("a list's length is a whole number up to 9,999,999")
        return float(self.token)


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
        raise InvalidInput(f"sizes holds {lengths.size} lists; it takes {DEEPEST} or fewer whose product stays finite")
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
        raise InvalidInput(f"sizes holds {lengths.size} lists; it takes {DEEPEST} or fewer whose product stays finite")
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
    return (
        f"Up to {count(result.nodes)} nodes by {count(result.requests)} list requests, {percent(result.limit_used)} of "
        f"the node limit; {count(result.points)} points."
    )


def _bounded(inputs: Mapping[str, Any], result: WorstCase) -> str:
    return (
        f"A depth limit of {inputs['depth']:g} still lets {count(result.nodes)} nodes through; the node limit "
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
