"""A small site of the tests' own, rendered once, served once, and opened in Chromium where there is one."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from sysdesign.content import Reference, load
from sysdesign.service import Room, announced, application
from sysdesign.site.building import site_files
from sysdesign.site.pages import render
from sysdesign.site.publish import publish
from sysdesign.workers.pool import Pool
from tests.reading import whole_reference

SMALL = Path(__file__).parent / "reference"
CHROMIUM = os.environ.get("SYSDESIGN_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--no-default-browser-check",
]  # fmt: skip
PATIENCE = 120_000  # ms until what should come is missed: no test depends on how fast the machine is
# A script for a page: each of its waits is a hundredth as long.
QUICK = "const slow = setTimeout; window.setTimeout = (act, wait, ...rest) => slow(act, wait / 100, ...rest);"


@pytest.fixture(scope="session")
def small() -> Reference:
    """The tests' own reference."""
    return load(SMALL)


@pytest.fixture(scope="session")
def pages(small: Reference) -> dict[str, bytes]:
    """The pages of the tests' own reference."""
    return render(small)


@pytest.fixture(scope="session")
def address(small: Reference, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the small site is served."""
    site = tmp_path_factory.mktemp("small") / "site"
    for address, _, _ in served(small, published(small, site)):
        yield address


@pytest.fixture(scope="session")
def whole_address(whole_site: Path) -> Iterator[str]:
    """Where the real site is served."""
    for address, _, _ in served(whole_reference(), whole_site):
        yield address


def published(reference: Reference, site: Path) -> Path:
    """The site of a reference, written there."""
    publish(site, sorted(site_files(reference).items()), "test")
    return site


def served(
    reference: Reference, site: Path, *, refresh: bool = False
) -> Iterator[tuple[str, Room, Callable[[], None]]]:
    """The address of a served site, its room, and what tells waiting pages of a change."""
    room = Room(site, reference, None)  # pages search by themselves
    room.runner = Pool(room.for_runs, seconds=PATIENCE / 1000)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(application(room, ["127.0.0.1"], refresh=refresh), log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    loops: list[asyncio.AbstractEventLoop] = []

    async def run() -> None:
        loops.append(asyncio.get_running_loop())
        await server.serve(sockets=[listener])

    async def change() -> None:
        async with announced(room):
            pass

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)

    def tell() -> None:
        asyncio.run_coroutine_threadsafe(change(), loops[0]).result(timeout=PATIENCE / 1000)

    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/", room, tell
    finally:
        server.should_exit = server.force_exit = True
        thread.join(timeout=10)
        if isinstance(room.runner, Pool):
            room.runner.close()


class Patient:
    """A browser whose every page waits as long as it takes, in place of Playwright's thirty seconds."""

    def __init__(self, browser: Any) -> None:
        self._browser = browser

    def new_context(self, **given: Any) -> Any:
        context = self._browser.new_context(**given)
        context.set_default_timeout(PATIENCE)
        return context

    def new_page(self, **given: Any) -> Any:
        page = self._browser.new_page(**given)
        page.set_default_timeout(PATIENCE)
        return page


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A running Chromium; it ends with its module, since its event loop would stand in the way of other tests."""
    if CHROMIUM is None:
        reason = "Chromium is not installed (on Debian and Ubuntu: apt install chromium)"
        if os.environ.get("SYSDESIGN_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, timeout=PATIENCE)
        yield Patient(browser)
        browser.close()


@contextmanager
def before(page: Any, script: str) -> Iterator[None]:
    """What is done within is done before this script comes, as on a slow line."""
    held: list[Any] = []
    with page.expect_request(f"**/{script}*"):
        page.route(f"**/{script}*", lambda route: held.append(route))  # a built-in method is refused
        yield
    for route in held:
        route.continue_()
    page.unroute(f"**/{script}*")


class Watch:
    """What a page did that no page may do."""

    def __init__(self, page: Any, address: str) -> None:
        self.faults: list[str] = []
        self.requests: list[str] = []
        self.expected: set[int] = set()  # statuses that the test itself brings about
        page.on("request", lambda request: self._request(request.url, address))
        page.on("console", lambda message: self._said(message))
        page.on("response", lambda answer: self._answered(answer))
        page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))

    def _request(self, url: str, address: str) -> None:
        self.requests.append(url)
        if not url.startswith((address, "data:", "blob:")):
            self.faults.append(f"asked another host: {url}")

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.faults.append(f"console: {message.text}")

    def _answered(self, answer: Any) -> None:
        if answer.status >= 400 and answer.status not in self.expected:
            self.faults.append(f"{answer.status}: {answer.url}")


@pytest.fixture
def page(chromium: Any, address: str) -> Iterator[Any]:
    """A fresh page at 1280 by 900 on the small site; it fails the test for any fault that every page must avoid."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, base_url=address)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address.rstrip("/"))
    page = context.new_page()
    page.watch = Watch(page, address)
    yield page
    context.close()
    assert page.watch.faults == []
