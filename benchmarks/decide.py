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
    whole = {name: slowest(framework, decide) for name, framework in known.items()}
    plain = {name: slowest(framework, partial(decide, with_flips=False)) for name, framework in known.items()}
    for name, found in sorted(whole.items(), key=lambda item: -item[1])[:5]:
        print(f"  {name}: {found:.0f} ms, {found / plain[name]:.1f} times an answer without flips")
    print(f"slowest example of each: median {statistics.median(whole.values()):.0f} ms, ", end="")
    print(f"slowest {max(whole.values()):.0f} ms of processor time (aim: {AIMS})")
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


def slowest(framework: Framework, answer: Callable[[Framework, Workload], object]) -> float:
    """The time of the framework's slowest example, in milliseconds; the empty workload counts as one."""
    examples = [workload_of({}), *(example.given for example in framework.examples[:EXAMPLES])]
    return max(median_ms(partial(answer, framework, workload)) for workload in examples)


def median_ms(run: Callable[[], object]) -> float:
    """The median of some runs after one that fills the tables of models."""
    run()
    seconds = []
    for _ in range(RUNS):
        start = time.process_time()
        run()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds) * 1e3


if __name__ == "__main__":
    main()
