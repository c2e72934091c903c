"""`sysdesign facts snapshot` and `sysdesign facts drift`, on a copy of the reference."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sysdesign.content import default_root
from sysdesign.vendor import read_snapshot

pytest.importorskip("botocore", reason="botocore is an optional extra (facts)")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The plan and the facts of the reference."""
    root = tmp_path / "reference"
    (root / "facts").mkdir(parents=True)
    shutil.copy(default_root() / "plan.yaml", root / "plan.yaml")
    for path in (default_root() / "facts").iterdir():
        shutil.copy(path, root / "facts" / path.name)
    return root


def facts(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from sysdesign.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "facts", *words, "--reference", str(copy)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)


def test_the_snapshot_is_renewed_whole(copy: Path) -> None:
    before = read_snapshot(copy)
    (copy / "facts" / "snapshot.json").unlink()
    run = facts(copy, "snapshot", "--json")
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout)
    assert {"s3", "sqs"} <= set(read_snapshot(copy).services) & set(before.services)
    assert said["paths"] == read_snapshot(copy).paths >= 15


def test_drift_reports_and_never_fails(copy: Path) -> None:
    path = copy / "facts" / "snapshot.json"
    content = json.loads(path.read_text())
    service = next(name for name, model in content["models"].items() if model["texts"])
    place = next(iter(content["models"][service]["texts"]))
    content["models"][service]["texts"][place] += " And something that AWS took out."
    path.write_text(json.dumps(content))
    run = facts(copy, "drift", "--json")
    assert run.returncode == 0, run.stderr
    found = {(line["service"], line["path"]): line for line in json.loads(run.stdout)}
    assert found[(service, place)]["kind"] == "changed"
    assert "took out" in found[(service, place)]["was"]
    told = facts(copy, "drift").stdout
    assert f"changed: {service} {place}" in told
    assert "look at each" in told
