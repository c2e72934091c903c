"""Cards to learn from."""

from __future__ import annotations

import csv
import io
import sqlite3
import zipfile
from pathlib import Path

from sysdesign.export.book import chosen
from sysdesign.export.cards import COLUMNS, Card, anki_cards, cards, csv_cards
from tests.reading import whole_reference

ODD = [Card("a", "=1+1", "<b>&", "05-Caching-Strategies#x", ("05-caching", "question")),
       Card("b", "Zeilen\numbruch, \"ja\"", "+x", "05-Caching-Strategies#y", ("05-caching", "term"))]  # fmt: skip


def test_every_question_claim_and_term_is_a_card() -> None:
    reference = whole_reference()
    slugs = chosen(reference, [])
    found = cards(reference, slugs)
    kinds = [card.tags[1] for card in found]
    assert kinds.count("question") == sum(len(reference.documents[slug].questions) for slug in slugs)
    claims = [claim for slug in slugs for claim in reference.claims[slug] if claim.verdict != "dropped"]
    assert kinds.count("claim") == len(claims)
    assert all(card.front.strip() and card.back.strip() for card in found)
    assert len({card.id for card in found}) == len(found)


def test_cards_as_text_are_read_back_and_run_nothing() -> None:
    rows = list(csv.reader(io.StringIO(csv_cards(ODD).decode())))
    assert rows[0] == list(COLUMNS)
    assert rows[1] == ["'=1+1", "<b>&", "05-Caching-Strategies#x", "05-caching question"]
    assert rows[2][0] == 'Zeilen\numbruch, "ja"' and rows[2][1] == "'+x"


def test_a_package_for_anki_holds_the_notes(tmp_path: Path) -> None:
    package = zipfile.ZipFile(io.BytesIO(anki_cards(ODD, "Deck", "https://example.org/design/")))
    path = tmp_path / "collection"
    path.write_bytes(package.read("collection.anki2"))
    with sqlite3.connect(path) as collection:
        notes = collection.execute("select flds, tags from notes order by id").fetchall()
    assert len(notes) == 2
    fields = notes[0][0].split("\x1f")
    assert fields[:2] == ["=1+1", "&lt;b&gt;&amp;"]
    assert "https://example.org/design/05-caching-strategies/#x" in fields[2] and "question" in notes[0][1]
