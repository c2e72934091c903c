"""Distance as latency: the globe by another formula, and waiting against copies asked one by one."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import consensus
from sysdesign.models.consensus.wide import LATITUDES, LONGITUDES, MODELS
from tests.models.corners import assert_finite_at_corners, assert_sentences

degrees = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def apart(one, other):
    """Great circle by the angle between two vectors from the center."""
    lat, lon = np.radians([one[0], other[0]]), np.radians([one[1], other[1]])
    a, b = (np.array([np.cos(p) * np.cos(q), np.cos(p) * np.sin(q), np.sin(p)]) for p, q in zip(lat, lon, strict=True))
    return 6371 * np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b)


@given(degrees, degrees)
def test_the_great_circle_is_the_angle_between_two_vectors(one, other):
    found = consensus.distances((one[0], other[0]), (one[1], other[1]))
    assert found.distance_km[0] == pytest.approx(apart(one, other), rel=1e-6, abs=1e-3)
    assert found.least_ms[0] == pytest.approx(2 * found.distance_km[0] / (299.792458 / 1.468))


def test_nothing_measured_is_faster_than_light_in_fiber():
    found = consensus.distances()
    assert np.all(found.longer > 1.3) and np.median(found.longer) < 1.7, "one provider's network, 2024"
    assert len(found.pair) == len(LATITUDES) * (len(LATITUDES) - 1) // 2 == 10
    assert found.pair[0] == "Washington and Dallas" and len(LONGITUDES) == 5


def asked_one_by_one(trips, client, needed):
    """Time until so many copies have answered, the own one among them."""
    arrived = sorted(trips[client])
    return arrived[needed - 1]


@given(st.integers(2, 7), st.integers(0, 10_000))
def test_waiting_is_for_the_last_copy_needed(regions, seed):
    half = np.random.default_rng(seed).integers(1, 300, regions * (regions - 1) // 2).astype(float)
    trips = np.zeros((regions, regions))
    trips[np.triu_indices(regions, 1)] = half
    trips += trips.T
    found = consensus.waiting(tuple(half), zone_ms=2, write_ms=1)
    need = regions // 2 + 1
    for client in range(regions):
        assert found.majority_ms[client] == asked_one_by_one(trips, client, need) + 1
        assert found.all_ms[client] == trips[client].max() + 1
    best = min(
        np.mean([trips[client][leader] + asked_one_by_one(trips, leader, need) for client in range(regions)])
        for leader in range(regions)
    )
    assert np.mean(found.leader_ms) == pytest.approx(best + 1)
    steps = (found.nearest_ms, found.majority_ms, found.all_ms)
    assert all(np.all(one <= other) for one, other in itertools.pairwise(steps))


def test_the_best_leader_of_all_regions_is_that_of_the_placement():
    found = consensus.waiting(consensus.ROUND_TRIPS_MS, write_ms=0)
    placed = consensus.placement(consensus.ROUND_TRIPS_MS, 5)
    assert found.leader == placed.leader
    assert np.mean(found.leader_ms) == pytest.approx(placed.mean_ms)


def test_lists_of_different_length_are_refused():
    with pytest.raises(InvalidInput, match="give both for 2 to 20"):
        consensus.distances((1, 2, 3), (1, 2))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_its_corners(model):
    assert_finite_at_corners(model.function, 100)


def test_sentences():
    assert_sentences(MODELS)
