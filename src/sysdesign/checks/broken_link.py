"""A link that leads nowhere: within, across documents, to a record, or of impossible form.

There is no internet when this runs: outside links are checked for form only.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.document import Document, Link
from sysdesign.errors import UnknownName, nearest

CRITERION = "language"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        for link in document.links:
            fault = _fault(reference, document, link)
            if fault:
                yield at(document, link.line, "broken-link", f"{link.target!r} {fault[0]}", fault[1])


def _fault(reference: Reference, document: Document, link: Link) -> tuple[str, str] | None:
    target = link.target
    if target.startswith("#"):
        return _anchor(document, target[1:])
    if "://" in target or target.startswith("mailto:"):
        return _outside(target)
    path, _, anchor = target.partition("#")
    if path.endswith(".md") and "/" not in path:
        return _document(reference, path.removesuffix(".md"), anchor)
    if (reference.root / path).is_file() and ".." not in PurePosixPath(path).parts:
        return None
    return "is not there", nearest(path, _records(reference), "files")


def _anchor(document: Document, anchor: str) -> tuple[str, str] | None:
    if anchor in document.by_anchor:
        return None
    return f"has no such heading in {document.name}", nearest(anchor, document.by_anchor, "headings")


def _document(reference: Reference, name: str, anchor: str) -> tuple[str, str] | None:
    try:
        planned = reference.named(name)
    except UnknownName as error:
        return "is no document of the plan", str(error)
    if planned.name != name:
        return "is not how the document is named", f"Write {planned.name}.md"
    if not anchor:
        return None
    document = reference.documents.get(planned.slug)
    if document is None:
        return "names a heading of a document that is only planned", f"Link to {name}.md as a whole"
    return _anchor(document, anchor)


def _outside(target: str) -> tuple[str, str] | None:
    parts = urlsplit(target)
    if parts.scheme != "https" or "." not in parts.netloc or " " in target:
        return "is not an address that begins with https://", "Name the official address"
    return None


def _records(reference: Reference) -> list[str]:
    return [path.relative_to(reference.root).as_posix() for path in reference.root.glob("*/*.yaml")]
