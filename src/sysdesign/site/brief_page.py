"""The page of a document's brief: what the document says in short, on two to four sheets of paper."""

from __future__ import annotations

from dataclasses import replace

from markupsafe import Markup

from sysdesign.content.brief import brief, brief_markdown, has_brief
from sysdesign.content.document import Document
from sysdesign.content.loading import parsed
from sysdesign.decide.plain_answers import plain_answers
from sysdesign.site.addresses import folder_of, root_from
from sysdesign.site.evidence import note_view
from sysdesign.site.layout import Page, Site
from sysdesign.site.prose import Prose

FOLDER = "brief/"  # within the document's own


def page(site: Site, slug: str) -> Page:
    """The brief of the written document with that slug. Raises BadContent where it would be broken."""
    reference, document, planned = site.reference, site.reference.documents[slug], site.reference.planned(slug)
    path = f"{folder_of(planned)}{FOLDER}index.html"
    root = root_from(path)
    text = brief_text(site, slug)
    prose = Prose(replace(reference, terms={}), text, root, site.figures)  # the document itself links its terms
    body = Markup(prose.body())  # Prose escapes all text
    return site.page(
        path, "brief.html",
        layout="brief", main_class="brief", reading=reading_name(slug), title=text.title, description=planned.sentence,
        sentence=planned.sentence, next=_next(site, slug, root), href=f"{root}{folder_of(planned)}",
        whole=document.title, body=body,
        notes=[note_view(reference, note, site.models, root) for note in prose.notes.found.values()],
    )  # fmt: skip


def _next(site: Site, slug: str, root: str) -> dict[str, str] | None:
    """The brief that comes next in reading order."""
    documents = site.reference.documents
    _, after = site.neighbors[slug]
    while after and not has_brief(documents[after.slug]):
        _, after = site.neighbors[after.slug]
    if after is None:
        return None
    return {"title": documents[after.slug].title, "href": f"{root}{folder_of(after)}{FOLDER}"}


def reading_name(slug: str) -> str:
    """Under what name a reader's browser keeps how far this brief was read."""
    return f"{slug}/brief"


def brief_text(site: Site, slug: str) -> Document:
    """The brief as a document of its own, with its evidence."""
    document = site.reference.documents[slug]
    found = brief(document, plain_answers(site.decisions.values(), document.name), marks=True)
    return parsed(brief_markdown(found), slug, document.name, document.path)
