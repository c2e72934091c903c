"""`sysdesign serve`: whatever an edit does, the next good one is shown; slow senders are cut off."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
import os
import shutil
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h11
import httpx
import pytest
import uvicorn

from sysdesign import connections, service, serving
from sysdesign.content import load
from sysdesign.errors import BadContent
from sysdesign.search import Index
from sysdesign.service import HEADERS, Room, application
from sysdesign.site.building import build_site
from sysdesign.site.pages import Part
from sysdesign.site.publish import stamp
from sysdesign.site.unfinished import Unfinished
from tests.reading import write_reference

BEGUN = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
PATIENCE_S = 120  # for what takes a second: a busy machine changes nothing


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_reference(tmp_path / "reference")


@pytest.fixture
def served(root: Path, tmp_path: Path) -> Iterator[tuple[str, Room]]:
    """The address of a reference that is served and followed, and its room."""
    build_site(root, tmp_path / "site")
    reference = load(root)
    room = Room(tmp_path / "site", reference, Index(reference))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        application(room, ["127.0.0.1"], refresh=True),
        http=connections.PatientNotForever,
        lifespan="off",
        log_level="error",
    )
    server, stop = uvicorn.Server(config), asyncio.Event()

    async def run() -> None:
        following = asyncio.create_task(serving._follow(room, root, stop))
        await server.serve(sockets=[listener])
        stop.set()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    while not server.started:
        threading.Event().wait(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", room
    finally:
        server.should_exit = server.force_exit = True
        thread.join(30)


def _shown(address: str, text: str) -> bool:
    """Whether the document's page shows the text, before patience ends."""
    for _ in range(PATIENCE_S * 10):
        if text in httpx.get(f"{address}/05-caching-strategies/").text:
            return True
        threading.Event().wait(0.1)
    return False


def _edit(root: Path, text: str) -> None:
    [page] = root.glob("05-*.md")
    page.write_text(page.read_text().replace("### Cache stampede\n", f"### Cache stampede\n\n{text}\n", 1))


def _dangling_link(root: Path) -> Callable[[], None]:
    link = root / "facts" / "dangling.yaml"
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(root / "nowhere.yaml")
    return link.unlink


def _folder_moved(root: Path) -> Callable[[], None]:
    away = root.with_name("away")
    root.rename(away)
    threading.Event().wait(2.5)
    away.rename(root)
    return lambda: None


def _folder_made_anew(root: Path) -> Callable[[], None]:
    copy = root.with_name("copy")
    shutil.copytree(root, copy)
    shutil.rmtree(root)
    threading.Event().wait(2.5)
    copy.rename(root)
    return lambda: None


def _odd_metadata(root: Path) -> Callable[[], None]:
    drawing = root / "figures" / "05-caching" / "odd.svg"
    drawing.parent.mkdir(parents=True, exist_ok=True)
    drawing.write_text("<svg xmlns='http://www.w3.org/2000/svg'><metadata>{not: json]</metadata></svg>")
    drawing.with_suffix(".yaml").write_text("model: nothing\n")
    return lambda: (drawing.unlink(), drawing.with_suffix(".yaml").unlink())  # type: ignore[return-value]


def _unknown_document(root: Path) -> Callable[[], None]:
    decision = root / "decisions" / "odd.yaml"
    decision.parent.mkdir(exist_ok=True)
    decision.write_text("question: Which?\ndocument: 99-nothing\noptions: {a: {label: A}}\ndefault: a\n")
    return decision.unlink


def _not_text(root: Path) -> Callable[[], None]:
    plan = root / "glossary.yaml"
    before = plan.read_bytes() if plan.exists() else b""
    plan.write_bytes(b"\xff\xfe\x00[[[")
    return lambda: plan.write_bytes(before) and None  # type: ignore[return-value]


def _not_to_be_read(root: Path) -> Callable[[], None]:
    pipe = root / "facts" / "pipe.yaml"
    pipe.parent.mkdir(exist_ok=True)
    pipe.mkdir()
    return pipe.rmdir


def _name_that_is_no_text(root: Path) -> Callable[[], None]:
    odd = os.fsencode(root) + b"/\xff.md"
    with open(odd, "w") as file:
        file.write("# T\n")
    return lambda: os.unlink(odd)


@pytest.mark.parametrize(
    "harm",
    [
        _name_that_is_no_text,
        _dangling_link, _folder_moved, _folder_made_anew, _odd_metadata, _unknown_document, _not_text,
        _not_to_be_read,
    ],
)  # fmt: skip
def test_after_a_bad_edit_the_next_good_one_is_shown(
    harm: Callable[[Path], Callable[[], None]],
    root: Path,
    served: tuple[str, Room],
    capfd: pytest.CaptureFixture[str],
) -> None:
    address, _ = served
    mend = harm(root)
    threading.Event().wait(1.5)
    assert httpx.get(f"{address}/").status_code == 200
    mend()
    _edit(root, "A sentence that came after.")
    assert _shown(address, "A sentence that came after.")
    assert "a fault of this program" not in capfd.readouterr().err


def test_a_fault_while_rebuilding_is_told_and_over(
    root: Path, served: tuple[str, Room], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    address, _ = served
    failed = threading.Event()

    def fails(*_: object, **__: object) -> None:
        failed.set()
        raise KeyError("\x1b[2J")

    with monkeypatch.context() as patched:
        patched.setattr(serving, "build_site", fails)
        patched.setattr(serving, "first_pages", fails)
        _edit(root, "Lost for now.")
        assert failed.wait(PATIENCE_S)
        assert httpx.get(f"{address}/").status_code == 200
    _edit(root, "Found again.")
    assert _shown(address, "Found again.") and _shown(address, "Lost for now.")
    said = capfd.readouterr().err
    assert "KeyError" in said and "still served" in said and "\x1b" not in said


def test_a_page_is_shown_before_what_hangs_on_it_which_is_waited_for(
    root: Path, served: tuple[str, Room], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, room = served
    begun, go, made = threading.Event(), threading.Event(), serving.pages_beside

    def held(*given: Any) -> Iterator[tuple[str, bytes]]:
        begun.set()
        assert go.wait(PATIENCE_S)
        return made(*given)

    monkeypatch.setattr(serving, "pages_beside", held)
    monkeypatch.setattr(service, "COMING_S", PATIENCE_S)
    _edit(root, "Shown first.")
    assert _shown(address, "Shown first.")
    assert begun.wait(PATIENCE_S) and room.coming
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(httpx.get, f"{address}/05-caching-strategies/index.md", timeout=PATIENCE_S)
        assert httpx.get(f"{address}/").status_code == 200
        assert not asked.done()
        go.set()
        assert "Shown first." in asked.result().text
    assert not room.coming


def _first_served(room: Room, asked: Callable[[str], None]) -> None:
    """Serve a room whose site may be unfinished, as the command does, until what is asked of it is answered."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    app = application(room, ["127.0.0.1"], refresh=room.refresh)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="error"))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def ask() -> None:
        asked(address)
        server.should_exit = True

    with listener, ThreadPoolExecutor() as asking:
        asyncio.run(serving._run(server, listener, room, "first", None, lambda: asking.submit(ask)))


def test_a_page_is_served_while_the_rest_is_written_and_then_the_site_stands(root: Path, tmp_path: Path) -> None:
    held = threading.Event()

    def slow() -> Iterator[tuple[str, bytes]]:
        assert held.wait(PATIENCE_S)
        yield "b/index.html", b"b"

    first = Part(("index.html",), iter([("index.html", b"home")]))
    room = Room(tmp_path / "site", load(root), None, Unfinished([first, Part(("b/",), slow())]))
    found: list[str] = []

    def asked(address: str) -> None:
        found.append(httpx.get(f"{address}/").text)
        assert not (tmp_path / "site").exists()
        held.set()
        while room.unfinished is not None or room.index is None:
            threading.Event().wait(0.01)
        found.append(httpx.get(f"{address}/b/").text)

    _first_served(room, asked)
    assert found == ["home", "b"]
    assert (tmp_path / "site" / "b" / "index.html").read_bytes() == b"b" and stamp(tmp_path / "site") == "first"


def test_collections_do_not_look_at_what_is_searched(root: Path, tmp_path: Path) -> None:
    """One that does holds up every page."""
    room = Room(tmp_path, load(root), None)
    looked_at = [-1]

    def asked(_: str) -> None:
        waited = 0
        while gc.get_freeze_count() == 0 and waited < 100 * PATIENCE_S:
            threading.Event().wait(0.01)
            waited += 1
        looked_at[0] = sum(isinstance(each, type(room.index)) for each in gc.get_objects())

    gc.unfreeze()
    try:
        _first_served(room, asked)
        assert room.index is not None and looked_at == [0]
    finally:
        gc.unfreeze()


def test_a_site_that_cannot_be_written_ends_the_service_with_its_reason(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, end = threading.Event(), serving._end
    monkeypatch.setattr(serving, "_end", lambda server: (end(server), ended.set()))

    def broken() -> Iterator[tuple[str, bytes]]:
        raise BadContent("05-Caching-Strategies.md", 3, "an odd line", "Mend it")
        yield

    room = Room(tmp_path / "site", load(root), None, Unfinished([Part(("",), broken())]))
    with pytest.raises(BadContent, match="an odd line"):
        _first_served(room, lambda address: ended.wait(PATIENCE_S) and None)
    assert not (tmp_path / "site").exists()


def test_a_signal_to_end_leaves_no_asker_without_an_answer(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What streams ends, an upload that does not come and a page that is not made are refused."""
    monkeypatch.setattr(service, "ENDING_S", 0.1)
    made = threading.Event()

    def stuck() -> Iterator[tuple[str, bytes]]:
        made.wait(PATIENCE_S)
        yield "late/index.html", b""

    room = Room(tmp_path / "site", load(root), Index(load(root)), Unfinished([Part(("late/",), stuck())]))
    room.refresh = True
    begun = [
        b"GET /api/changes HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"POST /api/models/tail.hedge/run?file=latency HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Content-Type: application/octet-stream\r\nContent-Length: 100\r\n\r\n1\n",
        b"GET /late/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ]
    answers: list[bytes] = []

    def asked(address: str) -> None:
        place = ("127.0.0.1", httpx.URL(address).port or 0)
        open_ = [socket.create_connection(place, timeout=PATIENCE_S) for _ in begun]
        for connection, request in zip(open_, begun, strict=True):
            connection.sendall(request)
        assert b"retry:" in open_[0].recv(65536) + open_[0].recv(65536)
        httpx.get(f"{address}/api/nothing")  # the others have arrived before it
        signal.raise_signal(signal.SIGTERM)
        answers.extend(map(_to_its_end, open_))
        made.set()

    _first_served(room, asked)
    assert [answer[9:12] for answer in answers[1:]] == [b"503", b"503"]
    assert b"stopped" in answers[1]


class Editing:
    """A reference whose edits, showing and building a test holds in its hands; `said` is what happened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.edits: asyncio.Queue[set[str]] = asyncio.Queue()
        self.shown, self.built = asyncio.Semaphore(0), threading.Semaphore(0)
        self.said: list[str] = []
        self.reading = threading.Semaphore(1_000)
        for name in ("_changes", "_loaded", "_show", "build_site", "index_of"):
            monkeypatch.setattr(serving, name, getattr(self, name.removeprefix("_")))
        monkeypatch.setattr(serving, "PAUSE_S", 0.01)
        self.text = 0

    async def changes(self, *_: object) -> AsyncIterator[set[str]]:
        while True:
            yield await self.edits.get()

    async def edit(self) -> None:
        self.text += 1
        self.edits.put_nowait({f"{self.text}.md"})
        async with asyncio.timeout(PATIENCE_S):
            while not self.edits.empty():
                await asyncio.sleep(0)
        await asyncio.sleep(0)

    def loaded(self, *_: object) -> int:
        text = self.text
        self.said.append(f"reads {text}")
        assert self.reading.acquire(timeout=PATIENCE_S)
        return text

    async def show(self, room: Room, text: object) -> None:
        self.said.append(f"shows {text}")
        await self.shown.acquire()
        room.reference = text  # type: ignore[assignment]
        self.said.append(f"shown {text}")

    def index_of(self, reference: object) -> object:
        return reference

    def build_site(self, *_: object, before: object, **__: object) -> None:
        self.said.append(f"builds {before}")
        assert self.built.acquire(timeout=PATIENCE_S)
        self.said.append(f"built {before}")

    async def until(self, what: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while what not in self.said:
                await asyncio.sleep(0.001)


def _edited(monkeypatch: pytest.MonkeyPatch, work: Callable[[Editing, Room], Coroutine[None, None, None]]) -> list[str]:
    """What happened while a test edited a followed reference."""

    async def run() -> list[str]:
        editing, room = Editing(monkeypatch), Room(Path(), 0, 0)  # type: ignore[arg-type]
        following = asyncio.create_task(serving._follow(room, Path(), asyncio.Event()))
        await work(editing, room)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        return editing.said

    return asyncio.run(run())


def test_edits_made_while_pages_are_shown_are_shown_together_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(editing: Editing, room: Room) -> None:
        await editing.edit()
        await editing.until("shows 1")
        for _ in range(4):
            await editing.edit()
        editing.shown.release()
        await editing.until("shows 5")
        editing.shown.release()
        await editing.until("shown 5")
        for _ in range(3):
            editing.built.release()
        await editing.until("built 5")

    said = [each for each in _edited(monkeypatch, work) if each.startswith("show")]
    assert said == ["shows 1", "shown 1", "shows 5", "shown 5"]


@pytest.mark.parametrize(("late_s", "shows"), [(math.inf, ["shows 2"]), (0, ["shows 1", "shows 2"])])
def test_an_edit_made_while_one_before_is_read_is_read_first_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, late_s: float, shows: list[str]
) -> None:
    async def work(editing: Editing, room: Room) -> None:
        monkeypatch.setattr(serving, "LATE_S", late_s)
        editing.reading = threading.Semaphore(0)
        await editing.edit()
        await editing.until("reads 1")
        await editing.edit()
        for _ in shows:
            editing.shown.release()
        for _ in range(2):
            editing.reading.release()
            editing.built.release()
        await editing.until("built 2")

    said = _edited(monkeypatch, work)
    assert [each for each in said if each.startswith("shows")] == shows


def test_an_edit_made_while_the_first_site_is_written_is_built_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(editing: Editing, room: Room) -> None:
        room.unfinished = Unfinished([])
        editing.shown.release()
        await editing.edit()
        await editing.until("shown 1")
        await asyncio.sleep(0.2)
        assert "builds 1" not in editing.said
        room.unfinished = None
        editing.built.release()
        await editing.until("built 1")

    _edited(monkeypatch, work)


def test_edits_made_while_the_site_is_built_are_shown_before_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(editing: Editing, room: Room) -> None:
        for text in range(1, 4):
            await editing.edit()
            editing.shown.release()
            await editing.until(f"shown {text}")
            await editing.until("builds 1")
        for _ in range(2):
            editing.built.release()
        await editing.until("built 3")

    said = _edited(monkeypatch, work)
    assert said.index("shown 3") < said.index("built 1")
    assert [each for each in said if each.startswith("buil")] == ["builds 1", "built 1", "builds 3", "built 3"]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow:",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET",
    ],
)
def test_a_request_that_does_not_come_is_cut_off(
    sent: bytes, served: tuple[str, Room], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.5)
    with socket.create_connection(("127.0.0.1", httpx.URL(served[0]).port or 0), timeout=PATIENCE_S) as slow:
        slow.sendall(sent)
        while slow.recv(65536):
            pass


def test_a_body_that_does_not_come_is_cut_off(served: tuple[str, Room], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "BODY_S", 0.5)
    head = b"POST /api/models/caching.stampede/run HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", httpx.URL(served[0]).port or 0), timeout=PATIENCE_S) as slow:
        slow.sendall(head + b"Content-Length: 100\r\n\r\n{")
        assert b" 408 " in slow.recv(65536).split(b"\r\n")[0]


@pytest.mark.parametrize("path", [b"/", b"/api/models", b"/nothing"])
def test_the_rest_of_a_body_that_is_answered_is_not_waited_for(
    path: bytes, served: tuple[str, Room], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte that comes starts no new wait."""
    monkeypatch.setattr(connections, "HEAD_S", 1.0)
    with socket.create_connection(("127.0.0.1", httpx.URL(served[0]).port or 0), timeout=0.05) as slow:
        slow.sendall(b"POST " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n")
        for _ in range(PATIENCE_S * 20):
            try:
                slow.sendall(b" ")
                if not slow.recv(65536):
                    return
            except TimeoutError:
                continue
            except OSError:
                return
    pytest.fail("still open")


def test_what_is_no_http_carries_the_headers_too(served: tuple[str, Room]) -> None:
    with socket.create_connection(("127.0.0.1", httpx.URL(served[0]).port or 0), timeout=PATIENCE_S) as odd:
        odd.sendall(b"\x00\x01\x02 nothing of the kind\r\n\r\n")
        answer = b""
        while part := odd.recv(65536):
            answer += part
    assert b" 400 " in answer.split(b"\r\n")[0]
    assert all(name.lower().encode() in answer.lower() for name in HEADERS)


def _answer(served: tuple[str, Room], sent: bytes) -> bytes:
    place = ("127.0.0.1", httpx.URL(served[0]).port or 0)
    with socket.create_connection(place, timeout=PATIENCE_S) as asking:
        with contextlib.suppress(ConnectionError):
            asking.sendall(sent)
        return _to_its_end(asking)


def _to_its_end(connection: socket.socket) -> bytes:
    answer = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            answer += part
    return answer


RUN = b"POST /api/models/caching.stampede/run HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
CHUNKED = RUN + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (BEGUN + b"X: a\r\n" * 190 + b"Connection: close\r\n\r\n", b"200"),
        (BEGUN + b"X: a\r\n" * 210 + b"Connection: close\r\n\r\n", b"400"),
        (BEGUN + b"\r\n" + BEGUN + b"X:\r\n" * 5_000 + b"\r\n", b"400"),
        (BEGUN + b"X: " + b"a " * 45_000 + b"\r\nConnection: close\r\n\r\n", b"400"),
        (CHUNKED + b"1\r\n \r\n" * 1_900 + b"0\r\n\r\n", b"400"),  # blanks are no JSON
        (CHUNKED + b"2\r\n{}\r\n0\r\n" + b"X:\r\n" * 190 + b"\r\n", b"200"),
        (CHUNKED + b"1\r\n \r\n" * 3_000, b"400"),
        (CHUNKED + b"fa\r\n" + b" " * 250 + b"\r\n", b"408"),
    ],
)
def test_a_head_has_few_lines_and_a_body_few_parts(
    sent: bytes, status: bytes, served: tuple[str, Room], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BODY_S", 0.5 if status == b"408" else PATIENCE_S)
    answer = _answer(served, sent)
    assert b"HTTP/1.1 " + status in answer and all(name.lower().encode() in answer.lower() for name in HEADERS)


def test_what_follows_a_body_has_few_lines() -> None:
    bounded = connections._Bounded(h11.SERVER, connections.MOST_HEAD)
    bounded.receive_data(CHUNKED + b"0\r\n" + b"X:\r\n" * 5_000 + b"\r\n")
    assert isinstance(bounded.next_event(), h11.Request)
    with pytest.raises(h11.RemoteProtocolError, match="too many headers"):
        bounded.next_event()


def test_a_body_in_very_many_parts_is_not_read_on() -> None:
    bounded = connections._Bounded(h11.SERVER, connections.MOST_HEAD)
    bounded.receive_data(CHUNKED + b"1\r\n \r\n" * 40_000)
    with pytest.raises(h11.RemoteProtocolError, match="parts"):
        for _ in range(connections.MOST_PARTS + 3):
            bounded.next_event()
    whole = connections._Bounded(h11.SERVER, connections.MOST_HEAD)
    whole.receive_data(CHUNKED + (b"fa\r\n" + b" " * 250 + b"\r\n") * 9_000 + b"0\r\n\r\n")
    assert sum(isinstance(whole.next_event(), h11.Data) for _ in range(9_002)) == 9_000


def test_no_descriptor_is_left_open(served: tuple[str, Room]) -> None:
    """Many connections that come and go leave the process as it was."""
    port = httpx.URL(served[0]).port or 0
    httpx.get(served[0])
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(50):
        socket.create_connection(("127.0.0.1", port)).close()
    httpx.get(served[0])
    if before:
        assert len(os.listdir("/proc/self/fd")) <= before + 10
