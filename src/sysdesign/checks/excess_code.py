"""More than eight blocks of code, one longer than fifteen lines, or one that does not name its language.

Code stands where the text is the thing: an exchange, a schema, a statement, ten lines
of an algorithm. Languages and libraries are not taught here.
"""

from __future__ import annotations

from collections.abc import Iterator

from markdown_it.token import Token

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.site.code import known

CRITERION = "length"
BLOCKS, LINES = 8, 15


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        blocks = [token for token in document.tokens if token.type in ("fence", "code_block")]
        for block in blocks:
            for message, fix in _faults(block):
                yield at(document, _line(block), "excess-code", message, fix)
        if len(blocks) > BLOCKS:
            message = f"has {len(blocks)} blocks of code; {BLOCKS} is the most"
            yield at(document, _line(blocks[BLOCKS]), "excess-code", message, "Keep those that words cannot replace")


def _faults(block: Token) -> Iterator[tuple[str, str]]:
    lines, language = block.content.count("\n"), block.info.strip()
    if lines > LINES:
        yield f"a block of {lines} lines of code; {LINES} is the most", "Keep the lines that carry the point"
    if not known(language):
        yield f"a block of code in {language or 'no language'!r}", "Name one: ```http, json, sql, graphql, text"


def _line(block: Token) -> int:
    return block.map[0] + 1 if block.map else 1
