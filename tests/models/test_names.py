from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.models.balancing import name_failover, names
from tests.models.corners import assert_finite_at_corners, assert_sentences


def clients_played(every, count, timeout, publish, ttl, kept, stay, second, phases, generator, clients=400_000):
    """When each client has left, check by check and cache by cache."""
    noticed = np.empty(clients)
    for at, phase in enumerate(generator.uniform(0, every, phases)):  # from the failure to the next check
        noticed[at::phases] = phase + (count - 1) * every + timeout
    keeps = generator.random(clients) < kept
    rest = np.where(keeps, generator.exponential(stay, clients), generator.uniform(0, ttl, clients))
    return np.where(generator.random(clients) < second, 0.0, noticed + publish + rest), noticed


@pytest.mark.parametrize(
    "given_",
    [(10, 3, 2, 5, 60, 0.1, 1800, 0), (5, 2, 1, 0, 300, 0.02, 3600, 0.3), (0.5, 2, 0.1, 1, 30, 0.5, 20, 0)],
)
def test_clients_leave_as_played(given_):
    left, noticed = clients_played(*given_, 1000, np.random.default_rng(5))
    found = name_failover(*given_, moved=0.97, after_s=100)
    assert found.detect_s == pytest.approx(noticed.mean(), rel=0.02) and found.detect_most_s >= noticed.max()
    assert found.mean_s == pytest.approx(left.mean(), rel=0.02)
    assert found.moved_s == pytest.approx(np.quantile(left, 0.97), rel=0.04)
    assert found.hurt_share == pytest.approx((left > 100).mean(), rel=0.04)


def test_one_address_ends_when_it_is_noticed_and_a_lifetime_at_its_end():
    assert name_failover(5, 2, 1, 3, 0, 0).moved_s == name_failover(5, 2, 1, 3, 0, 0).mean_s == pytest.approx(11.5)
    named = name_failover(5, 2, 1, 3, 100, 0, moved=0.9)
    assert named.moved_s == pytest.approx(11.5 + 90) and named.mean_s == pytest.approx(11.5 + 50)
    assert name_failover(second_share=1).mean_s == 0 and name_failover(second_share=1).moved_s == 0


@given(st.floats(0, 1e4), st.floats(0, 1), st.floats(1, 1e5), st.floats(0, 1), st.floats(0, 0.999))
def test_longer_lifetimes_and_keeping_hurt_longer(ttl, kept, stay, second, moved):
    def at(ttl_s, share, stay_s):
        return name_failover(10, 3, 2, 5, ttl_s, share, stay_s, second, moved)

    here = at(ttl, kept, stay)
    for worse in (at(ttl * 1.5 + 1, kept, stay), at(ttl, kept, stay * 1.5)):
        assert worse.mean_s >= here.mean_s - 1e-9 and worse.moved_s >= here.moved_s * (1 - 1e-6) - 1e-6
        assert worse.hurt_share >= here.hurt_share - 1e-9
    if here.moved_s > 0:
        at_end = name_failover(10, 3, 2, 5, ttl, kept, stay, second, moved, after_s=here.moved_s * (1 + 1e-9) + 1e-6)
        assert at_end.hurt_share <= (1 - moved) * (1 + 1e-6) + 1e-6


def test_arrays_corners_and_sentences():
    several = name_failover(ttl_s=np.array([0, 60, 3600]), kept_share=np.array([0, 0.1, 0.5]))
    assert several.moved_s[1] == pytest.approx(name_failover(ttl_s=60, kept_share=0.1).moved_s)
    assert_finite_at_corners(name_failover, 2000)
    assert_sentences(names.MODELS)
