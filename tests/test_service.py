"""The service answers what pages need, bounds what it is asked, and reads nothing outside the site."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import gzip
import json
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from sysdesign import service
from sysdesign.content import load
from sysdesign.errors import InvalidInput
from sysdesign.models import caching
from sysdesign.operations.modeling import solve_model
from sysdesign.operations.reading import list_symptoms, read_brief
from sysdesign.plain import as_plain
from sysdesign.search import Index
from sysdesign.service import MOST_BYTES, Room, application
from sysdesign.site.pages import Part
from sysdesign.site.publish import publish
from sysdesign.site.unfinished import Unfinished
from sysdesign.workers import frames
from sysdesign.workers.pool import result_of
from sysdesign.workers.work import performed
from tests.example import write_example
from tests.reading import whole_reference, write_reference

PAGES = [("index.html", b"<p>home</p>"), ("a/index.html", b"<p>a</p>"), ("404.html", b"<p>nothing here</p>")]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    reference = load(write_reference(tmp_path / "reference"))
    publish(tmp_path / "site", PAGES, "one")
    (tmp_path / "secret.txt").write_text("secret")
    room = Room(tmp_path / "site", reference, Index(reference))
    room.runner = InPlace(room)
    return room


class InPlace:
    """Runs operations in this process: routes are tested here, and processes in tests/workers."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.ran: list[str] = []

    async def run(self, operation: str, arguments: dict[str, Any], **more: Any) -> bytes:
        self.ran.append(operation)
        uploads = {name: bytes(data) for name, data in (more.get("uploads") or {}).items()}
        request = frames.Request(operation, arguments, 10.0, uploads)
        return result_of(performed(self.room.for_runs(), request))


Clients = Callable[[Room], TestClient]


@pytest.fixture
def clients() -> Iterator[Clients]:
    """Clients of a service each, whose requests share an event loop, as they do in truth."""
    with contextlib.ExitStack() as started:
        yield lambda room: started.enter_context(TestClient(application(room, ["testserver"])))


@pytest.fixture
def client(room: Room, clients: Clients) -> TestClient:
    return clients(room)


def test_pages_carry_a_content_security_policy(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.text == "<p>home</p>"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "unsafe-eval'" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_pages_are_answered_before_the_site_stands_and_none_of_the_one_before(room: Room, client: TestClient) -> None:
    files = [("index.html", b"<p>new home</p>"), ("b/index.html", b"<p>b</p>"), ("404.html", b"<p>nothing new</p>")]
    room.unfinished = Unfinished([Part(("index.html", "b/", "404.html"), iter(files))])
    making = threading.Thread(target=list, args=(room.unfinished.files(),))
    with ThreadPoolExecutor() as asking:
        waiting = asking.submit(client.get, "/b/")
        making.start()
        assert (waiting.result().status_code, waiting.result().text) == (200, "<p>b</p>")
    making.join()
    assert client.get("/").text == "<p>new home</p>"
    assert client.get("/b", follow_redirects=False).headers["location"] == "b/"
    assert (client.get("/a/").status_code, client.get("/a/").text) == (404, "<p>nothing new</p>")


def test_the_first_search_makes_the_index(room: Room, client: TestClient) -> None:
    sections = client.get("/api/search", params={"q": "stampede"}).json()["hits"]
    room.index = None
    assert client.get("/api/search", params={"q": "stampede"}).json()["hits"] == sections
    assert isinstance(room.index, Index)


class _Body:
    """What a request holds."""


def test_a_refused_request_keeps_nothing(room: Room) -> None:
    kept = []

    async def refused() -> None:
        held = _Body()
        kept.append(weakref.ref(held))
        raise InvalidInput("limit is -1")

    async def answered() -> None:
        with contextlib.suppress(InvalidInput):
            await service._before_the_end(room, refused())
        assert kept[0]() is None

    gc.disable()
    try:
        asyncio.run(answered())
    finally:
        gc.enable()


def test_a_page_not_there_is_the_sites_own_404(client: TestClient) -> None:
    answer = client.get("/nothing/")
    assert (answer.status_code, answer.text) == (404, "<p>nothing here</p>")


def test_a_folder_without_its_slash_leads_to_the_page(client: TestClient) -> None:
    answer = client.get("/a", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (308, "a/")


def test_an_unchanged_page_is_not_sent_again(client: TestClient) -> None:
    tag = client.get("/").headers["etag"]
    assert client.get("/", headers={"if-none-match": tag}).status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/a/../../secret.txt", "//etc/passwd",
        "/%2fetc/passwd", "/a/%2e%2e/%2e%2e/secret.txt", "/..\\secret.txt", "/a%00.html", "/.site", "/build-1/../../x",
    ],
)  # fmt: skip
def test_nothing_outside_the_site_can_be_read(client: TestClient, path: str) -> None:
    answer = client.get(path, follow_redirects=False)
    assert "secret" not in answer.text and "root:" not in answer.text
    assert answer.status_code in (404, 308)


def test_no_file_is_looked_for_at_a_very_long_path(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_read", lambda *_: pytest.fail("looked for"))
    assert client.get("/" + "a/" * 20_000).status_code == 404


def test_a_link_inside_the_site_cannot_lead_out(client: TestClient, room: Room, tmp_path: Path) -> None:
    (room.out.resolve() / "leak.txt").symlink_to(tmp_path / "secret.txt")
    assert client.get("/leak.txt").status_code == 404


def test_another_host_is_refused(client: TestClient) -> None:
    assert client.get("/", headers={"host": "attacker.example"}).status_code == 400


def test_a_run_gives_what_python_gives(client: TestClient) -> None:
    inputs = {"arrivals_per_s": 300, "rebuild_s": "250 ms"}
    answer = client.post("/api/models/caching.stampede/run", json={"inputs": inputs}).json()
    expected = caching.stampede(arrivals_per_s=300, rebuild_s=0.25)
    values = {result["name"]: result["value"] for result in answer["results"]}
    assert values["requests_per_expiry"] == expected.requests_per_expiry
    assert answer["sentence"]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"inputs": {"arrivals_per_s": -1}}, 422, "arrivals_per_s"),
        ({"inputs": {"arrivals_per_s": "abc"}}, 422, "arrivals_per_s"),
        ({"inputs": {"nothing": 1}}, 422, "no input 'nothing'"),
        ({"inputs": [1]}, 422, "not a mapping"),
        ([1], 400, "not an object"),
    ],
)
def test_a_bad_run_says_what_would_work(client: TestClient, body: Any, status: int, says: str) -> None:
    answer = client.post("/api/models/caching.stampede/run", json=body)
    assert answer.status_code == status
    assert says in answer.json()["error"]["message"]


RUN = "/api/models/caching.stampede/run"
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff", b"[" * 100_000, b'{"inputs": {"arrivals_per_s": NaN}}', '{"inputs": {}}'.encode("utf-16")],
)
def test_what_is_not_json_is_said(client: TestClient, body: bytes) -> None:
    answer = client.post(RUN, content=body, headers=JSON)
    assert answer.status_code == 400 and "JSON" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"inputs": {"arrivals_per_s": %s}}' % (b"9" * 5_000), "5,000 digits"),
        (b'{"inputs": {"arrivals_per_s": -%s}}' % (b"9" * 400), "digits"),
        (b'{"inputs": {"arrivals_per_s": 1e999}}', "too large"),
        (b'{"inputs": {"arrivals_per_s": "\\ud800"}}', "surrogate"),
        (b'{"inputs": {"\\udfff": 1}}', "surrogate"),
    ],
)
def test_what_no_model_could_take_is_said(client: TestClient, body: bytes, says: str) -> None:
    for path in (RUN, "/api/decisions/cache/decide"):
        answer = client.post(path, content=body, headers=JSON)
        assert answer.status_code == 400 and says in answer.json()["error"]["message"]


@pytest.mark.parametrize("limit", ["9" * 5_000, "1" + "0" * 30, "\u0663", "\u00b2", "-1", "many", ""])
def test_a_limit_of_search_is_a_small_number(client: TestClient, limit: str) -> None:
    answer = client.get("/api/search", params={"q": "x", "limit": limit})
    assert answer.status_code == 400 and answer.json()["error"]["message"]


def test_a_long_request_is_refused(client: TestClient) -> None:
    answer = client.post(RUN, content=b" " * (MOST_BYTES + 1), headers=JSON)
    assert answer.status_code == 413 and "longer than" in answer.json()["error"]["message"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_only_json_starts_a_run(client: TestClient, room: Room, kind: str) -> None:
    """Pages of any origin may send these types without asking the service first."""
    answer = client.post(RUN, content=b"{}", headers={"content-type": kind} if kind else {})
    assert answer.status_code == 415 and room.runner.ran == []  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://stranger.example"},
        {"origin": "null"},
        {"origin": "http://testserver.stranger.example"},
        {"origin": "http://testserver:81"},
        {"origin": "ftp://testserver"},
        {"origin": "http://user@testserver"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "origin": "https://stranger.example"},
    ],
)
def test_pages_of_other_origins_start_nothing(client: TestClient, room: Room, headers: dict[str, str]) -> None:
    assert client.post(RUN, json={}, headers=headers).status_code == 403
    assert client.get("/api/search", params={"q": "cache"}, headers=headers).status_code == 403
    assert room.runner.ran == []  # type: ignore[union-attr]


def test_of_two_headers_the_stranger_counts(client: TestClient, room: Room) -> None:
    own, far = ("origin", "http://testserver"), ("origin", "https://stranger.example")
    for origins in ([own, far], [far, own]):
        assert client.post(RUN, json={}, headers=origins).status_code == 403
    for kinds in ("application/json", "text/plain"), ("text/plain", "application/json"):
        sent = client.post(RUN, content=b"{}", headers=[("content-type", kind) for kind in kinds])
        assert sent.status_code == 415
    assert room.runner.ran == []  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": "http://testserver"}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}],
)
def test_pages_of_its_own_and_programs_start_runs(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post(RUN, json={}, headers=headers).status_code == 200


def test_a_link_from_elsewhere_may_be_followed(client: TestClient) -> None:
    followed = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/api/documents", headers=followed).status_code == 200
    assert client.get("/", headers=followed).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {"host": "attacker.example"}, 400),
        ("PUT", "/", {}, 405),
        ("GET", "/api/nothing", {}, 404),
        ("GET", RUN, {}, 405),
        ("POST", RUN, {"origin": "https://stranger.example"}, 403),
        ("GET", "/nothing/", {}, 404),
        ("GET", "/a", {}, 308),
    ],
)
def test_every_answer_carries_the_headers(
    client: TestClient, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = client.request(method, path, headers=headers, follow_redirects=False)
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in service.HEADERS} == service.HEADERS


def test_a_fault_is_answered_and_told(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: Any) -> None:
        raise RuntimeError("\x1b]0;no\x07")

    monkeypatch.setattr(service, "_read", fails)
    answer = client.get("/")
    assert answer.status_code == 500 and "fault" in answer.json()["error"]["message"]
    assert answer.headers["content-security-policy"] == service.POLICY
    said = capsys.readouterr().err
    assert "RuntimeError" in said and "\x1b" not in said and "\x07" not in said


def test_what_only_a_change_changes_is_computed_once(client: TestClient, room: Room) -> None:
    runner = room.runner
    assert isinstance(runner, InPlace)
    with client:
        for _ in range(3):
            assert client.get("/api/decisions").json() == []
            assert client.get("/api/models/caching.stampede").json()["name"] == "caching.stampede"
            assert client.get("/api/models/caching.none").status_code == 404
        assert sorted(runner.ran) == ["decisions", "model", "model", "model", "model"]  # errors are not kept
        room.reference = replace(room.reference)
        client.get("/api/decisions")
        assert runner.ran.count("decisions") == 2


def test_a_file_of_the_servers_is_never_an_input(client: TestClient, tmp_path: Path) -> None:
    trace = tmp_path / "trace.txt"
    trace.write_text("1\n2\n")
    answer = client.post("/api/models/caching.replay/run", json={"inputs": {"trace": str(trace)}})
    assert answer.status_code == 422


def test_a_file_is_sent_as_its_bytes(client: TestClient) -> None:
    """The body is the file, the other inputs stand in the address; no text names a file of the host."""
    raw = {"content-type": "application/octet-stream"}
    given = {"file": "trace", "inputs": json.dumps({"capacity_keys": 2})}
    answer = client.post("/api/models/caching.replay/run", params=given, content=b"a\nb\na\nb\n", headers=raw)
    assert answer.status_code == 200
    assert {value["name"]: value["value"] for value in answer.json()["results"]}["hit_ratio"] == 0.5
    typed = client.post(
        "/api/models/caching.replay/run?file=trace&capacity_keys=2", content=b"a\nb\na\nb\n", headers=raw
    )
    assert typed.json()["results"] == answer.json()["results"]
    for wrong, says in (("capacity=2", "no input 'capacity'"), ("trace_decimals=comma", "trace_decimals")):
        refused = client.post(f"/api/models/caching.replay/run?file=trace&{wrong}", content=b"a\n", headers=raw)
        assert refused.status_code == 422 and says in refused.json()["error"]["message"]
    for twice in ("capacity_keys=2&capacity_keys=3", 'capacity_keys=2&inputs={"capacity_keys":2}'):
        refused = client.post(f"/api/models/caching.replay/run?file=trace&{twice}", content=b"a\n", headers=raw)
        assert refused.status_code == 400 and "capacity_keys is given twice" in refused.json()["error"]["message"]
    answer = client.post("/api/models/caching.replay/run", params={"file": "nothing"}, content=b"a\n", headers=raw)
    assert answer.status_code == 422 and "no input 'nothing'" in answer.json()["error"]["message"]
    far = {**raw, "origin": "https://stranger.example"}
    assert client.post("/api/models/caching.replay/run", params=given, content=b"a\n", headers=far).status_code == 403


def test_a_file_too_long_is_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_UPLOADED", 1000)
    raw = {"content-type": "application/octet-stream"}
    path = "/api/models/caching.replay/run?file=trace"
    assert client.post(path, content=b"a\n" * 600, headers=raw).status_code == 413
    assert client.post(path, content=b"a\n" * 400, headers=raw).status_code == 200


def test_the_bodies_of_all_requests_are_bounded(room: Room, client: TestClient) -> None:
    raw = {"content-type": "application/octet-stream"}
    path = "/api/models/caching.replay/run?file=trace"
    room.held = before = service.MOST_HELD - 10
    answer = client.post(path, content=b"a\n" * 6, headers=raw)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert client.post(path, content=b"a\n" * 4, headers=raw).status_code == 200
    assert client.post(path, content=b"{", headers={"content-type": "application/json"}).status_code == 400
    assert room.held == before


def test_several_files_come_one_behind_the_other(client: TestClient) -> None:
    raw = {"content-type": "application/octet-stream"}
    gaps, services = b"1\n2\n3\n" * 20, b"0.5\n0.25\n" * 30
    path = "/api/models/queueing.lindley/run"
    lengths = [("file", "gaps_s"), ("bytes", str(len(gaps))), ("file", "services_s"), ("bytes", str(len(services)))]
    answer = client.post(path, params=lengths, content=gaps + services, headers=raw)
    typed = {"gaps_s": [1, 2, 3] * 20, "services_s": [0.5, 0.25] * 30}
    expected = client.post(path, json={"inputs": typed}).json()
    assert answer.status_code == 200 and answer.json()["results"] == expected["results"]
    for wrong, says in ((lengths[:-1], "length"), (lengths[:2], "120 bytes by the address"), (lengths[:2] * 2, "once")):
        answer = client.post(path, params=wrong, content=gaps + services, headers=raw)
        assert answer.status_code == 400 and says in answer.json()["error"]["message"]


def test_the_chart_of_a_file_shows_what_is_in_it(room: Room, clients: Clients) -> None:
    room.reference = whole_reference()
    client = clients(room)
    raw = {"content-type": "application/octet-stream"}
    params = {"file": "latency", "chart": "yes"}
    answer = client.post("/api/models/tail.hedge/run", params=params, content=b"5 ms\n" * 100, headers=raw).json()
    assert {row["y"] for row in answer["rows"]} == {5.0}  # all that is measured takes as long, hedged or not
    assert answer["spec"] and answer["results"]
    del params["chart"]
    answer = client.post("/api/models/tail.hedge/run", params=params, content=b"5 ms\n" * 100, headers=raw).json()
    assert answer["spec"] is None and answer["results"]


def test_an_input_is_found_for_a_result(client: TestClient) -> None:
    path = "/api/models/retries.budget/solve"
    asked = {"inputs": {"attempts": 4}, "solve": "budget_share", "for": "calls_with=1.3"}
    expected = as_plain(solve_model("retries.budget", {"attempts": 4}, "budget_share", "calls_with=1.3"))
    assert client.post(path, json=asked).json() == expected
    raw = {"content-type": "application/octet-stream"}
    params = {"file": "trace", "solve": "capacity_keys", "for": "hit_ratio>=0.5"}
    answer = client.post("/api/models/caching.replay/solve", params=params, content=b"a\nb\na\nb\n", headers=raw)
    assert answer.json()["value"] == 2


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "solve is None"),
        ({"solve": "budget_share"}, "for is None"),
        ({"solve": ["budget_share"], "for": "calls_with=1.3"}, "solve is ["),
        ({"solve": "budget", "for": "calls_with=1.3"}, "budget_share"),
        ({"solve": "budget_share", "for": "calls_with"}, "names no result"),
        ({"solve": "budget_share", "for": "calls_with=99"}, "99 is not among them"),
        ({"solve": "budget_share", "for": "calls_with=1", "inputs": {"budget_share": 1}}, "leave one of the two out"),
    ],
)
def test_what_cannot_be_solved_is_said(client: TestClient, asked: dict[str, Any], says: str) -> None:
    answer = client.post("/api/models/retries.budget/solve", json=asked)
    assert answer.status_code == 422 and says in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "asked", [{"solve": "a" * 200_000}, {"for": "a" * 200_000 + "=1"}, {"inputs": {"a" * 200_000: 1}}]
)
def test_what_was_sent_is_not_said_back_whole(client: TestClient, asked: dict[str, Any]) -> None:
    asked = {"solve": "budget_share", "for": "calls_with=1.3", **asked}
    answer = client.post("/api/models/retries.budget/solve", json=asked)
    assert answer.status_code == 422 and 10 < len(answer.json()["error"]["message"]) < 4_000


def test_solving_is_refused_where_its_runs_take_too_long(client: TestClient) -> None:
    """One run of these inputs would do; the forty-nine that solving takes would not."""
    inputs = {"requests": 10_000_000, "precision": 0}
    path = "/api/models/caching.replay"
    asked = {"inputs": inputs, "solve": "capacity_keys", "for": "hit_ratio=0.5"}
    answer = client.post(f"{path}/solve", json=asked)
    assert answer.status_code == 422
    message = answer.json()["error"]["message"]
    assert "this would take about" in message and "--solve capacity_keys --for hit_ratio=0.5" in message


def test_an_unknown_model_names_the_nearest(client: TestClient) -> None:
    answer = client.post("/api/models/caching.stampeed/run", json={})
    assert answer.status_code == 404 and "caching.stampede" in answer.json()["error"]["message"]


def test_search_and_sections_answer(client: TestClient) -> None:
    hits = client.get("/api/search", params={"q": "dogpile"}).json()["hits"]
    assert hits[0]["address"] == "05-Caching-Strategies#cache-stampede"
    section = client.get("/api/sections/05-Caching-Strategies", params={"section": "cache-stampede"}).json()
    assert section["markdown"].startswith("### Cache stampede")
    assert client.get("/api/sections/77-Nothing").status_code == 404


def test_a_brief_answers_as_the_operation_does(room: Room, clients: Clients, tmp_path: Path) -> None:
    reference = load(write_example(tmp_path / "example"))
    client = clients(replace(room, reference=reference))
    assert client.get("/api/briefs/caching").json() == as_plain(read_brief(reference, "05"))
    assert client.get("/api/briefs/77").status_code == 404


def test_briefs_and_documents_are_read_once_and_beside_the_loop(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = load(write_example(tmp_path / "example"))
    read: list[str] = []

    def noted(name: str) -> Callable[..., Any]:
        plain = getattr(service.reading, name)

        def run(*arguments: Any) -> Any:
            with pytest.raises(RuntimeError):
                asyncio.get_running_loop()
            read.append(name)
            return plain(*arguments)

        return run

    for name in ("read_brief", "list_documents"):
        monkeypatch.setattr(service.reading, name, noted(name))
    with TestClient(application(replace(room, reference=reference), ["testserver"])) as client:
        for path in ("briefs/caching", "briefs/05", "briefs/05-Caching-Strategies", "documents", "documents"):
            assert client.get(f"/api/{path}").status_code == 200
        assert client.get("/api/briefs/" + "a" * 50_000).status_code == 404
    assert sorted(read) == ["list_documents", "read_brief"]


def test_an_answer_is_compressed_once_in_a_thread(
    room: Room, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = b"<p>much the same</p>" * 500
    publish(room.out, [*PAGES, ("long/index.html", page)], "two")
    packed: list[int] = []

    def compress(data: bytes, level: int, *, mtime: int) -> bytes:
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        packed.append(len(data))
        return gzip.compress(data, level, mtime=mtime)

    monkeypatch.setattr(service, "gzip", SimpleNamespace(compress=compress))
    for _ in range(3):
        answer = client.get("/long/")
        assert answer.content == page and answer.headers["content-encoding"] == "gzip"
        assert int(answer.headers["content-length"]) < len(page) / 10 and answer.headers["vary"] == "Accept-Encoding"
    assert packed == [len(page)]
    for refused in ("gzip;q=0", "gzip; q=0.000, *", "br, *;q=0", ""):
        assert "content-encoding" not in client.get("/long/", headers={"Accept-Encoding": refused}).headers
    for taken in ("GZIP", "br;q=1, gzip;q=0.1", "*"):
        assert client.get("/long/", headers={"Accept-Encoding": taken}).headers["content-encoding"] == "gzip"
    plain = client.get("/long/", headers={"Accept-Encoding": "identity"})
    assert plain.content == page and "content-encoding" not in plain.headers
    assert client.head("/long/").content == b""
    monkeypatch.setattr(service, "MOST_COMPRESSED", 0)  # nothing is kept where there is no room
    publish(room.out, [*PAGES, ("long/index.html", page + b"!")], "three")
    assert client.get("/long/").content == client.get("/long/").content == page + b"!"
    assert packed == [len(page), *[len(page) + 1] * 2]


def test_symptoms_answer_as_the_operation_does(room: Room, clients: Clients, tmp_path: Path) -> None:
    reference = load(write_example(tmp_path / "example"))
    client = clients(replace(room, reference=reference))
    assert len(client.get("/api/symptoms").json()) == 8
    assert client.get("/api/symptoms", params={"holds": "number 3"}).json() == as_plain(
        list_symptoms(reference, "number 3")
    )


def test_long_texts_of_the_address_are_refused(client: TestClient) -> None:
    for path in ("symptoms?holds=", "search?q=", "sections/caching?section="):
        answer = client.get(f"/api/{path}{'A' * 3_000}")
        assert answer.status_code == 400 and "at most" in answer.json()["error"]["message"]


def test_a_document_without_a_brief_says_so(client: TestClient) -> None:
    answer = client.get("/api/briefs/caching")
    assert answer.status_code == 422 and "has no brief yet" in answer.json()["error"]["message"]


def test_every_read_operation_answers(client: TestClient) -> None:
    assert [line["slug"] for line in client.get("/api/documents").json()] == ["05-caching", "04-databases"]
    assert any(line["name"] == "caching.stampede" for line in client.get("/api/models").json())
    assert client.get("/api/models/caching.stampede").json()["inputs"]
    assert client.get("/api/decisions").json() == []


def test_no_result_breaks_the_json(room: Room) -> None:
    """Infinite and absent numbers become null, never text that a browser cannot read."""
    body = service._json({"a": float("inf"), "b": [float("nan")]}).body
    assert json.loads(body) == {"a": None, "b": [None]}


MODEL, DECISION = {"name": "caching.stampede"}, {"name": "remedy"}
ASKED = {
    "/documents": {},
    "/sections/{address}": {"address": "caching", "section": "cache-stampede"},
    "/briefs/{name}": {"name": "caching"},
    "/symptoms": {"holds": "a"},
    "/search": {"q": "stampede", "limit": "3"},
    "/models": {},
    "/models/{name}": MODEL,
    "/models/{name}/run": {**MODEL, "inputs": {"rebuild_s": "1 s"}, "chart": False},
    "/models/{name}/solve": {"name": "retries.budget", "inputs": {}, "solve": "budget_share", "for": "calls_with=1.3"},
    "/decisions": {},
    "/decisions/{name}": DECISION,
    "/decisions/{name}/decide": {**DECISION, "workload": {}},
}


@pytest.mark.parametrize("known", [True, False])
def test_the_description_holds_every_route_and_what_is_sent(
    room: Room, clients: Clients, tmp_path: Path, known: bool
) -> None:
    room.reference = load(write_example(tmp_path / "example"))
    client = clients(room)
    described = client.get("/api/openapi.json").json()["paths"]
    served = {route.path.replace(":path", "") for route in service.routes(room)} - {"/openapi.json"}
    assert set(described) == served == set(ASKED)
    for path, given in ASKED.items():
        for method, told in described[path].items():
            held = {each["name"]: given[each["name"]] for each in told["parameters"] if each["name"] in given}
            query = {key: value for key, value in held.items() if f"{{{key}}}" not in path}
            body = {"json": {key: value for key, value in given.items() if key not in held}} if method == "post" else {}
            address = path.format(**{key: value if known else f"{value}-none" for key, value in held.items()})
            answer = client.request(method, f"/api{address}", params=query, **body)
            expected = 200 if known or "{" not in path else 404
            schema = told["responses"].get(str(answer.status_code), told["responses"]["default"])
            assert answer.status_code == expected, f"{address}: {answer.text}"
            Draft202012Validator(schema["content"]["application/json"]["schema"]).validate(answer.json())
