"""A served reference and a browser, for what a reader waits for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.request import urlopen

from sysdesign.site.publish import STAMP

CHROMIUM = os.environ.get("SYSDESIGN_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@contextmanager
def serving(root: Path, out: Path, *, watch: bool = True, told: IO[bytes] | None = None) -> Iterator[str]:
    """The address of `sysdesign serve` over that reference; what it tells of edits goes to `told`."""
    command = [
        str(Path(sys.prefix, "bin", "sysdesign")),
        "serve",
        "--port",
        "0",
        "--json",
        "--watch" if watch else "--no-watch",
    ]
    process = subprocess.Popen(
        [*command, "--reference", str(root), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=told or subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        if not said:
            raise RuntimeError(f"the service ended with {process.wait()} before it answered")
        address = json.loads(said)["address"]
        while not (out / STAMP).is_file() and process.poll() is None:  # pages are answered before all are written
            time.sleep(0.1)
        urlopen(f"{address}api/search?q=cache").close()  # answered once there is an index
        yield address
    finally:
        process.terminate()
        process.wait()


@contextmanager
def browser() -> Iterator[Any]:
    """A running Chromium, or None where it or its driver is not installed."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        yield None
        return
    if CHROMIUM is None:
        yield None
        return
    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield running
        finally:
            running.close()
