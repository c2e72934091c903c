"""Checkpoints of a stream: closed forms, laws, and a job that fails second by second."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.models.dataflow import checkpoint
from sysdesign.models.interruption import finish
from sysdesign.models.messaging import backlog
from tests.models.corners import assert_finite_at_corners


def failed(interval, save, slowed, arrivals, services, restart, generator, failures=3000):
    """Each failure falls anywhere between two checkpoints; the job then works off what it missed, slowed by saves.

    Steps of a second until it is current again; records read again and seconds, mean and most.
    """
    begun = generator.random(failures) * interval  # since the last checkpoint began
    lost = np.where(begun >= save, begun, begun + interval)
    behind = (lost + restart) * arrivals
    again = lost * arrivals
    took = np.full(failures, restart)
    clock = 0.0
    while np.any(behind > 0):
        open_ = behind > 0
        pace = services * (1 - slowed * (clock % interval < save))
        took[open_] += np.minimum(1, behind[open_] / max(pace - arrivals, 1e-9))
        behind[open_] -= pace - arrivals
        clock += 1
    return again.mean(), took.mean(), took.max()


@pytest.mark.parametrize(
    ("interval", "save", "slowed", "services", "restart"),
    [(60, 10, 0.1, 75_000, 60.0), (600, 50, 0.3, 60_000, 120.0), (30, 15, 0.05, 150_000, 10.0)],
)
def test_failures_played_second_by_second(interval, save, slowed, services, restart):
    again, took, most = failed(interval, save, slowed, 50_000, services, restart, np.random.default_rng(4))
    said = checkpoint(interval, save, slowed, 50_000, services, restart)
    assert said.replayed == pytest.approx(again, rel=0.03)
    assert said.until_current_s == pytest.approx(took, rel=0.03)
    assert said.longest_s == pytest.approx(most, rel=0.03)


def test_what_other_models_say():
    """Catching up is the backlog of an outage; a save that stops work is Young's and Daly's."""
    said = checkpoint(100, 10, 1e-4, 50_000, 75_000, 60)
    assert said.until_current_s - 60 == pytest.approx(backlog(50_000, 75_000, outage_s=120).drain_s, rel=1e-3)
    exact = finish(between_h=50, checkpoint_s=10)
    best = checkpoint(slowed=1, save_s=10, between_h=50).best_interval_s
    assert best == pytest.approx(exact.young_h * 3600) == pytest.approx(exact.best_interval_h * 3600, rel=0.02)


@settings(max_examples=40)
@given(
    st.floats(1, 1e4),
    st.floats(0.01, 100),
    st.floats(1e-3, 1),
    st.floats(1.01, 10),
    st.floats(0, 1e4),
    st.floats(0.1, 1e5),
)
def test_the_best_interval_takes_least(interval, save, slowed, room, restart, between):
    def taken(every):
        return checkpoint(every, save, slowed, 1000, 1000 * room, restart, between).taken_share

    said = checkpoint(interval, save, slowed, 1000, 1000 * room, restart, between)
    best = said.best_interval_s
    assert taken(best) <= said.taken_share * (1 + 1e-9)
    assert said.until_current_s <= said.longest_s and said.until_current_s >= restart
    assert (
        checkpoint(interval, save, slowed, 1000, 2000 * room, restart, between).until_current_s <= said.until_current_s
    )
    least = said.least_interval_s
    assert checkpoint(least * 1.01 + 1e-6, save, slowed, 1000, 1000 * room, restart, between).until_current_s < 1e12


def test_without_room_it_never_catches_up():
    assert checkpoint(services_per_s=50_000).until_current_s == 1e12
    assert checkpoint(12, 10, 0.5, services_per_s=75_000).until_current_s == 1e12
    assert checkpoint(5, 10).age_s == checkpoint(10, 10).age_s == 15


def test_arrays_and_corners():
    every = np.array([30, 600])
    assert checkpoint(every).age_s == pytest.approx([checkpoint(each).age_s for each in every])
    assert_finite_at_corners(checkpoint, 300)
