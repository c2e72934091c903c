"""Taking the snapshot: from a small data folder written here, and from the installed botocore where there is one."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from sysdesign.content import default_root, load
from sysdesign.content.records import Fact
from sysdesign.errors import BadContent, MissingTool
from sysdesign.vendor import compare, drift, extract, read_snapshot, write_snapshot
from sysdesign.vendor.snapshot import snapshot_text

ROOT = default_root()


def model(timeout: int = 900, text: str = "Kept <b>14</b> days.", operation: str = "CreateQueue") -> dict[str, Any]:
    return {
        "documentation": "<p>A queue&#39;s service.</p>",
        "operations": {operation: {"documentation": f"<p>{text}</p>\n<p>More.</p>"}},
        "shapes": {
            "Request": {"type": "structure", "members": {"Wait": {"shape": "Seconds", "documentation": "In seconds."}}},
            "Seconds": {"type": "integer", "min": 0, "max": timeout},
        },
    }


def data_folder(folder: Path, newest: dict[str, Any], services: int = 405) -> Path:
    for name in ["s3", *(f"service-{at}" for at in range(services))]:
        path = folder / name / "2012-01-01"
        path.mkdir(parents=True)
        (path / "service-2.json.gz").write_bytes(gzip.compress(json.dumps(model(1)).encode()))
    for date, content in (("2011-01-01", model(1)), ("2024-05-05", newest)):
        path = folder / "sqs" / date
        path.mkdir(parents=True)
        (path / "service-2.json.gz").write_bytes(gzip.compress(json.dumps(content).encode()))
    regions = {"partitions": [{"id": "aws", "regions": {"eu-west-1": {}}}]}
    (folder / "partitions.json").write_text(json.dumps(regions))
    return folder


def fact(id_: str, *checks: tuple[str, str, Any]) -> Fact:
    listed = [{"data": "botocore", "service": "sqs", "kind": k, "path": p, "expected": e} for k, p, e in checks]
    return Fact.model_validate(
        {
            "id": id_, "says": "x", "class": "model", "url": "https://docs.aws.amazon.com/x", "check": listed,
            "checked": dt.date(2026, 11, 23), "seen": {"url": "x", "read": "full"},
        }
    )  # fmt: skip


FACTS = (
    fact("timeout", ("max", "Request.Wait", 900), ("min", "Seconds", 0)),
    fact("kept", ("doc-regex", "op:CreateQueue", "Kept 14 days"), ("doc-regex", "Request.Wait", "In seconds")),
    fact("text", ("doc-regex", "SERVICE", "A queue's service"), ("op-exists", "operations", ["CreateQueue"])),
    fact("gone", ("max", "Nowhere", 3), ("doc-regex", "Request.Nothing", "words")),
)


def test_the_newest_model_is_read_and_only_the_named_paths(tmp_path: Path) -> None:
    snapshot = extract(FACTS, data_folder(tmp_path, model()), "9.9")
    assert set(snapshot.models) == {"sqs"}
    assert snapshot.models["sqs"].date == "2024-05-05"
    assert snapshot.models["sqs"].limits["Request.Wait"] == {"min": 0, "max": 900}
    assert snapshot.models["sqs"].texts["op:CreateQueue"] == "Kept 14 days. More."
    verdicts = {(f.fact.id, f.check.path): f.holds for f in compare(FACTS, snapshot)}
    assert [key for key, holds in verdicts.items() if not holds] == [("gone", "Nowhere"), ("gone", "Request.Nothing")]


def test_a_snapshot_survives_writing_and_reading(tmp_path: Path) -> None:
    snapshot = extract(FACTS, data_folder(tmp_path / "data", model()), "9.9")
    (tmp_path / "facts").mkdir()
    write_snapshot(tmp_path, snapshot)
    assert read_snapshot(tmp_path) == snapshot
    assert [path.name for path in (tmp_path / "facts").iterdir()] == ["snapshot.json"]


def test_a_data_folder_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    snapshot = extract(FACTS, data_folder(tmp_path / "data", model(), services=20), "9.9")
    (tmp_path / "facts").mkdir()
    with pytest.raises(BadContent, match="22 services"):
        write_snapshot(tmp_path, snapshot)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"botocore": 1, "services": [], "partitions": {}, "models": {}}'])
def test_a_broken_snapshot_is_bad_content(tmp_path: Path, text: str) -> None:
    (tmp_path / "facts").mkdir()
    (tmp_path / "facts" / "snapshot.json").write_text(text)
    with pytest.raises(BadContent, match="sysdesign facts snapshot"):
        read_snapshot(tmp_path)


def test_a_missing_snapshot_is_bad_content(tmp_path: Path) -> None:
    with pytest.raises(BadContent, match="missing"):
        read_snapshot(tmp_path)


def test_without_botocore_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingTool, match=r"pip install"):
        extract(FACTS)


def test_drift_names_what_changed_and_the_facts_that_rest_on_it(tmp_path: Path) -> None:
    was = extract(FACTS, data_folder(tmp_path / "old", model()), "1")
    now = extract(FACTS, data_folder(tmp_path / "new", model(5400, "Kept <b>21</b> days.", "CreateQueue")), "2")
    found = {d.path: d for d in drift(FACTS, was, now)}
    assert set(found) == {"Request.Wait", "Seconds", "op:CreateQueue"}
    assert (found["Request.Wait"].was, found["Request.Wait"].now) == ("min 0; max 900", "min 0; max 5400")
    assert found["Request.Wait"].facts == ("timeout", "kept")
    assert not found["op:CreateQueue"].still_holds
    assert "14" in found["op:CreateQueue"].was and "21" in found["op:CreateQueue"].now
    assert found["Seconds"].facts == ("timeout",)


def test_no_drift_from_itself(tmp_path: Path) -> None:
    snapshot = extract(FACTS, data_folder(tmp_path, model()), "1")
    assert list(drift(FACTS, snapshot, snapshot)) == []


def test_a_service_that_went_is_drift(tmp_path: Path) -> None:
    was = extract(FACTS, data_folder(tmp_path / "old", model()), "1")
    now = extract(FACTS, data_folder(tmp_path / "new", model(), services=404), "2")
    assert [(d.service, d.kind) for d in drift(FACTS, was, now)] == [("service-404", "gone")]


def test_the_committed_snapshot_is_that_of_the_installed_botocore() -> None:
    pytest.importorskip("botocore", reason="botocore is an optional extra (facts)")
    committed = read_snapshot(ROOT)
    fresh = extract(load(ROOT).facts.values())
    if committed.botocore != fresh.botocore:
        pytest.skip(f"the snapshot is of botocore {committed.botocore}, installed is {fresh.botocore}")
    assert snapshot_text(committed) == snapshot_text(fresh)


def test_the_snapshot_holds_little_for_a_path() -> None:
    assert (ROOT / "facts" / "snapshot.json").stat().st_size < 2_000 * read_snapshot(ROOT).paths
