"""The local service: the built site, and the few operations that its pages call.

Stateless: a copy of it answers like any other. It binds to loopback unless told
otherwise, answers only hosts that it was started for, checks every input against
the declared range, and bounds the size of a request, the work of a run and the
number of runs at once.
"""

from __future__ import annotations

import asyncio
import json
import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route

from sysdesign.content import Reference
from sysdesign.errors import BudgetSpent, InvalidInput, SysdesignError, UnknownName
from sysdesign.operations import deciding, modeling, reading
from sysdesign.plain import json_text
from sysdesign.search.index import Index

MOST_BYTES = 256_000  # of a request's body
RUNS_AT_ONCE = 2
RUNS_WAITING = 16  # more are turned away at once, so that a queue never grows without bound

POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("image/svg+xml", ".svg")


@dataclass
class Room:
    """What requests share: the site's folder, the reference, and the places for runs."""

    out: Path
    reference: Reference
    index: Index
    fresh: dict[str, bytes] = field(default_factory=dict)  # pages changed since the last whole build
    edition: int = 0  # counts changes, for pages that refresh themselves
    refresh: bool = False  # whether pages are told that there is a stream of changes
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(RUNS_AT_ONCE))
    waiting: int = 0


def application(room: Room, hosts: list[str], *, refresh: bool = False) -> Starlette:
    """The service over one room. `refresh` offers the stream that tells pages to reload."""
    api = [
        Route("/documents", partial(_answer, room, _documents)),
        Route("/sections/{address:path}", partial(_answer, room, _section)),
        Route("/search", partial(_answer, room, _search)),
        Route("/models", partial(_answer, room, _models)),
        Route("/models/{name}", partial(_answer, room, _model)),
        Route("/models/{name}/run", partial(_answer, room, _run), methods=["POST"]),
        Route("/decisions", partial(_answer, room, _decisions)),
        Route("/decisions/{name}", partial(_answer, room, _decision)),
        Route("/decisions/{name}/decide", partial(_answer, room, _decide), methods=["POST"]),
    ]
    room.refresh = refresh
    if refresh:
        api.append(Route("/changes", partial(_changes, room)))
    return Starlette(
        routes=[Mount("/api", routes=api), Route("/{path:path}", partial(_file, room), methods=["GET", "HEAD"])],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
            Middleware(GZipMiddleware, minimum_size=1000),
        ],
    )


async def _answer(room: Room, operation: Callable[[Room, Request], Awaitable[Any]], request: Request) -> Response:
    """Run an operation; what the caller can put right is an answer, not a fault."""
    try:
        value = await operation(room, request)
        return _json(value)
    except UnknownName as error:
        return _json(_error(error), 404)
    except InvalidInput as error:
        return _json(_error(error), 422)
    except _Busy as error:
        return _json(_error(error), 503, {"Retry-After": "1"})
    except SysdesignError as error:
        return _json(_error(error), 422 if isinstance(error, BudgetSpent) else 400)


class _Busy(SysdesignError):
    """Too many runs at once."""


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        json_text(value), status, {**HEADERS, "Cache-Control": "no-store", **(headers or {})}, "application/json"
    )


def _error(error: SysdesignError) -> dict[str, Any]:
    message = str(error)
    first = message.split(" ", 1)[0].rstrip(":")
    return {"error": {"input": first if first.isidentifier() and "_" in first else None, "message": message}}


async def _documents(room: Room, request: Request) -> Any:
    return reading.list_documents(room.reference)


async def _section(room: Room, request: Request) -> Any:
    anchor = request.query_params.get("section", "")
    address = request.path_params["address"] + (f"#{anchor}" if anchor else "")
    return reading.read_section(room.reference, address)


async def _search(room: Room, request: Request) -> Any:
    limit = request.query_params.get("limit", "10")
    if not limit.isdecimal():
        raise InvalidInput(f"limit is {limit!r}; it takes a number from 1 to 100")
    return reading.search(room.index, request.query_params.get("q", ""), int(limit))


async def _models(room: Room, request: Request) -> Any:
    return modeling.list_models()


async def _model(room: Room, request: Request) -> Any:
    return modeling.describe_model(request.path_params["name"])


async def _run(room: Room, request: Request) -> Any:
    body = await _body(request)
    inputs = body.get("inputs", {})
    if not isinstance(inputs, dict):
        raise InvalidInput("inputs is not a mapping of names to values")
    with_chart = body.get("chart", True) is True
    name = request.path_params["name"]
    return await _bounded(room, partial(modeling.panel, room.reference, name, inputs, chart=with_chart))


async def _decisions(room: Room, request: Request) -> Any:
    return deciding.list_decisions(room.reference)


async def _decision(room: Room, request: Request) -> Any:
    return deciding.describe_decision(room.reference, request.path_params["name"])


async def _decide(room: Room, request: Request) -> Any:
    body = await _body(request)
    workload = body.get("workload", {})
    if not isinstance(workload, dict):
        raise InvalidInput("workload is not a mapping of fields to values")
    return await _bounded(room, partial(deciding.decide, room.reference, request.path_params["name"], workload))


async def _body(request: Request) -> dict[str, Any]:
    """A JSON object, read no further than the limit. Raises InvalidInput."""
    data = b""
    async for part in request.stream():
        data += part
        if len(data) > MOST_BYTES:
            raise InvalidInput(f"the request is longer than {MOST_BYTES:,} bytes; use the command for files")
    try:
        value = json.loads(data or b"{}", parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise InvalidInput('the request is not JSON; send an object such as {"inputs": {}}') from None
    if not isinstance(value, dict):
        raise InvalidInput('the request is not an object; send one such as {"inputs": {}}')
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(name)


async def _bounded(room: Room, work: Callable[[], Any]) -> Any:
    """Run on a thread, a few at once; too many waiting are turned away."""
    if room.waiting >= RUNS_WAITING:
        raise _Busy("too many runs at once; try again in a second")
    room.waiting += 1
    try:
        async with room.places:
            return await run_in_threadpool(work)
    finally:
        room.waiting -= 1


async def _changes(room: Room, request: Request) -> Response:
    """A stream with one event for each change since the edition that the page shows, so that it refreshes itself."""
    shown = request.query_params.get("after", "")

    async def events() -> AsyncIterator[bytes]:
        yield b"retry: 500\n\n"
        seen = int(shown) if shown.isdecimal() and len(shown) < 10 else room.edition
        while not await request.is_disconnected():
            try:
                await asyncio.wait_for(_change_after(room, seen), timeout=15)
            except TimeoutError:
                yield b": still here\n\n"
                continue
            seen = room.edition
            yield f"event: change\ndata: {seen}\n\n".encode()

    return StreamingResponse(events(), headers={**HEADERS, "Cache-Control": "no-store"}, media_type="text/event-stream")


async def _change_after(room: Room, edition: int) -> None:
    async with room.changed:
        await room.changed.wait_for(lambda: room.edition != edition)


async def _file(room: Room, request: Request) -> Response:
    """A file of the site. Nothing outside its folder can be named."""
    path = request.path_params["path"]
    if path.endswith("/") or path == "":
        path += "index.html"
    edition = room.edition  # before the page is read: a change meanwhile then costs a refresh, and none is missed
    data = room.fresh.get(path)
    if data is None:
        data = await run_in_threadpool(_read, room.out, path)
    if data is None and await run_in_threadpool(_read, room.out, f"{path}/index.html") is not None:
        return Response(status_code=308, headers={**HEADERS, "Location": f"{path.rsplit('/', 1)[-1]}/"})
    status = 200 if data is not None else 404
    if data is None:
        missing = await run_in_threadpool(_read, room.out, "404.html") or b"Not found"
        path, data = "404.html", _from_depth(missing, path.removesuffix("index.html").count("/"))
    answer = _with_validator(request, path, data, status)
    if room.refresh and path.endswith(".html"):
        answer.headers["Server-Timing"] = f'changes;desc="{edition}"'  # a page's script can read this of its response
        answer.headers["Cache-Control"] = "no-store"  # a kept page would tell an edition of another day
    return answer


def _from_depth(page: bytes, depth: int) -> bytes:
    """The page at the site's root with its links as they read from so many folders down."""
    return page.replace(b'="./', b'="' + b"../" * depth) if depth else page


def _with_validator(request: Request, path: str, data: bytes, status: int) -> Response:
    tag = f'"{blake2b(data, digest_size=12).hexdigest()}"'
    headers = {**HEADERS, "ETag": tag, "Cache-Control": "no-cache"}
    if status == 200 and request.headers.get("if-none-match") in (tag, f"W/{tag}"):
        return Response(status_code=304, headers=headers)
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    if kind.startswith("text/") or kind.endswith(("json", "xml")):
        kind += "; charset=utf-8"
    return Response(b"" if request.method == "HEAD" else data, status, headers, kind)


def _read(out: Path, path: str) -> bytes | None:
    """The bytes of a file inside the site, or None."""
    root = out.resolve()
    try:
        target = (root / path).resolve()
        if not target.is_relative_to(root) or not target.is_file():
            return None
        return target.read_bytes()
    except (OSError, ValueError):
        return None


@asynccontextmanager
async def announced(room: Room) -> AsyncIterator[None]:
    """Tell waiting pages, after the block, that something changed."""
    yield
    async with room.changed:
        room.edition += 1
        room.changed.notify_all()
