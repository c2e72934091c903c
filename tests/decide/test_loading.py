"""Framework files: what is wrong is told with file, line and what would work; nothing else gets out."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sysdesign.decide import decide, parse_framework, workload_of
from sysdesign.errors import BadContent, SysdesignError
from tests.decide.conftest import REFERENCE
from tests.decide.test_answers import SMALL


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("peak > 1000 /s", "peek > 1000 /s", 11, "not known here"),
        ("peak > 1000 /s", "peak > 1000", 11, "a rate is compared with a pure number"),
        ("peak > 1000 /s", "peak > 1000 ms", 11, "a rate is compared with a time"),
        ("messages.readers > 1", "messages.reader > 1", 12, "messages.readers"),
        ("messages.answer == now", "messages.answer == soon", 13, "later"),
        ("rules_out: call", "rules_out: cal", 11, "call"),
        ("default: call", "default: cull", 8, "call"),
        ("question:", "questions:", 2, "question"),
        ("target: 0, limit: 4", "target: 0, limit: 4 s", 15, "different kinds"),
        ("values: {queue: 1", "values: {quue: 1", 15, "queue"),
        ("weight: 0.2", "weight: 0.5", 18, "up to 0.2"),
        ("weight: 0.2", "weight: true", 18, "up to 0.2"),
        ("requires: delivery", "requires: delivery, excludes: x", 22, "one of requires"),
        ("machines: one", "machines: few", 5, "one or many"),
        ("06-Messaging-Systems#calls", "06-Messaging-Systems", 5, "anchor"),
        ("derived: {peak:", "derived: {day:", 9, "cannot name"),
        ("because: The caller waits.", "becuase: The caller waits.", 13, "because"),
        ("  - {when: peak", "  - {rules_out: x, rules_out: y, when: peak", 11, "twice"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(old, new, line, message):
    assert old in SMALL
    with pytest.raises(BadContent) as caught:
        parse_framework(SMALL.replace(old, new, 1), "small.yaml")
    assert str(caught.value).startswith("small.yaml:") and message in str(caught.value)
    assert caught.value.line == line


TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted((REFERENCE / "decisions").glob("*.yaml"))}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_damaged_frameworks_are_refused_or_still_answer(data):
    """Any cut, swap or insertion gives a framework that answers, or an error of ours: never a traceback."""
    text = data.draw(
        st.sampled_from([SMALL, TEXTS["circuit-breaker"], TEXTS["cache-eviction"], TEXTS["queue-isolation"]])
    )
    for _ in range(data.draw(st.integers(1, 3))):
        text = damaged(text, data)
    try:
        known = parse_framework(text, "damaged.yaml")
    except SysdesignError as error:
        assert "damaged.yaml" in str(error)
        return
    answer = decide(known, workload_of({}), worlds=50)
    assert answer.first in known.options or answer.first == ""


def damaged(text, data):
    tokens = re.findall(r"\s+|[\w.]+|.", text)
    at = data.draw(st.integers(0, len(tokens) - 1))
    match data.draw(st.sampled_from(["cut", "swap", "insert", "copy"])):
        case "cut":
            del tokens[at : at + data.draw(st.integers(1, 6))]
        case "swap":
            other = data.draw(st.integers(0, len(tokens) - 1))
            tokens[at], tokens[other] = tokens[other], tokens[at]
        case "insert":
            pool = [
                "{",
                "}",
                "[",
                "]",
                ":",
                "- ",
                "null",
                "true",
                "1e309",
                "-1",
                "''",
                "*a",
                "&a ",
                "!!python/x ",
                "\t",
                "0/0",
                "day",
                "in [",
                "not ",
                "🙂",
            ]
            tokens.insert(at, data.draw(st.sampled_from(pool)))
        case _:
            tokens[at:at] = tokens[at : at + data.draw(st.integers(1, 20))]
    return "".join(tokens)


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(
        st.text(max_size=120),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
            lambda inner: st.dictionaries(
                st.sampled_from(
                    [
                        "question",
                        "document",
                        "options",
                        "default",
                        "derived",
                        "constraints",
                        "criteria",
                        "examples",
                        "a",
                    ]
                ),
                inner,
                max_size=6,
            ),
            max_leaves=12,
        ).map(repr),
    )
)
def test_any_text_is_refused_by_an_error_of_ours(text):
    with pytest.raises(SysdesignError):
        parse_framework(text, "any.yaml")
