"""A site that is read while it is made: the same files, the one asked for next, and nobody waits in vain."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

import pytest

from sysdesign.content import Reference
from sysdesign.errors import BadContent, BuildFailed
from sysdesign.site.building import scoreboard_of, site_files, unfinished_site
from sysdesign.site.pages import Part, parts, site_of
from sysdesign.site.unfinished import Unfinished
from tests.site.conftest import SMALL


def _letters() -> Unfinished:
    return Unfinished(
        Part((f"{letter}/",), iter([(f"{letter}/{at}", b"%d" % at) for at in range(3)])) for letter in "abc"
    )


def _asked(asking: ThreadPoolExecutor, site: Unfinished, path: str) -> Future[bytes | None]:
    """The file, asked for by another thread that already waits."""
    waits = asking.submit(site.file, path)
    while path not in site._asked:
        threading.Event().wait(0.001)
    return waits


@pytest.fixture
def asking() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as threads:
        yield threads


def test_an_unfinished_site_comes_to_the_same_files_as_a_build(small: Reference) -> None:
    made = list(unfinished_site(SMALL, small).files())
    assert dict(made) == site_files(small, scoreboard_of(SMALL))
    assert len(dict(made)) == len(made)


def test_every_part_says_where_its_files_stand(small: Reference) -> None:
    for part in parts(site_of(small)):
        strays = [path for path, _ in part.files if not part.holds(path)]
        assert not strays, f"{strays} would be asked for in vain until the site is whole"


def test_files_come_in_order_until_one_is_asked_for(asking: ThreadPoolExecutor) -> None:
    site = _letters()
    files = site.files()
    first = next(files)
    waits = _asked(asking, site, "c/1")
    then = list(islice(files, 2))
    assert waits.result(60) == b"1"
    assert [path for path, _ in (first, *then, *files)] == [
        "a/0", "c/0", "c/1", "a/1", "a/2", "b/0", "b/1", "b/2", "c/2",
    ]  # fmt: skip


def test_what_is_asked_first_is_made_first(asking: ThreadPoolExecutor) -> None:
    site = _letters()
    files = site.files()
    waits = [_asked(asking, site, path) for path in ("c/1", "b/0")]
    assert [path for path, _ in islice(files, 3)] == ["c/0", "c/1", "b/0"]
    assert [each.result(60) for each in waits] == [b"1", b"0"]


def test_a_file_that_is_made_is_had_at_once_and_one_of_no_part_never() -> None:
    site = _letters()
    files = site.files()
    next(files)
    assert site.file("a/0") == b"0"
    assert site.file("d/0") is None


def test_a_file_that_its_part_does_not_make_is_none(asking: ThreadPoolExecutor) -> None:
    site = _letters()
    files = site.files()
    waits = _asked(asking, site, "b/9")
    assert [path for path, _ in islice(files, 4)] == ["b/0", "b/1", "b/2", "a/0"]
    assert waits.result(60) is None


def test_whoever_waits_is_told_when_the_making_stops(asking: ThreadPoolExecutor) -> None:
    site = _letters()
    files = site.files()
    next(files)
    waits = _asked(asking, site, "c/2")
    site.stop()
    assert waits.result(60) is None
    with pytest.raises(BuildFailed, match="stopped"):
        next(files)


def test_whoever_waits_is_told_when_a_page_fails(asking: ThreadPoolExecutor) -> None:
    def broken() -> Iterator[tuple[str, bytes]]:
        yield "b/0", b"0"
        raise BadContent("05-Caching.md", 3, "an odd line", "Mend it")

    site = Unfinished([Part(("b/",), broken()), Part(("c/",), iter([("c/0", b"0")]))])
    files = site.files()
    next(files)
    waits = _asked(asking, site, "c/0")
    assert next(files) == ("c/0", b"0")
    late = _asked(asking, site, "b/1")
    with pytest.raises(BadContent, match="an odd line"):
        next(files)
    assert (waits.result(60), late.result(60)) == (b"0", None)
