"""The map of isolation levels: every small set of transactions judged by the checker and by trying all orders."""

import itertools

import pytest

from sysdesign.models.consistency.lanes import history_of
from sysdesign.models.transactions import FORBIDDEN, check
from sysdesign.models.transactions.hierarchy import ACROSS, EDGES, LEVELS, NOT_DECIDED, SEPARATING, SINGLE_STEPS
from sysdesign.models.transactions.history import Step, Transaction, Transactions
from sysdesign.models.transactions.notation import transactions_of


def implied(level):
    direct = [weaker for stronger, weaker in EDGES if stronger == level]
    return set(direct).union(*(implied(each) for each in direct))


def small_sets(sizes):
    """Transactions of such sizes on two registers, all at once, with every value read and every order of versions."""
    owners = [at for at, size in enumerate(sizes) for _ in range(size)]
    for deeds in itertools.product(itertools.product("rw", "xy"), repeat=len(owners)):
        if deeds[0][1] == "y":
            continue
        values = {at: at + 1 for at, (kind, _) in enumerate(deeds) if kind == "w"}
        choices = [
            [values[at]] if kind == "w" else [None, *(values[w] for w in values if deeds[w][1] == key)]
            for at, (kind, key) in enumerate(deeds)
        ]
        last = {(owners[at], deeds[at][1]): value for at, value in values.items()}  # what others may see
        written = {key: [value for (_, k), value in last.items() if k == key] for key in "xy"}
        for told in itertools.product(*choices):
            steps = [[] for _ in sizes]
            for owner, (kind, key), value in zip(owners, deeds, told, strict=True):
                steps[owner].append(Step("read" if kind == "r" else "write", key, value))
            for xs, ys in itertools.product(itertools.permutations(written["x"]), itertools.permutations(written["y"])):
                yield [Transaction(None, tuple(each)) for each in steps], {"x": xs, "y": ys}


def with_intermediate(transactions, orders):
    """The same orders with what a transaction overwrote itself before its last write."""
    own = {
        (step.key, one.steps[-1 - at].value): [s.value for s in one.steps if s.kind == "write" and s.key == step.key]
        for one in transactions
        for at, step in enumerate(reversed(one.steps))
        if step.kind == "write"
    }
    return {key: tuple(v for last in order for v in own[key, last]) for key, order in orders.items()}


def runs(transactions, order, orders):
    """Whether the transactions, one by one in this order, give what each read and the order of versions."""
    held, made = {}, {"x": [], "y": []}
    for one in order:
        for step in transactions[one].steps:
            if step.kind == "write":
                held[step.key] = step.value
            elif held.get(step.key) != step.value:
                return False
        for key in {step.key for step in transactions[one].steps if step.kind == "write"}:
            made[key].append(held[key])
    return all(tuple(made[key]) == tuple(orders[key]) for key in made)


def by_trying_serializable(transactions, orders):
    return any(runs(transactions, order, orders) for order in itertools.permutations(range(len(transactions))))


def by_trying_snapshot(transactions, orders):
    """Some order of begins and ends: reads from what had ended before the begin, and the first to end wins."""
    count = len(transactions)
    for events in itertools.permutations([(one, end) for one in range(count) for end in (0, 1)]):
        place = {event: at for at, event in enumerate(events)}
        if all(place[one, 0] < place[one, 1] for one in range(count)) and _snapshots(transactions, orders, place):
            return True
    return False


def _snapshots(transactions, orders, place):
    writes = [{s.key: s.value for s in one.steps if s.kind == "write"} for one in transactions]
    ended = sorted(range(len(transactions)), key=lambda one: place[one, 1])
    for one, two in itertools.combinations(ended, 2):  # one ends first
        if set(writes[one]) & set(writes[two]) and place[one, 1] > place[two, 0]:
            return False
    if any(tuple(writes[t][key] for t in ended if key in writes[t]) != tuple(orders[key]) for key in "xy"):
        return False
    for at, one in enumerate(transactions):
        held = {}
        for other in ended:
            if place[other, 1] < place[at, 0]:
                held |= writes[other]
        for step in one.steps:
            if step.kind == "write":
                held[step.key] = step.value
            elif held.get(step.key) != step.value:
                return False
    return True


def misses_own_write(transaction):
    own = {}
    for step in transaction.steps:
        if step.kind == "write":
            own[step.key] = step.value
        elif step.key in own and own[step.key] != step.value:
            return True
    return False


SHAPES = [(1,), (2,), (1, 1), (2, 1), (2, 2), (3, 1), (1, 1, 1)]


@pytest.fixture(scope="module")
def least():
    """For each pair of levels the fewest steps that tell them apart; on the way every answer is held against trying."""
    found = {}
    for shape in SHAPES:
        for number, (transactions, orders) in enumerate(small_sets(shape)):
            if sum(shape) > 3 and number % 3:
                continue  # a third of the many
            said = check(Transactions(transactions, with_intermediate(transactions, orders)))
            if "unwritten read" in said.anomalies:
                continue
            texts = [each.text for each in transactions]
            assert (said.serializable == "holds") == by_trying_serializable(transactions, orders), (texts, orders)
            assert (said.snapshot_isolation == "holds") == by_trying_snapshot(transactions, orders), (texts, orders)
            if any(misses_own_write(each) for each in transactions):
                continue  # at no level that anybody offers
            answers = {level: getattr(said, level) for level in LEVELS}
            for a, b in itertools.permutations(answers, 2):
                if (answers[a], answers[b]) == ("holds", "fails"):
                    found[a, b] = min(found.get((a, b), 99), sum(shape))
    return found


def test_no_small_set_breaks_an_edge(least):
    for level in LEVELS:
        assert not [weaker for weaker in implied(level) if (level, weaker) in least], level


@pytest.mark.parametrize("pair", SEPARATING, ids="-".join)
def test_what_separates_levels_does_and_is_smallest(pair, least):
    history = transactions_of(SEPARATING[pair])
    said = check(history)
    assert (getattr(said, pair[0]), getattr(said, pair[1])) == ("holds", "fails")
    if all(one.ending == "committed" for one in history):
        assert sum(len(one.steps) for one in history) == least[pair]


@pytest.mark.parametrize("pair", SINGLE_STEPS, ids="-".join)
def test_single_steps_separate_by_order_alone(pair):
    operations = history_of(SINGLE_STEPS[pair])
    said = check([Transaction(o.process, (Step(o.kind, o.key, o.value),), o.invoked, o.returned) for o in operations])
    assert (getattr(said, pair[0]), getattr(said, pair[1])) == ("holds", "fails")


def test_every_pair_is_implied_or_separated_or_said_to_be_open():
    assert set(LEVELS) == set(FORBIDDEN)
    separated = {*SEPARATING, *SINGLE_STEPS, *NOT_DECIDED}
    for a, b in itertools.permutations(LEVELS, 2):
        told = any((c, d) in separated and (c == a or c in implied(a) or a in implied(c)) for c, d in separated)
        assert b in implied(a) or told, (a, b)
    for pair in separated:
        assert pair[1] not in implied(pair[0])
    assert {stronger for stronger, _ in ACROSS} <= set(LEVELS)
