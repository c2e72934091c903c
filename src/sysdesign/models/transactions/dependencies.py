"""What a history of transactions shows by itself, and which transaction depends on which.

Values written to a key differ, so each read tells whose write it took. A list that was read gives
the order of its versions as well; what was appended and never seen comes after all that was seen.
Of a register less is known: every write follows what was there at first, and a write follows what
its own transaction had read. Dependencies, as Adya has them: ww, overwrites its version; wr, reads
its version; rw, overwrites the version that it read. A transaction with unknown outcome counts as
committed where somebody committed has read what it wrote; what it read itself is not known.

Where an order of versions is inferred and the store's was another one, the history shows something
worse: so what is found here breaks at least the levels that it is said to break.

Source: elle-2020.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sysdesign.errors import InvalidInput
from sysdesign.models.transactions.history import Transaction, Transactions, value_text

INITIAL = None  # the version of a key before the first write


class Edge(NamedTuple):
    """That a transaction depends on another; `scope` says where the order of versions came from."""

    source: int
    target: int
    kind: str  # ww, wr, rw, process, realtime
    key: Hashable = None
    value: Any = None  # the version that `source` wrote or read
    after: Any = None  # the version that `target` wrote
    scope: str = ""  # process or realtime, where the order of versions follows from that


@dataclass(frozen=True)
class Fault:
    """Something wrong that shows without a cycle: what it is called, who shows it, and how."""

    anomaly: str
    transactions: tuple[int, ...]
    words: tuple[str, ...]


@dataclass
class Dependencies:
    """The edges and faults of a history, and why something may be missing from them."""

    transactions: Sequence[Transaction]
    committed: set[int] = field(default_factory=set)
    edges: list[Edge] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


class Write(NamedTuple):
    writer: int
    final: bool  # the last one to its key in its transaction


@dataclass
class Key:
    """What was done to one key."""

    is_list: bool
    doubtful: bool = False  # a value was written twice, so that nothing follows from reading it
    writes: dict[Any, Write] = field(default_factory=dict)
    reads: list[tuple[int, Any]] = field(default_factory=list)  # reader and what it read of others: version or list
    lists: list[tuple[int, Any]] = field(default_factory=list)  # reader and all of the list that it read
    writers: dict[int, list[Any]] = field(default_factory=dict)  # what each committed transaction wrote, in order


def dependencies(history: Transactions) -> Dependencies:
    """What the history shows. Raises InvalidInput where a key is both written and appended to, or read as both."""
    found = Dependencies(history)
    keys = _keys(history, found)
    for at, one in enumerate(history):
        if one.ending == "committed":
            found.committed.add(at)
            _own_view(at, one, keys, found)
    keys = {key: each for key, each in keys.items() if not each.doubtful}
    for each in keys.values():
        _outcomes_seen(each, found)
    for key, each in keys.items():
        _versions_read(key, each, found)
    for each in keys.values():
        for value, write in each.writes.items():
            if write.writer in found.committed:
                each.writers.setdefault(write.writer, []).append(value)
    for key, each in keys.items():
        order = history.orders.get(key) if not each.is_list else _list_order(key, each, found)
        if order is not None:
            found.edges += _in_order(key, each, order, found)
        else:
            found.edges += _of_register(key, each, found)
        found.faults += _lost_updates(key, each, found)
    return found


def _keys(history: Transactions, found: Dependencies) -> dict[Hashable, Key]:
    keys: dict[Hashable, Key] = {}
    for at, one in enumerate(history):
        before: dict[Hashable, Any] = {}  # what this transaction wrote last, by key
        for step in one.steps:
            if step.kind == "read":
                keys.setdefault(step.key, Key(is_list=isinstance(step.value, tuple)))
                keys[step.key].is_list |= isinstance(step.value, tuple)
                continue
            each = keys.setdefault(step.key, Key(is_list=step.kind == "append"))
            each.is_list |= step.kind == "append"
            if step.value in each.writes:
                found.doubts.append(f"{value_text(step.value)} is written to {step.key} more than once")
                each.doubtful = True
                continue
            if step.key in before:
                each.writes[before[step.key]] = each.writes[before[step.key]]._replace(final=False)
            each.writes[step.value] = Write(at, True)
            before[step.key] = step.value
    for at, one in enumerate(history):
        for step in one.steps:
            if step.kind == "write" and keys[step.key].is_list:
                raise InvalidInput(
                    f"T{at + 1} writes {step.key}, to which others append; keep to one of both for a key"
                )
            if step.kind == "read" and keys[step.key].is_list and not isinstance(step.value, tuple | None):
                raise InvalidInput(
                    f"T{at + 1} reads {step.key} as {value_text(step.value)}, which is a list elsewhere; give what it "
                    "read as a list, also of one"
                )
    return keys


# --- one transaction's own view -----------------------------------------------------------------------


def _own_view(at: int, one: Transaction, keys: dict[Hashable, Key], found: Dependencies) -> None:
    """What it read of others, key by key; a fault where it does not see its own steps."""
    known: dict[Hashable, Any] = {}  # a list where it is one: it grows with each append, and is not copied
    own: dict[Hashable, list[Any]] = {}
    for step in one.steps:
        key, is_list = step.key, keys[step.key].is_list
        if step.kind == "write":
            known[key] = step.value
            continue
        if step.kind == "append":
            own.setdefault(key, []).append(step.value)
            if key in known:
                known[key].append(step.value)
            continue
        seen = (step.value or ()) if is_list else step.value
        value = list(seen) if is_list else seen
        if key in known:
            if known[key] != value:
                words = f"it {step.text}, though by its own steps it is {value_text(known[key])}"
                found.faults.append(Fault("internal inconsistency", (at,), (words,)))
            elif is_list:
                keys[key].lists.append((at, seen))
            continue
        known[key] = value
        if not is_list:
            keys[key].reads.append((at, value))
            continue
        mine = own.get(key, [])
        others = len(value) - len(mine)
        if value[max(others, 0) :] != mine:
            words = f"it {step.text}, without the {value_text(mine[-1])} that it had appended"
            found.faults.append(Fault("internal inconsistency", (at,), (words,)))
            continue
        keys[key].lists.append((at, seen))
        keys[key].reads.append((at, seen[:others]))


def _outcomes_seen(each: Key, found: Dependencies) -> None:
    """A transaction of unknown outcome that somebody has read from did commit."""
    for _, value in each.reads:
        for version in value if each.is_list else (value,):
            write = each.writes.get(version)
            if write is not None and found.transactions[write.writer].ending == "unknown":
                found.committed.add(write.writer)


def _versions_read(key: Hashable, each: Key, found: Dependencies) -> None:
    """Faults of reads that took what was aborted, intermediate, or never written."""
    unwritten = _unwritten(each)
    for reader, value in each.reads:
        versions = value if each.is_list else (value,)
        for number, version in enumerate(versions):
            write = each.writes.get(version)
            shown = f"{value_text(version)} from {key}"
            if write is None:
                if each.is_list or version in unwritten:
                    found.faults.append(Fault("unwritten read", (reader,), (f"it read {shown}, which nobody wrote",)))
            elif write.writer == reader:
                found.faults.append(Fault("G1c", (reader,), (f"it read {shown} before it wrote that itself",)))
            elif found.transactions[write.writer].ending == "aborted":
                words = "{0} read " + shown + ", which {1} wrote before it was aborted"
                found.faults.append(Fault("G1a", (reader, write.writer), (words,)))
            elif not write.final and number == len(versions) - 1:
                words = "{0} read " + shown + ", which {1} overwrote later in the same transaction"
                found.faults.append(Fault("G1b", (reader, write.writer), (words,)))


def _unwritten(each: Key) -> set[Any]:
    """Values that were read and never written; a single one, where nobody read nothing, is what was there at first."""
    read = {value for _, value in each.reads if not each.is_list and value not in each.writes}
    if len(read) == 1:
        return set()
    return read - {INITIAL} if INITIAL in read else read


# --- who depends on whom ------------------------------------------------------------------------------


def _list_order(key: Hashable, each: Key, found: Dependencies) -> tuple[Any, ...]:
    """The order of a list's versions: the longest that was read. A fault where another read is no beginning of it."""
    by_value, longest = max(each.lists, key=lambda one: len(one[1]), default=(None, ()))
    for reader, value in each.lists:
        if value != longest[: len(value)] and by_value is not None:
            words = f"{{0}} read {key} as {value_text(value)}, {{1}} as {value_text(longest)}: not in one order"
            found.faults.append(Fault("incompatible order", (reader, by_value), (words,)))
    each.reads = [(reader, value) for reader, value in each.reads if value == longest[: len(value)]]
    if len(set(longest)) < len(longest) and by_value is not None:
        words = f"it read {key} as {value_text(longest)}, which holds a value twice"
        found.faults.append(Fault("duplicate element", (by_value,), (words,)))
        longest = tuple(dict.fromkeys(longest))
    return longest


def _in_order(key: Hashable, each: Key, order: Sequence[Any], found: Dependencies) -> Iterator[Edge]:
    """Edges where the order of versions is known; what was written and is not in it comes after it, in any order."""
    known = [value for value in order if value in each.writes and each.writes[value].writer in found.committed]
    place = {value: at for at, value in enumerate(known)}
    rest = [value for values in each.writers.values() for value in values if value not in place]
    for value, following in itertools.pairwise(known):
        yield from _edge(each.writes[value].writer, each.writes[following].writer, "ww", key, value, following)
    for value in rest if known else ():
        yield from _edge(each.writes[known[-1]].writer, each.writes[value].writer, "ww", key, known[-1], value)
    for reader, seen in each.reads:
        version = (seen[-1] if seen else INITIAL) if each.is_list else seen
        write = each.writes.get(version)
        if write is not None and write.writer in found.committed:
            yield from _edge(write.writer, reader, "wr", key, version)
        elif write is not None and not each.is_list:
            continue
        at = max((place[value] + 1 for value in (seen if each.is_list else (seen,)) if value in place), default=0)
        for value in [known[at]] if at < len(known) else rest:
            yield from _edge(reader, each.writes[value].writer, "rw", key, version, value)


def _edge(
    source: int, target: int, kind: str, key: Hashable, value: Any, after: Any = None, scope: str = ""
) -> Iterator[Edge]:
    if source != target:
        yield Edge(source, target, kind, key, value, after, scope)


def _of_register(key: Hashable, each: Key, found: Dependencies) -> Iterator[Edge]:
    """Edges where only parts of the order of versions are known."""
    overwritten: dict[Any, list[tuple[int, Any]]] = {}  # a version to the writes that its own readers put after it
    for reader, version in each.reads:
        if reader in each.writers:
            overwritten.setdefault(version, []).append((reader, each.writers[reader][-1]))
    later = _later_writers(each, found)
    for reader, version in each.reads:
        write = each.writes.get(version)
        if write is None:  # what was there at first
            for writer, values in each.writers.items():
                yield from _edge(reader, writer, "rw", key, version, values[-1])
            continue
        if write.writer not in found.committed:
            continue
        yield from _edge(write.writer, reader, "wr", key, version)
        for writer, value in overwritten.get(version, ()):
            yield from _edge(reader, writer, "rw", key, version, value)
        for scope, writer in later.get(write.writer, ()):
            yield from _edge(reader, writer, "rw", key, version, each.writers[writer][-1], scope)


def _later_writers(each: Key, found: Dependencies) -> dict[int, list[tuple[str, int]]]:
    """For each writer the next one of the same process, and the one after its end that was first to end itself."""
    ordered = sorted(each.writers, key=lambda at: found.transactions[at].began)
    later: dict[int, list[tuple[str, int]]] = {}
    last_of: dict[Hashable, int] = {}
    for at in ordered:
        process = found.transactions[at].process
        if process is not None and process in last_of:
            later.setdefault(last_of[process], []).append(("process", at))
        last_of[process] = at
    starting, soonest = list(ordered), -1
    for at in sorted(each.writers, key=lambda at: found.transactions[at].ended, reverse=True):
        while starting and found.transactions[starting[-1]].began > found.transactions[at].ended:
            next_to_begin = starting.pop()
            if soonest < 0 or found.transactions[next_to_begin].ended < found.transactions[soonest].ended:
                soonest = next_to_begin
        if soonest >= 0:
            later.setdefault(at, []).append(("realtime", soonest))
    return later


def _lost_updates(key: Hashable, each: Key, found: Dependencies) -> Iterator[Fault]:
    """Two transactions that both read a version and both wrote another one after it."""
    first: dict[Any, int] = {}
    for reader, seen in each.reads:
        if reader not in each.writers or reader not in found.committed:
            continue
        if seen in first and first[seen] != reader:
            words = f"both read {key} as {value_text(seen or None if each.is_list else seen)}, and both changed it"
            yield Fault("lost update", (first[seen], reader), (words,))
        first.setdefault(seen, reader)
