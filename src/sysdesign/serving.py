"""`sysdesign serve`: listen, build what changed, rebuild while the reference is edited."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import uvicorn
from watchfiles import awatch
from watchfiles._rust_notify import WatchfilesRustInternalError

from sysdesign.connections import PatientNotForever
from sysdesign.content import Reference, load
from sysdesign.content.loading import collection_paused
from sysdesign.errors import InvalidInput, SysdesignError
from sysdesign.plain import visible
from sysdesign.service import Room, announced, application
from sysdesign.site.addresses import folder_of
from sysdesign.site.building import build_site, changed_documents, content_digest, first_pages, unfinished_site
from sysdesign.site.layout import Site
from sysdesign.site.pages import pages_beside, site_of
from sysdesign.site.publish import publish, stamp
from sysdesign.site.search_entries import index_of
from sysdesign.site.unfinished import Unfinished
from sysdesign.workers.pool import Pool

PAUSE_S = 0.5  # without an edit, before the whole site is built: until then the reader's own page comes first
LATE_S = 1.0  # that edits without a pause may keep pages from being shown
LOOK_MS = 1000  # between looks at whether the folder is still the same
MANY = 100_000  # objects of one reading that a collection would take some 10 ms for
LEAVE_S = 1.5  # from a signal to end, for answers under way; a build beside, which cannot be interrupted, ends then too
TURN_S = 0.001  # that a thread works before another may: a build beside must not hold up the answers
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(root: Path, out: Path, *, host: str, port: int, watch: bool, ready: Callable[[str], None]) -> None:
    """Serve until interrupted; `ready` is told the address once requests are answered.

    The rest of a site that is not built yet is written meanwhile, what is asked for first. Raises InvalidInput for a
    port that is taken or not allowed, BadContent and BuildFailed for a site that cannot be built.
    """
    listener = _listener(host, port)
    with listener:
        print("Building the site ...", file=sys.stderr, flush=True)
        digest = content_digest(root)
        reference = load(root)
        gc.freeze()  # collections look at what comes and goes alone: one that looks at all of this holds up pages
        sys.setswitchinterval(TURN_S)
        room = Room(out, reference, None)
        if stamp(out) != digest:
            room.unfinished = unfinished_site(root, reference)
        address = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else "127.0.0.1" if host in LOOPBACK else host
        hosts = ["127.0.0.1", "localhost", "[::1]", host] if host in LOOPBACK else ["*"]
        config = uvicorn.Config(
            application(room, hosts, refresh=watch),
            http=PatientNotForever,
            log_level="warning",
            lifespan="off",
            server_header=False,
        )
        say = partial(ready, f"http://{shown}:{address[1]}/")
        asyncio.run(_run(uvicorn.Server(config), listener, room, digest, root if watch else None, say, _leave_soon))


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
    server: uvicorn.Server,
    listener: socket.socket,
    room: Room,
    digest: str,
    watched: Path | None,
    say: Callable[[], None],
    ending: Callable[[], None] = lambda: None,
) -> None:
    """Serve until a signal ends it; `ending` is called at that moment."""
    stop = asyncio.Event()
    whole = asyncio.create_task(_finish(server, room, digest))
    tasks = []
    if isinstance(room.runner, Pool):
        tasks.append(asyncio.create_task(room.runner.prepare()))
    if watched is not None:
        tasks.append(asyncio.create_task(_follow(room, watched, stop)))
    tasks.append(asyncio.create_task(_announce(server, say)))
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, _stop, server, room, ending)
    try:
        await server.serve(sockets=[listener])
    finally:
        stop.set()
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if isinstance(room.runner, Pool):
            room.runner.close()
    if whole.done() and (error := whole.exception()) and not room.ending.is_set():
        raise error


async def _finish(server: uvicorn.Server, room: Room, digest: str) -> None:
    """Write what is left of the site, and make what is searched. Where it cannot be built, nothing is served."""
    try:
        if room.unfinished is not None:
            await asyncio.to_thread(_publish, room.out, room.unfinished, digest)
            room.unfinished = None
        if room.index is None:
            room.index = await asyncio.to_thread(index_of, room.reference)
        gc.freeze()
    except BaseException:
        if room.unfinished is not None:
            room.unfinished.stop()
        _end(server)
        raise


def _publish(out: Path, site: Unfinished, digest: str) -> None:
    with collection_paused():
        publish(out, site.files(), digest)


def _end(server: uvicorn.Server) -> None:
    server.should_exit = True
    server.force_exit = True  # open change streams must not hold the process


def _stop(server: uvicorn.Server, room: Room, ending: Callable[[], None]) -> None:
    """End as a signal asks: what is being answered is answered, streams and the first build end."""
    if room.ending.is_set():
        return
    server.should_exit = True
    room.end()
    ending()


def _leave_soon() -> None:
    """See that the process ends: a half-built site is thrown away by the next build, as after a crash."""
    last = threading.Timer(LEAVE_S, os._exit, (0,))
    last.daemon = True
    last.start()


async def _announce(server: uvicorn.Server, say: Callable[[], None]) -> None:
    """Say so once requests are answered."""
    while not server.started:
        await asyncio.sleep(0.02)
    say()


async def _follow(room: Room, root: Path, stop: asyncio.Event) -> None:
    """On each change, show the pages of changed documents at once; the whole site follows when the edits pause.

    What changes while pages are being shown is gathered meanwhile and shown together next; what changed while the
    reference was read is read first, though not for ever. What hangs on a document's page is made when no edit
    waits. Whatever a change does, it is told, and the next one is followed.
    """
    edits: asyncio.Queue[set[str]] = asyncio.Queue()
    changes: asyncio.Queue[bool] = asyncio.Queue()
    beside = [asyncio.create_task(_gather(root, stop, edits)), asyncio.create_task(_rebuild(room, root, changes))]
    elsewhere = False  # whether more than a document's text changed since pages were shown last
    site: Site | None = None
    loop = asyncio.get_running_loop()
    shown = loop.time()
    try:
        while True:
            found = await _all_waiting(edits)
            elsewhere |= any(Path(path).suffix != ".md" for path in found)
            with _reported():
                reference = await asyncio.to_thread(_loaded, root, room.reference)
                if not edits.empty() and loop.time() - shown < LATE_S:
                    continue  # it is old before it is seen: what it would take of the processor the newest needs
                site = await _show(room, reference)
                changes.put_nowait(elsewhere)
                elsewhere, shown = False, loop.time()
            if site is not None and room.coming and edits.empty():
                with _reported():
                    await _show_beside(room, site)
    finally:
        for task in beside:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _gather(root: Path, stop: asyncio.Event, edits: asyncio.Queue[set[str]]) -> None:
    async for found in _changes(root, stop):
        edits.put_nowait(found)


async def _all_waiting(edits: asyncio.Queue[set[str]]) -> set[str]:
    """Everything that has changed by now, once something has."""
    found = await edits.get()
    while not edits.empty():
        found = found | edits.get_nowait()
    return found


async def _changes(root: Path, stop: asyncio.Event) -> AsyncIterator[set[str]]:
    """Paths that changed, for as long as the service runs; a folder that goes and comes back is one change."""
    while not stop.is_set():
        watched = _identity(root)
        with _reported():
            async for found in awatch(
                root, debounce=50, step=20, rust_timeout=LOOK_MS, yield_on_timeout=True, stop_event=stop,
                ignore_permission_denied=True,
            ):  # fmt: skip
                if found:
                    yield {path for _, path in found}
                if _identity(root) != watched:
                    break
        while not stop.is_set() and (_identity(root) is None):
            await asyncio.sleep(PAUSE_S)
        if not stop.is_set():
            await asyncio.sleep(PAUSE_S)
            yield {str(root)}


def _identity(root: Path) -> tuple[int, int] | None:
    """What tells a folder from another of its name; None while there is none."""
    try:
        found = root.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


async def _show(room: Room, reference: Reference) -> Site:
    """Show the changed documents' own pages; what hangs on them is coming."""
    site, pages, slugs = await asyncio.to_thread(_first, reference, room.reference)
    async with announced(room):
        room.fresh = {**room.fresh, **pages}
        room.reference = reference
        room.coming |= {slug: folder_of(reference.planned(slug)) for slug in slugs}
    return site


def _first(reference: Reference, before: Reference) -> tuple[Site, dict[str, bytes], list[str]]:
    slugs, site = changed_documents(reference, before), site_of(reference)
    return site, dict(first_pages(site, slugs)) if slugs else {}, slugs


async def _show_beside(room: Room, site: Site) -> None:
    """Make what is coming. Whoever asks for it meanwhile waits, so that no page has to be told of it once more."""
    slugs = [slug for slug in room.coming if slug in site.reference.documents]
    try:
        pages = await asyncio.to_thread(
            lambda: {path: page for slug in slugs for path, page in pages_beside(site, slug)}
        )
        room.fresh = {**room.fresh, **pages}
    finally:
        async with room.changed:
            room.coming.clear()
            room.changed.notify_all()


def _loaded(root: Path, before: Reference) -> Reference:
    """The reference, read in a thread that lets go of the interpreter: what one edit made is never looked at whole.

    A collection of garbage that finds a million new objects holds up every page. So what a failed reading made is
    freed, frames and all, before collections go on, and what a large one made is taken out of them.
    """
    with collection_paused():
        found = _read(root, before)
        if gc.get_count()[0] > MANY:
            gc.freeze()
    if isinstance(found, SysdesignError):
        raise found
    return found


def _read(root: Path, before: Reference) -> Reference | SysdesignError:
    """The reference, or what is wrong with it, without the frames that found it."""
    try:
        return load(root, before=before)
    except SysdesignError as error:
        error.__context__ = None
        return error.with_traceback(None)


async def _rebuild(room: Room, root: Path, changes: asyncio.Queue[bool]) -> None:
    """Rebuild and swap the whole site after each pause, and tell pages where more than a document's text changed."""
    while True:
        elsewhere = await changes.get()
        with contextlib.suppress(TimeoutError):
            while True:
                elsewhere |= await asyncio.wait_for(changes.get(), PAUSE_S)
        while room.unfinished is not None:  # two builds at once: the older could be the last
            await asyncio.sleep(PAUSE_S)
        reference = room.reference
        with _reported():
            room.index = await asyncio.to_thread(index_of, reference)
            gc.freeze()
            await asyncio.to_thread(build_site, root, room.out, force=False, before=reference)
            if room.reference is reference:  # else an edit came meanwhile, and its pages are newer than the site
                room.fresh = {}
            if elsewhere:
                async with announced(room):
                    pass


@contextlib.contextmanager
def _reported() -> Iterator[None]:
    """Whatever fails in the block is told, a fault of ours with where it is, and goes no further."""
    try:
        yield
    except SysdesignError as error:
        _tell(str(error))
    except Exception as error:
        unwatched = error.subgroup(WatchfilesRustInternalError) if isinstance(error, ExceptionGroup) else None
        if unwatched is not None:  # a name in the folder that is no text, as a rule
            _tell(f"the folder cannot be watched ({unwatched.exceptions[0]}). Names are UTF-8: rename what is not")
            return
        _tell(f"a fault of this program, {type(error).__name__}: {error}\n{traceback.format_exc()}")


def _tell(what: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody may be reading
        print(
            visible(f"sysdesign: {what}\n  The site before this change is still served."), file=sys.stderr, flush=True
        )
