"""Votes over sites: closed forms, sites and links drawn at random, and the model of replicas beside them."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import quorum
from sysdesign.models.quorum.site_votes import ARRANGEMENTS, MODELS
from tests.models.corners import assert_finite_at_corners, assert_sentences

shares = st.floats(0.5, 1)


@given(shares, shares)
def test_two_sites_alike_need_each_other(up, link):
    found = quorum.sites("two sites alike", up, link)
    assert found.decides == pytest.approx(up * up * link)
    assert found.serves == pytest.approx(up * up * link)
    assert (found.stops_alone, found.links_alone) == (2, 1)


@given(shares, shares)
def test_a_heavier_site_decides_alone(up, link):
    found = quorum.sites("witness at the first site", up, link)
    assert found.decides == pytest.approx(up)
    assert found.serves == pytest.approx(up * (0.5 + 0.5 * up * link))
    assert (found.stops_alone, found.links_alone) == (1, 0)


@given(shares, shares, shares)
def test_a_third_site_in_closed_form(up, link, witness):
    found = quorum.sites("witness at a third site", up, link, witness)
    all_up, pair = up * up * witness, up * up * (1 - witness)
    one = 2 * up * (1 - up) * witness
    cut = 1 - link
    assert found.decides == pytest.approx(all_up * (1 - cut**3) + pair * link + one * link)
    # Both sites are served where they see each other; cut off from each other, one leads with the witness.
    both = all_up * link
    half = all_up * cut * (1 - cut * cut) + one * link
    assert found.serves == pytest.approx(both + pair * link + half / 2)
    assert (found.stops_alone, found.links_alone) == (0, 0)


def drawn(votes, clients, up, link, generator, count=60_000):
    """Who can lead, and whom it serves, for drawn sites and links, by matrices."""
    sites = len(votes)
    alive = generator.random((count, sites)) < up
    sees = np.broadcast_to(np.eye(sites, dtype=bool), (count, sites, sites)).copy()
    for a, b in itertools.combinations(range(sites), 2):
        sees[:, a, b] = sees[:, b, a] = generator.random(count) < link
    sees &= alive[:, :, None] & alive[:, None, :]
    leads = (sees @ np.array(votes, dtype=float) > sum(votes) / 2) & (np.array(votes) > 0)
    served = np.where(leads, sees @ np.array(clients, dtype=float), 0.0).max(axis=1)
    return leads.any(axis=1).mean(), served.mean()


@pytest.mark.parametrize(
    ("votes", "clients"),
    [((1, 1, 1), (0.6, 0.4, 0)), ((2, 2, 1), (0.3, 0.5, 0.2)), ((1,) * 4, (0.25,) * 4), ((3, 1, 1, 2, 2), (0.2,) * 5)],
)  # fmt: skip
def test_any_votes_agree_with_sites_and_links_drawn(votes, clients):
    model = quorum.votes(votes, 0.8, 0.7, clients)
    decides, serves = drawn(votes, clients, 0.8, 0.7, np.random.default_rng(9))
    assert model.decides == pytest.approx(decides, abs=0.008)
    assert model.serves == pytest.approx(serves, abs=0.008)


@settings(max_examples=40)
@given(st.integers(1, 5), shares)
def test_one_vote_a_site_is_a_majority_of_replicas(sites, up):
    model = quorum.votes((1,) * sites, up, 1.0)
    assert model.decides == pytest.approx(quorum.availability(sites, up, 0.0, 1).majority)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=4).filter(any), shares, shares)
def test_better_sites_and_links_never_decide_less(votes, up, link):
    base = quorum.votes(tuple(votes), up, link)
    assert quorum.votes(tuple(votes), (1 + up) / 2, link).decides >= base.decides - 1e-12
    assert quorum.votes(tuple(votes), up, (1 + link) / 2).decides >= base.decides - 1e-12
    assert base.serves <= base.decides + 1e-12
    assert quorum.votes(tuple(2 * each for each in votes), up, link) == base, "votes count in proportion"


def test_a_fourth_vote_adds_nothing_against_lost_sites():
    three, four = quorum.votes((1, 1, 1), 0.99, 1.0), quorum.votes((1, 1, 1, 1), 0.99, 1.0)
    assert four.decides < three.decides


@pytest.mark.parametrize("name", ARRANGEMENTS)
def test_arrangements_take_arrays(name):
    ups = np.array([0.9, 0.99, 0.999])
    each = [quorum.sites(name, float(up), 0.999).unserved_min for up in ups]
    assert np.allclose(quorum.sites(name, ups, 0.999).unserved_min, each)


def test_what_cannot_be_is_refused_in_words():
    with pytest.raises(InvalidInput, match="6 sites"):
        quorum.votes((1,) * 6, 0.9, 0.9)
    with pytest.raises(InvalidInput, match="2 numbers for 3 sites"):
        quorum.votes((1, 1, 1), 0.9, 0.9, (1, 2))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_its_corners(model):
    assert_finite_at_corners(model.function, 200)


def test_sentences():
    assert_sentences(MODELS)
