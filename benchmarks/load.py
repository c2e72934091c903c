"""Pages and searches at once while models run: faults, and the service's own processor time for each.

What the asking itself takes falls on the same machine here, so that the rate reached says less than the processor
time of the service does: so many requests a second fill so much of a core, whatever else runs.
"""

from __future__ import annotations

import http.client
import os
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from benchmarks.measured import line, percentile
from benchmarks.pages import askers
from benchmarks.served import serving
from sysdesign.content import default_root, load

PAGES_PER_S, SEARCHES_PER_S, CORES = 600, 400, 2
SECONDS = 20
CLIENTS = 8
ALONE = 400  # requests of one kind, for its processor time
QUERIES = ("cache stampede", "quorum reads", "p99 and retries", "kafka or sqs", "dogpile", "429 too many requests")


@dataclass
class Asked:
    """What the clients saw."""

    times: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def main() -> None:
    """Each alone for its processor time; then both together, with models, for faults and rate."""
    root = default_root()
    pages = ["/", *(f"/{document.name.lower()}/" for document in load(root).documents.values())]
    searches = [f"/api/search?q={quote(query)}" for query in QUERIES]
    with tempfile.TemporaryDirectory() as folder, serving(root, Path(folder, "site"), watch=False) as address:
        port = int(urlsplit(address).port or 0)
        costs = [_cost(port, paths) for paths in (pages, searches)]
        with askers(port):
            asked, took_s = _together(port, pages, searches)
    for what, cost in zip(("page", "search"), costs, strict=True):
        line(f"processor time of the service for a {what}", f"{1000 * cost:.2f} ms")
    needed = PAGES_PER_S * costs[0] + SEARCHES_PER_S * costs[1]
    line(f"{PAGES_PER_S} pages and {SEARCHES_PER_S} searches a second fill", f"{needed:.2f} cores", f"< {CORES}")
    rate = len(asked.times) / took_s
    line(f"pages and searches, 3 to 2, by {CLIENTS} clients while models run", f"{rate:,.0f}/s", "",
         f"99th percentile {1000 * percentile(asked.times, 0.99):.0f} ms")  # fmt: skip
    line("    faults", str(len(asked.faults)), "0", "; ".join(sorted(set(asked.faults))[:3]))


def _cost(port: int, paths: Sequence[str]) -> float:
    """Seconds of the processor for one request, the mean of many on one connection."""
    asked = Asked()
    _ask(port, paths, len(paths), asked)  # what is made at first use
    before = _processor_s()
    _ask(port, paths, ALONE, asked)
    if asked.faults:
        raise RuntimeError(f"{asked.faults[0]} on a quiet service")
    return (_processor_s() - before) / ALONE


def _together(port: int, pages: Sequence[str], searches: Sequence[str]) -> tuple[Asked, float]:
    asked, ended = Asked(), threading.Event()
    mixed = [pages[at % len(pages)] if at % 5 < 3 else searches[at % len(searches)] for at in range(5 * 66)]
    threads = [
        threading.Thread(target=_until, args=(ended, port, mixed[7 * at :] + mixed, asked)) for at in range(CLIENTS)
    ]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    time.sleep(SECONDS)
    ended.set()
    for thread in threads:
        thread.join()
    return asked, time.perf_counter() - started


def _until(ended: threading.Event, port: int, paths: Sequence[str], asked: Asked) -> None:
    while not ended.is_set():
        _ask(port, paths, 50, asked)


def _ask(port: int, paths: Sequence[str], count: int, asked: Asked) -> None:
    """So many requests on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        for at in range(count):
            started = time.perf_counter()
            connection.request("GET", paths[at % len(paths)])
            answer = connection.getresponse()
            answer.read()
            asked.times.append(time.perf_counter() - started)
            if answer.status != 200:
                asked.faults.append(f"status {answer.status}")
    except (OSError, http.client.HTTPException) as error:
        asked.faults.append(type(error).__name__)
    finally:
        connection.close()


def _processor_s() -> float:
    """Of the service that this process started, with its workers."""
    parents = {int(path.name): _stat(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
    ours, found = {os.getpid()}, 0.0
    for pid, (parent, _) in sorted(parents.items()):
        if parent in ours:
            ours.add(pid)
            found += parents[pid][1]
    return found


def _stat(path: Path) -> tuple[int, float]:
    """The parent of a process and the processor time that it took."""
    try:
        after = (path / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0, 0.0  # it ended meanwhile
    return int(after[1]), (int(after[11]) + int(after[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
