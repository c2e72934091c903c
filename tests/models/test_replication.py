"""Replicas: lag against a queue played write by write, takeovers against a month played failure by failure."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput, Unstable
from sysdesign.models import replication
from tests.models.agreement import agrees_with_power
from tests.models.corners import assert_finite_at_corners, assert_sentences


def lags(mean, apply, factor, burst, quiet, cycles, seed):
    """Each write's lag: writes of alternating quiet and busy stretches, applied one after another."""
    generator = np.random.default_rng(seed)
    low = mean / (1 + (factor - 1) * burst / (burst + quiet))
    written, start = [], 0.0
    for length, rate in zip(generator.exponential([quiet, burst] * cycles), [low, factor * low] * cycles, strict=True):
        written.append(start + np.sort(generator.random(generator.poisson(rate * length))) * length)
        start += length
    times = np.concatenate(written)
    work = np.cumsum(generator.exponential(1 / apply, times.size))
    applied = work + np.maximum.accumulate(times - np.concatenate(([0.0], work[:-1])))
    return applied - times


@pytest.mark.parametrize(
    ("mean", "apply", "factor", "burst", "quiet"),
    [(100, 250, 4, 0.1, 1), (50, 150, 3, 0.2, 1), (100, 125, 1.4, 1, 1), (20, 60, 30, 0.05, 3)],
)
def test_lag_agrees_with_a_queue_played_write_by_write(mean, apply, factor, burst, quiet):
    model = replication.lag(mean, apply, factor, burst, quiet, delay_s=0, read_after_s=0.02)
    runs = [lags(mean, apply, factor, burst, quiet, int(6000 / (burst + quiet)), seed) for seed in range(12)]
    assert agrees_with_power(model.mean_s, np.array([run.mean() for run in runs]))
    assert agrees_with_power(model.stale_share, np.array([np.mean(run > 0.02) for run in runs]))
    for share, percentile in ((0.01, model.p99_s), (0.5, model.median_s), (0.001, model.p999_s)):
        above = np.array([np.mean(run > percentile) for run in runs])
        assert abs(above.mean() - share) < 4 * above.std(ddof=1) / math.sqrt(len(above))


@given(st.floats(0.01, 1e5), st.floats(0.05, 0.95), st.floats(0, 10))
def test_without_bursts_it_is_one_server_with_random_arrivals(writes, load, delay):
    model = replication.lag(writes, writes / load, 1, delay_s=delay)
    own = 1 / (writes / load - writes)
    assert model.mean_s == pytest.approx(delay + own)
    assert model.p99_s == pytest.approx(delay + own * math.log(100))


def test_with_many_writes_a_burst_fills_and_drains_a_tank():
    # Bursts and pauses of random length: at the start of a burst the tank is an M/M/1 queue's workload.
    mean, apply, factor, burst, quiet = 1e6, 4e6, 20, 10.0, 100.0
    model = replication.lag(mean, apply, factor, burst, quiet, delay_s=0)
    share = burst / (burst + quiet)
    low = mean / (1 + (factor - 1) * share)
    rise, fall = factor * low / apply - 1, 1 - low / apply
    decay = 1 / (rise * burst) - 1 / (fall * quiet)
    full = factor * low * share / mean + low * (1 - share) / mean * rise * burst / (fall * quiet)
    assert model.p99_s == pytest.approx(math.log(full / 0.01) / decay, rel=1e-3)
    assert model.mean_s == pytest.approx(full / decay, rel=1e-3)


@given(st.floats(0.05, 0.9), st.floats(1, 100), st.floats(0.1, 1000), st.floats(0.1, 1e5))
def test_more_load_and_harder_bursts_never_lag_less(load, factor, burst, quiet):
    near = replication.lag(1000 * load, 1000, factor, burst, quiet)
    loaded = replication.lag(1050 * load, 1000, factor, burst, quiet)
    bursty = replication.lag(1000 * load, 1000, factor * 1.1, burst, quiet)
    assert near.mean_s <= loaded.mean_s * (1 + 1e-9) and near.p99_s <= loaded.p99_s * (1 + 1e-9)
    assert near.mean_s <= bursty.mean_s * (1 + 1e-9)
    assert near.median_s <= near.p99_s <= near.p999_s and 0 <= near.stale_share <= 1


def test_lag_takes_arrays_and_refuses_a_replica_that_cannot_keep_up():
    rates = np.array([10.0, 500.0, 900.0])
    each = [replication.lag(float(rate), 1000).p99_s for rate in rates]
    assert np.allclose(replication.lag(rates, 1000).p99_s, each)
    with pytest.raises(Unstable, match="falls behind without end"):
        replication.lag(1000, 1000)


def month(failures, detection, promotion, standbys, pauses, pause, failed, repair, synchronous, generator):
    """Minutes lost in one month, and takeovers, played event by event."""
    lost, takeovers = 0.0, 0
    for _ in range(generator.poisson(failures / replication.MONTHS)):
        takeovers += 1
        lost += detection + promotion + repair * (generator.random() < failed)
    for length in generator.exponential(pause, generator.poisson(pauses)):
        if length > detection:
            takeovers += 1
            lost += promotion + repair * (generator.random() < failed)
    if synchronous:
        lost += detection * generator.poisson(standbys * failures / replication.MONTHS)
    return lost / 60, takeovers


@pytest.mark.parametrize("mode", ["asynchronous", "synchronous"])
def test_a_month_of_takeovers_agrees_with_one_played(mode):
    generator = np.random.default_rng(3)
    given = (120, 5, 30, 2, 60, 2.5, 0.1, 900)
    months = np.array([month(*given, mode == "synchronous", generator) for _ in range(6000)])
    failures, detection, promotion, standbys, pauses, pause, failed, repair = given
    model = replication.failover(
        failures, detection, promotion, mode, standbys=standbys, pauses_per_month=pauses, pause_s=pause,
        failed_share=failed, repair_s=repair,
    )  # fmt: skip
    assert agrees_with_power(model.month_min, months[:, 0])
    assert agrees_with_power(model.takeovers_per_month, months[:, 1])


@given(st.floats(0, 100), st.floats(0.1, 100), st.floats(0, 1000), st.floats(0, 60))
def test_what_a_confirmation_waits_for_is_not_lost(failures, detection, promotion, lag):
    each = [replication.failover(failures, detection, promotion, mode, lag_s=lag) for mode in MODES]
    assert each[0].lost_s == lag and each[1].lost_s == pytest.approx(0.01 * lag) and each[2].lost_s == 0
    assert each[0].month_min == each[1].month_min <= each[2].month_min
    assert each[0].availability == pytest.approx(1 - each[0].month_min / 43_200)


MODES = ("asynchronous", "semisynchronous", "synchronous")


def test_a_detection_that_is_too_short_costs_more_than_it_saves():
    minutes = [replication.failover(4, seconds, 30).month_min for seconds in (1, 20, 1000)]
    assert minutes[1] < min(minutes[0], minutes[2])


def test_every_corner_is_finite_or_refused():
    assert_finite_at_corners(replication.lag, most=1500)
    assert_finite_at_corners(replication.failover, most=1500)
    assert_sentences(replication.MODELS)
    with pytest.raises(InvalidInput, match="detection_s"):
        replication.failover(4, 0, 30)
