from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models.retries import ladder, ladders, rescued
from tests.models.corners import assert_finite_at_corners, assert_sentences

STANDARD = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
NONE = "4 attempts over 6.02 minutes deliver none of the events that meet such an outage: it outlasts the last of them."
WAITS = st.lists(st.floats(0.1, 1e5), min_size=1, max_size=8)
LEFT = st.sampled_from(("fixed", "uniform", "exponential"))


def events_played(waits, outage, left, jitter, count, generator):
    """One event after another, attempt by attempt: (delivered, calls, delay, lag)."""
    found = np.zeros((count, 4))
    for event in found:
        draws = {"fixed": outage, "uniform": generator.uniform(0, outage), "exponential": generator.exponential(outage)}
        ends, planned = draws[left], 0.0
        event[1] = 1
        for wait in waits:
            planned += wait
            event[1] += 1
            now = planned - jitter * wait * generator.random()
            if now >= ends:
                event[[0, 2, 3]] = 1, now, now - ends
                break
    return found


@pytest.mark.parametrize(
    ("waits", "outage", "left", "jitter"),
    [
        (ladders.SVIX, 40_000, "exponential", 0),
        (ladders.SVIX, 40_000, "exponential", 1),
        (ladders.SVIX, 30_000, "uniform", 0.5),
        (STANDARD[:6], 60_000, "fixed", 0.8),
        ((60, 60, 60), 200, "uniform", 1),
        ((60, 60, 60), 130, "fixed", 1),
    ],
)
def test_it_agrees_with_events_played_one_by_one(waits, outage, left, jitter):
    played = events_played(waits, outage, left, jitter, 40_000, np.random.default_rng(7))
    found = ladder(waits, outage, left, jitter)
    done = played[played[:, 0] == 1]
    assert found.delivered_share == pytest.approx(played[:, 0].mean(), abs=0.01)
    assert found.calls == pytest.approx(played[:, 1].mean(), rel=0.01)
    assert found.mean_delay_s == pytest.approx(done[:, 2].mean(), rel=0.02)
    assert found.mean_lag_s == pytest.approx(done[:, 3].mean(), rel=0.03)
    assert found.p99_delay_s == pytest.approx(np.quantile(done[:, 2], 0.99), rel=0.01)


def test_the_plan_alone_says_when_a_known_outage_is_over():
    found = ladder(STANDARD, 3 * 3600)
    assert (found.attempts, found.window_s, found.calls) == (10, 272_105, 6)
    assert found.mean_lag_s == 5 + 300 + 1800 + 7200 + 18000 - 3 * 3600
    assert found.p99_delay_s == found.mean_delay_s == 27_305
    assert ladder(STANDARD, 272_105).delivered_share == 1 and ladder(STANDARD, 272_105.001).delivered_share == 0


def test_many_even_waits_leave_half_a_wait_and_random_outages_fade():
    even = ladder((60,) * 1000, 50_000, "uniform")
    assert even.mean_lag_s == pytest.approx(30, rel=0.01) and even.mean_delay_s == pytest.approx(25_030, rel=0.01)
    for waits in ((60, 600), (60, 600, 6000)):
        assert ladder(waits, 3600, "exponential").lost_per_million == pytest.approx(1e6 * math.exp(-sum(waits) / 3600))


@given(WAITS, LEFT, st.floats(1, 1e6), st.floats(0, 1), st.floats(0.1, 1e5))
def test_one_retry_more_loses_no_more_and_jitter_brings_nothing_too_soon(waits, left, outage, jitter, wait):
    here, more = ladder(waits, outage, left, jitter), ladder([*waits, wait], outage, left, jitter)
    assert more.delivered_share >= here.delivered_share - 1e-9 and more.calls >= here.calls - 1e-9
    assert here.delivered_share <= ladder(waits, outage, left).delivered_share + 1e-9
    assert 0 <= here.mean_lag_s <= max(max(waits) * (1 + 1e-6), here.window_s * (here.delivered_share < 1e-6)) + 1e-6
    assert 1 <= here.calls <= here.attempts + 1e-9
    assert here.p99_delay_s <= here.window_s * (1 + 1e-9)
    assert here.lost_per_million == pytest.approx(1e6 * (1 - here.delivered_share), abs=1e-3)


@given(WAITS, LEFT, st.floats(0, 1))
def test_arrays_are_answered_as_their_numbers_are(waits, left, jitter):
    outages = np.array([30.0, 4e3, 3e5])
    every = ladder(waits, outages, left, jitter)
    for at, outage in enumerate(outages):
        alone = ladder(waits, float(outage), left, jitter)
        for name in ("window_s", "delivered_share", "calls", "mean_delay_s", "p99_delay_s", "mean_lag_s"):
            assert getattr(every, name)[at] == pytest.approx(getattr(alone, name))


def test_ends_are_finite_and_long_lists_refused():
    assert_finite_at_corners(ladder)
    assert_sentences(ladders.MODELS)
    with pytest.raises(InvalidInput, match="1001 waits"):
        ladder((1,) * 1001)


@given(
    st.integers(2, 40), st.floats(0.01, 1e4), st.floats(1, 20), st.floats(0.01, 1e5), st.floats(1, 1e6),
    st.floats(0.001, 0.9),
)  # fmt: skip
def test_waits_that_grow_up_to_a_cap_lag_as_their_list_does(attempts, first, factor, longest, outage, share):
    waits = [min(first * factor**at, longest) for at in range(attempts - 1)]
    found = rescued(attempts, share, 1, outage, first, factor, longest)
    listed = ladder(waits, outage, "exponential")
    assert found.longest_wait_s == pytest.approx(listed.window_s)
    assert found.mean_lag_s == pytest.approx(listed.mean_lag_s, rel=1e-6, abs=1e-6 * outage)


def test_a_lag_is_about_half_of_short_waits_and_all_of_one_after_short_outages():
    even = {"failed_share": 0.1, "lasting_share": 1, "factor": 1}
    assert rescued(100, outage_s=60, first_wait_s=10, longest_s=10, **even).mean_lag_s == pytest.approx(
        10 / -math.expm1(-1 / 6) - 60, rel=1e-6
    )
    assert rescued(2, outage_s=1, first_wait_s=600, longest_s=600, **even).mean_lag_s == pytest.approx(599)
    assert rescued(2, outage_s=1e7, first_wait_s=0.001, longest_s=600, **even).mean_lag_s == pytest.approx(5e-4)
    assert rescued(1, outage_s=60, **even).mean_lag_s == 0


def test_lags_are_those_of_events_played_one_by_one():
    played = events_played([60, 180, 540, 1620], 900, "exponential", 0, 40_000, np.random.default_rng(3))
    found = rescued(5, 0.02, 1, 900, 60, 3, 86_400)
    assert found.mean_lag_s == pytest.approx(played[played[:, 0] == 1, 3].mean(), rel=0.03)


def test_where_nothing_is_delivered_no_delay_is_told():
    """The delays are those of the window, the 99th percentile not below the mean."""
    found = ladder((1, 60, 300), 21600)
    assert found.delivered_share == 0 and found.p99_delay_s == found.mean_delay_s == found.window_s == 361
    assert ladders.MODELS[0].sentence({}, found) == NONE
