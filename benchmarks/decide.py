"""How long an answer takes: the aims are 5 ms without flips and confidence, and about 50 ms with both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from sysdesign.decide import Framework, Workload, decide, frameworks, workload_of

REFERENCE = Path(__file__).parents[1] / "reference"
RUNS = 9


def main() -> None:
    """Print each framework's median times over its own examples, and the slowest of them."""
    start = time.perf_counter()
    known = frameworks(REFERENCE)
    print(
        f"{len(known)} frameworks read, typed and unit-checked in {time.perf_counter() - start:.1f} s, models imported"
    )
    plain, full = {}, {}
    for name, framework in known.items():
        plain[name] = slowest(framework, lambda f, w: decide(f, w, with_flips=False, with_confidence=False))
        full[name] = slowest(framework, decide)
    for label, found, aim in (("without flips and confidence", plain, 5), ("with both", full, 50)):
        worst = max(found, key=lambda name: found[name])
        middle = statistics.median(found.values())
        print(f"{label}: median {middle:.1f} ms, slowest {found[worst]:.1f} ms ({worst}; aim: {aim} ms)")


def slowest(framework: Framework, answer: Callable[[Framework, Workload], object]) -> float:
    """The median time of the framework's slowest example, in milliseconds; the empty workload counts as one."""
    return max(median_ms(framework, answer, w) for w in (workload_of({}), *(e.given for e in framework.examples)))


def median_ms(framework: Framework, answer: Callable[[Framework, Workload], object], workload: Workload) -> float:
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        answer(framework, workload)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) * 1e3


if __name__ == "__main__":
    main()
