"""Expressions: parsed and unit-checked at load time, right in every world, never too sure."""

import contextlib
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.decide.expression import condition, number
from sysdesign.decide.node import Worlds
from sysdesign.decide.span import Span, WordSet, exact
from sysdesign.errors import InvalidInput, SysdesignError


def worlds(**values):
    spans = {}
    for name, value in values.items():
        key = name.replace("__", ".")
        if isinstance(value, tuple):
            spans[key] = Span(np.array([float(value[0])]), np.array([float(value[1])]))
        elif isinstance(value, (int, float)):
            spans[key] = exact(np.array([float(value)]))
        else:
            spans[key] = value
    return Worlds(spans, {})


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("data.size > 2 TB", True),
        ("data.size > 4 TB", False),
        ("data.size between 3 TB and 3 TB", True),
        ("data.size / 1 TB == 3", True),
        ("data.size - 1 TB * 2 <= 1 TB", True),
        ("not data.size > 2 TB or data.items < 0", False),
        ("data.size > 2 TB and (data.items > 1 thousand or data.items == 10)", True),
        ("data.joins == across", True),
        ("data.joins != across", False),
        ("data.joins in [none, across]", True),
        ("across == data.joins", True),
        ("-data.items + 10 == 0", True),
        ("2 + 3 * 4 == 14", True),
        ("(2 + 3) * 4 == 20", True),
        ("10 - 4 - 3 == 3", True),
        ("12 / 3 / 2 == 2", True),
        ("1 < 2 and 2 < 3 or 1 > 2", True),
        ("not 1 > 2 and 3 > 2", True),
    ],
)
def test_an_exact_world(text, holds):
    at = worlds(data__size=3e12, data__items=10, data__joins=WordSet(np.array([0b100])))
    truth = condition(text, {}).truth(at)
    assert bool(np.all(truth.sure)) is holds and bool(np.all(truth.possible)) is holds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("data.size > 3", "an amount of data is compared with a pure number"),
        ("data.size > 3 ms", "a time"),
        ("data.size + data.items > 3 TB", "has no meaning"),
        ("data.sise > 3 TB", "data.size"),
        ("data.joins == nonne", "none"),
        ("data.joins > none", "is a word"),
        ("data.size in [none]", "not a field of words"),
        ("data.size", "not a condition"),
        ("data.size > unknown_name", "not known here"),
        ("data.size >", "a value is expected"),
        ("data.size > 1 TB TB", "should end"),
        ("(data.size > 1 TB", "')' is expected"),
        ("data.size > 1 TB;", "not part of an expression"),
        ("data.size > 'x'", "not part of an expression"),
        ("caching.stampedes(arrivals_per_s=1) > 2", "stampede"),
        ("caching.stampede(arrivals_per_m=traffic.reads_per_s).requests_per_expiry > 2", "takes no 'arrivals_per_m'"),
        ("caching.stampede(arrivals_per_s=data.size, rebuild_s=1 s).requests_per_expiry > 2", "another kind"),
        ("caching.stampede(arrivals_per_s=traffic.reads_per_s, rebuild_s=1 s).nothing > 2", "gives no 'nothing'"),
        ("__import__(x=1) > 2", "no model"),
        ("(" * 500 + "1" + ")" * 500 + " > 0", "deep"),
        ("not " * 300 + "1 > 0", "deep"),
        ("1 > 0 or " * 400 + "1 > 0", "characters"),
    ],
)
def test_what_is_refused_says_why(text, message):
    with pytest.raises(InvalidInput, match=r"[\s\S]*") as caught:
        condition(text, {})
    assert message in str(caught.value)


def test_a_model_gives_what_it_gives_in_every_world():
    from sysdesign.models.caching import stampede

    node = number(
        "caching.stampede(arrivals_per_s=traffic.reads_per_s, rebuild_s=cache.rebuild).requests_per_expiry", {}
    )
    at = worlds(traffic__reads_per_s=2000, cache__rebuild=0.5)
    assert node.number(at).low[0] == pytest.approx(stampede(arrivals_per_s=2000.0, rebuild_s=0.5).requests_per_expiry)
    wide = worlds(traffic__reads_per_s=(100, 2000), cache__rebuild=(0.1, 0.5))
    assert node.number(wide).low[0] < node.number(wide).high[0] == pytest.approx(node.number(at).low[0])


NAMES = ("data.items", "traffic.peak_factor", "data.hops")


@st.composite
def conditions(draw, depth=2):
    def value(left):
        if left == 0 or draw(st.booleans()):
            return draw(st.sampled_from([*NAMES, "2", "0.5", "7"]))
        return f"({value(left - 1)} {draw(st.sampled_from('+-*/'))} {value(left - 1)})"

    def test(left):
        if left == 0 or draw(st.booleans()):
            return f"{value(2)} {draw(st.sampled_from(['<', '<=', '>', '>=', '==', '!=']))} {value(2)}"
        word = draw(st.sampled_from(["and", "or", "not"]))
        return f"not ({test(left - 1)})" if word == "not" else f"({test(left - 1)}) {word} ({test(left - 1)})"

    return test(depth)


@settings(max_examples=300, deadline=None)
@given(conditions(), st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=3))
def test_sure_holds_in_every_world_and_impossible_in_none(text, ranges):
    """Bounds over intervals contain what every single value inside gives."""
    node = condition(text, {})
    ranges = [tuple(sorted(pair)) for pair in ranges]
    with np.errstate(all="ignore"):
        over = node.truth(
            Worlds(
                {
                    name: Span(np.array([float(a)]), np.array([float(b)]))
                    for name, (a, b) in zip(NAMES, ranges, strict=True)
                },
                {},
            )
        )
        for point in itertools.product(*({a, (a + b) / 2, b} for a, b in ranges)):
            single = node.truth(
                Worlds({name: exact(np.array([float(v)])) for name, v in zip(NAMES, point, strict=True)}, {})
            )
            if np.all(over.sure):
                assert np.all(single.sure), (text, ranges, point)
            if not np.any(over.possible):
                assert not np.any(single.sure), (text, ranges, point)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.text(max_size=40), st.text(alphabet="data.size >=<!()[]+-*/%0123456789andornotbetween,", max_size=60))
)
def test_any_text_parses_or_is_refused(text):
    with contextlib.suppress(SysdesignError):
        condition(text, {})
