"""Read after write: the closed forms against reads and copies drawn one by one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import replication, sessions
from sysdesign.models.sessions import read_after_write
from tests.models.corners import assert_finite_at_corners, assert_sentences

DRAWS = 400_000


def near(model, drawn):
    """Within four standard errors of the drawn values' mean, which would notice a twentieth."""
    error = drawn.std(ddof=1) / math.sqrt(drawn.size)
    assert 4 * error < max(0.05 * abs(model), 1e-3)
    return abs(drawn.mean() - model) < 4 * error


@pytest.mark.parametrize(("lag", "think", "delay", "window"), [(0.5, 2, 0.3, 1), (3, 1, 0, 2), (0.2, 0.5, 0.4, 0.1)])
def test_missed_reads_agree_with_reads_drawn_one_by_one(lag, think, delay, window):
    generator = np.random.default_rng(7)
    shown = delay + generator.exponential(lag, DRAWS)
    read = generator.exponential(think, DRAWS)
    other, cached = generator.random((2, DRAWS)) < np.array([[0.3], [0.2]])
    old = generator.exponential(5, DRAWS) > read  # the cache still has the value from before
    given = {"delay_s": delay, "window_s": window, "other_device_share": 0.3, "cached_share": 0.2, "cache_stale_s": 5}
    for routing, missed in (
        ("any", shown > read),
        ("window", (shown > read) & (other | (read > window))),
        ("position", (shown > read) & other),
        ("primary", np.zeros(DRAWS, bool)),
    ):
        model = read_after_write(lag, think, routing, **given)
        assert near(model.missed_share, np.where(cached, old, missed).astype(float)), routing
    waited = np.where(cached | other, 0.0, np.maximum(shown - read, 0))
    assert near(read_after_write(lag, think, "position", **given).waited_s, waited)


def test_reads_that_go_backward_agree_with_two_copies_drawn():
    generator = np.random.default_rng(8)
    lag, think, writes, copies = 2.0, 1.0, 0.5, 3
    first, second = generator.exponential(lag, (2, DRAWS))
    older = second - first - generator.exponential(think, DRAWS)
    moved = generator.integers(0, copies, DRAWS) != 0
    backward = moved & (older > 0) & (generator.exponential(1 / writes, DRAWS) < older)
    model = read_after_write(lag, think, copies=copies, item_writes_per_s=writes)
    assert near(model.backward_share, backward.astype(float))


def test_lag_of_one_server_gives_what_the_replica_s_own_model_gives():
    # Without bursts the lag is exponential: reads a fixed time after the write miss it as replication.lag says.
    lag = replication.lag(50, 100, burst_factor=1, delay_s=0).mean_s
    after = -0.05 * np.log((np.arange(20_000) + 0.5) / 20_000)  # the time to the read, by its quantiles
    shares = replication.lag(50.0, 100.0, burst_factor=1.0, delay_s=0.0, read_after_s=after).stale_share
    assert read_after_write(lag, 0.05, delay_s=0, other_device_share=0).missed_share == pytest.approx(
        float(np.mean(shares)), rel=1e-3
    )


def test_limits():
    assert read_after_write(0.0, 1.0, delay_s=0).missed_share == 0
    assert read_after_write(1e6, 1e-3, other_device_share=0).missed_share == pytest.approx(1)
    assert read_after_write(5.0, 1.0, "primary", cached_share=0).missed_share == 0
    assert read_after_write(1.0, 1.0, sticky="yes").backward_share == 0
    assert read_after_write(1.0, 1.0, copies=1).backward_share == 0


@given(st.floats(0, 100), st.floats(0.01, 100), st.floats(0, 50), st.floats(0, 1), st.floats(0, 1))
def test_a_longer_window_and_fewer_other_devices_miss_less(lag, think, window, elsewhere, cached):
    def missed(window_s, other):
        return read_after_write(
            lag, think, "window", window_s, other_device_share=other, cached_share=cached
        ).missed_share

    base = missed(window, elsewhere)
    assert missed(2 * window, elsewhere) <= base + 1e-12
    assert missed(window, elsewhere / 2) <= base + 1e-12
    assert base <= read_after_write(lag, think, other_device_share=elsewhere, cached_share=cached).missed_share + 1e-12


def test_what_each_rule_costs():
    window = read_after_write(0.5, 2, "window", window_s=5, user_writes_per_s=0.1)
    assert window.primary_share == pytest.approx(1 - math.exp(-0.5))  # a write within the last five seconds
    assert read_after_write(0.5, 2, "primary").primary_share == 1
    assert read_after_write(0.5, 2, "position").primary_share == 0


def test_bad_input_is_refused():
    with pytest.raises(InvalidInput, match="routing is 'nearest'"):
        read_after_write(1.0, 1.0, "nearest")


def test_results_are_numbers_everywhere_and_said_in_words():
    assert_finite_at_corners(read_after_write)
    assert_sentences(sessions.MODELS)
