"""How long an answer takes, in processor time: aims are a median under 100 ms, the slowest under 300 ms.

The peer is the same answer without flips: what the search for them costs is a ratio
of two times of the same run. Then the share of deciding cells that come from models:
formulas in rows that tell the options of some example apart.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sysdesign.decide import Framework, Workload, decide, frameworks, workload_of
from sysdesign.decide.node import Literal, ModelCall, Node, walk

REFERENCE = Path(__file__).parents[1] / "reference"
RUNS = 7
NEAR = 1.3  # times that an example in one run may be faster than the slowest and still be it
SHOWN = 5  # frameworks, the slowest
EXAMPLES = 4  # of each framework, beside the empty workload
AIMS = "median under 100 ms, slowest under 300 ms"
APART = 0.05  # of mean regret between options, from which a row decides


def main() -> None:
    """Print each framework's times over its own examples, their median and the slowest."""
    start = time.process_time()
    known = frameworks(REFERENCE)
    print(
        f"{len(known)} frameworks read, typed and unit-checked in {time.process_time() - start:.1f} s, models imported"
    )
    whole = {name: slowest(framework) for name, framework in known.items()}
    for name, (found, workload) in sorted(whole.items(), key=lambda item: -item[1][0])[:SHOWN]:
        plain = median_ms(partial(decide, known[name], workload, with_flips=False))
        print(f"  {name}: {found:.0f} ms, {found / plain:.1f} times an answer without flips")
    times = [found for found, _ in whole.values()]
    print(f"slowest example of each: median {statistics.median(times):.0f} ms, ", end="")
    print(f"slowest {max(times):.0f} ms of processor time (aim: {AIMS})")
    cells = [cell for framework in known.values() for cell in deciding_cells(framework)]
    computed = sum(any(isinstance(part, ModelCall) for part in walk(cell)) for cell in cells)
    print(f"{computed} of {len(cells)} deciding cells come from models: {computed / len(cells):.0%} (aim: 67%)")


def deciding_cells(framework: Framework) -> list[Node]:
    """The formulas in rows that tell options apart in one of the framework's examples; efforts stand in a catalog."""
    formulas = {rule.outcome.id: rule.values for rule in framework.consequences}
    found = set()
    for given in (workload_of({}), *(example.given for example in framework.examples)):
        for row in decide(framework, given, with_flips=False).rows:
            regrets = [cell.regret for cell in row.cells.values()] or [0.0]
            if row.outcome in formulas and max(regrets) - min(regrets) >= APART:
                found.add(row.outcome)
    return [node for name in found for node in formulas[name].values() if not isinstance(node, Literal)]


def slowest(framework: Framework) -> tuple[float, Workload]:
    """The time of the framework's slowest example, in milliseconds, and it; the empty workload counts as one.

    Each example runs once to fill the tables of models and once to be compared; those that may be the
    slowest run on.
    """
    examples = [workload_of({}), *(example.given for example in framework.examples[:EXAMPLES])]
    for workload in examples:
        decide(framework, workload)
    once = [ms(partial(decide, framework, workload)) for workload in examples]
    near = [at for at, found in enumerate(once) if found * NEAR >= max(once)]
    found = {at: median_ms(partial(decide, framework, examples[at])) for at in near}
    most = max(found, key=lambda at: found[at])
    return found[most], examples[most]


def median_ms(run: Callable[[], object]) -> float:
    """The median time of some runs."""
    return statistics.median(ms(run) for _ in range(RUNS))


def ms(run: Callable[[], object]) -> float:
    """The processor time of a run, in milliseconds."""
    start = time.process_time()
    run()
    return (time.process_time() - start) * 1e3


if __name__ == "__main__":
    main()
