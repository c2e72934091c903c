from __future__ import annotations

import heapq

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.models.messaging import isolation, pools
from tests.models.corners import assert_finite_at_corners, assert_sentences


def pool_played(rate, answer, share, timeout, workers, hung, limit, horizon, generator):
    """Delivery by delivery: begins of sound ones (arrival, wait), and the time of workers in calls that hang."""
    comes = np.cumsum(generator.exponential(1 / rate, int(rate * horizon)))
    whose = np.where(generator.random(comes.size) < share, generator.integers(0, hung, comes.size), -1)
    lines, inside, free, ends = {each: [] for each in range(hung)}, [0] * hung, workers, []
    line, head, sound, held = [], 0, [], 0.0
    for now, who in [*zip(comes, whose, strict=True), (np.inf, -1)]:
        while True:
            if free and head < len(line):  # first come, first served, of those that may go
                came, which, ready = line[head]
                head += 1
                free -= 1
                spent = timeout if which >= 0 else generator.exponential(answer)
                heapq.heappush(ends, (ready + spent, which))
                if which < 0:
                    sound.append((came, ready - came))
                else:
                    held += max(0.0, min(ready + spent, comes[-1]) - ready)
                continue
            if not ends or ends[0][0] > now or now == np.inf:
                break
            ended, which = heapq.heappop(ends)
            free += 1
            if which >= 0:
                inside[which] -= 1
                if lines[which]:
                    line.insert(head, (lines[which].pop(0), which, ended))
                    inside[which] += 1
            if head < len(line):
                came, other, ready = line[head]
                line[head] = (came, other, max(ready, ended))
        if now == np.inf:
            break
        if who >= 0 and inside[who] >= limit:
            lines[who].append(now)
            continue
        if who >= 0:
            inside[who] += 1
        line.append((now, who, now))
    return np.array(sound), held / comes[-1]


@pytest.mark.parametrize(("workers", "share"), [(20, 0.3), (15, 0.2)])
def test_a_shared_pool_falls_behind_as_fast_as_one_played(workers, share):
    found = isolation(20, 0.5, share, 5, workers, 3, 100_000)
    assert found.load > 1
    sound, _ = pool_played(20, 0.5, share, 5, workers, 3, 10**9, 12_000, np.random.default_rng(3))
    slope = np.polyfit(sound[:, 0], sound[:, 1], 1)[0] * 3600
    assert found.late_each_hour_s == pytest.approx(slope, rel=0.03)


@pytest.mark.parametrize(("workers", "limit", "hung"), [(24, 2, 4), (20, 1, 6), (18, 3, 2)])
def test_with_a_limit_the_others_wait_as_in_one_played(workers, limit, hung):
    found = isolation(20, 0.5, 0.1, 60, workers, hung, limit)
    assert found.held == hung * limit
    sound, held = pool_played(20, 0.5, 0.1, 60, workers, hung, limit, 10_000, np.random.default_rng(4))
    settled = sound[len(sound) // 20 :, 1]
    assert held == pytest.approx(found.held, rel=0.02)
    assert found.limited_waiting == pytest.approx((settled > 0).mean(), abs=0.02)


def test_the_published_kind_of_pool_is_full_and_the_limit_frees_it():
    found = isolation()
    assert (found.hung_calls, found.healthy_calls, found.held) == (300, 98, 50)
    assert found.late_each_hour_s == pytest.approx(3600 * (398 / 200 - 1))
    assert found.limited_late_each_hour_s == 0 and found.limited_load == 98 / 150
    assert found.largest_limit == 7 and isolation(limit=7).limited_load <= 0.8 < isolation(limit=8).limited_load


@given(st.floats(1, 2000), st.floats(0, 0.5), st.floats(1, 60), st.integers(10, 5000), st.integers(1, 50))
def test_a_limit_never_holds_more_and_hurts_nobody_sound(rate, share, timeout, workers, limit):
    found = isolation(rate, 0.2, share, timeout, workers, 10, limit)
    looser = isolation(rate, 0.2, share, timeout, workers, 10, limit + 1)
    assert found.held <= min(found.hung_calls, workers) and found.held <= looser.held
    assert found.limited_load <= looser.limited_load and found.limited_waiting <= looser.limited_waiting + 1e-9
    assert 0 <= found.limited_waiting <= 1
    several = isolation(rate, 0.2, share, timeout, workers, 10, np.array([limit, limit + 1]))
    assert several.limited_waiting[1] == pytest.approx(looser.limited_waiting)


def test_ends_are_finite_and_sentences_say_what_comes_out():
    assert_finite_at_corners(isolation)
    assert_sentences(pools.MODELS)
