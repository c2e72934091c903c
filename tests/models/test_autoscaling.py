"""Scaling loops against one that keeps every instance apart, against delays added up, and by what must hold."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import autoscaling as model
from tests.models.corners import assert_finite_at_corners, assert_sentences


class Instance:
    def __init__(self, asked, start, warmup):
        self.serves, self.counts, self.gone = asked + start, asked + start + warmup, math.inf


def one_by_one(
    before, raised, hold, *, target, ends, delay, period, outs, ins, tolerance, start, warmup, counted, cool_out,
    cool_in, queued, least,
):  # fmt: skip
    """Every second anew: which instances serve, what they measure, what the loop has seen and asks for."""
    fleet = [Instance(-1e9, 0, 0) for _ in range(max(least, math.ceil(before / target - 1e-9)))]
    measured, seconds, decided, told = [], [], {"out": [], "in": []}, []
    backlog = refused = 0.0
    serving = []
    total = int(hold + (ins + 10) * period + delay + start + warmup + cool_in)
    for now in range(total):
        alive = [each for each in fleet if each.gone > now]
        if now and now % period == 0:
            measured.append((now + delay, np.mean(seconds[-period:])))
        due = [value for seen, value in measured if seen == now]
        for value in due:
            trusted = [each for each in alive if each.counts <= now]
            told.append((value, max(least, math.ceil(len(trusted) * value / target - 1e-9))))
            above = len(told) >= outs and all(v > target * (1 + tolerance) + 1e-9 for v, _ in told[-outs:])
            below = len(told) >= ins and all(v < target * (1 - tolerance) - 1e-9 for v, _ in told[-ins:])
            last_out = decided["out"][-1] if decided["out"] else -math.inf
            last = max(last_out, decided["in"][-1] if decided["in"] else -math.inf)
            if above and now >= last_out + cool_out:
                more = told[-1][1] - (len(alive) if counted else len(trusted))
                if more > 0:
                    fleet += [Instance(now, start, warmup) for _ in range(more)]
                    decided["out"].append(now)
            elif below and now >= last + cool_in:
                fewer = len(alive) - max(wanted for _, wanted in told[-ins:])
                if fewer > 0:
                    decided["in"].append(now)
                    for each in sorted(alive, key=lambda one: (one.serves > now, one.serves), reverse=True)[:fewer]:
                        each.gone = now
        alive = [each for each in fleet if each.gone > now]
        capacity = sum(each.serves <= now for each in alive)
        demand = raised if now < hold else before
        served = min(demand + backlog, capacity)
        if queued:
            backlog = demand + backlog - served
        else:
            refused += demand - served
        seconds.append((served if ends else demand) / capacity)
        serving.append((capacity, len(alive), demand))
    capacity, asked, demand = (np.array(each, dtype=float) for each in zip(*serving, strict=True))
    return {
        "short_s": np.sum(demand > capacity + 1e-9), "most_instances": asked.max(),
        "unserved_share": refused / demand.sum(), "peak_share": (demand / capacity).max(),
        "outs": len(decided["out"]), "ins": len(decided["in"]), "first_out_s": decided["out"][:1],
    }  # fmt: skip


LOOPS = st.fixed_dictionaries({
    "target": st.sampled_from([0.3, 0.5, 0.6, 0.75]), "ends": st.booleans(), "delay": st.sampled_from([0, 7, 30]),
    "period": st.sampled_from([15, 20, 60]), "outs": st.integers(1, 4), "ins": st.integers(1, 12),
    "tolerance": st.sampled_from([0.0, 0.1]), "start": st.sampled_from([0, 5, 45, 120]),
    "warmup": st.sampled_from([0, 20, 90]), "counted": st.booleans(), "cool_out": st.sampled_from([0, 60]),
    "cool_in": st.sampled_from([0, 200]), "queued": st.booleans(), "least": st.integers(1, 4),
})  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(LOOPS, st.sampled_from([2.0, 6.0, 7.3]), st.sampled_from([1.5, 8.0, 15.0, 31.0]), st.sampled_from([600, 1500]))
def test_a_loop_that_keeps_every_instance_apart_does_the_same(loop, before, raised, hold):
    played = one_by_one(before, raised, hold, **loop)
    said = model.step(
        10 * before, 10 * raised, 10, loop["target"], "utilization" if loop["ends"] else "demand", loop["delay"],
        loop["period"], loop["outs"], loop["ins"], loop["tolerance"], loop["start"], loop["warmup"],
        "counted" if loop["counted"] else "ignored", loop["cool_out"], loop["cool_in"], 0, hold,
        "queued" if loop["queued"] else "refused", loop["least"],
    )  # fmt: skip
    if played["most_instances"] > 5000:
        return
    assert (said.outs, said.ins) == (played["outs"], played["ins"])
    assert said.most_instances == played["most_instances"] and said.short_s == played["short_s"]
    assert said.peak_share == pytest.approx(played["peak_share"])
    assert said.unserved_share == pytest.approx(played["unserved_share"], abs=1e-9)
    assert not played["first_out_s"] or said.first_out_s == played["first_out_s"][0]


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([10, 15, 60]), st.integers(1, 5), st.integers(0, 90), st.integers(0, 400), st.floats(1.8, 6),
)  # fmt: skip
def test_a_signal_without_end_is_short_for_the_lag(period, points, delay, start, rise):
    said = model.step(
        600, 600 * rise, signal="demand", period_s=period, out_points=points, metric_delay_s=delay, start_s=start,
        warmup_s=2 * period + delay, in_points=100, hold_s=7200,
    )  # fmt: skip
    lag = model.headroom(metric_delay_s=delay, period_s=period, out_points=points, start_s=start).lag_s
    assert said.short_s == pytest.approx(lag) and said.outs == 1 and said.overshoot == 0
    assert said.peak_share == pytest.approx(rise * 0.6)
    assert said.unserved_share == pytest.approx(
        (rise * 0.6 - 1) * lag * 10 / (rise * 6 * 7200 + 6 * (len_of(said) - 7200)), rel=1e-6
    )


def len_of(said):
    return said.time_s[-1] + 1


@pytest.mark.parametrize(("rise", "target"), [(2, 0.6), (4, 0.6), (8, 0.6), (8, 0.5), (20, 0.4)])
def test_a_signal_that_ends_takes_rounds(rise, target):
    """Each round that finds instances full grows by 1 / target, and the first that does not is the last."""
    said = model.step(
        1000 * target, 1000 * target * rise, 1, target, period_s=30, out_points=1, metric_delay_s=0, tolerance=0,
        start_s=30, warmup_s=60, hold_s=7200, most=10**6,
    )  # fmt: skip
    full = max(math.ceil(math.log(rise * target) / math.log(1 / target)), 0)
    once = model.step(
        1000 * target, 1000 * target * rise, 1, target, "demand", period_s=30, out_points=1, metric_delay_s=0,
        tolerance=0, start_s=30, warmup_s=60, hold_s=7200, most=10**6,
    )  # fmt: skip
    assert said.outs in (full, full + 1) and once.outs == 1
    assert (said.short_s >= max(full, 1) * 60 - 1e-6 and said.short_s > once.short_s) or full <= 1
    assert said.most_instances == pytest.approx(1000 * rise, rel=0.01)


def test_what_is_on_its_way_is_asked_for_again_if_it_is_ignored():
    said = model.step(
        signal="demand", starting="ignored", period_s=60, out_points=1, metric_delay_s=0, start_s=600, hold_s=3600
    )
    asked = np.interp([90, 150, 210, 270], said.time_s, said.asked)
    assert asked == pytest.approx([10 + 15 * k for k in (1, 2, 3, 4)])
    assert model.step(signal="demand", period_s=60, out_points=1, metric_delay_s=0, start_s=600).most_instances == 25


def test_instances_that_count_at_once_are_read_by_old_measurements():
    old, new = (model.step(warmup_s=warmup).overshoot for warmup in (0, 120))
    assert old > 0.5 and new == 0


def test_a_pause_after_adding_hides_what_is_ignored():
    paused = model.step(signal="demand", starting="ignored", out_cooldown_s=600)
    assert paused.overshoot == 0 and model.step(signal="demand", starting="ignored").overshoot > 1


def test_queued_work_waits_for_what_was_not_served():
    said = model.step(signal="demand", unserved="queued")
    lag = model.headroom().lag_s
    assert said.longest_wait_s == pytest.approx((15 - 10) * lag / 10, rel=0.02) and said.unserved_share == 0


@given(st.floats(0.05, 1), st.integers(1, 9), st.floats(0, 3), st.floats(0, 600), st.floats(0, 900))
def test_the_target_that_survives_is_full_just_as_instances_come(target, zones, growth, delay, start):
    said = model.headroom(target, zones, 0, growth, delay, start_s=start)
    again = model.headroom(said.growth_target, zones, 0, growth, delay, start_s=start)
    assert again.peak_share == pytest.approx(1)
    assert said.growth_per_min == pytest.approx((1 / target - 1) * 60 / said.lag_s, abs=1e-12)
    assert said.both_target <= said.either_target <= 1


@pytest.mark.parametrize(("growth", "start"), [(0.05, 120), (0.2, 300)])
def test_the_target_found_is_not_short_when_it_is_played(growth, start):
    found = model.headroom(
        growth_share=growth, start_s=start, period_s=60, out_points=1, metric_delay_s=0, zones_lost=0
    )
    for target, short in ((found.growth_target * 0.85, False), (min(found.growth_target * 1.15, 0.99), True)):
        said = model.step(
            1000, 1000 * (1 + growth * 30), 1, target, "demand", period_s=60, out_points=1, metric_delay_s=0,
            tolerance=0, start_s=start, warmup_s=120, rise_s=1800, hold_s=1800,
        )  # fmt: skip
        assert (said.short_s > 60) == short


def test_what_cannot_be_played_is_refused():
    with pytest.raises(InvalidInput, match="a shorter hold_s"):
        model.step(period_s=1, hold_s=1e6)
    with pytest.raises(InvalidInput, match="nothing is left"):
        model.headroom(zones=2, zones_lost=2)


def test_results_are_numbers_everywhere():
    assert_finite_at_corners(model.headroom)
    assert_finite_at_corners(model.step, 60)


def test_sentences():
    assert_sentences(model.MODELS)
