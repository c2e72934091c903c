"""Authorization: posts handed out, walks, removals and releases drawn one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.models import authorization
from tests.models.corners import assert_finite_at_corners, assert_sentences


def test_every_post_is_a_role_once_all_are_held():
    said = authorization.kept(8, 150, 1e9)
    assert said.roles == pytest.approx(said.possible_roles) and said.possible_roles == 1200
    assert authorization.kept(1, 1, 50).roles == 1


@pytest.mark.parametrize(("jobs", "scopes", "people", "posts"), [(8, 150, 500, 2), (3, 10, 20, 1), (5, 400, 900, 3)])
def test_roles_in_use_as_drawn(jobs, scopes, people, posts):
    generator = np.random.default_rng(1)
    drawn = generator.integers(0, jobs * scopes, (300, people * posts))
    seen = np.mean([len(set(each)) for each in drawn])
    assert authorization.kept(jobs, scopes, people, posts).roles == pytest.approx(seen, rel=0.01)


def test_lists_and_relations_as_counted_one_by_one():
    generator = np.random.default_rng(2)
    scopes, people, objects = 20, 400, 3000
    of_person, of_object = generator.integers(0, scopes, people), generator.integers(0, scopes, objects)
    picked = generator.random(objects) < 0.1
    entries = sum((of_person == scope).sum() for scope in of_object) + 4 * picked.sum()
    said = authorization.kept(5, scopes, people, 1, objects, 0.1, 4)
    assert said.entries == pytest.approx(entries, rel=0.05)
    assert said.tuples == pytest.approx(people + objects + 4 * picked.sum(), rel=0.05)
    assert said.changed_entries == pytest.approx(np.mean([(of_object == at).sum() for at in range(scopes)]))
    assert said.object_roles == pytest.approx(picked.sum(), rel=0.15)


@given(st.floats(1, 100), st.floats(1, 1e4), st.floats(1, 1e6), st.floats(1, 10))
def test_roles_grow_with_jobs_people_and_conditions_and_stay_within_both_bounds(jobs, scopes, people, posts):
    said = authorization.kept(jobs, scopes, people, posts)
    assert said.roles <= min(said.possible_roles, people * posts) * (1 + 1e-9) + 1
    more = authorization.kept(jobs, scopes, people, posts, conditions=1)
    assert more.roles >= said.roles * (1 - 1e-9) and more.policies == said.policies + 1


def walks(levels, branches, hits, count, generator):
    """Reads drawn branch by branch, each level as long as its longest."""
    summed = np.zeros(count)
    for _ in range(levels):
        longest = np.zeros(count)
        for _ in range(branches):
            missed = generator.random(count) > hits
            longest = np.maximum(longest, missed * generator.exponential(size=count))
        summed += longest
    return summed


def assert_in_band(told, drawn, share):
    """Within what the draws leave open of that percentile, and a thousandth."""
    error = 4 * np.sqrt(share * (1 - share) / drawn.size)
    low, high = np.quantile(drawn, [share - error, min(share + error, 1)])
    assert low * 0.999 - 1e-9 <= told <= high * 1.001, (told, low, high, share)


@pytest.mark.parametrize("levels", [1, 3, 10])
@pytest.mark.parametrize("branches", [1, 4, 20])
@pytest.mark.parametrize("hits", [0, 0.5, 0.9, 0.98])
def test_walks_drawn_branch_by_branch(levels, branches, hits):
    drawn = walks(levels, branches, hits, 200_000, np.random.default_rng(3))
    said = authorization.check(levels, branches, hits, 1, 0, 0)
    assert said.mean_ms == pytest.approx(drawn.mean(), rel=0.02, abs=0.005)
    for told, share in ((said.p50_ms, 0.5), (said.p95_ms, 0.95), (said.p99_ms, 0.99)):
        assert_in_band(told, drawn, share)
    page = drawn.reshape(-1, 20).max(axis=1)
    assert_in_band(authorization.check(levels, branches, hits, 1, 0, 0, 20).p95_ms, page, 0.95)
    assert said.hit_share == pytest.approx((drawn == 0).mean(), abs=0.005)


def test_one_read_is_the_exponential_law_and_a_full_cache_is_the_call():
    said = authorization.check(1, 1, 0, 7, 0, 2, 30)
    assert said.p99_ms == pytest.approx(2 - 7 * np.log(1 - 0.99 ** (1 / 30)), rel=1e-3)
    full = authorization.check(4, 5, 1, 7, 0.5, 2, 30)
    assert full.p99_ms == full.mean_ms == 4.0 and full.lookups == 0 and full.hit_share == 1


@given(st.integers(1, 8), st.integers(1, 12), st.floats(0.01, 0.99), st.integers(1, 60))
def test_deeper_wider_colder_and_more_never_wait_less(levels, branches, hits, many):
    def p99(levels, branches, hits, many):
        return authorization.check(levels, branches, hits, 1, 0, 0, many).p99_ms

    here = p99(levels, branches, hits, many)
    for worse in ((levels + 1, branches, hits, many), (levels, branches + 1, hits, many)):
        assert p99(*worse) >= here * 0.997 - 1e-6
    assert p99(levels, branches, hits * 0.9, many) >= here * 0.997 - 1e-6
    assert p99(levels, branches, hits, many + 1) >= here * 0.997 - 1e-6


@pytest.mark.parametrize(
    ("age", "follow", "look", "lag"),
    [(60, 30, 30, 0), (600, 60, 20, 5), (10, 100, 40, 3), (0, 20, 5, 10), (3600, 5, 5, 0)],
)
def test_removals_drawn_one_by_one(age, follow, look, lag):
    generator = np.random.default_rng(4)
    count = 1_000_000
    rules = lag + generator.uniform(0, age, count)
    after = generator.exponential(follow, count) + generator.exponential(look, count)
    said = authorization.removed(age, follow, look, lag)
    opened = (after < rules).mean()
    assert said.opened_share == pytest.approx(opened, abs=4 * np.sqrt(opened / count))
    assert said.works_mean_s == pytest.approx(rules.mean(), rel=0.01) and said.works_worst_s >= rules.max()
    seen = generator.exponential(200, count)
    fresh = authorization.removed(age, follow, look, lag, seen_s=200).fresh_share
    assert fresh == pytest.approx((seen < said.works_worst_s).mean(), rel=0.03, abs=1e-4)


def test_brief_ages_are_told_without_losing_digits():
    brief = authorization.removed(0.001, 600, 600).opened_share
    assert brief == pytest.approx(0.001**2 / 6 / 600**2, rel=1e-3)
    assert authorization.removed(10, 600, 600).opened_share == pytest.approx(10**2 / 6 / 600**2, rel=0.02)


@given(st.floats(0, 1e5), st.floats(0.01, 1e5), st.floats(0.01, 1e5), st.floats(0, 1e4))
def test_older_rules_open_more_and_slower_looks_less(age, follow, look, lag):
    here = authorization.removed(age, follow, look, lag)
    assert 0 <= here.opened_share <= 1
    assert authorization.removed(age * 1.5 + 1, follow, look, lag).opened_share >= here.opened_share * (1 - 1e-6)
    assert authorization.removed(age, follow, look * 2, lag).opened_share <= here.opened_share * (1 + 1e-6) + 1e-12


@pytest.mark.parametrize("way", ["releases", "polls"])
def test_changes_drawn_copy_by_copy(way):
    generator = np.random.default_rng(5)
    places, wait = 12, 100.0
    draw = generator.exponential if way == "releases" else lambda w, size: generator.uniform(0, w, size)
    times = draw(wait, (200_000, places))
    said = authorization.copies(places, wait, way)
    assert said.all_mean_s == pytest.approx(times.max(axis=1).mean(), rel=0.01)
    assert said.one_mean_s == pytest.approx(times.mean(), rel=0.01)


def test_wrong_copies_drawn_change_by_change():
    generator = np.random.default_rng(6)
    places, change, missed, found, years = 12, 12, 0.1, 0.2, 4000
    made = generator.uniform(0, years, generator.poisson(change * years))
    struck = np.repeat(made, generator.binomial(places, missed, made.size))
    ended = struck + generator.exponential(found, struck.size)
    at = generator.uniform(10, years - 10, 4000)
    wrong = np.searchsorted(np.sort(struck), at) - np.searchsorted(np.sort(ended), at)
    said = authorization.copies(places, 0, "polls", change, missed, found * authorization.YEAR_S)
    assert said.wrong == pytest.approx(wrong.mean(), rel=0.05)
    each = authorization.copies(1, 0, "polls", change, missed, found * authorization.YEAR_S)
    assert each.any_wrong_share == pytest.approx(1 - np.exp(-each.wrong))
    one = np.repeat(made, generator.binomial(1, missed, made.size))
    over = one + generator.exponential(found, one.size)
    alone = np.searchsorted(np.sort(one), at) - np.searchsorted(np.sort(over), at)
    assert each.any_wrong_share == pytest.approx((alone > 0).mean(), rel=0.06)


def test_arrays_are_taken_element_by_element():
    levels, many = np.array([1, 3, 6]), np.array([1, 50, 10])
    together = authorization.check(levels, 4, 0.5, 1, 0.1, 1, many)
    for at, (level, each) in enumerate(zip(levels, many, strict=True)):
        alone = authorization.check(int(level), 4, 0.5, 1, 0.1, 1, int(each))
        assert together.p99_ms[at] == pytest.approx(alone.p99_ms) and together.mean_ms[at] == alone.mean_ms
    ages = authorization.removed(np.array([0.0, 10.0, 600.0]))
    assert ages.opened_share[2] == authorization.removed(600).opened_share


@pytest.mark.parametrize("model", authorization.MODELS, ids=lambda model: model.name)
def test_results_are_numbers_everywhere(model):
    assert_finite_at_corners(model.function, 1500)


def test_results_are_said_in_words():
    assert_sentences(authorization.MODELS)
