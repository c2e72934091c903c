"""Pages: rows counted by a database that reads them, lists that change under a walk, and what must hold."""

import itertools
import sqlite3

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from sysdesign.errors import Unstable
from sysdesign.models import pagination as model
from tests.models.corners import assert_finite_at_corners, assert_sentences

ROWS = st.floats(1, 1e9)


@pytest.fixture(scope="module")
def store():
    """A table of 1,000 rows that counts the rows it reads."""
    connection = sqlite3.connect(":memory:")
    seen = itertools.count()
    connection.create_function("seen", 1, lambda _: next(seen) >= 0)
    connection.execute("CREATE TABLE listed (id INTEGER PRIMARY KEY)")
    connection.executemany("INSERT INTO listed VALUES (?)", ((each,) for each in range(1, 1001)))
    yield lambda query, *given: (next(seen), len(connection.execute(query, given).fetchall()), next(seen))
    connection.close()


@pytest.mark.parametrize(("size", "page"), [(10, 1), (10, 37), (100, 10), (30, 34), (7, 143)])
def test_a_database_reads_as_many_rows(store, size, page):
    said = model.walk(1000, size, page)
    before, _, after = store("SELECT id FROM listed WHERE seen(id) LIMIT ? OFFSET ?", size, (page - 1) * size)
    assert after - before - 1 == said.offset_rows
    behind = "SELECT id FROM listed WHERE id > ? AND seen(id) ORDER BY id LIMIT ?"
    before, _, after = store(behind, (page - 1) * size, size + 1)
    assert after - before - 1 == said.keyset_rows


@given(st.integers(1, 3000), st.integers(1, 400))
def test_a_walk_is_its_pages(rows, size):
    said = model.walk(rows, size, 1)
    pages = np.arange(1, said.pages + 1)
    each = model.walk(rows, size, pages)
    assert said.offset_walk_rows == pytest.approx(each.offset_rows.sum())
    assert said.keyset_walk_rows == pytest.approx(each.keyset_rows.sum())
    assert said.offset_walk_s == pytest.approx(each.offset_s.sum())
    assert said.keyset_walk_s == pytest.approx(each.keyset_s.sum())


@given(ROWS, st.floats(1, 1e4), st.floats(1, 1e6), st.floats(0.1, 1000), st.floats(0, 10))
def test_a_key_never_reads_more_than_one_row_more(rows, size, page, row, trip):
    said = model.walk(rows, size, page, row, trip)
    assert said.keyset_rows <= said.offset_rows + 1
    assert rows * (1 - 1e-9) <= said.offset_walk_rows <= rows * said.pages * (1 + 1e-9)


def played(rows, size, wait, born, place, died, moved, generator):
    """A list that is walked by offset: rows repeated, rows missed, pages, and rows missed behind a key."""
    listed, new = list(range(rows)), rows
    got, pages, repeats = set(), 0, 0
    while True:
        page = listed[pages * size : (pages + 1) * size]
        repeats += sum(each in got for each in page)
        got.update(page)
        pages += 1
        if pages * size >= len(listed):
            break
        changes = np.repeat([0, 1, 2], generator.poisson([born * wait, died * wait, moved * wait]))
        for kind in generator.permutation(changes):
            at = int(generator.integers(len(listed)))
            if kind == 1:
                del listed[at]
            elif kind == 2:
                listed.insert(0, listed.pop(at))
            else:
                listed.insert({"first": 0, "anywhere": at, "last": len(listed)}[place], new)
                new += 1
    stayed = [each for each in listed if each < rows]
    return repeats, sum(each not in got for each in stayed), pages


@pytest.mark.parametrize(
    ("born", "place", "died", "moved"),
    [(2, "first", 0, 0), (0, "first", 2, 0), (0.5, "first", 0.7, 0), (1.2, "anywhere", 1, 0), (0.1, "last", 0.1, 0.6)],
)
def test_lists_that_change_under_a_walk(born, place, died, moved):
    generator = np.random.default_rng(1)
    runs = np.array([played(3000, 20, 1.5, born, place, died, moved, generator) for _ in range(30)])
    said = model.drift(3000, 20, 1.5, born, place, died, moved)
    repeats, missed, pages = runs.mean(axis=0)
    assert said.pages == pytest.approx(pages, rel=0.02)
    assert said.repeated == pytest.approx(repeats, rel=0.05, abs=0.5)
    # The play leaves out rows that were inserted, or deleted once missed; there are few of them.
    assert said.missed == pytest.approx(missed, rel=0.06, abs=0.5)


def test_moves_behind_a_key_played():
    generator = np.random.default_rng(2)
    missed = []
    for _ in range(40):
        unread, lost = 2000.0, 0
        while unread > 20:
            unread -= 20
            gone = generator.binomial(int(unread), 1 - np.exp(-4 / 2000))
            unread, lost = unread - gone, lost + gone
        missed.append(lost)
    said = model.drift(2000, 20, 2, 0, "first", 0, 2)
    assert np.mean(missed) == pytest.approx(said.keyset_missed, rel=0.04)


@given(st.floats(1e-6, 1e6), st.floats(0, 1e6))
def test_pushes_less_pulls_leave_what_they_leave(more, less):
    law = model._normal_excess if more + less >= model.LARGE else model._exact_excess
    up, down = (float(law(np.array(a), np.array(b))) for a, b in ((more, less), (less, more)))
    assert up >= 0 and down >= 0
    assert up - down == pytest.approx(more - less, rel=1e-6, abs=1e-9 * (more + less))
    assert np.ravel(model._excesses(np.array(more), np.array(less))) == pytest.approx([up, down], rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(("more", "less"), [(1e-5, 3), (0.3, 0.2), (4, 9), (12, 0), (240, 250), (270, 260), (900, 880)])
def test_the_excess_is_summed_too(more, less):
    counts = np.arange(2000)
    differences = np.maximum(counts[:, None] - counts, 0)
    some, others = poisson.pmf(counts, more), poisson.pmf(counts, less)
    summed = some @ differences @ others, others @ differences @ some
    assert model._excesses(np.array(more), np.array(less)) == pytest.approx(summed, rel=5e-4)
    assert model._excesses(np.array(less), np.array(more)) == pytest.approx(summed[::-1], rel=5e-4)


@given(st.floats(100, 1e7), st.floats(1, 1000), st.floats(0.01, 100), st.floats(0.001, 100))
def test_without_inserts_half_of_the_deleted_rows_hide_another(rows, size, wait, died):
    said = model.drift(rows, size, wait, 0, "first", died)
    # A list that loses more grows shorter meanwhile, and its first page has nothing before it.
    if died * said.walk_s < 0.01 * rows and said.pages > 1:
        assert said.missed == pytest.approx(died * said.walk_s / 2 * (1 - 1 / said.pages), rel=0.01)
    assert said.repeated == pytest.approx(0, abs=1e-9)


def test_a_list_that_stands_still_is_read_once():
    said = model.drift(1e6, 100, 2, 0, "first", 0, 0)
    assert (said.pages, said.walk_s, said.repeated, said.missed, said.keyset_missed) == (10_000, 20_000, 0, 0, 0)
    assert model.drift(1e6, 100, 2, 5, "last", 0).repeated == 0


def test_a_walk_that_never_ends_says_so():
    with pytest.raises(Unstable, match="50 rows a second and 60 are inserted"):
        model.drift(1e6, 100, 2, 60)


def test_corners_and_sentences():
    assert_finite_at_corners(model.walk, 200)
    assert_finite_at_corners(model.drift, 200)
    assert_sentences(model.MODELS)
