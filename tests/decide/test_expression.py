"""Expressions: parsed and unit-checked at load time, right in every world, never too sure."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.decide.effort import Effort, efforts
from sysdesign.decide.expression import condition, number
from sysdesign.decide.node import Worlds
from sysdesign.errors import InvalidInput, SysdesignError


def worlds(**values):
    return Worlds({name.replace("__", "."): np.array([value]) for name, value in values.items()}, {})


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
    at = worlds(data__size=3e12, data__items=10, data__joins=2)
    assert bool(condition(text, {}).truth(at)[0]) is holds


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
    assert node.number(at)[0] == pytest.approx(stampede(arrivals_per_s=2000.0, rebuild_s=0.5).requests_per_expiry)


def test_a_slow_model_is_read_off_a_table_within_one_percent():
    from sysdesign.models.queueing import mmc

    text = "queueing.mmc(arrivals_per_s=traffic.reads_per_s, services_per_s=10 /s, servers=10).mean_time_s"
    rates = np.array([5.0, 37.0, 61.3, 79.0])
    found = number(text, {}).number(Worlds({"traffic.reads_per_s": rates}, {}))
    exact = [mmc(arrivals_per_s=rate, services_per_s=10.0, servers=10).mean_time_s for rate in rates]
    np.testing.assert_allclose(found, exact, rtol=0.01)


def test_the_largest_the_smallest_and_the_next_whole_number():
    at = worlds(data__items=2.2, data__hops=3.0)
    assert number("max(data.items, data.hops, 1)", {}).number(at)[0] == 3.0
    assert number("min(data.items, 7) + ceil(data.items)", {}).number(at)[0] == 5.2
    with pytest.raises(InvalidInput, match="same unit"):
        number("max(data.items, 3 s)", {})


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


@settings(max_examples=200, deadline=None)
@given(conditions(), st.lists(st.lists(st.integers(0, 6), min_size=4, max_size=4), min_size=3, max_size=3))
def test_many_worlds_at_once_are_each_alone(text, columns):
    node = condition(text, {})
    values = {name: np.array(column, dtype=float) for name, column in zip(NAMES, columns, strict=True)}
    with np.errstate(all="ignore"):
        together = np.broadcast_to(node.truth(Worlds(values, {})), (4,))
        for at in range(4):
            alone = Worlds({name: column[at : at + 1] for name, column in values.items()}, {})
            assert node.truth(alone)[0] == together[at]


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.text(max_size=40), st.text(alphabet="data.size >=<!()[]+-*/%0123456789andornotbetween,", max_size=60))
)
def test_any_text_parses_or_is_refused(text):
    with contextlib.suppress(SysdesignError):
        condition(text, {})


def test_what_says_the_same_is_computed_once_and_what_does_not_is_not():
    text = "queueing.mm1(arrivals_per_s=traffic.reads_per_s, services_per_s=200 /s)"
    same = [number(f"{text}.mean_wait_s", {}) for _ in range(2)]
    assert same[0] is not same[1] and same[0].token == same[1].token
    others = [f"{text}.mean_time_s", f"{text.replace('200', '300')}.mean_wait_s", "1 - 60%", "1 - 0.6", "2 - 60%"]
    assert len({node.token for node in (same[0], *(number(other, {}) for other in others))}) == 6
    given = worlds(traffic__reads_per_s=100.0)
    assert same[0].number(given) is same[1].number(given)
    assert float(number(others[0], {}).number(given)[0]) == pytest.approx(1 / 100)
    assert float(same[0].number(given)[0]) == pytest.approx(1 / 200)


def test_efforts_are_told_apart():
    parts = efforts().components
    nodes = [Effort(parts[name], "build", number("1", {})) for name in list(parts)[:2]]
    assert nodes[0] != nodes[1] and nodes[0].token != nodes[1].token
