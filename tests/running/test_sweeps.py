"""A sweep gives the same rows on one core, on all cores and on a cluster, and goes on where it was stopped."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from sysdesign.errors import InvalidInput
from sysdesign.models import queueing
from sysdesign.operations.modeling import run_model
from sysdesign.readers.source import Source
from sysdesign.running import sweeps
from sysdesign.running.sweeps import axis, sweep

AXES = [axis("queueing.mm1", "arrivals_per_s=10:90:9"), axis("queueing.mm1", "services_per_s=100|120|150")]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "BATCH", 8)


def test_rows_are_what_the_model_gives(tmp_path: Path) -> None:
    swept = sweep("queueing.mm1", {}, AXES, jobs=1, kept=tmp_path)
    assert len(swept.rows) == 27
    for row in swept.rows:
        state = queueing.mm1(arrivals_per_s=row["arrivals_per_s"], services_per_s=float(row["services_per_s"]))
        assert row["mean_time_s"] == state.mean_time_s


def test_all_cores_give_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "WORKER_START_S", 0.0)
    one = sweep("queueing.mm1", {}, AXES, jobs=1, kept=tmp_path)
    assert sweep("queueing.mm1", {}, AXES, jobs=2, kept=tmp_path) == one


def test_a_cluster_gives_the_same_rows(tmp_path: Path) -> None:
    """A real scheduler with two workers, on this machine."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, protocol="tcp"
    ) as cluster:
        spread = sweep("queueing.mm1", {}, AXES, dask=cluster.scheduler_address, kept=tmp_path)
    assert spread == sweep("queueing.mm1", {}, AXES, jobs=1, kept=tmp_path)


def test_an_interrupted_sweep_resumes(tmp_path: Path) -> None:
    seen: list[int] = []

    def stop_midway(done: int, total: int) -> None:
        seen.append(done)
        if done >= 16:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep("queueing.mm1", {}, AXES, jobs=1, kept=tmp_path, progress=stop_midway)
    left = list(tmp_path.iterdir())
    assert len(left) == 1 and sorted(path.name for path in left[0].iterdir()) == ["0", "8"]
    (left[0] / "16").write_bytes(b"cut")  # as a full disk may leave it
    resumed = sweep("queueing.mm1", {}, AXES, jobs=1, kept=tmp_path)
    assert resumed.resumed == 16
    assert resumed.rows == sweep("queueing.mm1", {}, AXES, jobs=1, kept=tmp_path).rows
    assert not list(tmp_path.iterdir()), "nothing is left behind when a sweep is whole"


def test_other_inputs_do_not_resume_it(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        sweep("queueing.mm1", {}, AXES, jobs=1, kept=tmp_path, progress=lambda done, total: (_ for _ in ()).throw(KeyboardInterrupt) if done else None)  # noqa: E501 # fmt: skip
    assert sweep("queueing.mm1", {}, AXES[:1], jobs=1, kept=tmp_path).resumed == 0


def test_a_file_is_read_once_for_all_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = tmp_path / "requests.keys"
    trace.write_text("".join(f"{at % 40}\n" for at in range(4000)))
    opened = []
    monkeypatch.setattr(Source, "opened", lambda source, real=Source.opened: (opened.append(1), real(source))[1])
    points = [axis("caching.replay", "capacity_keys=20|39|40")]
    run = partial(run_model, files=True, once=True)
    swept = sweep("caching.replay", {"trace": str(trace)}, points, jobs=1, kept=tmp_path / "kept", run=run)
    assert [row["hit_ratio"] for row in swept.rows] == [0.0, 0.0, 0.99]
    assert len(opened) == 1
    trace.write_text("a\n" * 4000)
    assert run("caching.replay", {"trace": str(trace)}).result.distinct_keys == 1, "a file that changed is read again"
    assert len(opened) == 2
    assert run("caching.replay", {"trace": str(trace)}).notes == run("caching.replay", {"trace": str(trace)}).notes


def test_a_bad_point_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="at arrivals_per_s=200"):
        sweep(
            "queueing.mm1",
            {"services_per_s": 150},
            [axis("queueing.mm1", "arrivals_per_s=100:200:2")],
            jobs=1,
            kept=tmp_path,
        )


def test_no_scheduler_is_said(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed")
    with pytest.raises(InvalidInput, match="no Dask scheduler answers"):
        sweep("queueing.mm1", {}, AXES, dask="tcp://127.0.0.1:9", kept=tmp_path)


@pytest.mark.parametrize(
    "text",
    ["arrivals_per_s", "nothing=1:2:3", "arrivals_per_s=1:2", "arrivals_per_s=a:b:3", "arrivals_per_s=1:2:0",
     "arrivals_per_s=0:2:3:log", "arrivals_per_s=1:2:3:odd", "arrivals_per_s=1:2:99999999"],
)  # fmt: skip
def test_a_bad_axis_says_what_would_work(text: str) -> None:
    with pytest.raises(InvalidInput):
        axis("queueing.mm1", text)


def test_whole_inputs_get_whole_values() -> None:
    assert axis("queueing.mmc", "servers=1:10:4").values == (1, 4, 7, 10)
    assert json.dumps(axis("queueing.mmc", "servers=1:100:3:log").values) == "[1, 10, 100]"
