"""The service answers what pages need, bounds what it is asked, and reads nothing outside the site."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from sysdesign import service
from sysdesign.content import load
from sysdesign.models import caching
from sysdesign.operations import modeling
from sysdesign.search import Index
from sysdesign.service import MOST_BYTES, RUNS_WAITING, Room, application
from sysdesign.site.publish import publish
from tests.reading import write_reference

PAGES = [("index.html", b"<p>home</p>"), ("a/index.html", b"<p>a</p>"), ("404.html", b"<p>nothing here</p>")]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    reference = load(write_reference(tmp_path / "reference"))
    publish(tmp_path / "site", PAGES, "one")
    (tmp_path / "secret.txt").write_text("secret")
    return Room(tmp_path / "site", reference, Index(reference))


@pytest.fixture
def client(room: Room) -> TestClient:
    return TestClient(application(room, ["testserver"]))


def test_pages_carry_a_content_security_policy(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.text == "<p>home</p>"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "unsafe-eval'" not in policy.replace("'wasm-unsafe-eval'", "")
    assert answer.headers["x-content-type-options"] == "nosniff"


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
        ([1], 422, "not an object"),
    ],
)
def test_a_bad_run_says_what_would_work(client: TestClient, body: Any, status: int, says: str) -> None:
    answer = client.post("/api/models/caching.stampede/run", json=body)
    assert answer.status_code == status
    assert says in answer.json()["error"]["message"]


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'{"inputs": {"arrivals_per_s": NaN}}'])
def test_what_is_not_json_is_said(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/models/caching.stampede/run", content=body)
    assert answer.status_code == 422 and "JSON" in answer.json()["error"]["message"]


def test_a_long_request_is_refused(client: TestClient) -> None:
    answer = client.post("/api/models/caching.stampede/run", content=b" " * (MOST_BYTES + 1))
    assert answer.status_code == 422 and "longer than" in answer.json()["error"]["message"]


def test_a_file_of_the_servers_is_never_an_input(client: TestClient, tmp_path: Path) -> None:
    trace = tmp_path / "trace.txt"
    trace.write_text("1\n2\n")
    answer = client.post("/api/models/caching.replay/run", json={"inputs": {"trace": str(trace)}})
    assert answer.status_code == 422


def test_an_unknown_model_names_the_nearest(client: TestClient) -> None:
    answer = client.post("/api/models/caching.stampeed/run", json={})
    assert answer.status_code == 404 and "caching.stampede" in answer.json()["error"]["message"]


def test_search_and_sections_answer(client: TestClient) -> None:
    hits = client.get("/api/search", params={"q": "dogpile"}).json()["hits"]
    assert hits[0]["address"] == "05-Caching-Strategies#cache-stampede"
    section = client.get("/api/sections/05-Caching-Strategies", params={"section": "cache-stampede"}).json()
    assert section["markdown"].startswith("### Cache stampede")
    assert client.get("/api/search", params={"q": "x", "limit": "many"}).status_code == 422
    assert client.get("/api/sections/77-Nothing").status_code == 404


def test_every_read_operation_answers(client: TestClient) -> None:
    assert [line["slug"] for line in client.get("/api/documents").json()] == ["05-caching", "04-databases"]
    assert any(line["name"] == "caching.stampede" for line in client.get("/api/models").json())
    assert client.get("/api/models/caching.stampede").json()["inputs"]
    assert client.get("/api/decisions").json() == []


def test_too_many_runs_at_once_are_turned_away(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    hold, ran = threading.Event(), []

    def slow(*args: Any, **kwargs: Any) -> dict[str, Any]:
        ran.append(1)
        hold.wait(20)
        return {}

    monkeypatch.setattr(modeling, "panel", slow)

    async def flood() -> list[int]:
        async def one() -> int:
            return (await _post(application_, "/api/models/caching.stampede/run", b"{}"))[0]

        application_ = application(room, ["testserver"])
        asked = [asyncio.create_task(one()) for _ in range(RUNS_WAITING + 5)]
        while sum(task.done() for task in asked) < 5:
            await asyncio.sleep(0.01)
        hold.set()
        return sorted(await asyncio.gather(*asked))

    statuses = asyncio.run(flood())
    assert statuses.count(503) == 5 and statuses.count(200) == RUNS_WAITING
    assert len(ran) == RUNS_WAITING


async def _post(app: Any, path: str, body: bytes) -> tuple[int, bytes]:
    """One request straight to the application, so that many can be under way at once."""
    status, sent = 0, b""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, sent
        status = message.get("status", status)
        sent += message.get("body", b"")

    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(b"host", b"testserver")], "scheme": "http", "server": ("testserver", 80), "root_path": "",
        "http_version": "1.1", "asgi": {"version": "3.0"},
    }  # fmt: skip
    await app(scope, receive, send)
    return status, sent


def test_no_result_breaks_the_json(room: Room) -> None:
    """Infinite and absent numbers become null, never text that a browser cannot read."""
    body = service._json({"a": float("inf"), "b": [float("nan")]}).body
    assert json.loads(body) == {"a": None, "b": [None]}
