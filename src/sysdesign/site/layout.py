"""What all pages share: the templates, the links at the top, the list of documents."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from sysdesign import markup
from sysdesign.content import Reference
from sysdesign.content.records import Group, PlannedDocument
from sysdesign.models.declaration import Model
from sysdesign.search.entries import Names, names_by_home
from sysdesign.site.addresses import folder_of, root_from
from sysdesign.site.asset_files import assets, version
from sysdesign.site.cards import CARD
from sysdesign.site.figures import FigureRoom

Page = tuple[str, bytes]
MORE = (
    {"path": "explorers/", "name": "Explorers"},
    {"path": "levels/", "name": "Consistency levels"},
    {"path": "workload/", "name": "Workload"},
    {"path": "checks/", "name": "How this is checked"},
)
TAKE_ALONG = {"path": "downloads/", "name": "Take it along"}
# In each page, for hosts that send none: our own scripts, styles and pictures, nothing else.
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'"
)
MOST_LISTED = 100  # documents beside a document's text


@dataclass
class Site:
    """What the pages of one build share."""

    reference: Reference
    models: Mapping[str, Model]
    figures: FigureRoom
    decisions: Mapping[str, Any] = field(default_factory=dict)  # frameworks by name
    address: str = ""  # where the site will stand, ending in a slash; "" where nobody told
    takes_along: bool = False  # whether it holds files to take along, at downloads/
    files: dict[str, str] = field(default_factory=dict)  # name of an asset: its path with its version

    def __post_init__(self) -> None:
        stamp = version(*assets().values())
        self.files = {name: f"assets/{name}?v={stamp}" for name in assets()}
        sheet = self.figures.read_all()
        self.files["figures.css"] = f"assets/figures.css?v={version(sheet)}"
        self.figures_sheet = sheet

    @cached_property
    def neighbors(self) -> dict[str, tuple[PlannedDocument | None, PlannedDocument | None]]:
        """The written documents before and after each one in reading order."""
        reference = self.reference
        order = [reference.planned(slug) for slug in reference.plan.reading_order if slug in reference.documents]
        around = [None, *order, None]
        return {planned.slug: (around[at], around[at + 2]) for at, planned in enumerate(order)}

    @cached_property
    def names(self) -> Mapping[str, Names]:
        """By what else than its heading each section is sought."""
        return names_by_home(self.reference)

    def page(self, path: str, template: str, **values: Any) -> Page:
        """One page from its template."""
        common = {
            "root": root_from(path), "assets": self.files, "here": path.removesuffix("index.html"),
            "rooms": self._rooms(), "more": [*MORE, *[TAKE_ALONG] * self.takes_along],
            "layout": "wide", "has_figures": False,
            "own_search": False, "policy": POLICY, "main_class": "", "description": "", "title": "", "for_programs": "",
            "reading": "", "outline": (),
            "canonical": self.address and self.address + path.removesuffix("index.html"),
            "card": self.address and self.address + self._card(path),
        }  # fmt: skip
        text = environment().get_template(template).render({**common, **values})
        return path, text.encode()

    def _card(self, path: str) -> str:
        """Where the picture of a page stands: that of its document, or that of the whole."""
        folder, _, page = path.partition("/")
        return f"{folder}/{CARD}" if page and folder in self._folders else CARD

    @cached_property
    def _folders(self) -> frozenset[str]:
        """Of the written documents."""
        reference = self.reference
        return frozenset(folder_of(reference.planned(slug)).rstrip("/") for slug in reference.documents)

    def _rooms(self) -> list[dict[str, str]]:
        rooms = [("#map", "Documents"), *[("decisions/", "Decisions")] * bool(self.decisions)]
        rooms += [("models/", "Models"), ("facts/", "Facts"), ("glossary/", "Glossary")]
        return [{"path": path, "name": name} for path, name in rooms]


@cache
def environment() -> Environment:
    """The templates. A name that a template misspells is an error.

    They are compiled anew in each process, in 0.15 s: kept ones would be programs that are read from a cache.
    """
    found = Environment(
        loader=PackageLoader("sysdesign.site"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    found.filters["coded"] = coded
    found.filters["address"] = markup.address
    found.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return found


def coded(text: str) -> Markup:
    """Plain text whose `words in backticks` are code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # escaped before the tags go in


def document_item(reference: Reference, planned: PlannedDocument, root: str, here: str = "") -> dict[str, Any]:
    """A document as lists show it; while it is planned, its page says what it will answer."""
    written = planned.slug in reference.documents
    return {
        "title": planned.title, "sentence": planned.sentence, "slug": planned.slug, "here": planned.slug == here,
        "href": f"{root}{folder_of(planned)}", "written": written,
    }  # fmt: skip


def documents_by_group(reference: Reference, root: str, here: str = "") -> list[dict[str, Any]]:
    """All documents of the plan under their groups."""
    return [_group(group, reference.plan.documents, reference, root, here) for group in reference.plan.groups]


def documents_beside(reference: Reference, root: str, here: str) -> list[dict[str, Any]]:
    """The documents that a document's page lists: all under their groups, or of a large plan those nearest to it."""
    documents = reference.plan.documents
    if lists_all(reference):
        return documents_by_group(reference, root, here)
    planned = reference.planned(here)
    at = reference.slugs.index(here)
    near = documents[max(0, at - MOST_LISTED // 2) : at + MOST_LISTED // 2]
    return [_group(group, near, reference, root, here) for group in reference.plan.groups if group.id == planned.group]


def lists_all(reference: Reference) -> bool:
    """Whether every document's page can list all the others: two thousand names help nobody, on two thousand pages."""
    return len(reference.plan.documents) <= MOST_LISTED


def _group(
    group: Group, documents: tuple[PlannedDocument, ...], reference: Reference, root: str, here: str
) -> dict[str, Any]:
    own = [document_item(reference, document, root, here) for document in documents if document.group == group.id]
    return {"title": group.title, "sentence": group.sentence, "documents": own}
