"""Cards to learn from: common questions, terms, and claims with what stands behind them."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from sysdesign.content import Reference
from sysdesign.content.document import Document
from sysdesign.content.records import Claim
from sysdesign.errors import MissingTool
from sysdesign.site.evidence import fact_value

COLUMNS = ("front", "back", "where", "tags")


@dataclass(frozen=True)
class Card:
    """One card."""

    id: str  # the same in every edition, so that what a learner knows is kept
    front: str
    back: str
    where: str  # 05-Caching-Strategies#cache-stampede
    tags: tuple[str, ...]


def cards(reference: Reference, slugs: Sequence[str]) -> list[Card]:
    """The cards of these documents, in reading order."""
    return [card for slug in slugs for card in _of(reference, reference.documents[slug])]


def _of(reference: Reference, document: Document) -> Iterator[Card]:
    for each in document.questions:
        where = f"{document.name}#{each.anchor}"
        yield Card(f"question {where}", each.question, each.short_answer, where, (document.slug, "question"))
    for claim in reference.claims.get(document.slug, ()):
        if claim.verdict != "dropped":
            where = f"{document.name}#{claim.section}"
            front = f"{claim.statement.rstrip('.')}. What stands behind it?"
            yield Card(
                f"claim {document.slug} {claim.id}", front, _behind(reference, claim), where, (document.slug, "claim")
            )
    for term in reference.terms.values():
        if term.home.partition("#")[0] == document.name:
            yield Card(f"term {term.id}", term.term, term.sentence, term.home, (document.slug, "term"))


def _behind(reference: Reference, claim: Claim) -> str:
    source, fact = reference.sources.get(claim.source), reference.facts.get(claim.source)
    if source:
        told = f"{source.author}: {source.title}, {source.year}"
    elif fact:
        told = f"{fact.says}: {fact_value(fact)} ({fact.url}, checked {fact.checked})"
    else:
        number = reference.numbers[claim.number]
        told = f"Computed: {number.shows}, by {number.model or number.formula}"
    return f"{told}. {claim.passage}" if claim.passage else told


def csv_cards(found: Sequence[Card]) -> bytes:
    """As comma-separated values with a header, in UTF-8."""
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for card in found:
        table.writerow((_inert(card.front), _inert(card.back), card.where, " ".join(card.tags)))
    return out.getvalue().encode()


def _inert(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if re.match(r"[=+\-@\t\r]", text) else text


def anki_cards(found: Sequence[Card], name: str, address: str = "") -> bytes:
    """As a package of one deck for Anki. Raises MissingTool without genanki."""
    if find_spec("genanki") is None:
        raise MissingTool("cards for Anki need the packages of the extra `export`: pip install 'sysdesign[export]'")
    import genanki

    model = genanki.Model(
        _number("model"), "System design card",
        fields=[{"name": name} for name in ("Front", "Back", "Where")],
        templates=[{
            "name": "Card", "qfmt": "{{Front}}",
            "afmt": '{{FrontSide}}<hr id="answer">{{Back}}<p class="where">{{Where}}</p>',
        }],
        css=".card { font: 20px/1.45 sans-serif; text-align: left; } .where { font-size: 14px; color: #667; }",
    )  # fmt: skip
    deck = genanki.Deck(_number(name), name)
    for card in found:
        fields = [escape(card.front), escape(card.back), _linked(card.where, address)]
        deck.add_note(genanki.Note(model=model, fields=fields, tags=list(card.tags), guid=_guid(card.id)))
    with TemporaryDirectory(prefix="sysdesign-cards-") as folder:
        path = Path(folder) / "cards.apkg"
        genanki.Package(deck).write_to_file(str(path), timestamp=0)
        return path.read_bytes()


def _linked(where: str, address: str) -> str:
    name, _, anchor = where.partition("#")
    target = f"{address}{name.lower()}/#{anchor}"
    return f'<a href="{escape(target)}">{escape(where)}</a>' if address else escape(where)


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(f"sysdesign {text}".encode()).digest()[:4], "big") >> 1


def _guid(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]
