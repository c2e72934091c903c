"""Replicated types: their laws over random histories, and each against a second way to say what it means."""

import itertools
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import merging, partition
from sysdesign.models.merging.crdts import (
    ROOT,
    Dotted,
    GCounter,
    GSet,
    LWWRegister,
    LWWSet,
    MVRegister,
    ORSet,
    PNCounter,
    Sequence,
    Sizes,
    TwoPhaseSet,
)
from sysdesign.models.merging.split import SETS, WAYS, merged_state, parsed, sides_of, unseen_additions
from tests.models.agreement import agrees_with_power
from tests.models.corners import assert_finite_at_corners, assert_sentences

REPLICAS = ("A", "B", "C")
# What happens at a replica: a change of an element, or a merge with another replica's present state.
histories = st.lists(
    st.tuples(st.sampled_from(REPLICAS), st.sampled_from(["add", "remove", "merge"]), st.integers(0, 4)), max_size=30
)


def add_to_sequence(state, replica, element, time):
    visible = [dot for dot in state.dots if dot not in state.removed]
    return state.insert(replica, element, ([ROOT, *visible])[element % (len(visible) + 1)])


def remove_from_sequence(state, element):
    visible = [dot for dot in state.dots if dot not in state.removed]
    return state.remove(visible[element % len(visible)]) if visible else state


KINDS = {
    "g_counter": (GCounter(), lambda s, r, e, t: s.add(r, e + 1), lambda s, r, e, t: s),
    "pn_counter": (PNCounter(), lambda s, r, e, t: s.add(r, e + 1), lambda s, r, e, t: s.remove(r, e + 1)),
    "g_set": (GSet(), lambda s, r, e, t: s.add(e), lambda s, r, e, t: s),
    "two_phase_set": (TwoPhaseSet(), lambda s, r, e, t: s.add(e), lambda s, r, e, t: s.remove(e)),
    "or_set": (ORSet(), lambda s, r, e, t: s.add(r, e), lambda s, r, e, t: s.remove(e)),
    "lww_register": (LWWRegister(), lambda s, r, e, t: s.set(r, e, t), lambda s, r, e, t: s.set(r, None, t)),
    "lww_set": (LWWSet(), lambda s, r, e, t: s.put(r, e, True, t), lambda s, r, e, t: s.put(r, e, False, t)),
    "mv_register": (MVRegister(), lambda s, r, e, t: s.set(r, (e, t)), lambda s, r, e, t: s.set(r, None)),
    "sequence": (Sequence(), add_to_sequence, lambda s, r, e, t: remove_from_sequence(s, e)),
}


def replayed(kind, history, skew=0.0):
    """The states of three replicas after a history."""
    empty, add, remove = KINDS[kind]
    states = dict.fromkeys(REPLICAS, empty)
    for time, (replica, what, element) in enumerate(history):
        stamp = time + (skew if replica == "B" else 0.0)
        if what == "merge":
            states[replica] = states[replica].merge(states[REPLICAS[element % 3]])
        else:
            states[replica] = (add if what == "add" else remove)(states[replica], replica, element, stamp)
    return tuple(states.values())


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(history=histories, skew=st.sampled_from([0.0, 7.0, -7.0]))
def test_merging_is_commutative_associative_and_idempotent(kind, history, skew):
    a, b, c = replayed(kind, history, skew)
    assert a.merge(b) == b.merge(a)
    assert a.merge(b).merge(c) == a.merge(b.merge(c))
    assert a.merge(a) == a and a.merge(b).merge(b) == a.merge(b)
    orders = {str(reduce(lambda x, y: x.merge(y), order).value) for order in itertools.permutations((a, b, c))}
    if kind not in ("g_set", "two_phase_set", "or_set", "lww_set"):  # a set's text has no order
        assert len(orders) == 1


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(history=histories)
def test_a_change_only_moves_up(kind, history):
    """A state merged with an older one of its own is itself: what a replica knows is never forgotten."""
    empty, add, remove = KINDS[kind]
    state = replayed(kind, history)[0]
    for change in (add, remove):
        later = change(state, "A", 2, 1000.0)
        assert state.merge(later) == later == later.merge(state)
    assert empty.merge(state) == state


def tagged(history):
    """The observed-remove set as first told: a fresh tag for each addition, and removed tags kept for good."""
    added, gone = {each: set() for each in REPLICAS}, {each: set() for each in REPLICAS}
    for at, (replica, what, element) in enumerate(history):
        if what == "add":
            added[replica].add((element, at))
        elif what == "remove":
            gone[replica] |= {tag for tag in added[replica] if tag[0] == element}
        else:
            added[replica] |= added[REPLICAS[element % 3]]
            gone[replica] |= gone[REPLICAS[element % 3]]
    everything, removed = set().union(*added.values()), set().union(*gone.values())
    return {element for element, _ in everything - removed}


@settings(max_examples=150)
@given(histories)
def test_the_observed_remove_set_is_the_one_with_tags_and_tombstones(history):
    a, b, c = replayed("or_set", history)
    # An addition takes the place of those it saw, as a removal of them and a new one.
    told = [(r, what, e) for r, each, e in history for what in (("remove", "add") if each == "add" else (each,))]
    assert a.merge(b).merge(c).value == tagged(told)


@settings(max_examples=100)
@given(histories)
def test_counters_count_every_change_once(history):
    a, b, c = replayed("pn_counter", history)
    changes = sum((e + 1) * {"add": 1, "remove": -1, "merge": 0}[what] for _, what, e in history)
    assert a.merge(b).merge(c).value == changes
    a, b, c = replayed("g_counter", history)
    assert a.merge(b).merge(c).value == sum(e + 1 for _, what, e in history if what == "add")


@settings(max_examples=100)
@given(histories)
def test_a_merged_sequence_keeps_the_order_that_each_side_saw(history):
    states = replayed("sequence", history)
    merged = reduce(lambda x, y: x.merge(y), states)
    places = {dot: at for at, dot in enumerate(merged.dots)}
    assert len(places) == len(merged.nodes)
    for state in states:
        mine = [places[dot] for dot in state.dots]
        assert mine == sorted(mine)


def test_texts_typed_side_by_side_stay_words():
    start = Sequence().append("A", "x")
    left, right = start, start
    for letter in "cat":
        left = left.append("A", letter)
    for letter in "dog":
        right = right.append("B", letter)
    assert "".join(left.merge(right).value) in ("xcatdog", "xdogcat")


def test_registers_keep_one_or_all():
    base = MVRegister().set("A", "old")
    left, right = base.set("A", "left"), base.set("B", "right")
    assert left.merge(right).value == ("left", "right")
    assert left.merge(right).set("C", "both").merge(right).value == ("both",), "a write settles what it has seen"
    one, other = LWWRegister().set("A", 1, 10.0), LWWRegister().set("B", 2, 10.0)
    assert one.merge(other).value == other.merge(one).value == 2, "equal stamps: the later name"


def test_the_cart_of_the_default_split():
    found = merging.run()
    rows = dict(zip(found.way, zip(found.merged, found.lost_adds, found.undone_removes, strict=True), strict=True))
    assert rows["last write wins"] == ("eggs, milk, tea", 1, 1), "rum is lost and the milk is back"
    assert rows["siblings, union"] == ("eggs, milk, rum, tea", 0, 1), "a removed item comes back"
    assert rows["two-phase set"] == ("eggs, rum", 1, 0), "tea may not come back once removed"
    assert rows["observed-remove set"] == ("eggs, rum, tea", 0, 0)
    assert rows["counter, up and down"][0] == "3" and rows["counter, up"][0] == "5"
    assert merging.run(clock_ahead_s=-100).merged[0] == "rum, tea", "a clock behind gives the other side the last word"


@pytest.mark.parametrize(
    ("text", "found"), [("A shout x", "line 1"), ("A add x; all add y", "line 2"), (" ; ", "0 lines")]
)
def test_lines_that_are_no_operations_are_named(text, found):
    with pytest.raises(InvalidInput, match=found):
        merging.run(text)


def test_an_observed_remove_set_holds_exactly_what_no_removal_had_seen():
    generator = np.random.default_rng(3)
    for _ in range(200):
        text = "; ".join(
            f"{'AB'[generator.integers(2)]} {('add', 'remove')[generator.integers(2)]} e{generator.integers(4)}"
            for _ in range(generator.integers(1, 14))
        )
        steps = parsed(text, 1)
        state = merged_state("observed-remove set", steps, sides_of(steps), 0)
        named = {step.element for step in steps}
        assert WAYS["observed-remove set"].read(state) == {each for each in named if unseen_additions(each, steps)}


def test_a_register_of_last_writes_loses_what_the_closed_form_says():
    generator = np.random.default_rng(8)
    lost = []
    for _ in range(12_000):
        times = np.sort(generator.random(generator.poisson(6))) * 60
        sides = np.where(generator.random(times.size) < 0.3, "B", "A")
        registers = {"A": LWWRegister(), "B": LWWRegister()}
        for time, side in zip(times, sides, strict=True):
            registers[side] = registers[side].set(side, side, float(time) + (5 if side == "B" else 0))
        winner = registers["A"].merge(registers["B"]).value
        lost.append(np.count_nonzero(sides != winner))
    model = partition.cost(60, 0.1, 0, 0.3, 0, keys=1, skew=0, clock_ahead_s=5)
    assert agrees_with_power(model.lost_writes, np.array(lost, dtype=float))


def test_drawn_splits_never_lose_with_an_observed_remove_set():
    found = merging.drawn(15, 6, 0.4, trials=60)
    at = {name: each for each, name in enumerate(found.way)}
    for name in ("observed-remove set", "sequence"):
        assert found.lost_share[at[name]] == found.undone_share[at[name]] == 0
    assert found.lost_share[at["siblings, union"]] == 0 < found.undone_share[at["siblings, union"]]
    assert found.lost_share[at["last write wins"]] > 0.1 and found.lost_share[at["two-phase set"]] > 0
    assert set(found.way) == set(SETS)


def test_one_side_alone_loses_nothing_but_what_cannot_come_back():
    found = merging.drawn(15, 6, 0.4, minority_share=0, trials=40)
    at = {name: each for each, name in enumerate(found.way)}
    for name in ("last write wins", "last write wins, each element", "siblings, union", "observed-remove set"):
        assert found.lost_share[at[name]] == found.undone_share[at[name]] == 0


@settings(max_examples=50)
@given(st.integers(0, 12), st.integers(0, 12), st.integers(1, 5))
def test_bytes_are_those_of_real_states(live, removed, replicas):
    names = [f"r{each}" for each in range(replicas)]
    given_sizes = Sizes(value=10, name=4, count=8, stamp=8)
    counter, pair, grown = GCounter(), PNCounter(), GSet()
    phases, observed, stamped, listed = TwoPhaseSet(), ORSet(), LWWSet(), Sequence()
    for each in names:
        counter, pair = counter.add(each), pair.add(each).remove(each)
    for at in range(max(live + removed, replicas)):
        writer = names[at % replicas]
        if at < live + removed:
            grown, phases, listed = grown.add(at), phases.add(at), listed.append(writer, at)
            stamped = stamped.put(writer, at, True, at)
        observed = observed.add(writer, at)
    for at in range(max(live + removed, replicas)):
        if at >= live:
            observed = observed.remove(at)
            if at < live + removed:
                phases = phases.remove(at)
                stamped = stamped.put("z", at, False, 1e6)
    model = merging.metadata(live, removed, replicas, value_bytes=10, name_bytes=4, count_bytes=8)
    pairs = ((model.g_counter, counter), (model.pn_counter, pair), (model.g_set, grown), (model.two_phase_set, phases),
             (model.observed_remove_set, observed), (model.lww_set, stamped), (model.sequence, listed))  # fmt: skip
    for told, state in pairs:
        assert told == state.size(given_sizes)


def test_siblings_and_tombstones_in_bytes():
    base = MVRegister().set("A", "old")
    beside = base.set("A", "x").merge(base.set("B", "y"))
    assert beside.size(Sizes()) == merging.metadata(0, 0, 2).mv_register
    assert merging.metadata(5, 100, 3).tombstone_set > merging.metadata(5, 0, 3).tombstone_set
    assert isinstance(beside, Dotted)


@pytest.mark.parametrize("model", merging.MODELS, ids=lambda model: model.name)
def test_its_corners(model):
    if model.name == "merging.drawn":
        for name, value in (("operations", 1), ("elements", 1), ("remove_share", 1.0), ("length_s", 1e7)):
            found = merging.drawn(**{"operations": 5, "elements": 3, "remove_share": 0.5, "trials": 10, name: value})
            assert np.isfinite(found.lost_share).all() and np.isfinite(found.undone_share).all()
    else:
        assert_finite_at_corners(model.function, 300)


def test_sentences():
    assert_sentences(merging.MODELS)
