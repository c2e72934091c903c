"""Consistency: every order tried on small histories, textbook histories, published verdicts."""

import itertools
import json
import math
import os
from dataclasses import replace
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import consistency
from sysdesign.models.consistency import IMPLIES, LEVELS, SESSION, check, growth, linearizability, shown, zones
from sysdesign.models.consistency.causal import causal
from sysdesign.models.consistency.columns import Columns
from sysdesign.models.consistency.compiled_searches import searched
from sysdesign.models.consistency.example_histories import EXAMPLES
from sysdesign.models.consistency.history import KINDS, History, Operation, kinds, ordered, values
from sysdesign.models.consistency.linearizability import linearizable
from sysdesign.models.consistency.reduction import smallest_failing
from sysdesign.models.consistency.sequential import sequential
from sysdesign.readers import histories

BUDGET = 10**6
LINEARIZABLE = {2, 5, 7, 18, 25, 31, 38, 45, 48, 49}  # of etcd_000 to etcd_050, porcupine_test.go


def run(text):
    """Operations one after the other: `0:w x 1  1:r x 1  1:c x 1>2  1:c x 1!2  2:w x 3?`; `-` is nothing."""
    found = []
    for at, part in enumerate(text.split("  ")):
        process, rest = part.strip().split(":")
        kind, key, value = rest.rstrip("?").split()
        kind = {"w": "write", "r": "read", "c": "cas", "e": "enqueue", "d": "dequeue"}[kind]
        end = math.inf if rest.endswith("?") else 2 * at + 1
        good = "!" not in value
        if kind == "cas":
            value = tuple(int(each) for each in value.replace("!", ">").split(">"))
        else:
            value = None if value == "-" else int(value)
        found.append(Operation(int(process), kind, key, value, 2 * at, end, good))
    return tuple(found)


# --- the same questions answered by trying every order ------------------------------------------


def legal(order):
    """Whether results fit when operations take effect in this order (a second reading of the rules)."""
    registers, queues = {}, {}
    for one in order:
        now = registers.get(one.key)
        if one.kind == "write":
            registers[one.key] = one.value
        elif one.kind == "read" and one.value != now:
            return False
        elif one.kind == "cas":
            if (now == one.value[0]) != one.succeeded:
                return False
            if one.succeeded:
                registers[one.key] = one.value[1]
        elif one.kind == "enqueue":
            queues.setdefault(one.key, []).append(one.value)
        elif one.kind == "dequeue":
            held = queues.setdefault(one.key, [])
            head = held.pop(0) if held else None
            if (head is None and one.open) or (not one.open and head != one.value):
                return False
    return True


def some_order(operations, before):
    """Whether the operations, with any of the open ones, have a legal order that keeps `before`."""
    sure = [one for one in operations if not one.open]
    maybe = [one for one in operations if one.open]
    for size in range(len(maybe) + 1):
        for chosen in itertools.combinations(maybe, size):
            for order in itertools.permutations(sure + list(chosen)):
                kept = all(not before(late, early) for early, late in itertools.combinations(order, 2))
                if kept and legal(order):
                    return True
    return False


def in_session(one, two):
    return one.process == two.process and not one.open and one.invoked < two.invoked


def by_trying_linearizable(operations):
    return some_order(operations, lambda one, two: one.returned < two.invoked)


def by_trying_sequential(operations):
    return some_order(operations, in_session)


def by_trying_causal(operations):
    """Ahamad's definition word for word: each process orders all writes and its own reads, causes first."""
    writer = {(one.key, one.value): one for one in operations if one.kind == "write"}
    follows = {(id(a), id(b)) for a in operations for b in operations if in_session(a, b)}
    for one in operations:
        if one.kind == "read" and one.value is not None:
            if (one.key, one.value) not in writer:
                return False
            follows.add((id(writer[one.key, one.value]), id(one)))
    for middle, first, last in itertools.product(operations, repeat=3):
        if (id(first), id(middle)) in follows and (id(middle), id(last)) in follows:
            follows.add((id(first), id(last)))
    if any((id(one), id(one)) in follows for one in operations):
        return False
    for process in {one.process for one in operations}:
        view = [one for one in operations if one.kind == "write" or one.process == process]
        if not any(
            legal(order) and all((id(b), id(a)) not in follows for a, b in itertools.combinations(order, 2))
            for order in itertools.permutations(view)
        ):
            return False
    return True


@st.composite
def histories_of(draw, kinds=("read", "write", "cas"), most=6, keys="x", distinct=False, opens=True):
    """A few processes on a few values, with overlaps and operations that never return."""
    count = draw(st.integers(1, most))
    processes = draw(st.integers(1, 3))
    moments = draw(st.permutations(range(2 * count)))
    busy_until, found = dict.fromkeys(range(processes), -1.0), []
    values = st.integers(1, 2 if not distinct else most)
    for at in range(count):
        process = draw(st.integers(0, processes - 1))
        start, end = sorted(moments[2 * at : 2 * at + 2])
        if start <= busy_until[process]:
            start = busy_until[process] + 0.01 * (at + 1)
            end = max(end, start)
        kind, key = draw(st.sampled_from(kinds)), draw(st.sampled_from(keys))
        good, value = True, draw(values)
        if kind == "cas":
            value, good = (value, draw(values)), draw(st.booleans())
        elif kind in ("read", "dequeue") and draw(st.booleans()):
            value = None
        elif distinct and kind == "write":
            value = at + 1
        is_open = opens and kind != "read" and good and draw(st.integers(0, 4)) == 0
        busy_until[process] = start if is_open else end
        found.append(Operation(process, kind, key, value, start, math.inf if is_open else end, good))
    return ordered(found)


@settings(max_examples=150, deadline=None)
@given(histories_of())
def test_registers_are_linearizable_when_some_order_is(operations):
    assert (linearizable(operations, BUDGET).answer == "holds") == by_trying_linearizable(operations)


@settings(max_examples=150, deadline=None)
@given(histories_of(kinds=("enqueue", "dequeue")))
def test_queues_are_linearizable_when_some_order_is(operations):
    assert (linearizable(operations, BUDGET).answer == "holds") == by_trying_linearizable(operations)


@settings(max_examples=150, deadline=None)
@given(histories_of(keys="xy", most=5))
def test_keys_decided_one_by_one_agree_with_all_together(operations):
    assert (linearizable(operations, BUDGET).answer == "holds") == by_trying_linearizable(operations)


@settings(max_examples=100, deadline=None)
@given(st.one_of(histories_of(keys="xy"), histories_of(kinds=("enqueue", "dequeue"), keys="pq", most=5)))
def test_sequential_when_some_order_is(operations):
    assert (sequential(operations, BUDGET).answer == "holds") == by_trying_sequential(operations)


@settings(max_examples=150, deadline=None)
@given(histories_of(kinds=("read", "read", "write"), keys="xy", distinct=True, opens=False))
def test_causal_when_every_process_has_an_order(operations):
    assert (causal(operations, BUDGET).answer == "holds") == by_trying_causal(operations)


@settings(max_examples=150, deadline=None)
@given(st.one_of(histories_of(keys="xy", most=8), histories_of(kinds=("enqueue", "dequeue"), most=7)))
def test_what_holds_at_a_level_holds_below_it(operations):
    raw = {level: decide(operations, BUDGET).answer for level, decide in LEVELS.items()}
    for level, below in IMPLIES.items():
        for weaker in below:
            assert not (raw[level] == "holds" and raw[weaker] == "fails"), (level, weaker)
    said = check(operations, initial="nothing")
    for level, answer in raw.items():
        assert getattr(said, level) == answer or answer == "unknown"


@settings(max_examples=100, deadline=None)
@given(histories_of(kinds=("read", "read", "write"), keys="xy", most=9, distinct=True), st.sampled_from(list(LEVELS)))
def test_a_shown_part_fails_by_itself_and_no_smaller_one_does(operations, level):
    assume(LEVELS[level](operations, BUDGET).answer == "fails")
    part = shown(operations, level)
    assert set(part) <= set(operations)
    assert LEVELS[level](part, BUDGET).answer == "fails"
    for gone in part:
        if gone.kind == "read":
            assert LEVELS[level]([one for one in part if one is not gone], BUDGET).answer != "fails"


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(histories_of(), histories_of(kinds=("enqueue", "dequeue"))),
    st.sampled_from([("linearizable", by_trying_linearizable), ("sequential", by_trying_sequential)]),
)
def test_no_step_of_making_a_part_smaller_breaks_a_sound_history(operations, level):
    name, sound = level
    assume(sound(operations))

    def look(part):
        assert sound(part)
        return True  # so that everything that may be dropped is

    smallest_failing(operations, look, in_time=name == "linearizable")


@settings(max_examples=100, deadline=None)
@given(histories_of(kinds=("read", "read", "write"), keys="xy", distinct=True, opens=False))
def test_no_step_breaks_a_causal_history(operations):
    assume(by_trying_causal(operations))
    smallest_failing(operations, lambda part: by_trying_causal(part) or pytest.fail(f"{part} is not causal"))


@settings(max_examples=100, deadline=None)
@given(histories_of(most=7))
def test_a_shown_part_of_a_register_keeps_what_explains_it(operations):
    assume(linearizable(operations, BUDGET).answer == "fails")
    part = shown(operations, "linearizable")
    assert not by_trying_linearizable(part)
    for one in part:
        if one.kind == "read":
            writers = [other for other in operations if other.changes and set_by(other) == one.value]
            asked_in_time = [other for other in writers if other.invoked < one.returned]
            assert not asked_in_time or any(other in part for other in writers)


def set_by(operation):
    return operation.value[1] if operation.kind == "cas" else operation.value


# --- known histories ----------------------------------------------------------------------------

KNOWN = [
    # (history, levels that fail). Lamport 1979: store buffers; Ahamad and others 1995: causal, not sequential.
    ("0:w x 1  1:r x 1", ()),
    ("0:w x 1  0:w x 2  1:r x 1", ("linearizable",)),
    ("0:w x 1  1:w y 1  0:r y -  1:r x -", ("linearizable", "sequential")),
    ("0:w x 1  1:w x 2  2:r x 1  3:r x 2  2:r x 2  3:r x 1", ("linearizable", "sequential")),
    # causal fails only by what one process's own order of writes leaves out (hb, not co)
    ("0:w x 1  0:w y 1  1:w x 2  1:r y 1  1:r x 2  1:r x 1", ("linearizable", "sequential", "causal")),
    ("0:w x 1  0:r x -", ("linearizable", "sequential", "causal", "read_your_writes")),
    ("0:w x 1  1:r x 1  1:r x -", ("linearizable", "sequential", "causal", "monotonic_reads")),
    (
        "0:w x 1  0:w x 2  1:r x 2  1:r x 1",
        ("linearizable", "sequential", "causal", "monotonic_reads", "monotonic_writes"),
    ),
    ("0:w x 1  0:w y 1  1:r y 1  1:r x -", ("linearizable", "sequential", "causal", "monotonic_writes")),
    (
        "0:w x 1  1:r x 1  1:w y 1  2:r y 1  2:r x -",
        ("linearizable", "sequential", "causal", "writes_follow_reads"),
    ),
    (
        "0:w x 1  1:r x 1  1:w x 2  2:r x 2  2:r x 1",
        ("linearizable", "sequential", "causal", "writes_follow_reads"),  # that 1 is older shows by cause alone
    ),
    # Seen 1, replaced it, and it is there again; seen 1, then 2, then 1 again: whoever wrote them.
    ("0:w x 1  1:r x 1  1:w x 2  1:r x 1", ("linearizable", "sequential", "causal", "read_your_writes")),
    (
        "0:w x 1  1:w x 2  2:r x 1  2:r x 2  2:r x 1",
        ("linearizable", "sequential", "causal", "monotonic_reads"),
    ),
    ("0:r x 7", ("linearizable", "sequential", "causal")),
    ("0:c x 1!2  0:w x 1  0:c x 1>2  1:r x 2", ()),
]


@pytest.mark.parametrize(("text", "fails"), KNOWN)
def test_known_histories(text, fails):
    said = check(run(text), initial="nothing")
    assert tuple(level for level in LEVELS if getattr(said, level) == "fails") == fails
    if fails:
        assert said.fails_first == fails[-1]
        assert said.evidence and said.reason
    else:
        assert said.fails_first == "none"


def test_the_quiz_histories_of_porcupine_s_tests():
    """porcupine_test.go, TestRegisterModel and TestZeroDuration; its register starts as 0, here by a write."""
    start = Operation(9, "write", "x", 0, -2, -1)
    first = [Operation(0, "write", "x", 100, 0, 100), Operation(1, "read", "x", 100, 25, 75)]
    assert linearizable(ordered([start, *first, Operation(2, "read", "x", 0, 30, 60)]), BUDGET).answer == "holds"
    late = [Operation(0, "write", "x", 200, 0, 100), Operation(1, "read", "x", 200, 10, 30)]
    assert linearizable(ordered([start, *late, Operation(2, "read", "x", 0, 40, 90)]), BUDGET).answer == "fails"
    instant = [*first, Operation(2, "read", "x", 0, 30, 30), Operation(3, "read", "x", 0, 30, 30)]
    assert linearizable(ordered([start, *instant]), BUDGET).answer == "holds"


def test_an_open_write_may_have_happened_or_not_but_not_before_it_was_asked():
    assert check(run("0:w x 1?  1:r x 1")).linearizable == "holds"
    assert check(run("0:w x 1?  1:r x -  2:r x -")).linearizable == "holds"
    assert check(run("1:r x 1  0:w x 1?"), initial="nothing").linearizable == "fails"
    assert check(run("0:w x 1?  1:r x 1  2:r x -")).linearizable == "fails"


def test_a_read_with_unknown_outcome_says_nothing():
    assert check((Operation(0, "read", "x", None, 0),)).operations == 0
    assert check(()).linearizable == "nothing to judge"


def test_a_history_without_operations_has_nothing_to_judge():
    said = check(())
    assert {getattr(said, level) for level in LEVELS} == {"nothing to judge"}
    assert said.fails_first == "none"
    assert "nothing to judge" in consistency.MODELS[0].sentence({}, said)
    one = check((), levels="causal")
    assert (one.causal, one.linearizable) == ("nothing to judge", "not asked")


# --- what a record leaves open --------------------------------------------------------------------


def test_what_registers_hold_at_first_never_decides():
    starts_at_zero = run("0:r x 0  1:c x 0>4  0:r x 4")
    said = check(starts_at_zero)
    assert {getattr(said, level) for level in ("linearizable", "sequential", "causal")} == {"unknown"}
    assert "x starts at 0" in said.reason and "initial=" in said.reason
    assert check(starts_at_zero, initial="0").linearizable == "holds"
    for odd in ("9" * 5_000, "[" * 100_000, "{" * 100_000):  # no value of JSON: a text, which no read returned
        assert check(starts_at_zero, initial=odd).linearizable == "fails"
    nothing = check(starts_at_zero, initial="nothing")
    assert (nothing.linearizable, nothing.causal) == ("fails", "fails")
    # A later read that goes back is wrong wherever the register starts.
    assert check(run("0:r x 0  1:w x 4  0:r x 4  1:r x 0")).linearizable == "fails"
    assert check(run("0:r x 0  1:w x 4  0:r x -")).linearizable == "fails"
    # Two values that nobody wrote: the register starts with one of them at most.
    assert check(run("0:r x 7  1:w x 4  0:r x 8")).linearizable == "fails"
    with pytest.raises(InvalidInput, match="starts empty"):
        check((Operation(0, "append", "x", "a", 0, 1),), initial="0")


def test_a_start_is_told_in_the_history_s_own_words():
    said = check(run("0:w x 0  1:r x 0  1:r x 5  2:w x 5"), initial="5", levels="linearizable")
    assert said.linearizable == "fails"
    assert said.evidence[-1].endswith("read x gives 5")
    written = check(run("0:w x 1  1:r x 1"), initial="1")
    assert (written.linearizable, written.evidence) == ("holds", ())
    text = Operation(0, "read", "x", "0", 0, 1)
    assert check((text,), initial="0").linearizable == "holds"  # a text in the history, so a text at first


def test_why_a_compare_and_set_failed_never_decides():
    mismatch = run("0:w x 7  1:c x 7!6  2:r x 7")
    open_ended = tuple(replace(one, assumed=one.kind == "cas") for one in mismatch)
    assert check(mismatch).linearizable == "fails"
    said = check(open_ended, levels="linearizable")
    assert said.linearizable == "unknown" and "failed_cas=" in said.reason
    assert check(open_ended, failed_cas="did not happen").linearizable == "holds"
    assert check(open_ended, failed_cas="found another value").linearizable == "fails"
    stale = tuple(replace(one, assumed=one.kind == "cas") for one in run("0:w x 7  1:c x 8!6  2:r x -"))
    failed = check(stale, levels="linearizable")
    assert failed.linearizable == "fails" and not any("cas" in line for line in failed.evidence)


# --- mutexes and what grows -----------------------------------------------------------------------


def test_mutexes():
    def locks(text):
        kinds = {"a": "acquire", "r": "release"}
        parts = enumerate(text.split())
        return tuple(
            Operation(int(p[0]), kinds[p[1]], "m", None, 2 * at, math.inf if p[2:] else 2 * at + 1) for at, p in parts
        )

    assert check(locks("0a 0r 1a 1r")).linearizable == "holds"
    twice = check(locks("0a 1a"))
    assert twice.linearizable == "fails"
    assert [line.split(": ")[1] for line in twice.evidence] == ["acquire m", "acquire m"]
    assert check(locks("0a 1r? 2a")).linearizable == "holds"  # a release that may have happened
    assert check(locks("0r")).linearizable == "fails"
    with pytest.raises(InvalidInput, match="a mutex, and also a register"):
        check((*locks("0a 0r"), Operation(1, "read", "m", None, 8, 9)))


def test_texts_and_lists_that_grow():
    def steps(*steps):
        return tuple(Operation(p, kind, "k", value, 2 * at, 2 * at + 1) for at, (p, kind, value) in enumerate(steps))

    assert check(steps((0, "append", "a"), (1, "append", "b"), (0, "read", "ab"))).linearizable == "holds"
    assert check(steps((0, "append", "a"), (1, "append", "b"), (0, "read", "ba"))).linearizable == "fails"
    assert check(steps((0, "read", ""), (1, "append", "b"), (0, "read", "b"))).linearizable == "holds"
    assert (
        check(steps((0, "append", "a"), (1, "write", "z"), (0, "append", "b"), (1, "read", "zb"))).linearizable
        == "holds"
    )
    lists = check(steps((0, "append", "a"), (1, "append", "b"), (0, "read", ("a", "b"))))
    assert (lists.linearizable, lists.sequential, lists.causal) == ("holds", "holds", "holds")
    assert check(steps((0, "append", 1), (1, "append", 2), (0, "read", (2,)))).linearizable == "fails"


def test_queues():
    assert check(run("0:e q 1  0:e q 2  1:d q 1  1:d q 2  1:d q -")).linearizable == "holds"
    failed = check(run("0:e q 1  0:e q 2  1:d q 2"))
    assert (failed.linearizable, failed.sequential, failed.causal) == ("fails", "fails", "unknown")
    assert check(run("0:e q 1  1:d q -  1:d q 1")).linearizable == "fails"
    assert check(run("0:e q 1  0:e q 2  2:d q -?  1:d q 2")).linearizable == "holds"


def test_values_written_twice_are_told_apart_by_trying():
    assert check(run("0:w x 1  1:w x 1  2:r x 1  2:r x 1")).causal == "holds"
    twice = check(run("0:w x 1  0:w x 2  0:w x 1  1:r x 1  1:r x 2"))
    assert (twice.sequential, twice.causal, twice.monotonic_reads) == ("holds", "holds", "holds")
    assert twice.linearizable == "fails"
    assert check(run("0:w x 1  0:w x 1  0:r x -")).read_your_writes == "fails"


def test_a_compare_and_set_that_failed_leaves_weak_levels_open():
    said = check(run("0:w x 1  0:w x 2  1:r x 1  2:c x 2!3  2:r x 1  2:c x 1!3  2:r x 1"))
    assert said.linearizable == "fails"
    assert said.causal == "unknown"
    assert "compare-and-set" in causal(run("0:w x 1  1:c x 2!3"), BUDGET).reason


def test_the_budget_ends_every_level():
    long = run("  ".join(f"{at % 7}:w x {at}" for at in range(40)) + "  8:r x 99")
    for level, decide in LEVELS.items():
        assert decide(long, 0).answer in ("unknown", "fails", "holds")
        outcome = decide(long, 50)
        assert outcome.steps <= 50 * 50, level
    overlapping = tuple(Operation(at, "enqueue", "q", at, at, 1000 + at) for at in range(60))
    found = linearizable((*overlapping, Operation(99, "dequeue", "q", 999, 500, 2000)), 5_000)
    assert (found.answer, found.reason) == ("unknown", "no answer within 5,000 steps")


def test_a_long_linearizable_history_is_settled_at_every_level():
    long = tuple(Operation(at % 5, "write" if at % 2 else "read", "x", at if at % 2 else at - 1, 2 * at, 2 * at + 1)
                 for at in range(1, 3001))  # fmt: skip
    said = check(long, steps=20_000)
    assert {getattr(said, level) for level in LEVELS} == {"holds"}
    assert causal(long, 20_000).answer == "unknown"
    assert check(long, levels="causal", steps=20_000).causal == "holds"


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_told_apart(name):
    said = check(example=name)
    sound = {"sound", "overlapping writes"}
    assert (said.fails_first == "none") == (name in sound)
    assert consistency.MODELS[0].sentence({"example": name}, said).endswith(".")


def test_asked_for_some_levels_only():
    said = check(run("0:w x 1  1:r x -"), levels="session")
    assert said.linearizable == "not asked"
    assert all(getattr(said, level) == "holds" for level in SESSION)
    assert check(run("0:w x 1  1:r x -"), levels="linearizable").causal == "not asked"


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        ((Operation(0, "read", "x", 1, 5, 3),), "returns at 3, before it is asked"),
        ((Operation(0, "read", "x", 1, 0, 3), Operation(0, "read", "x", 1, 2, 4)), "before the process has its answer"),
        ((Operation(0, "read", "x", 1, 0, 1), Operation(0, "enqueue", "x", 1, 2, 4)), "and also a queue"),
        ("ops.jsonl", "read the file first"),
        ((Operation(0, "peek", "x", 1, 0, 1),), "its kind is one of read, write"),
    ],
)
def test_what_is_no_history_is_refused(operations, message):
    with pytest.raises(InvalidInput, match=message):
        check(operations)


def data():
    folder = os.environ.get("SYSDESIGN_DATA")
    if not folder or not (Path(folder) / "histories").is_dir():
        pytest.skip("SYSDESIGN_DATA names no folder with histories/ (51 logs recorded against etcd)")
    return Path(folder) / "histories"


def test_the_published_verdicts_on_etcd():
    """LIN-1: porcupine_test.go; in the same register a compare-and-set that found another value is used."""
    folder = data()
    found = {
        number
        for number in range(51)
        if linearizable(ordered(histories.read_history(folder / f"etcd_{number:03d}.log")), BUDGET).answer == "holds"
    }
    assert found == LINEARIZABLE


def test_the_part_shown_of_each_etcd_history_fails_and_explains_itself():
    folder = data()
    for number in set(range(51)) - LINEARIZABLE:
        operations = ordered(histories.read_history(folder / f"etcd_{number:03d}.log"))
        part = shown(operations, "linearizable")
        assert linearizable(part, BUDGET).answer == "fails"
        assert 2 <= len(part) < len(operations) / 2


def test_as_json_lines_the_answer_is_the_same():
    lines = []
    for one in EXAMPLES["lost comment"]:
        event = {"process": one.process, "f": one.kind, "key": one.key, "value": one.value}
        lines.append((one.invoked, {**event, "type": "invoke"}))
        lines.append((one.returned, {**event, "type": "ok"}))
    text = "\n".join(json.dumps(event) for _, event in sorted(lines, key=lambda each: each[0]))
    assert check(histories.parse(text)).fails_first == "writes_follow_reads"


# --- what must not matter -----------------------------------------------------------------------


def verdicts(operations):
    said = check(ordered(operations))
    return {level: getattr(said, level) for level in LEVELS}


@pytest.mark.parametrize("text", [text for text, _ in KNOWN])
def test_a_bystander_changes_no_known_verdict(text):
    """An operation on a key of its own, first or last, moves every place in the history by one."""
    alone = run(text)
    first = (Operation(8, "write", "z", 5, -2, -1), *alone)
    last = (*alone, Operation(8, "write", "z", 5, 98, 99))
    assert verdicts(first) == verdicts(last) == verdicts(alone)


@settings(max_examples=60, deadline=None)
@given(histories_of(kinds=("read", "read", "write"), keys="xy", most=7))
def test_a_bystander_changes_no_verdict(operations):
    bystander = Operation(8, "write", "z", 5, -2, -1)
    assert verdicts((bystander, *operations)) == verdicts(operations)


@settings(max_examples=60, deadline=None)
@given(histories_of(kinds=("read", "write", "cas"), keys="xy", most=6), st.permutations(range(3)))
def test_names_of_processes_do_not_matter(operations, names):
    renamed = [
        Operation(names[one.process], one.kind, one.key, one.value, one.invoked, one.returned, one.succeeded)
        for one in operations
    ]
    assert verdicts(renamed) == verdicts(operations)


# --- compare-and-set, values nobody wrote, and what a failure shows ------------------------------


def test_a_compare_and_set_leaves_a_failure_standing_unless_it_might_explain_it():
    broken = "0:w x 1  1:r x 1  1:r x -"
    assert causal(run(f"{broken}  2:c y 5!6"), BUDGET).answer == "fails"  # set nothing, so it explains nothing
    assert causal(run(f"{broken}  2:w y 6?"), BUDGET).answer == "fails"  # no compare-and-set at all
    assert causal(run(f"{broken}  2:c y 5>6?"), BUDGET).answer == "unknown"
    assert causal(run("0:w x 1  1:c x 1>2  2:r x 2  2:r x 1"), BUDGET).answer == "fails"


def test_a_queue_among_registers_leaves_weak_levels_open():
    assert causal(run("0:e q 1  1:w x 1  1:r x 1"), BUDGET).answer == "unknown"


def test_a_value_nobody_wrote_hides_no_other_fault():
    said = check(run("0:w x 1  1:r x 1  1:r x -  2:r y 7"))
    assert (said.causal, said.monotonic_reads, said.read_your_writes) == ("fails", "fails", "holds")
    assert causal(run("0:w x 1  2:r y 7"), BUDGET).reason == "nobody wrote what was read: " + run("2:r y 7")[0].text


def test_a_failure_shows_the_causes_between_and_nothing_else():
    chain = run("3:w z 9  0:w x 1  0:w x 2  1:r x 2  1:w y 1  2:r y 1  3:r z 9  2:r x 1")
    shown_here = causal(chain, BUDGET).evidence
    assert {one.text for one in shown_here} == {one.text for one in chain if one.key != "z"}
    twice = run("3:w z 9  0:w x 1  1:w x 1  2:r x 1  2:r x -")
    assert set(causal(twice, BUDGET).evidence) == set(twice)  # no one way of reading is to blame
    assert causal(chain, BUDGET).reason.startswith("a read gives an older value")
    view = run("2:w z 1  0:w x 1  0:w y 1  1:w x 2  1:r y 1  1:r x 2  1:r x 1")
    assert causal(view, BUDGET).reason.startswith("process 1 cannot order")


# --- making a part smaller ------------------------------------------------------------------------


@st.composite
def sound_histories(draw, most=6):
    """Operations that really took effect one after the other, each at some moment of the time it was under way."""
    now, found, busy = None, [], dict.fromkeys(range(3), -math.inf)
    for moment in range(draw(st.integers(2, most))):
        free = [process for process, until in busy.items() if until < moment]
        if not free:
            break
        process = draw(st.sampled_from(free))
        kind = draw(st.sampled_from(("read", "write", "cas")))
        good, value = True, now
        if kind == "write":
            value = now = draw(st.integers(1, 2))
        elif kind == "cas":
            value = (draw(st.integers(1, 2)), draw(st.integers(1, 2)))
            good = value[0] == now
            now = value[1] if good else now
        is_open = kind != "read" and good and draw(st.integers(0, 3)) == 0
        start = max(moment - draw(st.sampled_from((0.1, 1.2, 2.3))), busy[process] + 0.05)
        end = math.inf if is_open else moment + draw(st.sampled_from((0.1, 1.3, 2.4)))
        busy[process] = end
        found.append(Operation(process, kind, "x", value, start, end, good))
    return ordered(found)


@settings(max_examples=400, deadline=None)
@given(sound_histories())
def test_no_step_breaks_a_history_that_really_took_place(operations):
    assert linearizable(operations, BUDGET).answer == "holds"

    def look(part):
        assert by_trying_linearizable(part), part
        return True

    smallest_failing(operations, look, in_time=True)


SMALLEST = [
    ("0:w x 1  0:w x 2  0:w x 3  1:r x 2", "0:w x 2  0:w x 3  1:r x 2"),
    ("0:w y 5  0:w x 1  1:r x 1  0:w x 2  1:r x 2  2:r x 1", "0:w x 1  0:w x 2  2:r x 1"),
    ("0:e q 1  0:e q 2  0:e q 3  1:d q 2", "0:e q 1  0:e q 2  1:d q 2"),
    ("0:e q 1  1:d q 1  0:e q 2  0:e q 3  1:d q 3", "0:e q 2  0:e q 3  1:d q 3"),
    ("0:w x 1  1:c x 1>2  2:r x 2  0:w x 3  2:r x 1", "0:w x 1  0:w x 3  2:r x 1"),
    (
        "0:w x 1  1:c x 2!3  0:w x 2  1:c x 2!3  2:r x 2",
        "0:w x 1  0:w x 2  1:c x 2!3",
    ),  # it may have found 1
]


@pytest.mark.parametrize(("whole", "smallest"), SMALLEST)
def test_the_smallest_parts_of_known_failures(whole, smallest):
    part = shown(run(whole), "linearizable")

    def told(operations):
        return [(one.process, one.kind, one.value, one.succeeded) for one in operations]

    assert told(part) == told(run(smallest))


def test_tries_that_run_out_leave_the_part_as_it_was():
    operations = run("0:w x 1  0:w x 2  0:w x 3  1:r x 2")
    assert smallest_failing(operations, lambda part: True, most_tries=1) == operations
    assert smallest_failing(operations, lambda part: False) == operations


# --- without a search ------------------------------------------------------------------------------


@settings(max_examples=500, deadline=None)
@given(histories_of(kinds=("read", "read", "write"), distinct=True, most=6))
def test_values_written_once_need_no_search(operations):
    assert zones.is_written_once(kinds(operations), values(operations))
    found = zones.fault(operations)
    assert (found is None) == by_trying_linearizable(operations)
    if found is not None:
        assert len(found) <= 6 and not by_trying_linearizable(found)


# --- compiled --------------------------------------------------------------------------------------


@settings(max_examples=400, deadline=None)
@given(st.randoms(use_true_random=False), st.booleans())
def test_compiled_searches_take_the_same_steps(chance, grows):
    operations = ordered(crowded(chance, grows))
    assume(operations)
    budget = 10**6 if grows else chance.choice((3, 20, 10**6))  # which states of a growing text come first is open
    grown = growth.shown(kinds(operations), values(operations))
    assume(grown is None or grown.impossible is None)
    assume(not zones.is_written_once(kinds(operations), values(operations)))
    answer, steps, at = searched(operations, kinds(operations), grown, budget)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(linearizability, "kernels_pay", lambda operations: False)
        plain = linearizability.linearizable_key(operations, budget)
    assert (answer, steps) == (plain.answer, plain.steps)
    assert answer != "fails" or operations[at].text in plain.reason


@settings(max_examples=400, deadline=None)
@given(st.randoms(use_true_random=False))
def test_texts_of_many_keys_at_once_are_decided_as_one_by_one(chance):
    columns = as_columns(texts_of_keys(chance))
    budget = chance.choice((3, 20, 10**6))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(linearizability, "_texts", lambda operations: None)
        patched.setattr(linearizability, "WORTH_NUMBERING", 1)  # of plain searches it is open which states come first
        apart = linearizable(History(columns), budget)
    at_once = linearizable(History(columns), budget)
    assert (at_once.answer, at_once.steps, at_once.reason) == (apart.answer, apart.steps, apart.reason)
    assert list(at_once.evidence) == list(apart.evidence)


def texts_of_keys(chance):
    """Crowded texts of up to four keys, told by whole words of which one may begin another; some keys only written."""
    words = chance.choice((("x 1 y", "x 12 y", "", "z"), ("x 1 y", "x 1 y2", "b", "cc"), ("ab", "b", "c", "x 0 0 y")))
    found = []
    for key in range(chance.randint(1, 4)):
        for each in crowded(chance, chance.random() < 0.9):
            value = None if each.value is None else "".join(words["abcdefgh".find(one) % 4] for one in str(each.value))
            if each.kind != "cas":
                found.append(replace(each, process=(key, each.process), key=key, value=value))
    return sorted(found, key=lambda each: each.invoked)


def as_columns(operations):
    """The same as columns: times become places in the record."""
    processes, keys, held = (
        [*dict.fromkeys(map(get, operations))] for get in map(attrgetter, ("process", "key", "value"))
    )
    codes = [
        (processes.index(each.process), KINDS.index(each.kind), keys.index(each.key), held.index(each.value))
        for each in operations
    ]
    columns = np.array(codes, np.int64).reshape(-1, 4).T.copy()
    invoked, returned = (
        np.array([getattr(each, name) for each in operations], float) for name in ("invoked", "returned")
    )
    sure = np.ones(len(operations), bool)
    return Columns(
        *columns, invoked, returned, sure, ~sure, np.arange(len(operations)), tuple(processes), KINDS, tuple(keys),
        tuple(held),
    ).empty_as_nothing()  # fmt: skip


def test_of_texts_what_is_unusual_is_decided_by_other_code():
    written = [Operation(0, "write", "x", "a", 0, 1), Operation(0, "read", "x", "b", 2, 3)]
    grown = [Operation(1, "append", "y", "c", 4, 5), Operation(1, "read", "y", "c", 6, 7)]
    at_once = [Operation(at, "append", "z", f"{at:02}", at, 200 - at) for at in range(70)]
    assert linearizable(History(as_columns([*written, *grown])), BUDGET).answer == "fails"
    assert linearizable(History(as_columns([*written[:1], *grown])), BUDGET).answer == "holds"
    looks = Operation(99, "read", "z", "".join(f"{at:02}" for at in range(70)), 300, 301)
    assert linearizable(History(as_columns([*at_once, looks])), BUDGET).answer == "holds"
    assert linearizable(History(as_columns([*at_once, replace(looks, value="01xx")])), BUDGET).answer == "fails"


def crowded(chance, grows):
    """Many operations of few processes, some without an answer; most reads as a store would give them."""
    found, busy, state = [], {}, None
    kinds = ("read", "append", "append", "write") if grows else ("read", "write", "cas")
    letters = "abcdefgh" if grows else (1, 2, (1, 2), 1.0)[: chance.randint(1, 4)]
    for time in range(chance.randint(20, 60)):
        process = chance.randrange(5)
        if process in busy:
            at = busy.pop(process)
            if chance.random() < 0.85:
                found[at] = replace(found[at], returned=time)
            continue
        kind, value = chance.choice(kinds), chance.choice(letters)
        if kind == "read":
            value = state if chance.random() < 0.8 else value
        elif kind == "cas":
            value = (chance.choice((state, value)), chance.choice(letters))
            state = value[1] if state == value[0] else state
        else:
            state = (state or "") + value if kind == "append" else value
        missed = kind == "cas" and state != value[1]
        busy[process] = len(found)
        found.append(Operation(process, kind, "x", value, time, succeeded=not missed))
    return [each for each in found if not each.open or each.changes]


def test_more_at_once_than_a_number_has_bits_is_searched_without_compiled_code():
    operations = ordered(Operation(process, "write", "x", 1, process) for process in range(70))
    assert searched(operations, kinds(operations), None, 10**6) is None
    assert linearizable(operations, 10**6).answer == "holds"


@st.composite
def growing(draw):
    """Appends, writes and reads of a text, some of the reads as a store might give them."""
    chance = draw(st.randoms(use_true_random=False))
    count = chance.randint(2, 6)
    kinds = [chance.choice(("read", "append", "append", "write")) for _ in range(count)]
    letters = chance.choice(("abcdef", "abcabc", "aabbcd"))
    order = [at for at in range(count) if kinds[at] != "read"]
    chance.shuffle(order)
    states, now = [None], ""
    for at in order:
        now = letters[at] if kinds[at] == "write" else now + letters[at]
        states.append(now)
    moments = chance.sample(range(2 * count), 2 * count)
    found = []
    for at, kind in enumerate(kinds):
        start, end = sorted(moments[2 * at : 2 * at + 2])
        value = chance.choice(states) if kind == "read" else letters[at]
        is_open = kind != "read" and chance.random() < 0.2
        found.append(Operation(at, kind, "k", value, start, math.inf if is_open else end))
    return ordered(found)


def grows_in_order(order):
    now = None
    for one in order:
        if one.kind == "read" and one.value != now:
            return False
        if one.kind != "read":
            now = one.value if one.kind == "write" else (now or "") + one.value
    return True


@settings(max_examples=500, deadline=None)
@given(growing())
def test_what_grows_is_linearizable_when_some_order_is(operations):
    sure = [one for one in operations if not one.open]
    maybe = [one for one in operations if one.open]
    some = any(
        grows_in_order(order)
        and all(late.returned >= early.invoked for early, late in itertools.combinations(order, 2))
        for size in range(len(maybe) + 1)
        for chosen in itertools.combinations(maybe, size)
        for order in itertools.permutations(sure + list(chosen))
    )
    assert (linearizable(operations, BUDGET).answer == "holds") == some


def test_many_operations_at_once_end_within_the_budget():
    asked = [Operation(at, "enqueue", "q", at, at, 10_000 + at) for at in range(300)]
    taken = [Operation(1_000 + at, "dequeue", "q", at, 1_000 + at, 20_000 + at) for at in range(300)]
    said = check((*asked, *taken), steps=20_000)
    assert (said.linearizable, said.sequential) == ("unknown", "unknown")
    open_ended = [Operation(at, "write", "x", at, at) for at in range(2_000)]
    looks = [Operation(9_000 + at, "read", "x", 7 * at, 6_000 + 2 * at, 6_001 + 2 * at) for at in range(50)]
    assert check((*open_ended, *looks), steps=20_000).linearizable == "holds"
    swaps = [Operation(at, "cas", "x", (at % 5, (at + 1) % 5), at) for at in range(1_000)]
    looks = [Operation(9_000 + at, "read", "x", 7 * at % 5, 6_000 + 2 * at, 6_001 + 2 * at) for at in range(20)]
    assert check((*swaps, *looks), steps=20_000).operations == 1_020


def test_a_long_history_of_many_keys_is_decided():
    operations = []
    for at in range(20_000):
        key, kind = at % 100, ("write", "read")[at // 100 % 2]
        operations.append(Operation(at % 7, kind, key, at // 200 + 1, 2 * at, 2 * at + 1))
    assert check(operations).linearizable == "holds"
    stale = [*operations, Operation(9, "read", 5, 1, 50_000, 50_001)]
    said = check(stale, levels="linearizable")
    assert said.linearizable == "fails" and len(said.evidence) == 3
