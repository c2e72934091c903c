"""How long the 51 histories recorded against etcd take to decide; the aim is under 1 s together.

Reads the folder `histories` in the folder that SYSDESIGN_DATA names.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from sysdesign.models.consistency import check
from sysdesign.models.consistency.history import ordered
from sysdesign.models.consistency.linearizability import linearizable
from sysdesign.readers import histories

PUBLISHED = {2, 5, 7, 18, 25, 31, 38, 45, 48, 49}  # linearizable; all others are not (porcupine_test.go)
BUDGET = 10_000_000


def main() -> None:
    """Print the time to read and decide all, how many verdicts are the published ones, and the time for every level."""
    folder = Path(os.environ.get("SYSDESIGN_DATA", "")) / "histories"
    if not os.environ.get("SYSDESIGN_DATA") or not folder.is_dir():
        print("skipped: set SYSDESIGN_DATA to a folder with histories/etcd_000.log to etcd_050.log")
        return
    start = time.perf_counter()
    recorded = [ordered(histories.read_history(folder / f"etcd_{number:03d}.log")) for number in range(51)]
    read_s = time.perf_counter() - start
    start = time.perf_counter()
    found = {number for number, each in enumerate(recorded) if linearizable(each, BUDGET).answer == "holds"}
    decided_s = time.perf_counter() - start
    start = time.perf_counter()
    for each in recorded:
        check(each)
    levels_s = time.perf_counter() - start
    same = 51 - len(found ^ PUBLISHED)
    print(
        f"51 histories: read in {read_s * 1e3:.0f} ms, decided in {decided_s * 1e3:.0f} ms (aim: under 1 s together), "
        f"{same} of 51 verdicts as published; every level with its smallest failing part: {levels_s:.2f} s"
    )


if __name__ == "__main__":
    main()
