"""Eviction policies written a second time, for the tests: slow, from the papers' own words, sharing no code.

Each is a function from requests and a capacity to the list of hits.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

Requests = Sequence[Hashable]


def fifo(requests: Requests, capacity: int) -> list[bool]:
    queue: list = []
    hits = []
    for key in requests:
        hits.append(key in queue)
        if key not in queue:
            queue = [*queue, key][-capacity:]
    return hits


def lru(requests: Requests, capacity: int) -> list[bool]:
    """By Mattson's stack distance: a hit if fewer than `capacity` other keys came since the last request."""
    hits = []
    for at, key in enumerate(requests):
        earlier = [i for i in range(at) if requests[i] == key]
        hits.append(bool(earlier) and len(set(requests[earlier[-1] + 1 : at])) < capacity)
    return hits


def lfu(requests: Requests, capacity: int) -> list[bool]:
    counts: dict = {}
    last: dict = {}
    hits = []
    for at, key in enumerate(requests):
        hits.append(key in counts)
        if key not in counts and len(counts) == capacity:
            del counts[min(counts, key=lambda cached: (counts[cached], last[cached]))]
        counts[key] = counts.get(key, 0) + 1
        last[key] = at
    return hits


def clock(requests: Requests, capacity: int) -> list[bool]:
    """As the textbook draws it: fixed frames around a clock face, a hand, and a use bit per frame."""
    frames: list = []
    used: dict = {}
    hand, hits = 0, []
    for key in requests:
        hits.append(key in used)
        if key in used:
            used[key] = True
        elif len(frames) < capacity:
            frames.append(key)
            used[key] = False
        else:
            while used[frames[hand]]:
                used[frames[hand]] = False
                hand = (hand + 1) % capacity
            del used[frames[hand]]
            frames[hand] = key
            used[key] = False
            hand = (hand + 1) % capacity
    return hits


def sieve(requests: Requests, capacity: int) -> list[bool]:
    """The queue as a list, oldest first; the hand is the position of the next key to look at."""
    queue: list = []
    visited: set = set()
    hand, hits = 0, []
    for key in requests:
        hits.append(key in queue)
        if key in queue:
            visited.add(key)
            continue
        if len(queue) == capacity:
            hand = hand if hand < len(queue) else 0
            while queue[hand] in visited:
                visited.remove(queue[hand])
                hand = (hand + 1) % capacity
            queue.pop(hand)
            # a hand that ran off the newest end starts over at the oldest, not at the key now coming in
            hand = hand if hand < len(queue) else capacity + 1
        queue.append(key)
    return hits


def s3fifo(requests: Requests, capacity: int, *, main_fills_too: bool = False) -> list[bool]:
    small_target = max(int(capacity * 0.1), 1)
    main_target = capacity - small_target
    ghosts = int(capacity * 0.9) if main_fills_too else main_target
    small: list = []
    main: list = []
    ghost: list = []
    reads: dict = {}
    hits = []
    evicted = False

    def evict() -> None:
        if len(main) > main_target or not small:
            while True:
                tail = main.pop(0)
                if reads[tail] == 0:
                    return
                reads[tail] -= 1
                main.append(tail)
        while small:
            tail = small.pop(0)
            if reads[tail] >= 2:
                reads[tail] = 0
                main.append(tail)
            else:
                ghost.append(tail)
                del ghost[: max(len(ghost) - ghosts, 0)]
                return

    for key in requests:
        hits.append(key in small or key in main)
        if hits[-1]:
            reads[key] = min(reads[key] + 1, 3)
            continue
        remembered = key in ghost
        if remembered:
            ghost.remove(key)
        while len(small) + len(main) >= capacity:
            evict()
            evicted = True
        filling = main_fills_too and not evicted and len(small) >= small_target
        (main if remembered or filling else small).append(key)
        reads[key] = 0
    return hits


def s3fifo_simulator(requests: Requests, capacity: int) -> list[bool]:
    return s3fifo(requests, capacity, main_fills_too=True)


def arc(requests: Requests, capacity: int) -> list[bool]:
    """Figure 4 of the paper; lists run from least to most recent."""
    t1: list = []
    t2: list = []
    b1: list = []
    b2: list = []
    p, hits = 0.0, []

    def replace(in_b2: bool) -> None:
        if t1 and (len(t1) > p or (in_b2 and len(t1) == p)):
            b1.append(t1.pop(0))
        else:
            b2.append(t2.pop(0))

    for x in requests:
        hits.append(x in t1 or x in t2)
        if x in t1:  # case I
            t1.remove(x)
            t2.append(x)
        elif x in t2:
            t2.remove(x)
            t2.append(x)
        elif x in b1:  # case II
            p = min(p + (1 if len(b1) >= len(b2) else len(b2) / len(b1)), capacity)
            replace(False)
            b1.remove(x)
            t2.append(x)
        elif x in b2:  # case III
            p = max(p - (1 if len(b2) >= len(b1) else len(b1) / len(b2)), 0)
            replace(True)
            b2.remove(x)
            t2.append(x)
        else:  # case IV
            if len(t1) + len(b1) == capacity:
                if len(t1) < capacity:
                    b1.pop(0)
                    replace(False)
                else:
                    t1.pop(0)
            elif len(t1) + len(t2) + len(b1) + len(b2) >= capacity:
                if len(t1) + len(t2) + len(b1) + len(b2) == 2 * capacity:
                    b2.pop(0)
                replace(False)
            t1.append(x)
    return hits


class ExactCounts:
    """Every count halved in sight at each reset."""

    def __init__(self, capacity: int) -> None:
        self.counts: dict = {}
        self.sample, self.counted = 10 * capacity, 0

    def add(self, key: int) -> None:
        if self.counts.get(key, 0) < 15:
            self.counts[key] = self.counts.get(key, 0) + 1
            self.counted += 1
            if self.counted >= self.sample:
                self.counts = {each: count // 2 for each, count in self.counts.items()}
                self.counted //= 2

    def of(self, key: int) -> int:
        return self.counts.get(key, 0)


def multiplied(number: int, factor: int) -> int:
    return number * factor % 2**32


class SketchedCounts:
    """Four rows of counters, in a dictionary by (block, row, column); the filter is a set of bit numbers.

    Keys are numbered in the order of their first request, as the hash is of that number.
    """

    def __init__(self, capacity: int, doorkeeper: bool) -> None:
        self.counters: dict = {}
        self.door: set | None = set() if doorkeeper else None
        self.numbers: dict = {}
        self.keys = next(2**power for power in range(3, 40) if 2**power >= capacity)
        self.sample, self.counted = 10 * capacity, 0

    def hashes(self, key: int) -> tuple[int, int]:
        first = self.numbers.setdefault(key, len(self.numbers))
        first = multiplied(first ^ first >> 17, 0xED5AD4BB)
        first = multiplied(first ^ first >> 11, 0xAC4C1B51)
        first = first ^ first >> 15
        second = multiplied(first, 0x31848BAB)
        return first, second ^ second >> 14

    def places(self, key: int) -> list[tuple[int, int, int]]:
        first, second = self.hashes(key)
        return [(first % (self.keys // 8), row, second // 256**row % 32) for row in range(4)]

    def bits(self, key: int) -> set[int]:
        first, second = self.hashes(key)
        step = second if second % 2 else second + 1
        return {(first + probe * step) % (32 * self.keys) for probe in range(4)}

    def add(self, key: int) -> None:
        if self.door is not None and not self.bits(key) <= self.door:
            self.door |= self.bits(key)
            return
        low = [place for place in self.places(key) if self.counters.get(place, 0) < 15]
        for place in low:
            self.counters[place] = self.counters.get(place, 0) + 1
        self.counted += bool(low)
        if self.counted == self.sample:
            odd = sum(count % 2 for count in self.counters.values())
            self.counters = {place: count // 2 for place, count in self.counters.items()}
            self.counted = (self.counted - odd // 4) // 2
            if self.door is not None:
                self.door = set()

    def of(self, key: int) -> int:
        least = min(self.counters.get(place, 0) for place in self.places(key))
        passed = self.door is not None and self.bits(key) <= self.door
        return min(least + passed, 15)


def wtinylfu(requests: Requests, capacity: int, counts: ExactCounts | SketchedCounts | None = None) -> list[bool]:
    """One list per segment, least recent first."""
    counts = counts or ExactCounts(capacity)
    window_size = max(capacity // 100, 1)
    main_size = capacity - window_size
    protected_size = main_size * 8 // 10
    window: list = []
    probation: list = []
    protected: list = []
    hits = []
    for key in requests:
        counts.add(key)
        hits.append(key in window or key in probation or key in protected)
        if key in window:
            window.remove(key)
            window.append(key)
        elif key in protected:
            protected.remove(key)
            protected.append(key)
        elif key in probation:
            probation.remove(key)
            (protected if protected_size else probation).append(key)
            if len(protected) > protected_size:
                probation.append(protected.pop(0))
        else:
            window.append(key)
            if len(window) > window_size:
                candidate = window.pop(0)
                if len(probation) + len(protected) < main_size:
                    probation.append(candidate)
                elif main_size:
                    segment = probation or protected
                    if counts.of(candidate) > counts.of(segment[0]):
                        segment.pop(0)
                        probation.append(candidate)
    return hits


def wtinylfu_sketch(requests: Requests, capacity: int) -> list[bool]:
    return wtinylfu(requests, capacity, SketchedCounts(capacity, doorkeeper=False))


def wtinylfu_doorkeeper(requests: Requests, capacity: int) -> list[bool]:
    return wtinylfu(requests, capacity, SketchedCounts(capacity, doorkeeper=True))


POLICIES: dict[str, Callable[[Requests, int], list[bool]]] = {
    "fifo": fifo, "lru": lru, "clock": clock, "lfu": lfu, "sieve": sieve, "s3fifo": s3fifo,
    "s3fifo-simulator": s3fifo_simulator, "arc": arc,
    "wtinylfu": wtinylfu, "wtinylfu-sketch": wtinylfu_sketch, "wtinylfu-doorkeeper": wtinylfu_doorkeeper,
}  # fmt: skip
