"""Versions of an API: limits in closed form, laws, and clients played one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.models import versioning as model
from tests.models.corners import assert_finite_at_corners, assert_sentences

YEAR = 365.25
ALONE = {"quick_share": 1, "life_d": 36_500}  # clients of one kind


def played(rate, support, moves, refused, years, clients, generator):
    """Clients of one kind under random releases: on the newest, changes behind, ended a client-year, versions."""
    releases = np.cumsum(generator.exponential(1 / rate, int(rate * years * 1.5) + 20))
    releases = releases[releases < years]
    times = np.sort(generator.uniform(years / 4, years, 3000))
    pinned = np.zeros(clients)  # when each last moved
    own = generator.exponential(1 / moves, clients)
    ended, newest, behind, served = 0, [], [], []
    events = sorted([(each + support, 0) for each in releases] + [(each, 1) for each in times])
    for now, kind in events:
        if now > years:
            break
        while (ready := own <= now).any():
            pinned[ready] = own[ready]
            own[ready] += generator.exponential(1 / moves, ready.sum())
        old = pinned < now - support  # of the version whose successor appeared then
        if kind == 0:
            ended += old.sum() * (now > years / 4)
            if refused:
                pinned[old] = now
        else:
            first = np.maximum(pinned, now - support)
            between = np.searchsorted(releases, now) - np.searchsorted(releases, first)
            newest.append((between == 0).mean())
            behind.append(between.mean())
            served.append(1 + ((releases > now - support) & (releases <= now)).sum())
    return np.mean(newest), np.mean(behind), ended / clients / (years * 3 / 4), np.mean(served)


@pytest.mark.parametrize(
    ("changes", "support", "moves", "refused"),
    [(4, 1, 0.5, True), (4, 1, 0.5, False), (1, 0.5, 3, True), (12, 0.25, 2, False), (0.5, 2, 0.2, True)],
)
def test_clients_are_where_they_are_played_to_be(changes, support, moves, refused):
    generator = np.random.default_rng(5)
    newest, behind, ended, served = np.mean(
        [played(changes, support, moves, refused, 1600 / changes, 60, generator) for _ in range(3)], axis=0
    )
    days = YEAR / (moves - YEAR / 36_500)
    said = model.serve(changes, support * YEAR, "refused" if refused else "next", quick_d=days, **ALONE)
    assert said.newest_share == pytest.approx(newest, rel=0.05)
    assert said.behind == pytest.approx(behind, rel=0.05)
    assert said.ended_per_year == pytest.approx(ended, rel=0.05)
    assert said.versions == pytest.approx(served, rel=0.05)


def test_clients_that_never_move_lose_their_version_once_in_each_life_of_one():
    said = model.serve(2, 2 * YEAR, quick_share=0, stay_share=1, life_d=36_500)
    assert said.ended_per_year == pytest.approx(1 / (2 + 0.5), rel=0.02)  # half a year newest, two of support
    carried = model.serve(2, 0, "next", quick_share=0, stay_share=1, uses_share=0.1)
    assert carried.broken_per_year == pytest.approx(2 * 0.1)


@given(st.floats(0.1, 50), st.floats(0, 3000), st.floats(0.5, 2000), st.floats(0, 1))
def test_where_the_next_version_serves_each_end_hits_whom_a_change_after_that_notice_would(changes, days, slow, quick):
    said = model.serve(changes, days, "next", quick_share=quick, slow_d=slow, uses_share=0.2)
    change = model.migrate(days, quick_share=quick, slow_d=slow, uses_share=0.2)
    assert said.broken_per_year == pytest.approx(changes * change.broken_share)
    assert said.failed_per_million <= 1e6


@given(st.floats(0.1, 50), st.floats(1, 3000), st.floats(0.5, 2000))
def test_longer_support_ends_fewer_and_leaves_more_behind(changes, days, slow):
    for ended in ("refused", "next"):
        less, more = (model.serve(changes, days * times, ended, slow_d=slow) for times in (1, 1.5))
        assert more.ended_per_year <= less.ended_per_year * (1 + 1e-9)
        assert more.behind >= less.behind * (1 - 1e-9)
        assert more.newest_share <= less.newest_share * (1 + 1e-9)
        assert 0 <= less.newest_share <= 1 + 1e-9 and less.behind <= less.behind_oldest + 1e-9


@given(st.floats(0, 1), st.floats(0.1, 100), st.floats(0.1, 3000), st.floats(0, 1), st.floats(0.001, 0.9))
def test_after_the_time_needed_as_many_are_left_as_are_allowed(quick, soon, slow, stay, allowed):
    needed = model.migrate(0, quick, soon, slow, stay, allowed_share=allowed).needed_d
    assert 1 - model.migrate(needed, quick, soon, slow, stay).moved_share == pytest.approx(allowed, rel=1e-6)


def test_a_translation_is_paid_for_each_change_that_concerns_the_call():
    said = model.serve(12, 2 * YEAR, uses_share=0.25, step_us=40, tests=100)
    assert said.step_oldest_us == pytest.approx(24 * 0.25 * 40) and said.tests == pytest.approx(25 * 100)
    assert said.step_us == pytest.approx(said.behind * 10) and said.step_us < said.step_oldest_us


def test_corners_and_sentences():
    assert_finite_at_corners(model.migrate, 300)
    assert_finite_at_corners(model.serve, 300)
    assert_sentences(model.MODELS)
