from __future__ import annotations

import heapq

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models.balancing import connections as model
from tests.models.corners import assert_finite_at_corners, assert_sentences


@pytest.mark.parametrize(("clients", "servers", "subset"), [(300, 300, 30), (1000, 100, 5), (50, 400, 8), (40, 10, 5)])
def test_random_subsets_spread_as_drawn(clients, servers, subset):
    generator = np.random.default_rng(2)
    counts = np.zeros((40, servers))
    for trial in counts:
        for _ in range(clients):
            trial[generator.choice(servers, subset, replace=False)] += 1
    found = model.subsets(clients, servers, subset)
    assert found.each_server == pytest.approx(counts.mean())
    assert found.fullest == pytest.approx(counts.max(axis=1).mean(), rel=0.03)
    assert found.emptiest == pytest.approx(counts.min(axis=1).mean(), rel=0.03, abs=0.1)
    assert found.unused == pytest.approx((counts == 0).sum(axis=1).mean(), rel=0.05, abs=0.05)


@pytest.mark.parametrize(("clients", "servers", "subset"), [(300, 300, 10), (17, 12, 4), (5, 100, 10)])
def test_dealt_subsets_are_those_of_shuffled_rounds(clients, servers, subset):
    generator = np.random.default_rng(1)
    counts, groups = np.zeros(servers), servers // subset
    for client in range(clients):
        if client % groups == 0:
            shuffled = generator.permutation(servers)
        counts[shuffled[client % groups * subset :][:subset]] += 1
    found = model.subsets(clients, servers, subset, "dealt")
    assert found.connections == counts.sum() and found.each_server == pytest.approx(counts.mean())
    if servers % subset == 0:
        assert (found.fullest, found.emptiest) == (counts.max(), counts.min())


@given(st.integers(1, 500), st.integers(1, 500), st.integers(1, 500))
def test_dealing_is_never_less_even(clients, servers, subset):
    if subset > servers:
        with pytest.raises(InvalidInput, match="give at most"):
            model.subsets(clients, servers, subset)
        return
    drawn, dealt = (model.subsets(clients, servers, subset, how) for how in ("random", "dealt"))
    assert drawn.fullest >= drawn.each_server - 1e-9 >= drawn.emptiest - 2e-9
    assert dealt.fullest - dealt.emptiest <= 1 and dealt.unused <= drawn.unused + 1e-9
    assert model.subsets(clients, servers, servers).fullest == pytest.approx(clients)


def fleet_played(before, added, life, age, after, picking, connections=40_000, seed=3):
    """Load of a new server in its fair share: every connection ended and opened anew, one after the other."""
    generator = np.random.default_rng(seed)
    total = before + added

    def lived():
        return min(generator.exponential(life), age or np.inf)

    # A long past makes the ages stationary; then the servers are added.
    loads, events = np.zeros(total), []
    for at in range(connections):
        server = int(generator.integers(before))
        past = -(3 + generator.random()) * (age or life)
        while past < 0:
            past += lived()
        loads[server] += 1
        heapq.heappush(events, (past, at, server))
    while events and events[0][0] <= after:
        end, at, server = heapq.heappop(events)
        loads[server] -= 1
        chosen = int(generator.integers(total)) if picking == "even" else int(loads.argmin())
        loads[chosen] += 1
        heapq.heappush(events, (end + lived(), at, chosen))
    return loads[before:].mean() / (connections / total), loads[:before].mean() / (connections / total)


@pytest.mark.parametrize(
    ("before", "added", "life", "age", "after", "picking"),
    [(10, 5, 1e9, 100, 40, "even"), (4, 4, 100, 0, 70, "even"), (10, 2, 100, 150, 60, "even"),
     (10, 5, 1e9, 100, 20, "fewest"), (6, 6, 100, 200, 40, "fewest"), (10, 2, 100, 0, 100, "fewest")],
)  # fmt: skip
def test_new_servers_get_load_as_played(before, added, life, age, after, picking):
    played = fleet_played(before, added, life, age, after, picking)
    found = model.long_lived(before, added, 40_000, life, age, after, picking)
    assert (found.new_share, found.old_share) == pytest.approx(played, rel=0.05)


def test_ages_alone_and_lives_alone_in_closed_form():
    assert model.long_lived(life_s=1e9, max_age_s=1800, after_s=450).new_share == pytest.approx(0.25, rel=1e-5)
    assert model.long_lived(life_s=600, max_age_s=0, after_s=600).new_share == pytest.approx(1 - np.exp(-1))
    assert model.long_lived(life_s=1e9, max_age_s=1800).opened_per_s == pytest.approx(50_000 / 1800, rel=1e-5)
    soon = model.long_lived(10, 5, life_s=1e9, max_age_s=1800, picking="fewest", wanted=0.9)
    assert soon.even_s == pytest.approx(1800 * 0.9 / 3, rel=1e-5)
    assert soon.new_opened_per_s == pytest.approx(3 * model.long_lived(10, 5, life_s=1e9).new_opened_per_s, rel=1e-4)


@given(st.floats(1, 100), st.floats(0.1, 100), st.floats(1, 1e6), st.floats(0, 1e5), st.floats(0, 1e5))
def test_longer_lives_stay_uneven_longer(before, added, life, age, after):
    here = model.long_lived(before, added, 1000, life, age, after)
    longer = model.long_lived(before, added, 1000, life * 1.2, age * 1.2, after)
    assert longer.new_share <= here.new_share + 1e-9 and longer.even_s >= here.even_s * (1 - 1e-9)
    fewest = model.long_lived(before, added, 1000, life, age, after, "fewest")
    assert fewest.new_share >= here.new_share - 1e-9 and fewest.even_s <= here.even_s * (1 + 1e-9)
    assert here.old_share >= 1 - 1e-9 and here.new_share <= 1
    total = before + added
    assert here.new_share * added + here.old_share * before == pytest.approx(total)
    at_end = model.long_lived(before, added, 1000, life, age, here.even_s)
    assert at_end.new_share >= 0.9 - 1e-6


def test_arrays_corners_and_sentences():
    times = np.array([0, 300, 900])
    assert model.long_lived(after_s=times).new_share[1] == pytest.approx(model.long_lived(after_s=300).new_share)
    assert_finite_at_corners(model.long_lived, 2000)
    assert_finite_at_corners(model.subsets)
    assert_sentences(model.MODELS)
