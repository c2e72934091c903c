"""Search finds sections, forgives a misspelling, and knows the glossary's other names."""

from __future__ import annotations

import json
from itertools import accumulate
from pathlib import Path

import pytest

from sysdesign.content import load
from sysdesign.content.texts import load_texts
from sysdesign.errors import InvalidInput
from sysdesign.models.registry import models
from sysdesign.search import Index
from sysdesign.search.entries import entries, other_entries
from sysdesign.search.pages import piece_of, search_files
from sysdesign.search.postings import Postings
from sysdesign.search.spelling import correct
from sysdesign.site.search_entries import index_of
from tests.example import write_example
from tests.reading import CACHING, PLAN, whole_reference, write_reference

TEXT = """# Caching Strategies

## Overview

A cache keeps copies near. A stampede is told below.

### Cache stampede

When a popular entry expires, requests miss together. Coalescing lets one through.

### Write-behind

Writes reach the store later; a crash loses those still waiting.
"""


@pytest.fixture(scope="module")
def whole_index() -> Index:
    """The index of the real reference."""
    return Index(whole_reference())


@pytest.fixture
def reference(tmp_path: Path):
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "05-Caching-Strategies.md").write_text(TEXT)
    (tmp_path / "glossary.yaml").write_text(
        "s: {term: cache stampede, aliases: [dogpile, thundering herd], sentence: S., "
        'home: "05-Caching-Strategies#cache-stampede"}\n'
    )
    return load(tmp_path)


@pytest.mark.parametrize("query", ["stampede", "dogpile", "thundering herd", "stampeed", "what is a stampede?"])
def test_the_section_comes_first(reference, query: str) -> None:
    assert Index(reference).search(query).hits[0].address == "05-Caching-Strategies#cache-stampede"


def test_a_misspelling_is_said(reference) -> None:
    answer = Index(reference).search("stampeed")
    assert answer.corrected == "stampede"
    assert Index(reference).search("stampede").corrected == ""


def test_words_written_as_one_are_sought_together(reference) -> None:
    """Before sections that hold the words apart."""
    assert Index(reference).search("write-behind").hits[0].title == "Write-behind"
    assert Index(reference).search("write-waiting").hits[0].title == "Write-behind"
    assert Index(reference).search("wriet-behind").corrected == "write behind"


def test_what_the_query_names_comes_first(tmp_path: Path) -> None:
    """A section with that title, or of a term with that name, before one that holds its words more often."""
    question = "### How do sagas end?\n\nA saga ends a saga: saga, saga, retry storm, retry storms.\n"
    home = f"### Sagas\n\nThe steps of a saga follow. {'One more sentence is told here. ' * 30}\n"
    amplification = f"### Amplification\n\nEvery layer multiplies. {'One more sentence is told here. ' * 30}\n"
    text = f"# Caching Strategies\n\n## Overview\n\n{question}\n{home}\n{amplification}"
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "05-Caching-Strategies.md").write_text(text)
    (tmp_path / "glossary.yaml").write_text(
        's: {term: retry storm, sentence: S., home: "05-Caching-Strategies#amplification"}\n'
    )
    index = Index(load(tmp_path))
    for query in ("saga", "SAGAS", "sgaas"):
        assert index.search(query).hits[0].title == "Sagas"
    assert index.search("saga retry").hits[0].title == "How do sagas end?"
    for query in ("retry-storms", "retry storm"):
        assert index.search(query, limit=1).hits[0].title == "Amplification"


def test_a_programs_name_that_no_text_holds_is_sought_by_its_words(reference) -> None:
    for typed in ("CacheStampedeException", "HTTPCacheStampede", "cacheStampede"):
        assert Index(reference).search(typed).hits[0].address == "05-Caching-Strategies#cache-stampede"
    assert Index(reference).search("cacheStampede").corrected == ""


def test_an_error_is_found_without_what_a_language_adds_to_its_name(whole_index: Index) -> None:
    """One section names the class, and what the error prints leads to another."""
    hits = whole_index.search("WrongExpectedVersionException").hits
    expected = {"18-Event-Sourcing#optimistic-concurrency", "18-Event-Sourcing#conflicts-on-one-stream"}
    assert {hit.address for hit in hits[:2]} == expected


def test_any_word_is_enough_where_no_section_holds_all(reference) -> None:
    hits = Index(reference).search("crash stampede").hits
    assert {hit.title for hit in hits} >= {"Write-behind", "Cache stampede"}


@pytest.mark.parametrize(
    "query", ['"', "a OR (", "NEAR(", "title:x", "*", "-", "^", "x" * 200, "'; DROP TABLE section;--"]
)
def test_no_query_is_a_fault(reference, query: str) -> None:
    try:
        Index(reference).search(query)
    except InvalidInput as error:
        assert "no word" in str(error)


@pytest.mark.parametrize(("query", "limit"), [("x" * 301, 10), ("x", 0), ("x", 101), ("", 5)])
def test_beyond_reason_is_refused(reference, query: str, limit: int) -> None:
    with pytest.raises(InvalidInput):
        Index(reference).search(query, limit)


def test_any_script_and_any_spelling_of_a_letter_is_read(tmp_path: Path) -> None:
    text = "# Caching Strategies\n\n## Overview\n\n### Café Ångström\n\nΤαχύτητα. Кеш.\n\n### Other\n\nText.\n"
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "05-Caching-Strategies.md").write_text(text)
    index = Index(load(tmp_path))
    for query in ("café", "cafe\u0301", "CAFE", "Ａngstrom", "ταχυτητα", "кеш"):
        assert [hit.title for hit in index.search(query).hits] == ["Café Ångström"], query


def test_what_is_no_section_answers_where_all_of_the_query_is_in_it(reference) -> None:
    index = Index(reference)
    assert [(hit.kind, hit.excerpt) for hit in index.search("thundering herd").others] == [("term", "S.")]
    assert index.search("thundering waiting").others == ()
    assert [hit.kind for hit in index.search("dogpile").shown[:2]] == ["section", "term"]


def test_the_pages_index_holds_what_this_one_does(reference) -> None:
    sections, others = list(entries(reference)), list(other_entries(reference))
    files = dict(search_files(sections, others))
    assert files == dict(search_files(sections, others))
    known = json.loads(files["search/words.json"])
    assert known["words"]["dogpile"] and "the" in known["stop"] and known["sections"] == len(sections)
    held = json.loads(files["search/terms/st.json"])["terms"]["stamped"]
    scores = dict(zip(accumulate(held[::2]), held[1::2], strict=True))
    postings = Postings()
    postings.add([*sections, *others])
    assert scores == postings.scores()["stamped"]
    rows = [row for at in range(len(files)) for row in json.loads(files.get(f"search/rows/{at}.json", "[]"))]
    assert [row[1] for row in rows] == [entry.title for entry in [*sections, *others]]


@pytest.mark.parametrize("term", ["", "a", "ab", "abc", "é", "a_", "数据", "9"])
def test_a_term_has_one_file(term: str) -> None:
    assert piece_of(term) in (term[:2], "other")


def test_a_swap_of_neighbors_is_one_edit_and_long_words_may_have_two() -> None:
    known = {"stampede": 1, "dual": 9, "shard": 2, "share": 5, "shore": 5}
    assert correct("shadr", known) == "shard"
    assert correct("stmapeed", known) == "stampede"
    assert correct("stmpaeedx", known) == "stmpaeedx"  # three
    assert correct("shar", {"shard": 1}) == "shar" and correct("shire", known) == "share"  # of equals the alphabet
    assert correct("daul", known) == "dual" and correct("deal", known) == "deal"


def test_correction_leaves_short_and_known_words_alone() -> None:
    known = {"cache": 5, "cached": 1, "caches": 3}
    assert correct("cach", known) == "cach"  # the beginning of a known word
    assert correct("cahce", known) == "cache"
    assert correct("lru", known) == "lru"
    assert correct("zzzzzz", known) == "zzzzzz"


PRINTED = {
    "WRONGTYPE Operation against a key holding the wrong kind of value": "cache-stampede",
    "(error) WRONGTYPE Operation against a key holding the wrong kind of value": "cache-stampede",
    "2026-11-29 10:14:03 UTC [812] FATAL:  sorry, too many clients already": "overview",
    "keyspace_misses": "caching-patterns",
    "Why does READONLY appear?": "",
    "READONLY": "caching-patterns",
}
HOME = "05-Caching-Strategies"
TEXTS = f"""
a: {{notice: "WRONGTYPE Operation against a key holding the wrong kind of value", kind: error,
     section: "{HOME}#cache-stampede"}}
b: {{notice: "FATAL: sorry, too many clients already", kind: log, section: "{HOME}#overview"}}
c: {{notice: keyspace_misses, kind: metric, section: "{HOME}#caching-patterns"}}
d: {{notice: READONLY, kind: error, section: "{HOME}#caching-patterns"}}
e: {{notice: "Everything is slow and the origin suffers", kind: symptom, section: "{HOME}#overview"}}
"""


@pytest.fixture(scope="module")
def of_texts(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Sections of which fourteen hold every word of the texts, and those that they lead to do not."""
    noise = "\n".join(f"### Noise {n}\n\n{' '.join(PRINTED)}\n" for n in range(14))
    text = f"{CACHING.partition('[^paper]: ')[0]}\n{noise}\n[^paper]: An old text.\n"
    root = tmp_path_factory.mktemp("texts") / "reference"
    return Index(load_texts(write_reference(root, **{"05-Caching-Strategies.md": text, "symptoms.yaml": TEXTS})))


@pytest.mark.parametrize("typed", PRINTED)
def test_a_text_of_a_program_finds_its_section_first(typed: str, of_texts: Index) -> None:
    first = of_texts.search(typed).hits[0].address.partition("#")[2]
    assert first == PRINTED[typed] if PRINTED[typed] else first.startswith("noise")


def test_what_people_notice_finds_its_section_and_is_no_name_of_it(of_texts: Index) -> None:
    found = of_texts.search("Everything is slow and the origin suffers")
    assert f"{HOME}#overview" in {hit.address for hit in found.hits} and not found.named


def test_every_text_of_a_program_finds_its_section_first_in_the_real_reference(whole_index: Index) -> None:
    texts = [each for each in whole_reference().symptoms if each.kind != "symptom"]
    assert texts, "symptoms.yaml holds no error, log line or metric"
    found = {each.notice: whole_index.search(each.notice).hits[0].address for each in texts}
    assert [each.notice for each in texts if found[each.notice] != each.section] == []


def test_a_question_finds_the_section_that_its_answer_sends_to(tmp_path: Path) -> None:
    """A common question asks in other words than the section that explains it."""
    index = Index(load(write_example(tmp_path)))
    addresses = [hit.address for hit in index.search("redis or memcached").hits]
    assert "05-Caching-Strategies#cache-stampede" in addresses


def test_the_document_that_is_about_it_leads_among_equal_sections(tmp_path: Path) -> None:
    """One section of each holds the words asked for as often; in one document others hold them too."""
    alike = "## Overview\n\nLeases end a stampede.\n\n## Other\n\n{other}\n"
    root = write_example(tmp_path)
    assert "04-Database-Technologies" in (root / "plan.yaml").read_text()
    (root / "04-Database-Technologies.md").write_text(f"# Databases\n\n{alike.format(other='Nothing of it.')}")
    (root / "05-Caching-Strategies.md").write_text(f"# Caching\n\n{alike.format(other='Leases and a stampede.')}")
    assert Index(load(root)).search("leases stampede").hits[0].address.startswith("05-Caching-Strategies#")


def test_a_section_is_found_by_words_in_which_people_ask_and_it_does_not(tmp_path: Path) -> None:
    """Its text holds none of them, and they are no slips of words that it holds."""
    root = write_reference(tmp_path / "reference", **{"asked/05.yaml": "cache-stampede:\n- entrys requesst\n"})
    for index in (Index(load(root)), Index(load_texts(root))):
        answer = index.search("entrys requesst")
        assert answer.hits[0].address == f"{HOME}#cache-stampede" and answer.corrected == ""
        assert "entrys" not in answer.hits[0].excerpt
    (root / "asked" / "05.yaml").unlink()
    assert Index(load(root)).search("entrys requesst").corrected == "entry requests"


def test_the_page_reads_in_which_words_people_ask(tmp_path: Path) -> None:
    root = write_reference(tmp_path / "reference", **{"asked/05.yaml": "cache-stampede:\n- pile of visitors\n"})
    files = {path: json.loads(content) for path, content in search_files(entries(load(root)), ())}
    assert files["search/words.json"]["words"]["visitors"] == [1, "visitor"]
    row, _ = files["search/terms/vi.json"]["terms"]["visitor"]
    shown = files["search/rows/0.json"]
    assert shown[row][1] == "Cache stampede" and "visitors" not in str(shown)


def test_what_people_notice_finds_its_section_in_the_real_reference(whole_index: Index) -> None:
    """As a section among the first ten, whatever words it uses itself."""
    noticed = [each for each in whole_reference().symptoms if each.kind == "symptom"]
    missed = [each.notice for each in noticed if each.section not in _addresses(whole_index, each.notice)]
    assert len(missed) <= len(noticed) * 0.02, missed


def _addresses(index: Index, query: str) -> set[str]:
    return {hit.address for hit in index.search(query).hits}


def test_every_model_typed_by_its_name_answers_at_once() -> None:
    index = index_of(whole_reference())
    late = []
    for name in models():
        found = index.search(name)
        first = [hit.url for hit in found.shown[: 1 + found.named] if hit.kind == "model"]
        late += [name] if first != [f"models/{name}/"] else []
    assert late == []
