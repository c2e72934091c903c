"""Eviction policies over objects with sizes written a second time, for the tests: slow, as lists, sharing no code.

Each is a function from requests (pairs of a key and the bytes of its object) and a capacity in bytes to the list
of hits. Lists run from the oldest, or least recent, to the newest. An object keeps the size it had when it came in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.models.plain_caches import ExactCounts

Requests = Sequence[tuple[int, int]]


def _of_one_list(policy: str) -> Callable[[Requests, int], list[bool]]:
    def replayed(requests: Requests, capacity: int) -> list[bool]:
        queue: list[int] = []
        size: dict[int, int] = {}
        read: set[int] = set()
        hand = None
        hits = []
        for key, bytes_ in requests:
            hits.append(key in size)
            if hits[-1]:
                if policy == "lru":
                    queue.remove(key)
                    queue.append(key)
                read.add(key)
                continue
            if bytes_ > capacity:
                continue
            while sum(size.values()) + bytes_ > capacity:
                at = queue.index(hand) if hand is not None and policy == "sieve" else 0
                while policy in ("clock", "sieve") and queue[at] in read:
                    read.discard(queue[at])
                    if policy == "clock":
                        queue.append(queue.pop(0))
                    else:
                        at = (at + 1) % len(queue)
                hand = queue[at + 1] if at + 1 < len(queue) else None
                del size[queue.pop(at)]
            queue.append(key)
            size[key] = bytes_
            read.discard(key)
        return hits

    return replayed


def lfu(requests: Requests, capacity: int) -> list[bool]:
    counts: dict[int, int] = {}
    last: dict[int, int] = {}
    size: dict[int, int] = {}
    hits = []
    for at, (key, bytes_) in enumerate(requests):
        hits.append(key in counts)
        if not hits[-1]:
            if bytes_ > capacity:
                continue
            while sum(size.values()) + bytes_ > capacity:
                victim = min(counts, key=lambda cached: (counts[cached], last[cached]))
                del counts[victim], size[victim]
            size[key] = bytes_
        counts[key] = counts.get(key, 0) + 1
        last[key] = at
    return hits


class _Sizes(dict):
    """The size of each object as it came in, and of all in some lists."""

    def of(self, *lists: list[int]) -> int:
        return sum(self[key] for each in lists for key in each)


def s3fifo(requests: Requests, capacity: int, *, main_fills_too: bool = False) -> list[bool]:
    small_target = max(int(capacity * 0.1), 1)
    main_target = capacity - small_target
    ghosts = int(capacity * 0.9) if main_fills_too else main_target
    small: list[int] = []
    main: list[int] = []
    ghost: list[int] = []
    reads: dict[int, int] = {}
    size, hits, evicted = _Sizes(), [], False

    def evict_main() -> None:
        while reads[main[0]] > 0:
            reads[main[0]] -= 1
            main.append(main.pop(0))
        main.pop(0)

    def evict_small() -> None:
        while small and reads[small[0]] >= 2:
            reads[small[0]] = 0
            main.append(small.pop(0))
        if small:
            ghost.append(small.pop(0))
            if size[ghost[-1]] > ghosts:
                ghost.pop()
            while size.of(ghost) > ghosts:
                ghost.pop(0)

    for key, bytes_ in requests:
        hits.append(key in small or key in main)
        if hits[-1]:
            reads[key] = min(reads[key] + 1, 3)
            continue
        if bytes_ > capacity:
            continue
        remembered = key in ghost
        if remembered:
            ghost.remove(key)
        while size.of(small, main) + bytes_ > capacity:
            evict_main() if size.of(main) > main_target or not small else evict_small()
            evicted = True
        filling = main_fills_too and not evicted and size.of(small) >= small_target
        (main if remembered or filling else small).append(key)
        reads[key], size[key] = 0, bytes_
    return hits


def s3fifo_simulator(requests: Requests, capacity: int) -> list[bool]:
    return s3fifo(requests, capacity, main_fills_too=True)


def arc(requests: Requests, capacity: int) -> list[bool]:
    """Figure 4 of the paper, every length of a list read as its bytes, every step as that of so many bytes."""
    t1: list[int] = []
    t2: list[int] = []
    b1: list[int] = []
    b2: list[int] = []
    size, hits, p = _Sizes(), [], 0.0

    def make_room(bytes_: int, in_b2: bool) -> None:
        while size.of(t1, t2) + bytes_ > capacity:
            if not t2 or (t1 and (size.of(t1) > p or (in_b2 and size.of(t1) == p))):
                b1.append(t1.pop(0))
            else:
                b2.append(t2.pop(0))

    for key, bytes_ in requests:
        hits.append(key in t1 or key in t2)
        if hits[-1]:
            (t1 if key in t1 else t2).remove(key)
            t2.append(key)
            continue
        if bytes_ > capacity:
            continue
        in_b1, in_b2 = key in b1, key in b2
        first, second = max(size.of(b1), 1), max(size.of(b2), 1)
        if in_b1:
            p = min(p + bytes_ * max(second / first, 1), capacity)
            b1.remove(key)
        elif in_b2:
            p = max(p - bytes_ * max(first / second, 1), 0)
            b2.remove(key)
        else:
            while size.of(t1, b1) + bytes_ > capacity:
                (b1 or t1).pop(0)
            while b2 and size.of(t1, t2, b1, b2) + bytes_ > 2 * capacity:
                b2.pop(0)
        make_room(bytes_, in_b2)
        size[key] = bytes_
        (t2 if in_b1 or in_b2 else t1).append(key)
    return hits


def wtinylfu(requests: Requests, capacity: int) -> list[bool]:
    window_size = max(capacity // 100, 1)
    main_size = capacity - window_size
    protected_size = main_size * 8 // 10
    counts, size, hits = ExactCounts(1), _Sizes(), []
    first_sizes: dict[int, int] = {}
    window: list[int] = []
    probation: list[int] = []
    protected: list[int] = []

    def admit(key: int) -> None:
        if size[key] > main_size:
            return
        while size.of(probation, protected) + size[key] > main_size:
            segment = probation or protected
            if counts.of(key) <= counts.of(segment[0]):
                return
            segment.pop(0)
        probation.append(key)

    for key, bytes_ in requests:
        first_sizes.setdefault(key, bytes_)
        mean = max(sum(first_sizes.values()), 1) / len(first_sizes)
        counts.sample = 10 * max(round(capacity / mean), 1)
        counts.add(key)
        hits.append(key in window or key in probation or key in protected)
        if key in window:
            window.remove(key)
            window.append(key)
        elif hits[-1]:
            (protected if key in protected else probation).remove(key)
            (protected if size[key] <= protected_size else probation).append(key)
            while size.of(protected) > protected_size:
                probation.append(protected.pop(0))
        else:
            size[key] = bytes_
            if bytes_ > window_size:
                admit(key)
                continue
            window.append(key)
            while size.of(window) > window_size:
                admit(window.pop(0))
    return hits


SIZED: dict[str, Callable[[Requests, int], list[bool]]] = {
    **{policy: _of_one_list(policy) for policy in ("fifo", "lru", "clock", "sieve")},
    "lfu": lfu,
    "s3fifo": s3fifo,
    "s3fifo-simulator": s3fifo_simulator,
    "arc": arc,
    "wtinylfu": wtinylfu,
}
