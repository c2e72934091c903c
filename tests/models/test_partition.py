"""Partitions: losses against a split played write by write, quotas and timeouts against drawn arrivals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import partition
from tests.models.agreement import agrees_with_power, weights
from tests.models.corners import assert_finite_at_corners, assert_sentences

shares = st.floats(0.01, 0.99)


def played(length, rate, share, popularity, ahead, generator):
    """One partition: keys in conflict, writes to them, and writes that the latest stamp of the other side drops."""
    times = generator.random(generator.poisson(rate * length)) * length
    keys = generator.choice(popularity.size, times.size, p=popularity)
    minority = generator.random(times.size) < share
    found = np.zeros(3)
    for key in np.unique(keys):
        few, many = times[(keys == key) & minority], times[(keys == key) & ~minority]
        if few.size and many.size:
            lost = many.size if few.max() + ahead > many.max() else few.size
            found += (1, few.size + many.size, lost)
    return found


@pytest.mark.parametrize("ahead", [0, 2.0, -7.0, 40.0])
def test_conflicts_agree_with_a_split_played_write_by_write(ahead):
    popularity, generator = weights(40, 0.9), np.random.default_rng(5)
    model = partition.cost(20, 4, 0, 0.3, 0, keys=40, skew=0.9, clock_ahead_s=ahead)
    runs = np.array([played(20, 4, 0.3, popularity, ahead, generator) for _ in range(2000)])
    for at, found in enumerate((model.conflicting_keys, model.conflicting_writes, model.lost_writes)):
        assert agrees_with_power(found, runs[:, at])


def test_one_busy_key_loses_the_smaller_side_or_the_larger_one():
    assert partition.cost(100, 50, 0, 0.2, 0, keys=1, skew=0).lost_writes == pytest.approx(2 * 0.2 * 0.8 * 4999)
    winner = partition.cost(100, 50, 0, 0.2, 0, keys=1, skew=0, clock_ahead_s=50).lost_writes
    assert winner == pytest.approx(0.8 * 5000, rel=1e-9), "clocks far ahead let the minority win"
    assert partition.cost(100, 50, 0, 0.2, 0, keys=1, skew=0, clock_ahead_s=-50).lost_writes == pytest.approx(1000)


def test_rare_writes_conflict_with_the_square_of_their_number():
    one, two = (partition.cost(length, 0.01, 0, 0.5, 0, keys=1e6, skew=0) for length in (10, 20))
    assert two.lost_writes / one.lost_writes == pytest.approx(4, rel=1e-3)
    assert one.lost_writes == pytest.approx(2 * 0.25 * 1e6 * (0.1 / 1e6) ** 2 / 2, rel=1e-3)


@given(shares, st.floats(0.1, 5000), st.floats(0.01, 1e4), st.floats(1, 1e9), st.floats(0, 2), st.floats(0, 30))
def test_sides_may_be_named_the_other_way_round(share, length, writes, keys, skew, ahead):
    one = partition.cost(length, writes, 0, share, 0, keys, skew, clock_ahead_s=ahead)
    other = partition.cost(length, writes, 0, 1 - share, 0, keys, skew, clock_ahead_s=-ahead)
    assert one.lost_writes == pytest.approx(other.lost_writes, rel=1e-6, abs=1e-12)
    assert one.conflicting_keys == pytest.approx(other.conflicting_keys, rel=1e-9)
    assert 0 <= one.lost_writes <= one.conflicting_writes <= writes * length * (1 + 1e-9)


@given(shares, st.floats(0.1, 5000), st.floats(0.01, 1e4), st.floats(1, 1e9), st.floats(0, 2))
def test_longer_splits_and_fewer_keys_never_lose_less(share, length, writes, keys, skew):
    def lost(**changed):
        given = {"duration_s": length, "writes_per_s": writes, "keys": keys, **changed}
        return partition.cost(reads_per_s=0, minority_share=share, detection_s=0, skew=skew, **given).lost_writes

    assert lost(duration_s=1.1 * length) >= lost() * (1 - 1e-9)
    assert lost(writes_per_s=1.1 * writes) >= lost() * (1 - 1e-9)
    assert lost(keys=max(1, keys / 2)) >= lost() * (1 - 1e-3)


def test_keys_in_classes_are_keys_one_by_one():
    for keys, skew in ((1, 0.5), (30, 1.0), (5000, 0.99), (200_000, 0.0)):
        popularity = weights(keys, skew)
        m = popularity * 3000
        direct = np.sum(2 * 0.3 * 0.7 * np.where(m < 1e-5, m * m / 2, m + np.expm1(-m)))
        assert partition.cost(3, 1000, 0, 0.3, 0, keys, skew).lost_writes == pytest.approx(direct, rel=2e-3)


def test_what_is_refused_and_lost_at_a_takeover():
    whole = partition.cost(60, 100, 400, 0.3, 10, leader_there=1)
    assert whole.refused_writes == pytest.approx(100 * (0.3 * 60 + 0.7 * 10))
    assert whole.refused_reads == pytest.approx(4 * whole.refused_writes)
    assert (whole.lost_at_takeover, whole.lost_fenced) == (pytest.approx(1800), pytest.approx(300))
    short = partition.cost(8, 100, 400, 0.3, 10, leader_there=1)
    assert short.lost_at_takeover == 0 and short.refused_share == pytest.approx(1), "over before anyone takes over"


@pytest.mark.parametrize(
    ("median", "spread", "keys", "ahead"), [(160, 17, 1e6, 0), (30, 200, 2000, 5), (600, 3, 1e9, 0)]
)
def test_a_year_is_the_mean_over_lengths(median, spread, keys, ahead):
    at = np.linspace(-6, 9, 1500)  # of the normal law, by the trapezoid rule
    share = np.exp(-at * at / 2) / np.exp(-at * at / 2).sum()
    lengths = np.minimum(median * np.exp(math.log(spread) / 2.3263478740408408 * at), 30 * 86_400)
    year = partition.year(6, median, spread, 0.3, 20)
    met = partition.conflicts(6, median, spread, 200, 0.3, keys, clock_ahead_s=ahead)
    each = partition.cost(lengths, 200, 0, 0.3, 20, keys, clock_ahead_s=ahead)
    per_million = 6e6 / (200 * 365 * 86_400)
    assert year.refused_per_million == pytest.approx(per_million * share @ each.refused_writes, rel=0.02)
    assert met.lost_per_million == pytest.approx(per_million * share @ each.lost_writes, rel=0.03)
    assert year.takeover_per_million == pytest.approx(per_million * share @ each.lost_at_takeover, rel=0.02)
    assert year.fenced_per_million == pytest.approx(per_million * share @ each.lost_fenced, rel=0.02)
    assert met.conflicting_keys == pytest.approx(share @ each.conflicting_keys * 6 * 30 / 365, rel=0.02)
    assert year.cut_off_min == pytest.approx(0.3 * share @ lengths * 6 * 30 / 365 / 60, rel=0.02)
    assert year.outlast_share == pytest.approx(share @ (lengths > 20), rel=0.01)


def test_a_year_takes_arrays():
    shares = np.array([0.05, 0.2, 0.5])
    each = [partition.conflicts(12, 120, 60, 500, float(share)).lost_per_million for share in shares]
    assert np.allclose(partition.conflicts(12, 120, 60, 500, shares).lost_per_million, each)
    each = [partition.year(12, 120, 60, float(share), 10).refused_per_million for share in shares]
    assert np.allclose(partition.year(12, 120, 60, shares, 10).refused_per_million, each)


@pytest.mark.parametrize(("quota", "rate", "dealt"), [(40, 0.3, 0.3), (12, 0.2, 0.5), (31, 0.25, 0.8)])
def test_a_dealt_quota_agrees_with_sales_drawn(quota, rate, dealt):
    model = partition.escrow(quota, rate, 100, 3, 0.5, dealt)
    drawn = np.random.default_rng(4).poisson(rate * 100 * np.array([0.5, 0.25, 0.25]), (40_000, 3))
    parts = np.floor(quota * np.array([dealt, (1 - dealt) / 2, (1 - dealt) / 2]) + 1e-9)
    refused = np.maximum(drawn - parts, 0).sum(axis=1)
    assert agrees_with_power(model.refused, refused)
    assert model.oversold == pytest.approx(
        np.maximum(np.minimum(drawn, quota).sum(axis=1) - quota, 0).mean(), rel=0.05, abs=0.01
    )
    assert model.needless == pytest.approx(
        (refused - np.maximum(drawn.sum(axis=1) - quota, 0)).mean(), rel=0.03, abs=0.01
    )
    assert model.refused_by_majority == pytest.approx(
        (drawn[:, 1:].sum(axis=1) + np.maximum(drawn[:, 0] - quota, 0)).mean(), rel=0.01
    )


@given(st.floats(0, 1000), st.floats(0.001, 10), st.integers(2, 20), shares, shares)
def test_dealing_never_oversells_and_refuses_no_less_than_one_place(quota, rate, sites, large, dealt):
    model = partition.escrow(quota, rate, 60, sites, large, dealt)
    whole = partition.escrow(quota, rate, 60, 1)
    assert model.refused >= whole.refused - 1e-9 and whole.oversold == pytest.approx(0, abs=1e-9)
    assert rate * 60 - model.refused <= math.floor(quota) + 1e-6


def heartbeats(timeout, every, lost, delay, spread, generator, count=400_000):
    """False suspicions a month and the share of time suspected, heartbeat by heartbeat."""
    sent = np.arange(count) * every
    arrives = sent + delay * np.exp(math.log(spread) / 2.3263478740408408 * generator.standard_normal(count))
    arrives[generator.random(count) < lost] = np.inf
    first = np.minimum.accumulate(arrives[::-1])[::-1]  # of this heartbeat and all later ones
    due = sent + timeout - every
    suspected = np.clip(np.minimum(first, due + every) - due, 0, every)
    started = (first[1:] > due[1:]) & (first[:-1] < due[1:])
    return started.mean() / every * 30 * 86_400, suspected.mean() / every


@pytest.mark.parametrize("given", [(2.5, 1, 0.05, 0.1, 20), (1, 1, 0.02, 0.3, 5), (2, 0.7, 0.1, 0.5, 10)])
def test_suspicions_agree_with_heartbeats_drawn(given):
    timeout, every, lost, delay, spread = given
    model = partition.suspicion(timeout, every, lost, delay, spread, 0)
    generator = np.random.default_rng(6)
    runs = np.array([heartbeats(*given, generator) for _ in range(12)])
    assert agrees_with_power(model.by_network, runs[:, 0])
    assert agrees_with_power(model.wrong_share, runs[:, 1])


def test_pauses_outlast_the_timeout_as_drawn():
    generator = np.random.default_rng(7)
    since, pause = generator.random(400_000), generator.exponential(2, 400_000)
    # The heartbeat that falls due in the pause goes out at its end.
    suspected = pause > 5 - since
    model = partition.suspicion(5, 1, 0, 1e-6, 1, pauses_per_month=20, pause_s=2)
    assert model.by_pauses == pytest.approx(20 * suspected.mean(), rel=0.02)
    assert model.by_network == 0 and model.notice_mean_s == 4.5 and model.misses == 4


@given(st.floats(0.5, 20), st.floats(0.05, 1), st.floats(0, 0.5), st.floats(0.001, 1), st.floats(1, 50))
def test_a_longer_timeout_suspects_less_and_notices_later(timeout, every, lost, delay, spread):
    every = min(every, timeout)
    near = partition.suspicion(timeout, every, lost, delay, spread)
    far = partition.suspicion(timeout * 1.2, every, lost, delay, spread)
    assert far.wrong_share <= near.wrong_share + 1e-12 and far.by_pauses <= near.by_pauses + 1e-12
    assert far.notice_mean_s > near.notice_mean_s


def test_a_heartbeat_comes_once_a_timeout_at_least():
    with pytest.raises(InvalidInput, match="at least once a timeout"):
        partition.suspicion(1, 2)


@pytest.mark.parametrize("model", partition.MODELS, ids=lambda model: model.name)
def test_its_corners(model):
    assert_finite_at_corners(model.function, 200)


def test_sentences():
    assert_sentences(partition.MODELS)
