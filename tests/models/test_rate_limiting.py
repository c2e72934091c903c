"""Rate limiters: worst cases against a search of arrivals, refusals against loss formulas, and each other."""

import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sysdesign.models import rate_limiting
from sysdesign.models.queueing import kernels as queueing_kernels
from sysdesign.models.queueing import sizing
from sysdesign.models.rate_limiting import kernels
from tests.models.corners import assert_finite_at_corners, assert_sentences

EVERY = tuple(rate_limiting.KINDS)


class Plain:
    """Each limiter told anew, with lists, as its rule is usually told."""

    def __init__(self, algorithm, limit, window, burst):
        self.algorithm, self.limit, self.window, self.burst = algorithm, limit, window, burst
        self.log, self.counts, self.tokens, self.last, self.due = [], {}, float(burst), 0.0, 0.0

    def admits(self, now):
        slot = math.floor(now / self.window)
        rate = self.limit / self.window
        if self.algorithm == "sliding log":
            good = sum(now - then < self.window for then in self.log) < self.limit
            if good:
                self.log.append(now)
            return good
        if self.algorithm in ("fixed window", "sliding counter"):
            seen = self.counts.get(slot, 0)
            if self.algorithm == "sliding counter":
                seen += self.counts.get(slot - 1, 0) * (1 - (now / self.window - slot))
            good = seen < self.limit
            self.counts[slot] = self.counts.get(slot, 0) + good
            return good
        if self.algorithm == "gcra":
            good = now >= self.due - (self.burst - 1) / rate
            if good:
                self.due = max(now, self.due) + 1 / rate
            return good
        self.tokens = min(self.burst, self.tokens + (now - self.last) * rate)
        self.last = now
        good = self.tokens >= 1
        self.tokens -= good
        return good


@pytest.mark.parametrize("algorithm", EVERY)
def test_the_kernels_do_what_the_rules_told_plainly_do(algorithm):
    gaps = np.random.default_rng(5).exponential(0.31, 3000)
    plain = Plain(algorithm, 7, 2.0, 4)
    expected = [plain.admits(now) for now in np.cumsum(gaps)]
    result = rate_limiting.replay(algorithm, gaps, 7, 2.0, 4)
    assert result.passed.tolist() == [int(each) for each in expected]
    assert result.admitted == sum(expected)


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(EVERY),
    st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.05, 0.1, 0.33, 0.5, 0.9, 1.0]), min_size=1, max_size=200),
    st.integers(1, 9),
    st.integers(1, 9),
    st.floats(0.02, 3.4),
)
def test_no_arrivals_pass_more_than_the_envelope_in_any_span(algorithm, gaps, limit, burst, span):
    times = np.cumsum(gaps)
    passed = times[kernels.admitted(rate_limiting.KINDS[algorithm], times, limit, 1.0, float(burst))]
    claim = rate_limiting.envelope(algorithm, limit, 1.0, burst, span)
    assert kernels.most_within(passed, span) <= claim.most_in_span
    assert kernels.most_within(passed, 1.0) <= claim.most_in_window
    assert kernels.most_within(passed, 1e-6) <= claim.most_at_once


@pytest.mark.parametrize("algorithm", EVERY)
@pytest.mark.parametrize("span", [0.4, 1.0, 1.7, 3.0])
def test_a_greedy_client_reaches_the_envelope_so_it_could_not_be_5_percent_lower(algorithm, span):
    limit, burst = 40, 20
    flood = np.arange(0.9995, 1 + span + 3, 0.0005)  # waits for the end of a window, then never stops
    passed = flood[kernels.admitted(rate_limiting.KINDS[algorithm], flood, limit, 1.0, float(burst))]
    burst_first = np.concatenate([np.full(100, 0.99999), flood[flood > 1]])
    again = burst_first[kernels.admitted(rate_limiting.KINDS[algorithm], burst_first, limit, 1.0, float(burst))]
    seen = max(kernels.most_within(times, span) for times in (passed, again))
    claim = rate_limiting.envelope(algorithm, limit, 1.0, burst, span).most_in_span
    assert seen <= claim
    assert seen > 0.95 * claim


def test_a_sliding_log_refuses_what_erlangs_loss_formula_says():
    model = rate_limiting.load("sliding log", "exponential(rate=2)", 10, 4.0, relative_width=0.01, most_runs=160)
    truth = sizing.erlang_b(8, 10).blocked
    assert model.refused_low <= truth <= model.refused_high
    assert not model.refused_low <= 1.05 * truth <= model.refused_high
    assert model.admitted_per_s == pytest.approx(2 * (1 - model.refused_share))


def test_a_fixed_window_refuses_the_excess_of_a_poisson_count():
    model = rate_limiting.load("fixed window", "exponential(rate=2)", 10, 4.0, relative_width=0.01, most_runs=160)
    n = np.arange(200)
    truth = float(np.sum(np.maximum(n - 10, 0) * stats.poisson.pmf(n, 8)) / 8)
    assert model.refused_low <= truth <= model.refused_high
    assert not model.refused_low <= 1.05 * truth <= model.refused_high


@pytest.mark.parametrize("algorithm", rate_limiting.BUCKETS)
def test_a_bucket_refuses_what_a_queue_with_constant_service_and_few_places_loses(algorithm):
    """A leaky bucket of 4 is an M/D/1 queue with 4 places, whose loss follows from the unlimited queue's states."""
    load, places = 0.8, 4
    above = 1 - queueing_kernels.md1_states(load, places).sum()
    truth = (1 - load) * above / (1 - load * above)
    model = rate_limiting.load(algorithm, "exponential(rate=0.8)", 10, 10.0, places, 0.005, 320, seed=3)
    assert model.refused_low <= truth <= model.refused_high
    assert not model.refused_low <= 1.05 * truth <= model.refused_high


@given(st.lists(st.floats(0.001, 2), min_size=1, max_size=120), st.integers(1, 20), st.integers(1, 8))
def test_token_bucket_leaky_bucket_and_gcra_admit_the_same(gaps, limit, burst):
    results = [rate_limiting.replay(name, gaps, limit, 3.0, burst).passed.tolist() for name in rate_limiting.BUCKETS]
    assert results[0] == results[1] == results[2]


def test_a_peak_passes_for_as_long_as_the_bucket_says():
    claim = rate_limiting.token_bucket(100, 200, 10, 300)
    times = np.arange(1, 4000) / 300
    passed = kernels.admitted(kernels.TOKEN_BUCKET, times, 100, 1.0, 200.0)
    assert times[np.argmin(passed)] == pytest.approx(claim.lasts_s, abs=0.02)
    late = passed[times > 5]
    assert 1 - late.mean() == pytest.approx(claim.refused_share, abs=0.002)
    assert rate_limiting.token_bucket(100, 200, 1, 99).lasts_s == 0
    many = rate_limiting.token_bucket(np.array([1.0, 100.0]), 10, 2, 50)
    assert many.max_admitted.tolist() == [12, 210]


@given(st.floats(0, 1000), st.floats(0, 1000), st.floats(0, 1), st.integers(1, 1000))
def test_what_is_left_is_what_may_still_come(previous, current, position, limit):
    here = rate_limiting.sliding_counter(previous, current, position, limit)
    assert (here.decision == "admitted") == (here.left > 0)
    if here.left > 0:
        last = rate_limiting.sliding_counter(previous, current + here.left - 1, position, limit)
        assert last.decision == "admitted"
    assert rate_limiting.sliding_counter(previous, current + here.left, position, limit).decision == "refused"


def test_the_kernels_answer_alike_without_the_compiler():
    code = (
        "import json, numpy as np; from sysdesign.models.rate_limiting import kernels as k;"
        "t=np.cumsum(np.random.default_rng(5).exponential(.3,400));"
        "print(json.dumps([[int(x) for x in k.admitted(i,t,7,2.,4.)] for i in range(6)]+[int(k.most_within(t,2.))]))"
    )
    answers = []
    for off in ("0", "1"):
        env = os.environ | {"NUMBA_DISABLE_JIT": off}
        run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
        answers.append(json.loads(run.stdout))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("model", [m.function for m in rate_limiting.MODELS], ids=lambda f: f.__name__)
def test_ends_of_the_ranges(model):
    assert_finite_at_corners(model, most=60 if model.__name__ == "load" else 400)


def test_sentences():
    assert_sentences(rate_limiting.MODELS)


def test_the_windows_of_a_record_are_counted_one_by_one():
    gaps = np.random.default_rng(3).exponential(0.4, 60)
    found = rate_limiting.replay("sliding counter", gaps, 10, 5.0, 5)
    times, passed = np.cumsum(gaps), found.passed.astype(bool)
    for at, now in enumerate(times):
        inside = (times > now - 5.0) & (times <= now)
        assert found.asked_in_window[at] == inside.sum()
        assert found.admitted_in_window[at] == (inside & passed).sum()
    assert found.admitted_in_window.max() == found.most_in_window
    long = rate_limiting.replay("sliding counter", np.full(5000, 0.01), 10, 5.0, 5)
    assert long.at_s.size == 400 and long.admitted_in_window.max() == long.most_in_window


@pytest.mark.parametrize("span", [1.0, 59.0, 60.0, 250.0])
def test_a_bucket_under_a_flood_admits_its_envelope(span):
    """Full at the start, then asked every hundredth of a second: what passes up to the span's end, included."""
    times = np.arange(round(span * 100) + 1) / 100
    passed = kernels.admitted(rate_limiting.KINDS["token bucket"], times, 100, 60.0, 20.0)
    found = rate_limiting.envelope("token bucket", 100, 60.0, 20, span_s=span)
    assert passed.sum() == found.most_in_span
