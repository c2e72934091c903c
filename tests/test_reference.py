"""The real reference: it passes every rule, the plan is whole, and the same content builds the same bytes."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import pytest

from sysdesign import models
from sysdesign.checks import check, scoreboard
from sysdesign.checks.rules import RULES
from sysdesign.content import Reference, default_root, load
from sysdesign.content.tidy import tidied
from sysdesign.operations.checking import lasting
from sysdesign.plain import json_text
from sysdesign.site.building import site_files
from tests.reading import whole_reference

# Ages are warnings and fix nothing; the date keeps them out of the comparison all the same.
TODAY = dt.date(2026, 11, 23)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return whole_reference()


def test_every_rule_passes_and_the_kept_scoreboard_says_so(reference: Reference) -> None:
    """With what these rules find, nothing, since tests hold each number and drawing alone to the rule on it."""
    findings = check(reference, today=TODAY, only=set(RULES) - {"stale-drawing", "wrong-number"})
    assert [f"{f.place}: {f.message} [{f.rule}]" for f in findings if f.severity == "error"] == []
    kept = json.loads((reference.root / "scoreboard.json").read_text(encoding="utf-8"))
    assert kept == json.loads(json_text(lasting(scoreboard(reference, findings)))), "run `sysdesign tidy` and commit it"


def test_the_plan_holds_all_documents_and_topics(reference: Reference) -> None:
    assert [document.number for document in sorted(reference.plan.documents, key=lambda d: d.number)] == list(range(21))
    assert sum(len(document.topics) for document in reference.plan.documents) == 111
    assert len(reference.plan.groups) == 5


def test_footnote_texts_are_what_the_records_give(reference: Reference) -> None:
    for document in reference.documents.values():
        assert tidied(reference, document) == document.source, f"run `sysdesign tidy` on {document.name}"


def test_the_same_content_builds_the_same_bytes(whole_pages: dict[str, bytes]) -> None:
    first, second = whole_pages, site_files(load(default_root()))
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_every_page_writes_a_percentage_without_a_space(whole_pages: dict[str, bytes]) -> None:
    spaced = re.compile(r"\d(?:\s|&nbsp;)%")
    for name, content in whole_pages.items():
        if name.endswith(".html"):
            assert [found.group() for found in spaced.finditer(content.decode())] == [], name


def test_the_sources_that_models_name_are_there(reference: Reference) -> None:
    """An id ends with its year, or is that of an RFC."""
    named = re.compile(r"(?<![\w./-])[a-z][a-z-]*-(?:19|20)\d\d(?![\w-])|\brfc-\d+")
    files = Path(models.__file__).parent.rglob("*.py")
    found = {(id_, path.name) for path in files for id_ in named.findall(path.read_text(encoding="utf-8"))}
    assert len(found) > 50 and [each for each in sorted(found) if each[0] not in reference.sources] == []


def test_no_page_asks_another_host_for_anything(whole_pages: dict[str, bytes]) -> None:
    for name, content in whole_pages.items():
        if name.endswith(".html"):
            text = content.decode()
            for mark in ('src="http', "src='http", 'rel="stylesheet" href="http', "url(http", "@import"):
                assert mark not in text, f"{name} holds {mark}"
