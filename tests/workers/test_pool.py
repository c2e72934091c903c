"""Runs in processes of their own: ended when they overrun or their asker leaves, and nothing else suffers."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import weakref
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sysdesign.content import load
from sysdesign.errors import BudgetSpent, InvalidInput, UnknownName
from sysdesign.models.registry import model
from sysdesign.operations.modeling import refuse_heavy
from sysdesign.running.model_run import read_inputs
from sysdesign.workers.pool import Busy, Fault, Pool
from tests.reading import write_reference

SHORT = {"name": "caching.stampede", "inputs": {"arrivals_per_s": 300}, "chart": False}
LONG = {  # ten million requests, and no interval that would be narrow enough to stop before
    "name": "caching.replay",
    "inputs": {"requests": 10_000_000, "catalog_keys": 10_000_000, "precision": 1e-9, "policy": "arc"},
    "chart": False,
}
Do = Callable[[Callable[[Pool], Coroutine[Any, Any, Any]]], Any]


@pytest.fixture(scope="module")
def do(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Do]:
    """Runs a coroutine with the pool; all share one event loop and one pool."""
    reference = replace(load(write_reference(tmp_path_factory.mktemp("pool") / "reference")), documents={})
    pool = Pool(lambda: reference, at_once=2, most_waiting=3, seconds=600, cold_seconds=0)
    with asyncio.Runner() as runner:

        def run(work: Callable[[Pool], Coroutine[Any, Any, Any]]) -> Any:
            async def begun() -> Any:
                return await work(pool)

            pool.seconds = 600
            return runner.run(begun())

        yield run
        pool.close()


async def _busy(pool: Pool, count: int) -> None:
    while pool.running < count:
        await asyncio.sleep(0.01)


def test_a_run_gives_its_result_and_its_errors(do: Do) -> None:
    async def work(pool: Pool) -> None:
        found = json.loads(await pool.run("run", SHORT))
        assert found["model"] == "caching.stampede" and found["sentence"]
        with pytest.raises(InvalidInput, match="arrivals_per_s is -1"):
            await pool.run("run", {**SHORT, "inputs": {"arrivals_per_s": -1}})
        with pytest.raises(UnknownName, match="no model"):
            await pool.run("run", {**SHORT, "name": "caching.nothing"})
        with pytest.raises(Fault):
            await pool.run("run", {})
        assert json.loads(await pool.run("run", SHORT)) == found

    do(work)


@pytest.mark.parametrize("depth", [60, 900, 100_000])
@pytest.mark.parametrize("operation", ["run", "decide"])
def test_what_is_nested_deep_is_said(do: Do, operation: str, depth: int) -> None:
    """Depths that one reader of JSON bears and the next does not."""
    deep: list[Any] = []
    for _ in range(depth):
        deep = [deep]
    arguments = {"name": "caching.stampede", "inputs": {"rebuild_s": deep}, "workload": {"a": deep}, "chart": False}
    with pytest.raises(InvalidInput, match="nested"):
        do(lambda pool: pool.run(operation, arguments))


def test_an_overrun_is_ended_and_says_how_to_run_it(do: Do) -> None:
    async def work(pool: Pool) -> None:
        pool.seconds = 0.3
        with pytest.raises(BudgetSpent, match=r"ended after 0.3 seconds.*sysdesign model run caching.replay requests="):
            await pool.run("run", LONG)
        pool.seconds = 600
        assert await pool.run("run", SHORT)
        assert pool.running == 0

    do(work)


def test_declared_work_beyond_the_bound_does_not_begin(do: Do) -> None:
    heavy = {"servers": 1000, "utilization": 0.99, "algorithm": "least connections", "relative_width": 0.001}

    async def work(pool: Pool) -> None:
        pool.seconds = 10
        with pytest.raises(BudgetSpent, match=r"would take about .* seconds.*model run balancing.balance servers=1000"):
            await pool.run("run", {"name": "balancing.balance", "inputs": heavy, "chart": False})

    do(work)


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("hashing.spread", {"algorithm": "bounded", "nodes": 5_000_000 // 100, "points_per_node": 100}),
        ("hashing.moved_drawn", {"algorithm": "ring", "nodes_before": 999_999, "nodes_after": 1_000_000,
                                 "points_per_node": 5}),
    ],
)  # fmt: skip
def test_placings_at_their_most_do_not_begin(name: str, inputs: dict[str, Any]) -> None:
    most = {"keys": 1_000_000, "most_draws": 2000, "relative_width": 0.001, **inputs}
    with pytest.raises(BudgetSpent, match="would take about"):
        refuse_heavy(name, most, seconds=5)
    refuse_heavy(name, {}, seconds=5)


@pytest.mark.parametrize(
    ("name", "inputs", "unknown"),
    [
        ("quorum.staleness", {"replicas": 15, "trials": 10_000_000, "half_width": 1e-6}, ""),
        ("quorum.configurations", {"replicas": 7, "trials": 1_000_000}, ""),
        ("rate_limiting.load", {"relative_width": 0.001, "most_runs": 1000}, "window_s"),
        ("consensus.placement", {"round_trip_ms": [1.0] * 66, "replicas": 7}, ""),
        ("consensus.commit_latency", {"trials": 10_000_000, "relative_width": 1e-6}, ""),
    ],
)
def test_declared_work_grows_with_what_is_asked(name: str, inputs: dict[str, Any], unknown: str) -> None:
    chosen = model(name)
    least, most = (chosen.work(read_inputs(chosen, given)) for given in ({}, inputs))
    assert 0 < least < 0.2 and most > 10 * least
    with pytest.raises(BudgetSpent, match="would take about"):
        refuse_heavy(name, inputs, seconds=most / 2 * (49 if unknown else 1), unknown=unknown)
    refuse_heavy(name, {}, seconds=10, unknown=unknown)


def test_a_run_ends_when_its_asker_leaves(do: Do) -> None:
    async def work(pool: Pool) -> None:
        leaving = asyncio.Event()

        async def left() -> None:
            await leaving.wait()

        before = {worker.process for worker in pool.idle}
        run = asyncio.create_task(pool.run("run", LONG, left=left))
        await _busy(pool, 1)
        await asyncio.sleep(0.2)
        used = before - {worker.process for worker in pool.idle}
        leaving.set()
        with pytest.raises(Busy, match="left"):
            await run
        while pool.running:
            await asyncio.sleep(0.01)
        assert await pool.run("run", SHORT)  # orders are taken in turn: the worker was forgotten before
        for process in used:
            with pytest.raises(ProcessLookupError):
                os.kill(process, 0)

    do(work)


def test_too_many_are_turned_away_and_askers_take_turns(do: Do, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(pool: Pool) -> None:
        leaving, begun, turn = asyncio.Event(), [], pool._turn

        async def left() -> None:
            await leaving.wait()

        async def short(asker: str) -> None:
            await pool.run("run", SHORT, asker=asker)

        async def noted(asker: str) -> None:
            await turn(asker)
            begun.append(asker)

        monkeypatch.setattr(pool, "_turn", noted)
        held = [asyncio.create_task(pool.run("run", LONG, left=left)) for _ in range(2)]
        await _busy(pool, 2)
        first = [asyncio.create_task(short("one")) for _ in range(3)]
        while len(pool.waiting.get("one", ())) < len(first):
            await asyncio.sleep(0.01)
        with pytest.raises(Busy, match="too many runs at once"):
            await pool.run("run", SHORT, asker="one")
        other = asyncio.create_task(short("other"))  # takes the place of the last of those who ask most
        while not first[2].done():
            await asyncio.sleep(0.01)
        assert isinstance(first[2].exception(), Busy)
        leaving.set()
        await asyncio.gather(*held, *first[:2], other, return_exceptions=True)
        assert begun == ["", "", "one", "other", "one"]
        assert pool.running == 0 and not pool.waiting

    do(work)


def test_a_worker_that_was_killed_is_replaced(do: Do) -> None:
    async def work(pool: Pool) -> None:
        await pool.run("run", SHORT)
        killed = list(pool.idle)
        for worker in killed:
            os.kill(worker.process, 9)
        while not all(worker.reader.at_eof() for worker in killed):
            await asyncio.sleep(0.01)
        assert await pool.run("run", SHORT)
        assert not set(killed) & set(pool.idle)

    do(work)


def test_the_nursery_is_started_again(do: Do) -> None:
    async def work(pool: Pool) -> None:
        await pool.run("run", SHORT)
        assert pool._nursery is not None
        pool._nursery.process.kill()
        pool._nursery.process.wait()
        assert await pool.run("run", SHORT)

    do(work)


def test_a_change_of_the_content_reaches_the_next_run(tmp_path: Path) -> None:
    async def work() -> None:
        root = write_reference(tmp_path / "reference")
        content = [replace(load(root), documents={})]
        pool = Pool(lambda: content[0], cold_seconds=0)
        try:
            assert await pool.run("decisions", {}) == b"[]"
            content[0] = replace(content[0], root=tmp_path / "elsewhere")
            assert await pool.run("decisions", {}) == b"[]"
            assert len({worker.edition for worker in pool.idle}) == 1
        finally:
            pool.close()

    asyncio.run(work())


def test_of_runs_that_find_the_nursery_gone_only_the_first_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, nurseries, worker = Pool(lambda: None), iter("abcdef"), object()

    async def ready() -> tuple[int, int, bool]:
        pool._nursery = pool._nursery or next(nurseries)  # type: ignore[assignment]
        return 0, 0, True

    async def hatched() -> object:
        asked = pool._nursery
        await asyncio.sleep(0)
        if asked == "a" or asked != pool._nursery:  # gone, or ended meanwhile
            raise EOFError
        return worker

    async def two() -> list[object]:
        return list(await asyncio.gather(pool._worker(), pool._worker()))

    for name, instead in (("_ready", ready), ("_hatched", hatched), ("close", lambda: setattr(pool, "_nursery", None))):
        monkeypatch.setattr(pool, name, instead)
    assert asyncio.run(two()) == [worker, worker]


def test_files_arrive_whole_in_whatever_pieces(do: Do) -> None:
    gaps, services = b"1\n2\n3\n" * 60_000, b"0.5\n" * 180_000  # several pieces each

    async def work(pool: Pool) -> Any:
        asked = {"name": "queueing.lindley", "inputs": {}, "chart": False}
        uploads = {"gaps_s": memoryview(gaps), "services_s": memoryview(services)}
        return json.loads(await pool.run("run", asked, uploads=uploads))

    assert {value["name"]: value["value"] for value in do(work)["results"]}["utilization"] == pytest.approx(0.25)


class _Kept:
    """What a request holds."""


def test_a_run_that_fails_keeps_nothing_of_its_request(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = []

    async def turned_away(*_: object) -> None:
        held = _Kept()
        kept.append(weakref.ref(held))
        raise Busy("too many")

    pool = Pool(lambda: None)
    monkeypatch.setattr(pool, "_run", turned_away)

    async def asked() -> None:
        with contextlib.suppress(Busy):
            await pool.run("run", SHORT)
        await asyncio.sleep(0)  # what wakes this up still holds it
        assert kept[0]() is None

    gc.disable()
    try:
        asyncio.run(asked())
    finally:
        gc.enable()
