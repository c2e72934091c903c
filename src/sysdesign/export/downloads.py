"""What a site holds to take along, and the page that lists it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sysdesign.content.brief import has_brief
from sysdesign.export.book import chosen
from sysdesign.export.files import content, name_of
from sysdesign.site.layout import TAKE_ALONG, Page, Site

FORMS = (
    ("pdf", False, "PDF", "to print, or to read on a large screen"),
    ("pdf", True, "PDF of the briefs", "two to four pages a document"),
    ("epub", False, "EPUB", "for e-readers and phones"),
    ("html", False, "One HTML file", "read and searched from disk, without a network"),
    ("anki", False, "Cards for Anki", "common questions, claims and terms"),
    ("csv", False, "Cards as CSV", "the same for any other program"),
)


def further(site: Site, progress: Callable[[str], None]) -> Iterator[Page]:
    """Each file, and the page downloads/ in front of them."""
    folder = TAKE_ALONG["path"]
    slugs = chosen(site.reference, [])
    briefs = any(has_brief(site.reference.documents[slug]) for slug in slugs)
    rows = []
    for kind, brief, name, sentence in FORMS:
        if brief and not briefs:
            continue
        progress(f"Making the {name}")
        made = content(site, kind, slugs, briefs=brief, address=site.address)
        file = name_of(kind, slugs, briefs=brief)
        rows.append({"file": file, "name": name, "sentence": sentence, "size": f"{len(made) / 1e6:,.1f} MB"})
        yield f"{folder}{file}", made
    yield site.page(
        f"{folder}index.html", "downloads.html", title=TAKE_ALONG["name"], rows=rows,
        description="The whole reference as PDF, EPUB, one HTML file, and cards.",
    )  # fmt: skip
