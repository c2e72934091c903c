from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.models import object_storage as model
from tests.models.corners import assert_finite_at_corners, assert_sentences


def objects_played(life, first, later, fade, rest, fetch, least, idle, age, count, generator):
    """Cost of each way, read by read, per month of the standard tier; size and fees aside."""
    archive, by_age, by_use = np.empty(count), np.empty(count), np.empty(count)
    for at in range(count):
        extra = generator.exponential(fade, generator.poisson((first - later) * fade))
        reads = np.sort(
            np.concatenate((extra[extra < life], generator.uniform(0, life, generator.poisson(later * life))))
        )
        archive[at] = rest * max(life, least) + fetch * reads.size
        by_age[at] = age + rest * max(life - age, least) + fetch * (reads >= age).sum() if life > age else life
        gaps = np.diff(np.concatenate(([0.0], reads, [life])))
        cold = np.maximum(gaps - idle, 0).sum()
        by_use[at] = life - (1 - rest) * cold
    return archive.mean() / life, by_age.mean() / life, by_use.mean() / life


@pytest.mark.parametrize(
    "given_",
    [(36, 2, 0.05, 1, 0.2, 1, 3, 3, 1), (12, 4, 0.4, 2, 0.1, 0.3, 6, 1, 3), (5, 1, 0.01, 0.5, 0.3, 2, 3, 2, 4)],
)
def test_costs_agree_with_objects_played(given_):
    life, first, later, fade, rest, fetch, least, idle, age = given_
    played = objects_played(*given_, 20_000, np.random.default_rng(6))
    found = model.tiers(life, 1e12, first, later, fade, rest, fetch, least, 0, 0, 0, idle, age)
    assert found.archive == pytest.approx(played[0], rel=0.02)
    assert found.by_age == pytest.approx(played[1], rel=0.02)
    assert found.by_use == pytest.approx(played[2], rel=0.02)


@given(
    st.floats(1, 100), st.floats(0.01, 5), st.floats(0, 1), st.floats(0.1, 5), st.floats(0.01, 0.9), st.floats(0.1, 5)
)
def test_no_age_is_cheaper_than_the_best(life, first, later, fade, rest, fetch):
    later = min(later, first)
    found = model.tiers(life, 1e12, first, later, fade, rest, fetch, 0, 0, 0, 0)
    ages = np.linspace(0, life, 60)
    each = model.tiers(life, 1e12, first, later, fade, rest, fetch, 0, 0, 0, 0, age_months=ages)
    assert found.by_best_age <= each.by_age.min() + 1e-6
    assert found.by_best_age >= each.by_age.min() - 0.05 * max(found.by_best_age, 0.1) or found.best_age_months < 1


def test_small_and_short_lived_objects_pay_for_more_than_they_are():
    assert model.tiers(1, first_reads=0, later_reads=0, least_months=3).archive == pytest.approx(0.6)
    small = model.tiers(36, 1e4, 0, 0, floor_bytes=1e5)
    assert small.archive == pytest.approx(2) and small.by_best_age == 1
    assert model.tiers(36, 1e5).by_use - model.tiers(36, 1e12).by_use == pytest.approx(1, rel=1e-3)
    assert model.tiers(fetch_price=2, archive_price=0.2).break_even_reads == pytest.approx(0.4)


@given(st.floats(0.1, 200), st.floats(0, 10), st.floats(0, 10), st.floats(0.01, 0.99), st.floats(0.01, 10))
def test_reads_and_prices_only_add(life, first, later, rest, fetch):
    here = model.tiers(life, 1e6, first, later, 1, rest, fetch)
    for dearer in (
        model.tiers(life, 1e6, first, later * 1.2 + 0.01, 1, rest, fetch),
        model.tiers(life, 1e6, first, later, 1, min(1, rest * 1.1), fetch),
    ):
        for way in ("archive", "by_age", "by_use"):
            assert getattr(dearer, way) >= getattr(here, way) * (1 - 1e-6) - 1e-9, way


def test_arrays_corners_and_sentences():
    lives = np.array([0.5, 12, 100])
    together = model.tiers(lives, later_reads=np.array([0.01, 0.2, 1]))
    for at, (life, later) in enumerate(zip(lives, (0.01, 0.2, 1), strict=True)):
        alone = model.tiers(float(life), later_reads=later)
        assert together.by_use[at] == pytest.approx(alone.by_use) and together.by_age[at] == pytest.approx(alone.by_age)
    assert_finite_at_corners(model.tiers, 2000)
    assert_sentences(model.MODELS)
