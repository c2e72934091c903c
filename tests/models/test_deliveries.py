"""Files of a delivery: closed forms, laws, and scans played read by read."""

import heapq

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.models.dataflow import MODELS, files
from tests.models.corners import assert_finite_at_corners, assert_sentences


def scanned(sizes, lanes, opening, pace, planned):
    """Reads go to whichever lane is free first, each after it was planned."""
    free = [0.0] * lanes
    for size in sizes:
        begun = max(heapq.heappop(free), len(sizes) / planned)
        heapq.heappush(free, begun + opening + size / pace)
    return max(free)


@pytest.mark.parametrize(("day", "partitions", "interval"), [(1e11, 200, 3600), (1e10, 50, 600), (1e12, 20, 300)])
def test_scans_played_read_by_read(day, partitions, interval):
    said = files(day, partitions, interval)
    number = round(said.files_a_day)
    sizes = np.random.default_rng(1).gamma(4, 1, number)  # uneven ones end nearly together as well
    time = scanned(sizes / sizes.sum() * day, 64, 0.1, 8e7, 10_000)
    assert said.scan_s == pytest.approx(time, rel=0.03)
    assert said.file_bytes == pytest.approx(day / number)


def test_limits_in_closed_form():
    one = files(8e7, 1, 86_400, at_once=1, open_s=0.5, planned_per_s=1e9)
    assert one.files_a_day == 1 and one.scan_s == pytest.approx(1.5) and one.slowdown == pytest.approx(1)
    even = files(8e6 * 288, 1, 300, open_s=0.1, planned_per_s=1e9)  # files as large as opening is long
    assert even.even_bytes == even.file_bytes == 8e6 and even.opening_share == pytest.approx(0.5)
    assert files(1e11, 200, 300).compacted_requests == 2 * np.ceil(1e11 / 1.28e8)


@given(st.floats(1e3, 1e15), st.integers(1, 10_000), st.floats(1, 86_400), st.integers(1, 100), st.floats(0.01, 100),
       st.floats(0, 5))  # fmt: skip
def test_fewer_files_are_never_slower(day, partitions, interval, writers, days, opening):
    said = files(day, partitions, interval, writers, days, open_s=opening)
    assert said.slowdown >= 1 - 1e-12 and 0 <= said.opening_share <= 1 + 1e-12
    assert said.scan_s >= day * days / (64 * 8e7)
    assert said.files_a_day * said.file_bytes == pytest.approx(day)
    seldom = files(day, partitions, min(interval * 2, 86_400), writers, days, open_s=opening)
    assert seldom.scan_s <= said.scan_s * (1 + 1e-12)
    assert said.rewritten_bytes in (0, day)


def test_arrays_and_corners():
    every = np.array([60, 600])
    assert files(interval_s=every).scan_s == pytest.approx([files(interval_s=each).scan_s for each in every])
    assert_finite_at_corners(files, 300)
    assert_sentences(MODELS)
