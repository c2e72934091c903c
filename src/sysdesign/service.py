"""The local service: the built site, and the few operations that its pages call.

Stateless: a copy of it answers like any other. It binds to loopback unless told
otherwise, answers only hosts that it was started for and pages of its own origin,
checks every input against the declared range, and bounds the size of a request, the
time that it may take to arrive, and the work, memory and number of runs. What computes
runs in other processes (see `workers`): this one answers pages.
"""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import mimetypes
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sysdesign.content import Reference
from sysdesign.errors import BudgetSpent, InvalidInput, SysdesignError, UnknownName
from sysdesign.models.wording import several
from sysdesign.operations import reading
from sysdesign.plain import json_text, visible
from sysdesign.readers.source import MOST_UPLOADED_BYTES
from sysdesign.search.index import Index
from sysdesign.site.search_entries import index_of
from sysdesign.site.unfinished import Unfinished
from sysdesign.workers.pool import Busy, Fault, Pool

MOST_BYTES = 256_000  # of a request's body
MOST_UPLOADED = MOST_UPLOADED_BYTES  # of the files given to a model
MOST_HELD = 512_000_000  # bytes of all bodies at once
LONG_JSON = 4_000  # bytes; longer ones are read beside the loop
BODY_S = 10.0  # for a request's body to arrive
COMING_S = 5.0  # for fresh pages that are being made
ENDING_S = 0.7  # for what is being computed when the service ends
UPLOAD_S = 60.0
BESIDE_FILES = frozenset(("chart", "solve", "for"))  # what an address may ask beside files, inputs and their lengths
LONGEST_TEXT = 2_000  # of a query's parameters
LONGEST_PATH = 1_000  # of a file; each folder in it is looked up
MOST_SAID = 3_000  # characters of an error's message
SEARCHES_WAITING = 16
LEAST_COMPRESSED = 1000  # bytes
MOST_COMPRESSED = 64_000_000  # bytes of compressed answers that are kept

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("image/svg+xml", ".svg")


_Operation = Callable[["Room", Request], Coroutine[Any, Any, Any]]


class Runner(Protocol):
    """Who runs operations: a `workers.pool.Pool`."""

    async def run(
        self,
        operation: str,
        arguments: dict[str, Any],
        *,
        asker: str = ...,
        left: Callable[[], Any] | None = ...,
        uploads: Mapping[str, Any] | None = ...,
    ) -> bytes:
        """The result as JSON."""


@dataclass
class Room:
    """What requests share: the site's folder, the reference, and who runs what they ask."""

    out: Path
    reference: Reference
    index: Index | None  # made for the first search where there is none yet
    unfinished: Unfinished | None = None  # the site until it stands in its folder whole
    fresh: dict[str, bytes] = field(default_factory=dict)  # pages changed since the last whole build
    coming: dict[str, str] = field(default_factory=dict)  # documents whose fresh pages are not all there: their folders
    edition: int = 0  # counts changes, for pages that refresh themselves
    refresh: bool = False  # whether pages are told that there is a stream of changes
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    ending: asyncio.Event = field(default_factory=asyncio.Event)  # what is not answered soon is not answered
    _told: asyncio.Future[None] | None = None
    runner: Runner | None = None
    kept: tuple[Reference | None, dict[tuple[str, str], asyncio.Task[bytes]]] = (None, {})
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    light: tuple[Reference | None, Reference | None] = (None, None)
    held: int = 0  # bytes of bodies
    searching: asyncio.Lock = field(default_factory=asyncio.Lock)
    searches: int = 0

    def for_runs(self) -> Reference:
        """What runs read of the reference: all but the documents. The same value until the reference changes."""
        if self.light[0] is not self.reference or self.light[1] is None:
            self.light = self.reference, replace(self.reference, documents={})
        return self.light[1]  # type: ignore[return-value]

    def end(self) -> None:
        """Let go whoever waits for something. Called on the service's own loop."""
        self.ending.set()
        self._told = asyncio.ensure_future(self._tell())
        if self.unfinished is not None:
            self.unfinished.stop()

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()


def application(room: Room, hosts: list[str], *, refresh: bool = False) -> ASGIApp:
    """The service over one room. `refresh` offers the stream that tells pages to reload."""
    room.refresh = refresh
    if room.runner is None:
        room.runner = Pool(room.for_runs)
    api = routes(room) + ([Route("/changes", partial(_changes, room))] if refresh else [])
    return _Guarded(
        Starlette(
            routes=[Mount("/api", routes=api), Route("/{path:path}", partial(_file, room), methods=["GET", "HEAD"])],
            middleware=[
                Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
                Middleware(_OwnPages),
                Middleware(_Compressed),
            ],
            exception_handlers={Exception: _fault},
        )
    )


def routes(room: Room) -> list[Route]:
    """What programs can ask; `operations.describing` says what each takes and gives."""

    def kept(operation: str) -> Callable[[Request], Awaitable[Response]]:
        return partial(_answer, room, partial(_kept, operation=operation))

    def asked(operation: _Operation) -> Callable[[Request], Awaitable[Response]]:
        return partial(_answer, room, operation)

    return [
        Route("/openapi.json", kept("description")),
        Route("/documents", asked(_documents)),
        Route("/sections/{address:path}", asked(_section)),
        Route("/briefs/{name}", asked(_brief)),
        Route("/symptoms", asked(_symptoms)),
        Route("/search", asked(_search)),
        Route("/models", kept("models")),
        Route("/models/{name}", kept("model")),
        Route("/models/{name}/run", asked(_run), methods=["POST"]),
        Route("/models/{name}/solve", asked(_solve), methods=["POST"]),
        Route("/decisions", kept("decisions")),
        Route("/decisions/{name}", kept("decision")),
        Route("/decisions/{name}/decide", asked(_decide), methods=["POST"]),
    ]


class _Guarded:
    """Every answer carries the security headers, whoever makes it; what fails is told, and answered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                held = {name.lower() for name, _ in message.get("headers", ())}
                missing = [
                    (n.lower().encode(), v.encode()) for n, v in HEADERS.items() if n.lower().encode() not in held
                ]
                message = {**message, "headers": [*message.get("headers", ()), *missing]}
            await send(message)

        try:
            await self.app(scope, receive, guarded)
        except ClientDisconnect:
            return
        except Exception:
            print(visible(traceback.format_exc()), file=sys.stderr, end="", flush=True)  # answered by `_fault` before


class _OwnPages:
    """Pages of another origin start nothing here and read nothing of the interface for programs."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["method"] == "POST" or scope["path"].startswith("/api")):
            found = _foreign(Headers(scope=scope))
            if found:
                refusal = _json({"error": {"input": None, "message": f"{found}; only its own pages may ask"}}, 403)
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _foreign(headers: Headers) -> str:
    """What shows that another origin's page asks; "" where nothing does."""
    site, origins, host = headers.get("sec-fetch-site", "none"), headers.getlist("origin"), headers.get("host", "")
    for origin in origins:
        if origin.lower() not in (f"http://{host.lower()}", f"https://{host.lower()}"):
            return f"the request comes from {visible(origin[:100])}"
    followed = headers.get("sec-fetch-mode") == "navigate" and not origins  # a link that a reader followed
    return "" if site in ("none", "same-origin") or followed else f"the request comes from another origin ({site[:20]})"


class _Compressed:
    """Whole answers compressed in a thread, which lets go of the interpreter: one that is asked again, only once."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.kept: dict[bytes, bytes] = {}  # by the digest of what was compressed, the oldest first
        self.size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        taken = _takes_gzip(Headers(scope=scope).getlist("accept-encoding"))
        head: list[Message] = []  # held back until its body is known

        async def compressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                head.append({**message, "headers": [*message.get("headers", ()), (b"vary", b"Accept-Encoding")]})
                return
            if head and taken and not message.get("more_body") and len(message.get("body", b"")) >= LEAST_COMPRESSED:
                body = await self._of(message["body"], keep=scope["method"] == "GET")
                headers = [pair for pair in head[0]["headers"] if pair[0] != b"content-length"]
                headers += [(b"content-encoding", b"gzip"), (b"content-length", str(len(body)).encode())]
                head[0], message = {**head[0], "headers": headers}, {**message, "body": body}
            if head:
                await send(head.pop())
            await send(message)

        await self.app(scope, receive, compressed)

    async def _of(self, body: bytes, *, keep: bool) -> bytes:
        key = blake2b(body, digest_size=16).digest()
        found = self.kept.get(key)
        if found is None:
            found = await run_in_threadpool(gzip.compress, body, 5, mtime=0)
            if keep and key not in self.kept:
                self.kept[key] = found
                self.size += len(found)
        while self.size > MOST_COMPRESSED:
            self.size -= len(self.kept.pop(next(iter(self.kept))))
        return found


def _takes_gzip(accepted: Iterable[str]) -> bool:
    """Whether an asker's Accept-Encoding takes gzip: named, or by *, and not with a weight of zero (RFC 9110)."""
    weights = {}
    for each in ",".join(accepted).lower().split(","):
        coding, _, weight = each.replace(" ", "").partition(";q=")
        weights[coding] = weight.rstrip("0.") != "" if weight else True
    return weights.get("gzip", weights.get("*", False))


async def _answer(room: Room, operation: _Operation, request: Request) -> Response:
    """Run an operation; what the caller can put right is an answer, not a fault."""
    request.state.held = 0
    try:
        return _json(await _before_the_end(room, operation(room, request)))
    except Refused as error:
        return _json(_error(error), error.status)
    except UnknownName as error:
        return _json(_error(error), 404)
    except Busy as error:
        return _json(_error(error), 503, {"Retry-After": "1"})
    except Fault as error:
        return _json(_error(error), 500)
    except SysdesignError as error:
        return _json(_error(error), 422 if isinstance(error, (InvalidInput, BudgetSpent)) else 400)
    finally:
        room.held -= request.state.held


async def _before_the_end(room: Room, asked: Coroutine[Any, Any, Any]) -> Any:
    """What is asked, if it is there soon enough after the service was told to end. Raises Busy."""
    work, ending = asyncio.ensure_future(asked), asyncio.ensure_future(room.ending.wait())
    try:
        await asyncio.wait({work, ending}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            await asyncio.wait({work}, timeout=ENDING_S)
        if not work.done():
            raise Busy("the service is being stopped; try again in a moment")
        return await work
    finally:
        work.cancel()
        ending.cancel()
        del work  # else its error, by way of this frame, keeps itself and all of the request until a collection


async def _fault(request: Request, error: Exception) -> Response:
    return _json({"error": {"input": None, "message": "this is a fault of the service"}}, 500)


class Refused(SysdesignError):
    """A request that cannot be read, with the status that says why."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = value if isinstance(value, bytes) else json_text(value).encode(errors="backslashreplace")
    return Response(body, status, {**HEADERS, "Cache-Control": "no-store", **(headers or {})}, "application/json")


def _error(error: Exception) -> dict[str, Any]:
    message = _shortened(str(error))
    first = message.split(" ", 1)[0].rstrip(":")
    return {"error": {"input": first if first.isidentifier() and "_" in first else None, "message": message}}


def _shortened(message: str) -> str:
    """A message that repeats something very long keeps its beginning and its end."""
    half = MOST_SAID // 2
    return message if len(message) <= MOST_SAID else f"{message[:half]} ... {message[-half:]}"


async def _documents(room: Room, request: Request) -> Any:
    return await _once(room, ("documents", ""), partial(_in_turn, room, reading.list_documents, room.reference))


async def _section(room: Room, request: Request) -> Any:
    anchor = _parameter(request, "section", "")
    address = request.path_params["address"][:LONGEST_TEXT] + (f"#{anchor}" if anchor else "")
    return reading.read_section(room.reference, _readable(address))


async def _brief(room: Room, request: Request) -> Any:
    document, _ = room.reference.section(_name(request).partition("#")[0])
    return await _once(
        room, ("brief", document.slug), partial(_in_turn, room, reading.read_brief, room.reference, document.slug)
    )


async def _in_turn(room: Room, operation: Callable[..., Any], *arguments: Any) -> bytes:
    """An operation that takes long, as JSON: beside the loop, and one at a time, so that pages come in between."""
    async with room.reading:
        return await run_in_threadpool(lambda: json_text(operation(*arguments)).encode(errors="backslashreplace"))


async def _symptoms(room: Room, request: Request) -> Any:
    return reading.list_symptoms(room.reference, _parameter(request, "holds", ""))


async def _search(room: Room, request: Request) -> Any:
    """One search at a time, beside the loop: the index takes turns."""
    limit = _parameter(request, "limit", "10")
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 9):
        raise Refused(f"limit is {limit[:40]!r}; it takes a number from 1 to 100")
    if room.searches >= SEARCHES_WAITING:
        raise Busy("too many searches at once; try again in a moment")
    room.searches += 1
    try:
        async with room.searching:
            if room.index is None:
                room.index = await run_in_threadpool(index_of, room.reference)
            return await run_in_threadpool(reading.search, room.index, _parameter(request, "q", ""), int(limit))
    finally:
        room.searches -= 1


def _parameter(request: Request, name: str, default: str) -> str:
    """A parameter of the address, as text that can be written again. Raises Refused."""
    value = request.query_params.get(name, default)
    if len(value) > LONGEST_TEXT:
        raise Refused(f"{name} has {len(value):,} characters; it takes at most {LONGEST_TEXT:,}")
    return _readable(value)


def _readable(text: str) -> str:
    """Raises Refused for a text with half a character in it."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise Refused("the request holds a lone surrogate, which is half a character; send whole ones")
    return text


async def _kept(room: Room, request: Request, operation: str) -> bytes:
    name = _readable(request.path_params.get("name", ""))[:LONGEST_TEXT]
    return await _once(room, (operation, name), lambda: _runner(room).run(operation, {"name": name} if name else {}))


async def _once(room: Room, key: tuple[str, str], made: Callable[[], Coroutine[Any, Any, bytes]]) -> bytes:
    """What only a change of the reference changes: computed once for each."""
    if room.kept[0] is not room.reference:
        room.kept = room.reference, {}
    kept = room.kept[1]
    if key not in kept:
        kept[key] = asyncio.create_task(made())
        kept[key].add_done_callback(lambda task: kept.pop(key, None) if task.cancelled() or task.exception() else None)
    return await asyncio.shield(kept[key])


def _runner(room: Room) -> Runner:
    assert room.runner is not None
    return room.runner


async def _run(room: Room, request: Request) -> Any:
    asked, uploads = await _asked(room, request)
    chart = asked.get("chart", not uploads) in (True, "yes")
    arguments = {"name": _name(request), "inputs": _inputs(asked), "chart": chart}
    return await _bounded(room, request, "run", arguments, uploads)


async def _solve(room: Room, request: Request) -> Any:
    asked, uploads = await _asked(room, request)
    wanted = {key: asked.get(key) for key in ("solve", "for")}
    for key, example in (("solve", "budget_share"), ("for", "calls_with=1.3")):
        if not isinstance(wanted[key], str) or not wanted[key]:
            raise InvalidInput(f"{key} is {wanted[key]!r}; it takes a text such as {example!r}")
    return await _bounded(
        room, request, "solve", {"name": _name(request), "inputs": _inputs(asked), **wanted}, uploads
    )  # fmt: skip


_Files = dict[str, memoryview]  # by the input that takes each


async def _asked(room: Room, request: Request) -> tuple[dict[str, Any], _Files]:
    """What is asked of a model, and the bytes of files by the input that takes them.

    It is JSON in the body; or the body is files, and the rest stands in the address: inputs by name, or together as
    JSON. Of several files one behind the other the address gives each with its length:
    `file=gaps_s&bytes=1200&file=services_s&...`.
    """
    if _content_type(request) != "application/octet-stream":
        return await _body(room, request), {}
    asked: dict[str, Any] = {key: _parameter(request, key, "") for key in BESIDE_FILES & request.query_params.keys()}
    asked["inputs"] = _object(_parameter(request, "inputs", "{}").encode())
    for name in request.query_params.keys() - BESIDE_FILES - {"inputs", "file", "bytes"}:
        if name in asked["inputs"] or len(request.query_params.getlist(name)) > 1:
            raise Refused(f"{visible(name[:100])} is given twice; give it once, in the address or in inputs")
        asked["inputs"][_readable(name)] = _parameter(request, name, "")
    names, lengths = (request.query_params.getlist(key) for key in ("file", "bytes"))
    return asked, _parted(names, lengths, memoryview(await _bytes(room, request, MOST_UPLOADED, UPLOAD_S)))


def _parted(names: list[str], lengths: list[str], body: memoryview) -> _Files:
    """The files in a body, by name. Raises Refused where their lengths do not say which is which."""
    if len(names) == 1 and not lengths:
        return {_readable(names[0]): body}
    counts = [int(length) if length.isascii() and length.isdecimal() and len(length) < 12 else -1 for length in lengths]
    if not names or len(set(names)) < len(names) or len(counts) != len(names) or min(counts) < 0:
        raise Refused("name each file once, as file=INPUT, and where there are several its length, as bytes=1200")
    if sum(counts) != len(body):
        raise Refused(f"the files have {several(sum(counts), 'byte')} by the address, and {len(body):,} came")
    ends = list(itertools.accumulate(counts))
    return {_readable(name): body[end - count : end] for name, count, end in zip(names, counts, ends, strict=True)}


def _inputs(asked: Mapping[str, Any]) -> dict[str, Any]:
    inputs = asked.get("inputs", {})
    if not isinstance(inputs, dict):
        raise InvalidInput("inputs is not a mapping of names to values")
    return inputs


async def _decide(room: Room, request: Request) -> Any:
    workload = (await _body(room, request)).get("workload", {})
    if not isinstance(workload, dict):
        raise InvalidInput("workload is not a mapping of fields to values")
    return await _bounded(room, request, "decide", {"name": _name(request), "workload": workload})


def _name(request: Request) -> str:
    return _readable(request.path_params["name"])[:LONGEST_TEXT]


async def _bounded(
    room: Room, request: Request, operation: str, arguments: dict[str, Any], uploads: _Files | None = None
) -> bytes:
    """Run in a process of its own, for as long as the asker stays and the bounds allow."""
    asker = request.client.host if request.client else ""
    return await _runner(room).run(operation, arguments, asker=asker, left=partial(_left, request), uploads=uploads)


async def _left(request: Request) -> None:
    """Returns when the asker has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        await asyncio.sleep(0)


def _content_type(request: Request) -> str:
    kinds = request.headers.getlist("content-type")
    return kinds[0].split(";")[0].strip().lower() if len(kinds) == 1 else ""  # of two, another may read the other


async def _body(room: Room, request: Request) -> dict[str, Any]:
    """A JSON object, read no further than the limit. Raises Refused."""
    if _content_type(request) != "application/json":
        raise Refused("the request is not JSON by its type; send Content-Type: application/json", 415)
    data = bytes(await _bytes(room, request, MOST_BYTES, BODY_S)) or b"{}"
    if len(data) < LONG_JSON:
        return _object(data)
    async with room.reading:
        return await run_in_threadpool(_object, data)


async def _bytes(room: Room, request: Request, most: int, seconds: float) -> bytearray:
    """The body, read no further than the limit and no longer than that. Raises Refused, and Busy."""
    data = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                data += part
                room.held += len(part)
                request.state.held += len(part)
                if room.held > MOST_HELD:
                    raise Busy("too many files at once; try again in a moment")
                if len(data) > most:
                    raise Refused(f"the request is longer than {most:,} bytes; use the command for more", 413)
    except TimeoutError:
        raise Refused(f"the request did not arrive within {seconds:g} seconds", 408) from None
    return data


def _object(data: bytes) -> dict[str, Any]:
    """A JSON object of text and numbers that can be used. Raises Refused."""
    try:
        text = data.decode()  # the bytes might be read as UTF-16
        value = json.loads(text, parse_constant=_no_constant, parse_int=_bounded_integer, parse_float=_bounded_float)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Refused("the request holds a lone surrogate, which is half a character; send whole ones") from None
    except OverflowError as error:
        raise Refused(str(error)) from None
    except (ValueError, RecursionError):
        raise Refused('the request is not JSON; send an object such as {"inputs": {}}') from None
    if not isinstance(value, dict):
        raise Refused('the request is not an object; send one such as {"inputs": {}}')
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _bounded_integer(text: str) -> int:
    if len(text) > 300:  # beyond what a float holds
        raise OverflowError(f"the request holds a number of {len(text):,} digits; numbers have at most 300")
    return int(text)


def _bounded_float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise OverflowError(f"the request holds the number {text[:40]}, which is too large")
    return value


async def _changes(room: Room, request: Request) -> Response:
    """A stream with one event for each change since the edition that the page shows, so that it refreshes itself."""
    shown = request.query_params.get("after", "")

    async def events() -> AsyncIterator[bytes]:
        yield b"retry: 500\n\n"
        seen = int(shown) if shown.isdecimal() and len(shown) < 10 else room.edition
        while not room.ending.is_set() and not await request.is_disconnected():
            try:
                await asyncio.wait_for(_change_after(room, seen), timeout=15)
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if room.edition == seen:
                continue
            seen = room.edition
            yield f"event: change\ndata: {seen}\n\n".encode()

    return StreamingResponse(events(), headers={**HEADERS, "Cache-Control": "no-store"}, media_type="text/event-stream")


async def _change_after(room: Room, edition: int) -> None:
    async with room.changed:
        await room.changed.wait_for(lambda: room.edition != edition or room.ending.is_set())


async def _file(room: Room, request: Request) -> Response:
    """A file of the site. Nothing outside its folder can be named."""
    path = request.path_params["path"]
    if len(path) > LONGEST_PATH:
        return Response(b"Not found", 404, HEADERS, "text/plain")
    if path.endswith("/") or path == "":
        path += "index.html"
    if any(path.startswith(folder) and path != f"{folder}index.html" for folder in room.coming.values()):
        await _all_there(room)
    edition = room.edition  # before the page is read: a change meanwhile then costs a refresh, and none is missed
    data = await _bytes_at(room, path)
    if data is None and room.ending.is_set():  # it may only not be made yet
        return Response(b"The service is being stopped", 503, HEADERS, "text/plain")
    if data is None and await _bytes_at(room, f"{path}/index.html") is not None:
        return Response(status_code=308, headers={**HEADERS, "Location": f"{path.rsplit('/', 1)[-1]}/"})
    status = 200 if data is not None else 404
    if data is None:
        missing = await _bytes_at(room, "404.html") or b"Not found"
        path, data = "404.html", _from_depth(missing, path.removesuffix("index.html").count("/"))
    answer = _with_validator(request, path, data, status)
    if room.refresh and path.endswith(".html"):
        answer.headers["Server-Timing"] = f'changes;desc="{edition}"'  # a page's script can read this of its response
        answer.headers["Cache-Control"] = "no-store"  # a kept page would tell an edition of another day
    return answer


async def _bytes_at(room: Room, path: str) -> bytes | None:
    """The file of the site at this path. One that is still to be made is made next."""
    if path in room.fresh:
        return room.fresh[path]
    if room.unfinished is not None:
        return await run_in_threadpool(room.unfinished.file, path)
    return await run_in_threadpool(_read, room.out, path)


async def _all_there(room: Room) -> None:
    """Wait for fresh pages that are being made, though not for ever."""
    with suppress(TimeoutError):
        async with asyncio.timeout(COMING_S), room.changed:
            await room.changed.wait_for(lambda: not room.coming or room.ending.is_set())


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
