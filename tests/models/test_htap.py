from __future__ import annotations

import heapq
import math
from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import Unstable
from sysdesign.models import olap as model
from sysdesign.models import queueing, replication
from sysdesign.models.olap.sharing import beside, in_slots
from tests.models.corners import assert_finite_at_corners, assert_sentences

PATHS = ("primary", "dual", "replica", "log", "batch")


def shared_cores(cores, rate, draw, asked, work, threads, slots, seconds, seed):
    """Every thread of a core gets as much: one clock of served time for all, and who is due next on it.

    Gives the time with each number of queries running, the mean number of transactions in it, and queries' times.
    """
    generator = np.random.default_rng(seed)
    now = served = 0.0
    due: list[tuple[float, int, float]] = []  # served time at the end, kind, arrival
    counts, line, durations = [0, 0], deque(), []
    spent, present = np.zeros(slots + 1), np.zeros(slots + 1)
    arrivals = [generator.exponential(1 / rate), generator.exponential(1 / asked)]
    while now < seconds:
        running = counts[0] + threads * counts[1]
        pace = min(1.0, cores / running) if running else 0.0
        ends = now + (due[0][0] - served) / pace if due else math.inf
        step = min(ends, *arrivals)
        spent[counts[1]] += step - now
        present[counts[1]] += (step - now) * counts[0]
        served += (step - now) * pace
        now = step
        if step == ends:
            _, kind, came = heapq.heappop(due)
            counts[kind] -= 1
            if kind == 1:
                durations.append(now - came)
        elif step == arrivals[0]:
            arrivals[0] = now + generator.exponential(1 / rate)
            counts[0] += 1
            heapq.heappush(due, (served + draw(generator), 0, now))
        else:
            arrivals[1] = now + generator.exponential(1 / asked)
            line.append(now)
        if line and counts[1] < slots:
            counts[1] += 1
            heapq.heappush(due, (served + generator.exponential(work) / threads, 1, line.popleft()))
    return spent / now, present / spent, np.mean(durations)


def uneven(generator):
    """Mean 1, and four in five short: twice as spread as exponential."""
    return generator.exponential(0.25 if generator.random() < 0.8 else 4.0)


@pytest.mark.parametrize(
    ("cores", "load", "asked", "work", "threads", "slots", "draw"),
    [
        (4, 2.0, 0.0064, 150, 2, 2, uneven),
        (4, 2.4, 0.004, 200, 4, 2, lambda generator: 1.0),
        (1, 0.4, 0.0009, 300, 1, 1, uneven),
    ],
)
def test_threads_that_share_cores_do_as_simulated(cores, load, asked, work, threads, slots, draw):
    """Transactions of any law beside queries that come, wait for a slot and go; a transaction's core time is 1."""
    found = model.htap("primary", load, 1, cores, asked, work, threads, slots)
    spent, present, query = shared_cores(cores, load, draw, asked, work, threads, slots, 130_000 / load, 3)
    exact, _ = beside(np.array(load), np.array(float(cores)), np.arange(slots + 1.0) * threads)
    assert present == pytest.approx(exact, rel=0.06)
    # Some hundred queries, so that shares of time are known to a tenth.
    assert spent[1:].sum() == pytest.approx(found.beside_share, rel=0.2)
    assert spent @ present / load == pytest.approx(found.transaction_time_s, rel=0.2)
    assert query == pytest.approx(found.query_time_s, rel=0.3)
    assert found.during_s > 1.15 * queueing.mmc(load, 1, cores).mean_time_s


@given(st.floats(0.01, 0.97), st.integers(1, 300))
def test_without_queries_it_is_the_queue_of_many_servers(share, cores):
    mean, pace = beside(np.array(share * cores), np.array(float(cores)), np.array(0.0))
    assert mean == pytest.approx(queueing.mmc(share * cores, 1, cores).mean_time_s * share * cores, rel=1e-8)
    assert pace == 1


@given(st.floats(0.01, 0.95), st.floats(1, 40))
def test_on_one_core_each_thread_that_stays_adds_once_the_time(load, standing):
    mean, pace = beside(np.array(load), np.array(1.0), np.array(standing))
    assert mean == pytest.approx((standing + 1) * load / (1 - load), rel=1e-9)
    assert pace == pytest.approx((1 - load) / standing, rel=1e-9)


@given(st.integers(1, 24), st.floats(0.02, 0.95), st.floats(0, 60))
def test_numbers_in_balance_are_summed_exactly(cores, share, standing):
    """The weights, one after the other, as far as they matter."""
    load, weight, total, mean, given_to = share * cores, 1.0, 0.0, 0.0, 0.0
    for n in range(1, 20_000):
        total, mean = total + weight, mean + (n - 1) * weight
        given_to += weight * min(1, cores / max(n - 1 + standing, 1e-9))
        weight *= load / (n * min(1, cores / (n + standing)))
        if n > cores and weight < 1e-14 * total:
            break
    found, pace = beside(np.array(load), np.array(float(cores)), np.array(standing))
    assert found == pytest.approx(mean / total, rel=1e-6)
    if standing > 0.01:
        assert pace == pytest.approx(given_to / total, rel=1e-6)


@settings(max_examples=25)
@given(st.integers(1, 6), st.floats(0.05, 0.8), st.lists(st.floats(0.2, 1), min_size=6, max_size=6))
def test_slots_are_a_birth_and_death_process(slots, busy, paces):
    """Solved as linear equations over 150 states."""
    ends = np.arange(1, slots + 1) * np.array(paces[:slots])
    ends[-1] = max(ends)
    asked, states = busy * ends[-1], 150
    rates = np.zeros((states, states))
    for k in range(states - 1):
        rates[k, k + 1], rates[k + 1, k] = asked, ends[min(k, slots - 1)]
    balance = (rates - np.diag(rates.sum(axis=1))).T
    balance[-1] = 1
    exact = np.linalg.solve(balance, np.eye(states)[-1])
    shares, line = in_slots(np.array(asked), ends, np.array(slots))
    assert shares == pytest.approx([*exact[:slots], exact[slots:].sum()], rel=1e-6, abs=1e-12)
    assert line == pytest.approx(exact @ np.arange(states), rel=1e-6)


@settings(max_examples=40)
@given(st.integers(1, 200), st.integers(1, 64), st.integers(1, 8))
def test_full_machines_lie_on_the_proportional_line(connections, threads, slots):
    """What both kinds reach of their own most sums to 1 where they share all cores: HATtrick's line of no isolation."""
    found = model.htap("primary", cores=1, transactions_per_s=1, connections=connections, query_threads=threads,
                       slots=slots, queries_per_s=0)  # fmt: skip
    queries = threads * slots / (threads * slots + connections)
    assert found.transactions_left + queries == pytest.approx(1)
    apart = model.htap("log", connections=connections, query_threads=threads, slots=slots, changes_per_s=1)
    assert apart.transactions_left == pytest.approx(1 / 1.1)


def test_it_separates_what_was_measured_apart():
    """TiDB's paper: a tenth less at most on log-fed columns, and less than a fifth left in one engine (MemSQL 7.0)."""
    given = {"connections": 32, "query_threads": 8, "slots": 32}
    assert model.htap("log", **given).transactions_left >= 0.9
    assert model.htap("dual", **given).transactions_left < 0.2


@settings(max_examples=40)
@given(st.floats(0.001, 0.02), st.floats(100, 4000), st.integers(1, 16))
def test_more_questions_slow_the_same_rows_and_leave_a_copy_alone(asked, rate, threads):
    given = {"transactions_per_s": rate, "query_threads": threads}
    here, more = (model.htap("primary", queries_per_s=each, **given) for each in (asked, asked * 1.1))
    assert more.transaction_time_s >= here.transaction_time_s * (1 - 1e-9)
    assert more.query_time_s >= here.query_time_s * (1 - 1e-9)
    assert here.during_s >= here.transaction_time_s * (1 - 1e-9) and here.slower >= 1 - 1e-9
    apart, less = (model.htap("log", queries_per_s=each, **given) for each in (asked, asked / 2))
    assert apart.transaction_time_s == less.transaction_time_s <= here.during_s * 1.2
    assert apart.age_s >= less.age_s * (1 - 1e-9) and apart.age_p99_s >= apart.age_s


@pytest.mark.parametrize(("interval", "run"), [(900, 300), (60, 45), (60, 90), (86400, 7200)])
def test_a_batch_is_as_old_as_its_start(interval, run):
    """Each query sees the last batch that had ended, as it was when that began."""
    starts = np.arange(0, 2000) * max(interval, run)
    asked = np.random.default_rng(2).uniform(starts[10], starts[-10], 200_000)
    age = asked - starts[np.searchsorted(starts + run, asked, side="right") - 1]
    found = model.htap("batch", interval_s=interval, run_s=run)
    assert found.age_s == pytest.approx(age.mean(), rel=0.01)
    assert found.age_p99_s == pytest.approx(np.quantile(age, 0.99), rel=0.01)


def test_a_copy_lags_by_what_its_scans_leave_of_its_apply_thread():
    """Changes applied one after the other by a thread whose pace follows the queries beside it."""
    generator = np.random.default_rng(4)
    changes, applies, cores, threads, asked, work = 50.0, 200.0, 4, 8, 1.0, 2.0
    found = model.htap("log", 1, queries_per_s=asked, query_s=work, query_threads=threads, slots=1,
                       column_gain=1, copy_cores=cores, changes_per_s=changes, applies_per_s=applies,
                       burst_factor=1, way_s=0)  # fmt: skip
    waiting, now, lags, queries, asked_at = deque(), 0.0, [], 0, generator.exponential(1 / asked)
    change_at = generator.exponential(1 / changes)
    while len(lags) < 150_000:
        slow = min(1, cores / (threads + 1)) if queries else 1.0
        ends = [applies * slow if waiting else 0.0, threads * slow / work if queries else 0.0]
        step = generator.exponential(1 / sum(ends)) if sum(ends) else math.inf
        if now + step < min(change_at, asked_at):
            now += step
            if generator.random() * sum(ends) < ends[0]:
                lags.append(now - waiting.popleft())
            else:
                queries -= 1
        elif change_at < asked_at:
            now, change_at = change_at, change_at + generator.exponential(1 / changes)
            waiting.append(now)
        else:
            now, asked_at = asked_at, asked_at + generator.exponential(1 / asked)
            queries += 1
    assert found.age_s == pytest.approx(np.mean(lags), rel=0.05)
    assert found.age_s > 1.05 / (applies - changes)  # slower than alone
    assert found.age_p99_s == pytest.approx(
        replication.lag(changes, applies * cores / (threads + 1), burst_factor=1, delay_s=0).p99_s
    )


def test_work_that_cannot_be_done_is_refused_in_words():
    with pytest.raises(Unstable, match="more than all cores"):
        model.htap(transactions_per_s=6000)
    with pytest.raises(Unstable, match="Queries come faster"):
        model.htap(queries_per_s=5)
    with pytest.raises(Unstable, match="beside full slots"):
        model.htap("log", changes_per_s=15000)


def test_arrays_corners_and_sentences():
    asked = np.array([0.01, 0.05])
    for path in PATHS:
        both = model.htap(path, queries_per_s=asked, slots=np.array([2, 4]))
        alone = [model.htap(path, queries_per_s=q, slots=s) for q, s in ((0.01, 2), (0.05, 4))]
        for name in ("transaction_time_s", "during_s", "beside_share", "query_time_s", "age_s", "transactions_left"):
            assert np.broadcast_to(getattr(both, name), 2) == pytest.approx([getattr(each, name) for each in alone])
    assert_finite_at_corners(model.htap, 1500)
    assert_sentences(model.MODELS)
