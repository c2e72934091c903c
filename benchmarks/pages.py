"""Pages while eight askers run what the bounds allow, against the same pages on an idle service: `served` starts it."""

from __future__ import annotations

import http.client
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.measured import line, percentile
from benchmarks.served import serving
from sysdesign.content import default_root

ASKERS = 8
REQUESTS = 600
PAUSE_S = 0.01  # between pages, as of a reader and the page's own files
WARMED_S = 5.0  # for the service to be quiet after its start
LONG = json.dumps({"inputs": {"requests": 10_000_000, "catalog_keys": 10_000_000, "precision": 1e-9}})
PAGES = ("/", "/05-caching-strategies/", "/04-database-technologies/", "/models/caching.replay/")


def main() -> None:
    """Time to a page: median, and the 99th percentile, idle and busy."""
    with tempfile.TemporaryDirectory() as folder, serving(default_root(), Path(folder, "site"), watch=False) as address:
        port = int(urlsplit(address).port or 0)
        _runs(port, "caching.stampede", 20)
        time.sleep(WARMED_S)
        idle = _pages(port)
        panels = _runs(port, "caching.stampede", 40)
        with askers(port):
            busy = _pages(port)
    _told("a page, nothing else running", idle)
    ratio = percentile(busy, 0.99) / percentile(idle, 0.99)
    _told(f"a page, {ASKERS} askers running what the bounds allow", busy, "< 100 ms", f"{ratio:.1f} times idle")
    _told("a live panel with its chart, on its own", panels, "about 100 ms")


def _told(what: str, times: list[float], target: str = "", ratio: str = "") -> None:
    line(f"{what}: median", f"{1000 * percentile(times, 0.5):.1f} ms")
    line(f"{what}: 99th percentile", f"{1000 * percentile(times, 0.99):.1f} ms", target, ratio)


def _pages(port: int) -> list[float]:
    times = []
    for number in range(REQUESTS):
        started = time.perf_counter()
        _ask(port, "GET", PAGES[number % len(PAGES)])
        times.append(time.perf_counter() - started)
        time.sleep(PAUSE_S)
    return times


def _runs(port: int, model: str, count: int) -> list[float]:
    times = []
    for number in range(count):
        started = time.perf_counter()
        _ask(port, "POST", f"/api/models/{model}/run", json.dumps({"inputs": {"arrivals_per_s": 300 + number}}))
        times.append(time.perf_counter() - started)
    return times


@contextmanager
def askers(port: int) -> Iterator[None]:
    """Askers that run for as long as they may, and ask again."""
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            _ask(port, "POST", "/api/models/caching.replay/run", LONG)

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(ASKERS)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    yield
    ended.set()


def _ask(port: int, method: str, path: str, body: str | None = None) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        connection.getresponse().read()
    finally:
        connection.close()
