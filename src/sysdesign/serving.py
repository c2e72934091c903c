"""`sysdesign serve`: build what changed, listen, rebuild while the reference is edited."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import uvicorn
from watchfiles import awatch

from sysdesign.content import load
from sysdesign.errors import InvalidInput, SysdesignError
from sysdesign.models.warming import warm
from sysdesign.search.index import Index
from sysdesign.service import Room, announced, application
from sysdesign.site.building import build_site, changed_pages

PAUSE_S = 0.5  # without an edit, before the whole site is built: until then the reader's own page comes first
TURN_S = 0.001  # that a thread works before another may: a build beside must not hold up the answers
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(root: Path, out: Path, *, host: str, port: int, watch: bool, ready: Callable[[str], None]) -> None:
    """Serve until interrupted; `ready` is told the address once requests are answered.

    Raises InvalidInput for a port that is taken or not allowed.
    """
    listener = _listener(host, port)
    with listener:
        print("Building the site ...", file=sys.stderr, flush=True)
        build_site(root, out, force=False)
        reference = load(root)
        sys.setswitchinterval(TURN_S)
        room = Room(out, reference, Index(reference))
        address = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else "127.0.0.1" if host in LOOPBACK else host
        hosts = ["127.0.0.1", "localhost", "[::1]", host] if host in LOOPBACK else ["*"]
        config = uvicorn.Config(
            application(room, hosts, refresh=watch), log_level="warning", lifespan="off", server_header=False
        )
        say = partial(ready, f"http://{shown}:{address[1]}/")
        asyncio.run(_run(uvicorn.Server(config), listener, room, root if watch else None, say))


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        found = f"port {port} of {host} cannot be used ({error.strerror})"
        raise InvalidInput(f"{found}. {_instead(port, error)}") from None
    return listener


def _instead(port: int, error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return "Name an address of this machine with --host, or leave it out"
    other = port + 1 if 1024 <= port < 65535 else 8001
    return f"Name another: make serve PORT={other}, or sysdesign serve --port {other}"


async def _run(
    server: uvicorn.Server, listener: socket.socket, room: Room, watched: Path | None, say: Callable[[], None]
) -> None:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(asyncio.to_thread(warm))]
    if watched is not None:
        tasks.append(asyncio.create_task(_follow(room, watched, stop)))
    tasks.append(asyncio.create_task(_announce(server, say)))
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, _end, server)
    try:
        await server.serve(sockets=[listener])
    finally:
        stop.set()
        for task in tasks[1:]:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def _end(server: uvicorn.Server) -> None:
    server.should_exit = True
    server.force_exit = True  # open change streams must not hold the process


async def _announce(server: uvicorn.Server, say: Callable[[], None]) -> None:
    """Say so once requests are answered."""
    while not server.started:
        await asyncio.sleep(0.02)
    say()


async def _follow(room: Room, root: Path, stop: asyncio.Event) -> None:
    """On each change, show the pages of changed documents at once; the whole site follows when the edits pause."""
    changes: asyncio.Queue[bool] = asyncio.Queue()
    rebuilding = asyncio.create_task(_rebuild(room, root, changes))
    try:
        async for found in awatch(root, debounce=50, step=20, stop_event=stop, ignore_permission_denied=True):
            with _reported():
                await _show(room, root)
                changes.put_nowait(any(Path(path).suffix != ".md" for _, path in found))
    finally:
        rebuilding.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await rebuilding


async def _show(room: Room, root: Path) -> None:
    reference = await asyncio.to_thread(load, root, before=room.reference)
    async with announced(room):
        room.fresh = {**room.fresh, **dict(changed_pages(reference, room.reference))}
        room.reference = reference


async def _rebuild(room: Room, root: Path, changes: asyncio.Queue[bool]) -> None:
    """Rebuild and swap the whole site after each pause, and tell pages where more than a document's text changed."""
    while True:
        elsewhere = await changes.get()
        with contextlib.suppress(TimeoutError):
            while True:
                elsewhere |= await asyncio.wait_for(changes.get(), PAUSE_S)
        reference = room.reference
        with _reported():
            room.index = await asyncio.to_thread(Index, reference)
            await asyncio.to_thread(build_site, root, room.out, force=False, before=reference)
            if room.reference is reference:  # else an edit came meanwhile, and its pages are newer than the site
                room.fresh = {}
            if elsewhere:
                async with announced(room):
                    pass


@contextlib.contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except SysdesignError as error:
        print(f"sysdesign: {error}\n  The site before this change is still served.", file=sys.stderr, flush=True)
