"""GraphQL: queries walked node by node, random trees written and read back, batches counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import graphql as model
from sysdesign.plain import as_plain
from tests.models.corners import assert_finite_at_corners, assert_sentences

LONG_FORM = """
query Repositories {
  viewer {
    repositories(first: 50, after: "x){", orderBy: {field: NAME, weight: 3}) {
      edges { repository:node { name   # a comment (with braces {
        pullRequests(last: 20, states: [OPEN, MERGED]) {
          edges { pr: node { comments(first: 10) { edges { node { body } } } } }
        }
      } }
    }
  }
}
"""

tree = st.recursive(
    st.just([]),
    lambda inner: st.lists(st.tuples(st.integers(0, 5) | st.none(), inner), min_size=1, max_size=3),
    max_leaves=8,
)


def walked(fields):
    """Nodes and list requests, by visiting every node of the full answer."""
    nodes = requests = 0
    for size, inner in fields:
        copies = 1 if size is None else size
        requests += size is not None
        nodes += 0 if size is None else size
        for _ in range(copies):
            more = walked(inner)
            nodes, requests = nodes + more[0], requests + more[1]
    return nodes, requests


def written(fields, long):
    parts = []
    for at, (size, inner) in enumerate(fields):
        length = "" if size is None else f"(first: {size})" if long else f"({size})"
        parts.append(f"f{at}{length}" + (" { " + written(inner, long) + " }" if inner else ""))
    return (", " if long else " ").join(parts)


@given(tree, st.booleans())
@settings(deadline=None)
def test_cost_agrees_with_a_walk_over_every_node(fields, long):
    if not fields:
        return
    found = model.query_cost(written(fields, long))
    nodes, requests = walked(fields)
    assert (found.nodes, found.requests) == (nodes, requests)
    if nodes >= 20:  # the comparison notices a twentieth
        assert round(1.05 * found.nodes) != nodes


def test_real_queries_with_arguments_aliases_and_comments():
    found = model.query_cost(LONG_FORM)
    assert (found.nodes, found.requests, found.depth) == (50 + 1000 + 10_000, 1 + 50 + 1000, 3)
    assert found.points == 11


def test_a_chain_is_the_same_as_its_text():
    chain = model.nested((50, 20, 10))
    text = model.query_cost("a(50) { b(20) { c(10) } }")
    assert as_plain(chain) == as_plain(text)
    assert chain.nodes_at_level.sum() == chain.nodes and chain.requests_at_level.sum() == chain.requests


OPERATION = """
query Page($n: Int = 20, $all: Boolean = true) {
  orders(first: $n) { nodes { ...Line again: id ... on Paid @include(if: $all) { payments(first: 2) { id } } } }
}
fragment Line on Order { lines(first: 10) { nodes { id @skip(if: true) { tags(first: 9) { a } } } } }
"""


@pytest.mark.parametrize(
    "query, inputs, nodes",
    [
        (OPERATION, {}, 20 + 200 + 40),
        (OPERATION, {"variables": "n=3"}, 3 + 30 + 6),
        (OPERATION, {"variables": '{"n": 3, "all": false}'}, 3 + 30),
        ("{ orders(limit: 100) { lines(count: 50) { product { name } } } }", {}, 5100),
        ("{ orders(pageSize: 7) { id } }", {"lengths": "pageSize"}, 7),
        ("query A { a(first: 5) { b } } query B { a(first: 9) { b } }", {"operation": "B"}, 9),
        ("{ a(first: 5) { b } a(first: 5) { c(first: 2) { d } } }", {}, 5 + 10),  # fields of one name are one field
        ("{ a(first: 5) { b } x: a(first: 5) { c } }", {}, 10),
        ("{ ...F ...F } fragment F on T { a(last: 4) { b } }", {}, 4),
        ("subscription { a(first: 2) { b } }", {}, 2),
        ('{ a(where: {first: 9, name: """b{c(9)"""}, first: 2) { b } }', {}, 2),
    ],
)
def test_operations_as_they_are_written(query, inputs, nodes):
    found = model.query_cost(query, **inputs)
    assert (found.nodes, found.unsized) == (nodes, ())


@pytest.mark.parametrize(
    "query, unsized, nodes",
    [
        ("query A($n: Int) { order(first: $n) { id } }", ("order",), 40),
        ("{ order { nodes { id } } }", ("order",), 40),
        ('{ order(after: "x") { id } }', ("order",), 40),
        ("{ orders { lines(first: 2) { id } } }", ("orders",), 40 + 80),
        ("{ orders { lines { id } } }", ("orders", "orders.lines"), 40 + 1600),
        ("{ status { address { id } } names }", (), 0),
    ],
)
def test_a_list_without_a_length_is_assumed_and_named(query, unsized, nodes):
    found = model.query_cost(query, unsized_length=40)
    assert (set(found.unsized), found.nodes) == (set(unsized), nodes)
    [said] = [
        each.sentence({"unsized_length": 40}, found) for each in model.MODELS if each.function is model.query_cost
    ]
    assert ("40 is assumed of each" in said) == bool(unsized)


def test_fragments_that_open_to_far_more_than_the_text_are_counted():
    """Each fragment holds the next twice: 2^40 lists, and a text of a few lines."""
    count = 40
    parts = [f"fragment F{n} on T {{ x {{ ...F{n + 1} }} y: x {{ ...F{n + 1} }} }}" for n in range(count)]
    text = "{ ...F0 } " + " ".join(parts) + f" fragment F{count} on T {{ a(first: 3) {{ b }} }}"
    assert model.query_cost(text).nodes == 3 * 2**count


def test_fragments_nested_too_deep_are_refused():
    """Whether a fragment is met first near the top or deep down, its depth counts."""
    parts = " ".join(f"fragment F{n} on T {{ {'x { ' * 40} ...F{n + 1} {'}' * 40} }}" for n in range(3))
    last = "fragment F3 on T { a(first: 3) { b } }"
    for order in ("...F0 ...F1 ...F2 ...F3", "...F3 ...F2 ...F1 ...F0"):
        with pytest.raises(InvalidInput, match="deeper than 64"):
            model.query_cost(f"{{ {order} }} {parts} {last}")


@given(st.lists(st.integers(1, 30), min_size=1, max_size=5))
def test_longer_lists_never_cost_less(sizes):
    here = model.nested(tuple(sizes))
    more = model.nested(tuple(size + 1 for size in sizes))
    assert more.nodes > here.nodes and more.requests >= here.requests and more.points >= here.points


@pytest.mark.parametrize("depth,length,lists", [(3, 4, 1), (2, 3, 2), (4, 2, 3), (5, 1, 1)])
def test_worst_case_is_the_full_tree(depth, length, lists):
    fields = []
    for _ in range(depth):
        fields = [(length, fields)] * lists
    nodes, requests = walked(fields)
    found = model.depth_limit(depth, length, lists)
    assert (found.nodes, found.requests) == (nodes, requests)


@given(st.integers(1, 10), st.integers(1, 300), st.integers(1, 5), st.integers(10, 10**6))
def test_limits_found_are_the_last_that_hold(depth, length, lists, limit):
    found = model.depth_limit(depth, length, lists, limit)
    if found.deepest_allowed >= 1 and found.deepest_allowed < 20:
        assert model.depth_limit(int(found.deepest_allowed), length, lists).nodes <= limit
    if found.deepest_allowed < 19:
        assert model.depth_limit(int(found.deepest_allowed) + 1, length, lists).nodes > limit
    if 1 <= found.longest_allowed < 10_000:
        assert model.depth_limit(depth, found.longest_allowed, lists).nodes <= limit
        assert model.depth_limit(depth, found.longest_allowed + 1, lists).nodes > limit


def resolved(sizes, most_keys, distinct):
    """Queries of a loader that drains a queue of keys level by level."""
    level, queries = [0], 0
    for size in sizes:
        keys = list(level[: max(1, int(np.ceil(len(level) * distinct - 1e-9)))]) if level else []
        while keys:
            del keys[:most_keys]
            queries += 1
        level = [child for _ in level for child in range(size)]
    return queries


@given(st.lists(st.integers(0, 6), min_size=1, max_size=4), st.integers(1, 50), st.sampled_from([0.25, 0.5, 1.0]))
def test_batches_agree_with_a_drained_queue(sizes, most_keys, distinct):
    found = model.batching(tuple(sizes), most_keys, distinct)
    assert found.batched_queries == resolved(sizes, most_keys, distinct)
    assert found.queries == walked_chain(sizes)


def walked_chain(sizes):
    fields = []
    for size in reversed(sizes):
        fields = [(size, fields)]
    return walked(fields)[1]


def test_n_plus_one():
    found = model.batching((50, 10), query_ms=2, connections=1)
    assert (found.queries, found.batched_queries) == (51, 2)
    assert (found.time_ms, found.batched_ms) == (102, 4)


@pytest.mark.parametrize(
    "query,message",
    [
        ("", "there is no field"),
        ("a(50) {", "position 8: the text ends inside"),
        ("a(50) } b", "found '}' after a whole query"),
        ("a(5", "ends inside parentheses"),
        ("a(1.5)", "whole number"),
        ("a & b", "position 3: .*found '&'"),
        ("b(2) { a(first: -1) }", r"a\(first: -1\); a list's length is a whole number"),
        ("query A { a } query B { b }", r"2 operations \(A, B\); name one"),
        ("{ ...F } fragment F on T { a ...F }", "F in F hold themselves"),
        ("{ ...F } fragment F on T { a { ...G } } fragment G on T { ...F }", "hold themselves"),
        ("{ ...Line } fragment Lines on T { a }", "Did you mean Lines"),
        ("{ a } type A { b: Int }", "defines types"),
        ("fragment F on T { a }", "fragments alone"),
        ("a{" * 70, "deeper than 64"),
        ("a " * 60_000, "100,000 or fewer"),
        ("a " * 30_000, "more than 20,000 words"),
        (
            "query($n: Int!, $open: Boolean!) { a(first: $n) { b } }",
            r"needs \$n, \$open; give it with variables=, as in n=20",
        ),
    ],
)
def test_bad_queries_are_refused_with_the_place(query, message):
    with pytest.raises(InvalidInput, match=message):
        model.query_cost(query)


def test_a_variable_that_may_not_be_null_is_given_or_has_a_default():
    query = "query($n: Int!, $all: [Int!]) { a(first: $n) { b } }"
    assert model.query_cost(query, variables="n=3").nodes == 3
    assert model.query_cost(query.replace("Int!,", "Int! = 4,")).nodes == 4
    with pytest.raises(InvalidInput, match=r"needs \$n"):
        model.query_cost(query.replace("Int!,", "Int! = 4,"), variables="n=null")


@pytest.mark.parametrize("each", model.MODELS, ids=lambda each: each.name)
def test_corners(each):
    assert_finite_at_corners(each.function, 1000)


def test_sentences():
    assert_sentences(model.MODELS)
