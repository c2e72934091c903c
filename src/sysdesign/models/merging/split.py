"""A split told as operations: what each way to merge keeps of them, and what it drops.

Sides work apart on one set, such as a shopping cart, from a common start; then all states are merged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Annotated, Any

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Output, Text, checked
from sysdesign.models.merging.crdts import (
    GCounter,
    GSet,
    LWWRegister,
    LWWSet,
    MVRegister,
    ORSet,
    PNCounter,
    Sizes,
    TwoPhaseSet,
)
from sysdesign.models.merging.crdts import Sequence as Listed
from sysdesign.models.wording import percent, several

RESOLVE = "How should conflicting writes be resolved?"
SCRIPT = Text("all add milk; all add tea; A remove milk; B add eggs; A add rum; B remove tea; B add tea")
MOST_STEPS, MOST_SIDES = 400, 8
STEP = re.compile(r"^\s*(?P<side>\w+)\s+(?P<what>add|remove)\s+(?P<element>\S.*?)\s*$")

ClockAhead = Annotated[
    float, Input("Clock of the last side ahead by", "s", low=-1e6, high=1e6, default=0, help="negative: behind")
]


@dataclass(frozen=True)
class Step:
    """One operation: at which side, what, on which element, and when."""

    side: str  # "" is before the split
    adds: bool
    element: str
    time_s: float


class Way:
    """One way to keep the set at each side, and to merge."""

    def __init__(self, empty: Any, step: Callable[[Any, Step, str, float], Any], read: Callable[[Any], Any]) -> None:
        self.empty, self.step, self.read = empty, step, read


def _set_of(value: Any) -> frozenset[str]:
    return value if isinstance(value, frozenset) else frozenset()


def _rewritten(value: Any, step: Step) -> frozenset[str]:
    """The whole set as a side writes it back."""
    return _set_of(value) | {step.element} if step.adds else _set_of(value) - {step.element}


def _siblings(state: MVRegister) -> frozenset[str]:
    return frozenset().union(*state.value)


def _listed(state: Listed, step: Step, side: str, stamp: float) -> Listed:
    if step.adds:
        return state.append(side, step.element)
    shown = [dot for dot in state.dots if dot not in state.removed and state.nodes[dot][1] == step.element]
    return reduce(lambda left, dot: left.remove(dot), shown, state)


WAYS: dict[str, Way] = {
    "last write wins": Way(
        LWWRegister(), lambda s, o, side, stamp: s.set(side, _rewritten(s.value, o), stamp), lambda s: _set_of(s.value)
    ),
    "last write wins, each element": Way(
        LWWSet(), lambda s, o, side, stamp: s.put(side, o.element, o.adds, stamp), lambda s: s.value
    ),
    "siblings, union": Way(MVRegister(), lambda s, o, side, _: s.set(side, _rewritten(_siblings(s), o)), _siblings),
    "grow-only set": Way(GSet(), lambda s, o, side, _: s.add(o.element) if o.adds else s, lambda s: s.value),
    "two-phase set": Way(
        TwoPhaseSet(), lambda s, o, side, _: s.add(o.element) if o.adds else s.remove(o.element), lambda s: s.value
    ),
    "observed-remove set": Way(
        ORSet(), lambda s, o, side, _: s.add(side, o.element) if o.adds else s.remove(o.element), lambda s: s.value
    ),
    "sequence": Way(Listed(), _listed, lambda s: s.value),
    "counter, up": Way(GCounter(), lambda s, o, side, _: s.add(side) if o.adds else s, lambda s: s.value),
    "counter, up and down": Way(
        PNCounter(), lambda s, o, side, _: s.add(side) if o.adds else s.remove(side), lambda s: s.value
    ),
}


SHORT = dict(
    zip(
        WAYS,
        ("LWW", "LWW-set", "Siblings", "G-set", "2P-set", "OR-set", "List", "G", "PN"),
        strict=True,
    )
)


@dataclass(frozen=True)
class Run:
    """What each way to merge makes of one split."""

    way: Annotated[tuple[str, ...], Output("Way to merge")]
    merged: Annotated[tuple[str, ...], Output("After the merge")]
    lost_adds: Annotated[np.ndarray, Output("Additions gone that no removal had seen")]
    undone_removes: Annotated[np.ndarray, Output("Removed elements that came back")]
    size_bytes: Annotated[np.ndarray, Output("State of one side", "B")]
    concurrent: Annotated[int, Output("Elements that both sides touched")]
    short: Annotated[tuple[str, ...], Output("Way to merge, in short", drawn=True)]


@checked
def run(
    operations: Annotated[
        Text, Input("Operations, a line or a semicolon apart", default=SCRIPT,
                    help="a side, add or remove, an element; the side `all` is before the split")
    ] = SCRIPT,
    clock_ahead_s: ClockAhead = 0,
    step_s: Annotated[float, Input("Time between operations", "s", low=0.001, high=1e6, default=1)] = 1,
) -> Run:  # fmt: skip
    """What each way to merge keeps and drops of a split told as operations.

    Each side works on its own copy from a common start, and at the end all are merged. An addition
    is lost when its element is missing although no removal had seen it; a removal is undone when
    its element is there although every addition of it was seen by a removal. Counters count
    additions less removals. Stamps are the times of the operations plus the clock's error.

    Whole values are read, changed and written back, as by a client of a key-value store. One
    item is removed whole, however often it was added. Bytes are those of `metadata`'s defaults.
    Raises InvalidInput where a line is no operation. Source: almeida-2023 for the types.
    """
    steps = parsed(operations, step_s)
    sides = sides_of(steps)
    found = [_kept(name, steps, sides, clock_ahead_s) for name in WAYS]
    merged, lost, undone, size = zip(*found, strict=True)
    return Run(
        tuple(WAYS),
        merged,
        np.array(lost),
        np.array(undone),
        np.array(size, dtype=float),
        _touched_by_several(steps),
        tuple(SHORT.values()),
    )


def parsed(text: str, step_s: float) -> list[Step]:
    """The operations of a text. Raises InvalidInput, naming the line that is none."""
    lines = [line for line in re.split(r"[;\n]", text) if line.strip()]
    if not 0 < len(lines) <= MOST_STEPS:
        raise InvalidInput(f"operations holds {several(len(lines), 'line')}; it takes 1 to {MOST_STEPS}")
    steps: list[Step] = []
    for at, line in enumerate(lines):
        match = STEP.match(line)
        if match is None:
            raise InvalidInput(f"line {at + 1} is {line.strip()!r}; write a side, add or remove, and an element")
        side = "" if match["side"] == "all" else match["side"]
        if side == "" and steps and steps[-1].side:
            raise InvalidInput(f"line {at + 1} is before the split and stands after a side's; put it first")
        steps.append(Step(side, match["what"] == "add", match["element"], at * step_s))
    if len({step.side for step in steps}) > MOST_SIDES:
        raise InvalidInput(f"operations name more than {MOST_SIDES} sides; take fewer")
    return steps


def sides_of(steps: Sequence[Step]) -> tuple[str, ...]:
    """The sides in order; two at least."""
    named = sorted({step.side for step in steps} - {""})
    spare = (name for name in ("A", "B") if name not in named)
    return tuple(sorted([*named, *(next(spare) for _ in range(2 - len(named)))]))


def merged_state(name: str, steps: Sequence[Step], sides: Sequence[str], ahead_s: float) -> Any:
    """The state that all sides have after the merge."""
    way = WAYS[name]
    start = way.empty
    for step in steps:
        if not step.side:
            start = way.step(start, step, sides[0], step.time_s)
    states = dict.fromkeys(sides, start)
    for step in steps:
        if step.side:
            stamp = step.time_s + (ahead_s if step.side == sides[-1] else 0.0)
            states[step.side] = way.step(states[step.side], step, step.side, stamp)
    return reduce(lambda left, right: left.merge(right), states.values())


def _kept(name: str, steps: Sequence[Step], sides: Sequence[str], ahead_s: float) -> tuple[str, int, int, float]:
    state = merged_state(name, steps, sides, ahead_s)
    value = WAYS[name].read(state)
    if isinstance(value, int):
        lost, undone = 0, sum(not step.adds for step in steps) if name == "counter, up" else 0
        return str(value), lost, undone, state.size(Sizes())
    missing, back = anomalies(frozenset(value), steps)
    shown = ", ".join(value if isinstance(value, tuple) else sorted(value)) or "nothing"
    size = state.size(Sizes())
    if name in ("last write wins", "siblings, union"):
        size += sum(16 * (len(held) - 1) for held in _values(state))
    return shown, missing, back, size


def _values(state: Any) -> tuple[Any, ...]:
    """The whole sets that a register holds, for their sizes."""
    return state.value if isinstance(state, MVRegister) else (_set_of(state.value),)


def anomalies(value: frozenset[str], steps: Sequence[Step]) -> tuple[int, int]:
    """Elements lost although no removal saw their addition, and elements back although all additions were removed."""
    lost = back = 0
    for element in {step.element for step in steps}:
        wanted = bool(unseen_additions(element, steps))
        lost += wanted and element not in value
        back += not wanted and element in value
    return lost, back


def unseen_additions(element: str, steps: Sequence[Step]) -> list[Step]:
    """Additions of the element that no removal had seen: a side sees its own past and what was before the split."""
    mine = [step for step in steps if step.element == element]
    return [
        step for at, step in enumerate(mine)
        if step.adds and not any(not later.adds and step.side in ("", later.side) for later in mine[at + 1 :])
    ]  # fmt: skip


def _touched_by_several(steps: Sequence[Step]) -> int:
    sides: dict[str, set[str]] = {}
    for step in steps:
        if step.side:
            sides.setdefault(step.element, set()).add(step.side)
    return sum(len(each) > 1 for each in sides.values())


@dataclass(frozen=True)
class Drawn:
    """What each way to merge loses over many splits of random operations."""

    way: Annotated[tuple[str, ...], Output("Way to merge")]
    lost_share: Annotated[np.ndarray, Output("Elements added unseen by any removal, and gone", "share")]
    undone_share: Annotated[np.ndarray, Output("Elements removed, and back", "share")]
    size_bytes: Annotated[np.ndarray, Output("State of one side, mean", "B")]
    splits: Annotated[int, Output("Splits drawn")]
    short: Annotated[tuple[str, ...], Output("Way to merge, in short", drawn=True)]


SETS = tuple(name for name in WAYS if not name.startswith("counter"))


@checked
def drawn(
    operations: Annotated[int, Input("Operations in a split", low=1, high=200, default=12)],
    elements: Annotated[int, Input("Elements", low=1, high=100, default=8)],
    remove_share: Annotated[float, Input("Operations that remove", "share", low=0, high=1, default=0.3)],
    minority_share: Annotated[float, Input("Operations on the second side", "share", low=0, high=1, default=0.3)] = 0.3,
    length_s: Annotated[float, Input("Length of the split", "s", low=0.001, high=1e7, default=60)] = 60,
    clock_ahead_s: ClockAhead = 0,
    trials: Annotated[int, Input("Splits drawn", low=10, high=20_000, default=200)] = 200,
    seed: Annotated[int, Input("Seed", low=0, high=2**31, default=1)] = 1,
) -> Drawn:
    """What each way to merge loses over many splits of random operations.

    One set with half of its elements at the start; operations fall on two sides, on elements at
    random, at times spread evenly over the split. Losses are counted as in `run`, of the elements
    that had an addition which no removal had seen, and of those that were removed for good.
    Raises InvalidInput where an input is out of range. Source: almeida-2023 for the types.
    """
    generator = np.random.default_rng(seed)
    totals = np.zeros((len(SETS), 3))
    wanted = gone = 0
    for _ in range(trials):
        steps = _random_steps(generator, operations, elements, remove_share, minority_share, length_s)
        named = {step.element for step in steps}
        lasting = sum(bool(unseen_additions(each, steps)) for each in named)
        wanted, gone = wanted + lasting, gone + len(named) - lasting
        totals += [_kept(name, steps, ("A", "B"), clock_ahead_s)[1:] for name in SETS]
    lost, undone, size = totals.T
    short = tuple(SHORT[name] for name in SETS)
    return Drawn(SETS, lost / max(wanted, 1), undone / max(gone, 1), size / trials, trials, short)


def _random_steps(
    generator: np.random.Generator, operations: int, elements: int, remove_share: float, minority_share: float,
    length_s: float,
) -> list[Step]:  # fmt: skip
    start = [Step("", True, f"e{each}", each - float(elements)) for each in range((elements + 1) // 2)]
    times = np.sort(generator.random(operations)) * length_s
    second, removes = generator.random(operations) < minority_share, generator.random(operations) < remove_share
    which = generator.integers(0, elements, operations)
    apart = [
        Step("B" if other else "A", not takes, f"e{each}", float(time))
        for time, other, takes, each in zip(times, second, removes, which, strict=True)
    ]
    return start + apart


def _told(inputs: Mapping[str, Any], result: Run) -> str:
    first, observed = (result.way.index(name) for name in ("last write wins", "observed-remove set"))
    return (
        f"Last write wins keeps {result.merged[first]} and loses {several(int(result.lost_adds[first]), 'addition')}; "
        f"an observed-remove set keeps {result.merged[observed]}."
    )


def _drawn_sentence(inputs: Mapping[str, Any], result: Drawn) -> str:
    lost, undone = (
        dict(zip(result.way, result.lost_share, strict=True)),
        dict(zip(result.way, result.undone_share, strict=True)),
    )
    return (
        f"Last write wins loses {percent(lost['last write wins'])} of added elements; a union of siblings loses none "
        f"and brings back {percent(undone['siblings, union'])} of removed ones; an observed-remove set does neither."
    )


MODELS = (
    Model(run, RESOLVE, _told, "00-cap", "00-cap/merging-run"),
    Model(drawn, RESOLVE, _drawn_sentence, "00-cap", "00-cap/merging-drawn", lambda given: _seconds(given)),
)


def _seconds(given: Mapping[str, Any]) -> float:
    """A split takes about the square of its operations, since whole sets are copied."""
    return given["trials"] * given["operations"] * (1 + given["operations"] / 50) * 1e-4
