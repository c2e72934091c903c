"""An address, a formula or a drawing that a page may not hold.

The site must be safe on a host that sends no policy. So links lead to https, http, mailto or the
site itself, formulas and drawings hold what their engines write, and nothing else: no script, no
handler, no style, nothing that asks another host. A page that would hold it is not built.
"""

from __future__ import annotations

from collections.abc import Iterator

from markdown_it.token import Token

from sysdesign import markup
from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference, located
from sysdesign.content.document import Document
from sysdesign.content.records import Place
from sysdesign.errors import BadContent
from sysdesign.site.drawing import drawing
from sysdesign.site.prose import mathml

CRITERION = "language"
RULE = "unsafe-markup"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        for link in document.links:
            if fault := markup.address_fault(link.target):
                yield at(document, link.line, RULE, f"the address {link.target[:80]!r} {fault}", "Link to https://")
        for line, latex, display in _formulas(document):
            if fault := _formula_fault(latex, display):
                fix = "Write it in plain LaTeX math"
                yield at(document, line, RULE, f"the formula {latex[:80]!r} {fault}", fix)
    yield from _drawings(reference, context)


def _formulas(document: Document) -> Iterator[tuple[int, str, str]]:
    line = 1
    for token in document.tokens:
        line = token.map[0] + 1 if token.map else line
        if token.type.startswith("math_block"):
            yield line, token.content.strip(), "block"
        yield from ((line, child.content.strip(), "inline") for child in _inline(token))


def _inline(token: Token) -> Iterator[Token]:
    return (child for child in token.children or () if child.type.startswith("math_inline"))


def _formula_fault(latex: str, display: str) -> str:
    try:
        mathml(latex, display)
    except Exception as error:  # the converter raises whatever its parser meets
        return str(error) or type(error).__name__
    return ""


def _drawings(reference: Reference, context: Context) -> Iterator[Finding]:
    folder = reference.root / "figures"
    for path in sorted(folder.glob("*/*.svg")):
        name = path.relative_to(folder).as_posix()
        if not context.covers(name.partition("/")[0]):
            continue
        shown = f"{reference.root.name}/figures/{name}"
        try:
            drawing(located.read_text(path, shown))
        except BadContent as error:
            yield Finding(RULE, Place(path=shown, line=error.line), error.found, error.fix)
        except ValueError as error:
            line = error.line if isinstance(error, markup.Refused) else 1
            yield Finding(RULE, Place(path=shown, line=line), str(error), "Draw it again with `make draw`")
