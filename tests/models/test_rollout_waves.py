"""Waves of a rollout: stairs walked minute by minute, faults drawn one by one, and what must hold of any waves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.models.deployment import staging, waves
from tests.models.corners import assert_finite_at_corners, assert_sentences

DAY = 1440  # minutes


def walked(first, growth, box, box_min, deploy, first_bake, bake, open_h, days, length):
    """The share of users minute by minute, when each wave begins, and when all have it, by a clerk with a calendar."""
    levels, begins, everybody = [], [], None
    done, size, state, left = 0.0, first, "ready", 0
    for minute in range(length):
        while left == 0 and state != "over":
            if state == "ready":
                if (minute // DAY) % 7 >= days or minute % DAY >= open_h * 60:
                    break
                begins.append(minute)
                size_now = min(size, 1 - done) if 1 - done - size > 1e-9 else 1 - done
                state, left = "box", box_min
            elif state == "box":
                state, left = "deploy", deploy
            elif state == "deploy":
                done, state, left = done + size_now, "bake", bake if len(begins) > 1 else first_bake
                size *= growth
                if done > 1 - 1e-9 and everybody is None:
                    everybody = minute
            elif state == "bake":
                state = "over" if done > 1 - 1e-9 else "ready"
        levels.append(done + {"box": size_now * box, "deploy": size_now}.get(state, 0) if begins else 0)
        left = max(left - 1, 0)
    return np.array(levels), begins, everybody


PLANS = [
    (0.02, 2, 0.1, 60, 30, 720, 180, 8, 5),
    (0.2, 1, 0, 0, 0, 6, 6, 24, 7),
    (0.05, 3, 0.2, 45, 15, 1500, 300, 10, 4),
    (0.3, 1.5, 0.5, 10, 0, 30, 10, 0.5, 6),
    (1, 2, 0, 0, 60, 60, 60, 8, 5),
]


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("clock", ["time", "use"])
@pytest.mark.parametrize("law", ["exponential", "constant"])
def test_waves_walked_minute_by_minute(plan, clock, law):
    first, growth, box, box_min, deploy, first_bake, bake, open_h, days = plan
    levels, begins, everybody = walked(*plan, 16 * DAY)
    said = waves(first, growth, box, box_min * 60, deploy * 60, first_bake * 60, bake * 60, open_h, days,
                 20_000, clock, law, 600, 2)  # fmt: skip
    assert said.waves == len(begins) and said.everybody_s == pytest.approx(60 * everybody)
    at = min(1, len(begins) - 1)
    assert said.wave_begins_s == pytest.approx(60 * begins[at])
    generator = np.random.default_rng(3)
    shows = generator.exponential(20_000 / 60, 40_000) if law == "exponential" else np.full(1, 20_000 / 60)
    area = np.concatenate([[0], np.cumsum(levels)])
    if clock == "time":
        when = shows
        lost = np.interp(when, np.arange(area.size), area)
    else:
        when = np.interp(shows, area, np.arange(area.size))
        lost = shows
    reached = levels[np.minimum(np.floor(when), levels.size - 1).astype(int)]
    assert levels[-1] == pytest.approx(1) and (when >= levels.size - 1).mean() < 1e-3
    assert said.reached_share == pytest.approx(reached.mean(), rel=0.02, abs=0.003)
    assert said.exposure_min == pytest.approx((lost + reached * 10).mean(), rel=0.02)
    full = everybody - deploy  # users of the last wave count from its deployment on
    assert said.noticed_share == pytest.approx((when < full).mean(), abs=0.006)
    following = begins[at + 1] if at + 1 < len(begins) else 60 * said.ends_s / 3600
    assert said.wave_found_share == pytest.approx((when < following).mean(), abs=0.006)


SIZES, GROWTHS, TIMES = st.floats(0.005, 1), st.floats(1, 5), st.floats(0, 2e5)


@given(SIZES, GROWTHS, st.floats(0, 1), TIMES, TIMES, TIMES, TIMES, st.floats(0.1, 24), st.integers(1, 7),
       st.floats(10, 1e6), st.sampled_from(["time", "use"]), st.sampled_from(["exponential", "constant"]))  # fmt: skip
def test_what_holds_of_any_waves(first, growth, box, box_s, deploy, first_bake, bake, opened, days, shows, clock, law):
    def at(bakes=1.0, wave=1, clock=clock):
        return waves(first, growth, box, box_s, deploy, first_bake * bakes, bake * bakes, opened, days, shows, clock,
                     law, 600, wave)  # fmt: skip

    here, slower = at(), at(bakes=2)
    assert here.exposure_min <= here.once_min * (1 + 1e-9) and 0 <= here.reached_share <= 1 + 1e-9
    assert slower.everybody_s >= here.everybody_s - 1e-6 and slower.ends_s >= here.ends_s - 1e-6
    assert slower.reached_share <= here.reached_share + 1e-9 or clock == "use"
    assert 1 <= here.working_days <= 1 + here.everybody_s / 86_400
    chances = [at(wave=each).wave_found_share for each in range(1, int(min(here.waves, 6)) + 1)]
    assert chances == sorted(chances)
    if clock == "use":  # a fault that needs so many requests meets as many, however they are spread over users
        assert here.exposure_min - here.reached_share * 10 == pytest.approx(shows / 60)


def test_one_wave_is_all_at_once():
    said = waves(1, 1, 0, 0, 0, 3600, 0, 24, 7, 600)
    assert said.exposure_min == pytest.approx(said.once_min) == pytest.approx(20) and said.everybody_s == 0


def test_first_wave_in_closed_form():
    """One hundredth of the users for a day, by time: 1 - e^(-24/8) are seen; by use, 1 - e^(-0.24/8)."""
    given_ = {"first_share": 0.01, "box_s": 0, "deploy_s": 0, "first_bake_s": 86_400, "open_h": 24, "days": 7}
    assert waves(**given_, shows_s=28_800).wave_found_share == pytest.approx(1 - np.exp(-3))
    assert waves(**given_, shows_s=28_800, clock="use").wave_found_share == pytest.approx(1 - np.exp(-0.03))


@pytest.mark.parametrize("first", [0.02, 0.01, 0.005])
@pytest.mark.parametrize("bake_h", [3, 4])
def test_bakes_of_amazon_take_four_or_five_working_days(first, bake_h):
    """An hour after one box, 12 after the first wave, two to four after the others: three or four, in six to eight
    waves."""
    said = waves(first, 2, bake_s=bake_h * 3600)
    assert 6 <= said.waves <= 8 and said.working_days in (4, 5)


def test_a_weekend_is_waited_for():
    said = waves(0.5, 1, 0, 0, 60, 5 * 86_400, 0, 8, 5)
    assert said.everybody_s == 7 * 86_400 + 60 and said.working_days == 6


def test_arrays_corners_and_sentences():
    firsts = np.array([0.005, 0.02, 1])
    for name in ("everybody_s", "exposure_min", "wave_found_share", "noticed_share"):
        assert getattr(waves(firsts), name) == pytest.approx([getattr(waves(each), name) for each in firsts])
    assert_finite_at_corners(waves, 300)
    assert_sentences(staging.MODELS)
