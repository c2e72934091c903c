"""A figure without a caption, a description or a source.

The caption says what to see, in a sentence. The description serves whoever cannot
see the figure. The source beside the drawing is what the next author edits.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.document import Document, Figure
from sysdesign.errors import nearest

CRITERION = "visuals"
WORDS = 4  # fewer cannot describe a picture


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        seen: set[str] = set()
        for figure in document.figures:
            yield from _figure(reference, document, figure)
            if figure.src in seen:
                yield at(document, figure.line, "bare-figure", f"{figure.src} stands twice", "Link to the first")
            seen.add(figure.src)


def _figure(reference: Reference, document: Document, figure: Figure) -> Iterator[Finding]:
    def finding(message: str, fix: str) -> Finding:
        return at(document, figure.line, "bare-figure", f"{figure.src} {message}", fix)

    folder = f"figures/{document.slug}/"
    if not (figure.src.startswith(folder) and figure.src.endswith(".svg")):
        yield finding("is not a drawing of this document", f"Use {folder}NAME.svg")
    elif figure.name not in reference.figures:
        own = [name for name in reference.figures if name.startswith(f"{document.slug}/")]
        yield finding("has no source", nearest(figure.name, own, "figures"))
    if not figure.caption.endswith((".", "!", "?")):
        yield finding(f"has the caption {figure.caption!r}", "Write one sentence that says what to see")
    if not figure.alone:
        yield finding("stands within a sentence", "Put a blank line before and after it")
    if len(figure.alt.split()) < WORDS:
        yield finding(f"has the description {figure.alt!r}", "Describe it for whoever cannot see it")
