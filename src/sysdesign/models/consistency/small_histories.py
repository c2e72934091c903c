"""All small histories of reads and writes, up to names: what proves or separates levels.

Each value is written to its key once; a read gives nothing or a value whose write was asked before
the read had returned. Processes and keys are told apart by what they do alone, so of histories that
differ only in names one is given.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import cache

from sysdesign.models.consistency.history import Operation

KEYS = ("x", "y")
Shape = tuple[tuple[int, int], ...]  # of each operation the block in which it begins and that in which it ends
Deed = tuple[int, str]  # a key and r or w


def in_turn(most: int, processes: int = 3, keys: int = 2) -> Iterator[tuple[Operation, ...]]:
    """Histories of up to so many operations, by size, in which no two operations overlap; one for each set of
    processes' own orders. For levels that do not regard time."""
    for size in range(1, most + 1):
        for lanes in _partitions(size, processes):
            owner = [process for process, length in enumerate(lanes) for _ in range(length)]
            for deeds in itertools.product(itertools.product(range(keys), "rw"), repeat=size):
                if not _first_of_names(owner, deeds, lanes):
                    continue
                for sources in _sources(deeds, owner):
                    order = _schedule(owner, sources)
                    if order is not None:
                        yield _history(owner, deeds, sources, [(order.index(at),) * 2 for at in range(size)])


def in_time(most: int, processes: int = 3, keys: int = 2) -> Iterator[tuple[Operation, ...]]:
    """Histories of up to so many operations, by size, one for each order of calls and answers that tells who came
    before whom."""
    for size in range(1, most + 1):
        for shape in _shapes(size):
            for owner in _owners(shape, processes):
                for deeds in itertools.product(itertools.product(range(keys), "rw"), repeat=size):
                    if deeds[0][0]:
                        continue  # the first key named is x
                    for sources in _sources(deeds, owner):
                        if all(s is None or shape[s][0] <= shape[read][1] for read, s in sources.items()):
                            yield _history(owner, deeds, sources, shape)


def _partitions(size: int, parts: int, most: int | None = None) -> Iterator[tuple[int, ...]]:
    """The ways to share out so many operations among processes, the longest first."""
    most = size if most is None else most
    if size == 0:
        yield ()
    elif parts:
        for first in range(min(size, most), 0, -1):
            for rest in _partitions(size - first, parts - 1, first):
                yield (first, *rest)


def _first_of_names(owner: Sequence[int], deeds: Sequence[Deed], lanes: Sequence[int]) -> bool:
    """Whether no other naming of keys, and no other order of equally long processes, comes first."""
    per_lane = [[deed for deed, process in zip(deeds, owner, strict=True) if process == at] for at in range(len(lanes))]
    for swap in (0, 1):
        told = [tuple((key ^ swap, kind) for key, kind in lane) for lane in per_lane]
        if swap and tuple(sorted(told, key=lambda lane: (-len(lane), lane))) < tuple(map(tuple, per_lane)):
            return False
        if not swap and any(len(a) == len(b) and a > b for a, b in itertools.pairwise(told)):
            return False
    return True


def _sources(deeds: Sequence[Deed], owner: Sequence[int]) -> Iterator[dict[int, int | None]]:
    """Every way to give each read its write, or nothing; no process reads what it writes later itself."""
    writes = [at for at, (_, kind) in enumerate(deeds) if kind == "w"]
    choices = {
        read: [None, *(w for w in writes if deeds[w][0] == key and (owner[w] != owner[read] or w < read))]
        for read, (key, kind) in enumerate(deeds)
        if kind == "r"
    }
    for chosen in itertools.product(*choices.values()):
        yield dict(zip(choices, chosen, strict=True))


def _schedule(owner: Sequence[int], sources: dict[int, int | None]) -> list[int] | None:
    """One operation after the other so that what is read was written before; None if there is no such order."""
    done: list[int] = []
    while len(done) < len(owner):
        for at in range(len(owner)):
            source = sources.get(at)
            earlier = [other for other in range(at) if owner[other] == owner[at]]
            if at not in done and all(each in done for each in earlier) and (source is None or source in done):
                done.append(at)
                break
        else:
            return None
    return done


@cache
def _shapes(size: int) -> tuple[Shape, ...]:
    """Every way in which so many operations may lie before one another or overlap, once.

    In each block some operation begins and some ends, so that a block is needed; by when they begin.
    """
    found = []
    for blocks in range(1, size + 1):
        spans = [(a, b) for a in range(blocks) for b in range(a, blocks)]
        for shape in itertools.combinations_with_replacement(spans, size):
            begins, ends = {a for a, _ in shape}, {b for _, b in shape}
            if len(begins) == blocks and len(ends) == blocks:
                found.append(shape)
    return tuple(found)


def _owners(shape: Shape, processes: int) -> Iterator[tuple[int, ...]]:
    """Every way to share operations among processes so that none does two at once, processes numbered as they come."""

    def further(owner: tuple[int, ...], free: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        at = len(owner)
        if at == len(shape):
            yield owner
            return
        for process in range(min(len(free) + 1, processes)):
            if process < len(free) and free[process] >= shape[at][0]:
                continue
            now = (*free[:process], shape[at][1], *free[process + 1 :])
            yield from further((*owner, process), now)

    yield from further((), ())


def _history(
    owner: Sequence[int], deeds: Sequence[Deed], sources: dict[int, int | None], spans: Sequence[tuple[int, int]]
) -> tuple[Operation, ...]:
    order = sorted(range(len(owner)), key=lambda at: (spans[at][0], at))
    values: dict[int, int] = {}
    for at in order:
        if deeds[at][1] == "w":
            values[at] = 1 + sum(deeds[other] == deeds[at] for other in values)
    return tuple(
        Operation(
            owner[at],
            "write" if deeds[at][1] == "w" else "read",
            KEYS[deeds[at][0]],
            values[at] if deeds[at][1] == "w" else None if sources[at] is None else values[sources[at]],  # type: ignore[index]
            2 * spans[at][0],
            2 * spans[at][1] + 1,
        )
        for at in order
    )
