"""The page of a document's evidence: its weightiest claims and its numbers, each with an address of its own."""

from __future__ import annotations

from typing import Any

from sysdesign.content.records import Claim, Fact, Number, Source
from sysdesign.site.addresses import folder_of, root_from
from sysdesign.site.evidence import date_text, number_view, record_of
from sysdesign.site.layout import Page, Site

FOLDER = "evidence/"  # within the document's own


def page(site: Site, slug: str) -> Page:
    """The page of the claims and numbers of the written document with that slug."""
    reference, document, planned = site.reference, site.reference.documents[slug], site.reference.planned(slug)
    path = f"{folder_of(planned)}{FOLDER}index.html"
    root = root_from(path)
    numbers = [reference.numbers[id_] for id_ in reference.numbers_of.get(slug, ())]
    return site.page(
        path, "evidence.html",
        layout="wide", main_class="evidence", title=f"{document.title}: evidence", whole=document.title,
        description=f"The claims and numbers of {document.title}, each with its source or computation.",
        href=f"{root}{folder_of(planned)}",
        claims=[_claim(site, slug, claim, root) for claim in reference.claims.get(slug, ())],
        numbers=[_number(site, number, root) for number in numbers],
    )  # fmt: skip


def _claim(site: Site, slug: str, claim: Claim, root: str) -> dict[str, Any]:
    section = site.reference.documents[slug].by_anchor.get(claim.section)
    return {
        "claim": claim, "date": date_text(claim.date), "section": section,
        **_held_by(site, claim.source or claim.number, root),
    }  # fmt: skip


def _held_by(site: Site, id_: str, root: str) -> dict[str, str]:
    """What a claim rests on, and where that stands."""
    match record_of(site.reference, id_):
        case Source() as source:
            return {"by": f"{source.author.split(',')[0]} {source.year}: {source.title}", "by_href": source.url}
        case Fact() as fact:
            return {"by": fact.says, "by_href": f"{root}facts/#{fact.id}"}
        case Number() as number:
            return {"by": "its computation", "by_href": f"#number:{number.id}"}
        case _:
            return {"by": "", "by_href": ""}


def _number(site: Site, number: Number, root: str) -> dict[str, Any]:
    return {"number": number, **number_view(number, site.models, root)}
