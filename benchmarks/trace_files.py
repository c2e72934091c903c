"""From a trace file to hit ratios, reading included, beside libCacheSim reading the same file in its own loop.

Ten million Zipf requests, one key a line. The aims: LRU of one capacity in a third of libCacheSim's time,
of eight capacities, read once, in an eighth of the time of its eight runs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import libcachesim
import numpy as np

from benchmarks.measured import apart, least, line
from sysdesign.models.caching.popularity import Workload
from sysdesign.readers.traces import replay_file

REQUESTS, CATALOG, SKEW = 10_000_000, 1_000_000, 1.0
CAPACITIES = [1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000]
ONE = [50_000]
RUNS = 2
TARGET_ONE, TARGET_EIGHT = 3, 8
FORMS = {"numbers": "{}\n", "texts": "user:{}:profile\n"}


def write_trace(path: Path, form: str) -> None:
    workload = Workload(CATALOG, SKEW, 0, 1, seed=1)
    with path.open("w", encoding="utf-8") as file:
        for _ in range(20):
            file.write("".join(form.format(key) for key in workload.requests(REQUESTS // 20).tolist()))


def ours(path: Path, capacities: list[int]) -> list[int]:
    return [cache.hits for cache in replay_file(path, ["lru"], capacities).caches]


def theirs(path: Path, capacity: int, *, numbers: bool) -> int:
    said = libcachesim.ReaderInitParam()
    said.obj_id_is_num, said.obj_id_is_num_set = numbers, True
    reader = libcachesim.TraceReader(str(path), libcachesim.TraceType.PLAIN_TXT_TRACE, said)
    missed, _ = libcachesim.LRU(capacity).process_trace(reader)
    return round(REQUESTS * (1 - missed))


def main() -> None:
    """Print both times and their ratio, and fail where the hits differ."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "keys.txt"
        path.write_text("1\nuser:1\n1\n")
        ours(path, CAPACITIES)  # compiled before it is measured
        for name, form in FORMS.items():
            write_trace(path, form)
            peer = apart(lambda name=name: theirs(path, ONE[0], numbers=name == "numbers"))
            for capacities, target in ((ONE, TARGET_ONE), (CAPACITIES, TARGET_EIGHT)):
                run = least([apart(lambda capacities=capacities: ours(path, capacities)) for _ in range(RUNS)])
                assert run.result[capacities.index(ONE[0])] == peer.result
                assert np.all(np.diff(run.result) > 0) or len(run.result) == 1
                ratio = peer.wall_s * len(capacities) / run.wall_s
                met = "met" if ratio >= target else "MISSED"
                line(
                    f"{REQUESTS:,} {name} from a file, LRU of {len(capacities)} capacities",
                    f"{run.wall_s:.2f} s", f"{target} times", f"{ratio:.1f} times libCacheSim: {met}",
                )  # fmt: skip
            line(
                f"  libCacheSim's C loop on it, one capacity; peak here {run.peak_bytes >> 20} MB",
                f"{peer.wall_s:.2f} s",
            )


if __name__ == "__main__":
    main()
