"""How long recorded histories take from file to verdict, beside Porcupine in the same run.

The 51 logs recorded against etcd are read from the folder that SYSDESIGN_DATA names, or from Porcupine's
checkout; its larger key-value logs (append and get) from the checkout alone. PORCUPINE names that checkout
and GO the Go command; without them only our own times are shown. Aims: the 51 in a twentieth of Porcupine's
time, the key-value logs at least as fast.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numba  # noqa: F401  # loaded, as in a process that runs other models: the time is that of the histories

from sysdesign.models.consistency import check
from sysdesign.models.consistency.history import ordered
from sysdesign.models.consistency.linearizability import linearizable
from sysdesign.readers.histories import read_history

PUBLISHED = {2, 5, 7, 18, 25, 31, 38, 45, 48, 49}  # linearizable; all others are not (porcupine_test.go)
BUDGET = 10_000_000
RUNS = 40
PEER = """package porcupine

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestPeer(t *testing.T) {
	for _, path := range strings.Split(os.Getenv("PEER_FILES"), ":") {
		for run := 0; run < %d; run++ {
			start := time.Now()
			var verdict bool
			if strings.HasSuffix(path, ".log") {
				verdict = CheckEvents(etcdModel, parseJepsenLog(path))
			} else {
				verdict = CheckEvents(kvModel, parseKvLog(path))
			}
			fmt.Printf("PEER %%s %%v %%d\\n", path, verdict, time.Since(start).Nanoseconds())
		}
	}
}
"""


def main() -> None:
    """Print our time and Porcupine's for the 51 logs together and each larger one, with the verdicts."""
    data, checkout = os.environ.get("SYSDESIGN_DATA"), os.environ.get("PORCUPINE")
    folder = Path(data, "histories") if data else Path(checkout or "", "test_data", "jepsen")
    logs = [folder / f"etcd_{number:03d}.log" for number in range(51)]
    if not all(log.is_file() for log in logs):
        print("skipped: set SYSDESIGN_DATA to a folder with histories/etcd_000.log to etcd_050.log, or PORCUPINE")
        return
    large = sorted(Path(checkout, "test_data", "kv").glob("c*.txt")) if checkout else []
    ours = {path: _ours(path) for path in [*logs, *large]}
    theirs = _porcupine(Path(checkout), [*logs, *large]) if checkout else {}
    found = {number for number, log in enumerate(logs) if ours[log][0]}
    same = 51 - len(found ^ PUBLISHED)
    _line("51 histories of etcd", logs, ours, theirs, 20, f"{same} of 51 verdicts as published")
    for path in large:
        published = path.stem.endswith("ok")
        _line(path.name, [path], ours, theirs, 1, "as published" if ours[path][0] == published else "NOT as published")
    start = time.perf_counter()
    for log in logs:
        check(read_history(log))
    print(f"every level of the 51 with its smallest failing part: {time.perf_counter() - start:.2f} s")


def _ours(path: Path) -> tuple[bool, float]:
    """The verdict, and the least seconds from file to verdict."""
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        verdict = linearizable(ordered(read_history(path)), BUDGET).answer == "holds"
        seconds.append(time.perf_counter() - start)
    return verdict, min(seconds)


def _porcupine(checkout: Path, paths: Sequence[Path]) -> dict[Path, tuple[bool, float]]:
    """The same of Porcupine, by a test in a copy of its checkout, whose tests hold its readers and models."""
    go = shutil.which(os.environ.get("GO", "go"))
    if go is None:
        print("Porcupine is not timed: GO names no Go command")
        return {}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "porcupine")
        shutil.copytree(checkout, copy, ignore=shutil.ignore_patterns(".git"))
        (copy / "peer_test.go").write_text(PEER % RUNS)
        environment = os.environ | {"PEER_FILES": ":".join(str(path.resolve()) for path in paths)}
        command = [go, "test", "-count=1", "-run", "TestPeer", "-v", "."]
        run = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=900)
    if run.returncode:
        raise RuntimeError(f"Porcupine's test ended with {run.returncode}: {(run.stdout + run.stderr)[-400:]}")
    found: dict[Path, tuple[bool, float]] = {}
    by_path = {str(path.resolve()): path for path in paths}
    for name, verdict, nanoseconds in re.findall(r"PEER (\S+) (\w+) (\d+)", run.stdout):
        path, seconds = by_path[name], int(nanoseconds) / 1e9
        found[path] = (verdict == "true", min(seconds, found.get(path, (True, seconds))[1]))
    return found


def _line(
    what: str,
    paths: Sequence[Path],
    ours: dict[Path, tuple[bool, float]],
    theirs: dict[Path, tuple[bool, float]],
    aim: float,
    words: str,
) -> None:
    mine = sum(ours[path][1] for path in paths)
    text = f"{what:24s} {mine * 1e3:8.1f} ms, {words}"
    if theirs:
        other = sum(theirs[path][1] for path in paths)
        agreed = all(theirs[path][0] == ours[path][0] for path in paths)
        met = "met" if other / mine >= aim else "MISSED"
        text += f"; Porcupine {other * 1e3:8.1f} ms, ratio {other / mine:.2f} (aim {aim}: {met})"
        text += "" if agreed else ", ITS VERDICT DIFFERS"
    print(text, flush=True)


if __name__ == "__main__":
    main()
