from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sysdesign.models import discovery as model
from tests.models.corners import assert_finite_at_corners, assert_sentences


def departures(crashes, changes, detect, publish, refresh, drain, end, generator):
    """When entries of one client's list die, and when the client no longer has them."""
    dead = []
    for per_h, late, served in ((crashes, detect + publish, 0.0), (changes, publish, drain)):
        at = generator.uniform(0, end, generator.poisson(per_h * end / 3600))
        told = at + late
        gone = np.ceil(told / refresh) * refresh if refresh else told  # the next question of this client
        dead.append(np.stack([at + served, np.maximum(gone, at + served)]))
    return np.concatenate(dead, axis=1)


@pytest.mark.parametrize(
    ("instances", "crashes", "changes", "detect", "publish", "refresh", "drain", "retries"),
    [(10, 300, 0, 15, 1, 30, 0, 0), (10, 300, 0, 15, 1, 30, 0, 1), (5, 100, 600, 20, 2, 60, 10, 1),
     (40, 600, 900, 5, 1, 0, 0, 2)],
)  # fmt: skip
def test_requests_meet_dead_entries_as_played(instances, crashes, changes, detect, publish, refresh, drain, retries):
    generator, end = np.random.default_rng(5), 4e6
    starts, stops = departures(crashes, changes, detect, publish, refresh, drain, end, generator)
    now = generator.uniform(1000, end, 300_000)
    dead = np.searchsorted(np.sort(starts), now) - np.searchsorted(np.sort(stops), now)
    left = [np.maximum(dead - tried, 0) for tried in range(retries + 1)]
    met = (left[0] / (instances + left[0])).mean()
    failed = np.prod([each / (instances + each) for each in left], axis=0)
    found = model.staleness(instances, crashes, changes, detect, publish, refresh, drain, retries)
    assert found.dead_entries == pytest.approx(dead.mean(), rel=0.02)
    assert found.met_share == pytest.approx(met, rel=0.02)
    assert found.failed_share == pytest.approx(failed.mean(), rel=0.04)


@pytest.mark.parametrize(("refresh", "eject"), [(0, 1), (90, 1), (90, 3)])
def test_a_client_passes_over_as_played(refresh, eject):
    instances, crashes, detect, rate, requests = 20, 60, 60, 1.0, 80_000
    generator = np.random.default_rng(6)
    starts, stops = departures(crashes, 0, detect, 1, refresh, 0, requests / rate, generator)
    coming, dead, met, now = sorted(zip(starts, stops, strict=True), reverse=True), [], 0, 0.0
    for wait in generator.exponential(1 / rate, requests):
        now += wait
        while coming and coming[-1][0] <= now:
            dead.append([coming.pop()[1], 0])
        dead = [each for each in dead if each[0] > now and each[1] < eject]
        picked = int(generator.integers(instances + len(dead)))
        if picked < len(dead):
            dead[picked][1] += 1
            met += 1
    found = model.staleness(instances, crashes, 0, detect, 1, refresh, 0, 0, eject, rate)
    assert found.met_share == pytest.approx(met / requests, rel=0.05)


def test_one_dead_entry_in_closed_form():
    found = model.staleness(50, 3600 / 35, 0, 35, 0, 0, retries=0)  # one dead entry on average
    assert found.dead_entries == pytest.approx(1) and found.stale_s == 35
    few = model.staleness(1000, 1, 0, 30, 0, 0, retries=0)
    assert few.failed_share == pytest.approx(30 / 3600 / 1000, rel=0.01)
    again = model.staleness(1000, 1, 0, 30, 0, 0, retries=1)  # both dead: two at once, which a Poisson number rarely is
    assert again.failed_share == pytest.approx((30 / 3600) ** 2 / 1000**2, rel=0.02)
    assert model.staleness(50, 0, 0).failed_share == 0
    assert model.staleness(50, 0, 100, publish_s=1, refresh_s=30, drain_s=31).failed_share == 0
    assert model.staleness(50, 0, 3600, publish_s=1, refresh_s=0, drain_s=0).dead_entries == pytest.approx(1)


@pytest.mark.parametrize("dead", [0.02, 3.0, 29.9, 30.1, 400.0])
@pytest.mark.parametrize(("live", "retries"), [(1, 0), (1, 3), (40, 1), (5000, 2)])
def test_all_picks_are_dead_as_summed_over_their_number(dead, live, retries):
    counts = np.arange(2000)
    left = np.maximum(counts - np.arange(retries + 1)[:, None], 0)
    expected = stats.poisson.pmf(counts, dead) @ np.prod(left / (live + left), axis=0)
    found = model.staleness(live, dead * 3.6, 0, 1000, 0, 0, retries=retries)
    assert found.failed_share == pytest.approx(expected, rel=1e-9)


def test_a_client_that_passes_over_meets_each_dead_entry_once():
    found = model.staleness(100, 36, 0, 600, 0, 0, retries=0, eject_after=1, client_per_s=1000)
    assert found.dead_entries == pytest.approx(36 / 3600 * 100 / 1000, rel=0.01)  # until its first failure there
    patient = model.staleness(100, 36, 0, 600, 0, 0, retries=0, eject_after=5, client_per_s=1000)
    assert patient.dead_entries == pytest.approx(5 * found.dead_entries, rel=0.01)


@given(
    st.floats(1, 1000), st.floats(0, 500), st.floats(0, 500), st.floats(0, 300), st.floats(0, 300), st.integers(0, 4)
)
def test_slower_news_hurts_and_retries_help(instances, crashes, changes, detect, refresh, retries):
    def at(**changed):
        return model.staleness(**{"instances": instances, "crashes_per_h": crashes, "replaced_per_h": changes,
                                  "detect_s": detect, "refresh_s": refresh, "retries": retries, **changed})  # fmt: skip

    here = at()
    for worse in (at(detect_s=detect * 1.1 + 1), at(refresh_s=refresh * 1.1 + 1), at(crashes_per_h=crashes * 1.1 + 1),
                  at(drain_s=0)):  # fmt: skip
        assert worse.failed_share >= here.failed_share * (1 - 1e-9)
    assert at(retries=retries + 1).failed_share <= here.failed_share
    assert at(eject_after=1).met_share <= here.met_share * (1 + 1e-9)
    assert 0 <= here.failed_share <= here.met_share <= 1


def test_arrays_corners_and_sentences():
    several = model.staleness(instances=np.array([5, 50, 500]), retries=np.array([0, 1, 2]))
    assert several.failed_share[1] == pytest.approx(model.staleness(50).failed_share)
    assert several.added_ms[0] == pytest.approx(model.staleness(5, retries=0).added_ms)
    assert_finite_at_corners(model.staleness, 200)
    assert_sentences(model.MODELS)
