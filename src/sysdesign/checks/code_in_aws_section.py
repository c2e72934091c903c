"""Code or a command line in the AWS section.

The section says what a service guarantees and what it costs to rely on it. Code ages
fastest of all, and each vendor's manual has it better.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it.token import Token

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference

CRITERION = "structure"
CHAPTER = "AWS Implementation"
_COMMAND = re.compile(
    r"^\s*(?:\$ |aws |curl |cdk |sam |terraform |kubectl |eksctl )|\s--[a-z]|[{};]\s*$|^\s*[\w.]+\(.*\)\s*$"
)


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        for section in document.sections:
            if document.chapter(section.anchor) != CHAPTER:
                continue
            for line, found in _code(section.tokens):
                fix = "Say in words what it does, and link the vendor's page"
                yield at(document, line, "code-in-aws-section", f"{found} in section {section.title!r}", fix)


def _code(tokens: tuple[Token, ...]) -> Iterator[tuple[int, str]]:
    for token in tokens:
        line = token.map[0] + 1 if token.map else 1
        if token.type in ("fence", "code_block"):
            yield line, "a block of code"
        breaks = 0
        for child in token.children or ():
            breaks += child.type in ("softbreak", "hardbreak")
            if child.type == "code_inline" and _COMMAND.search(child.content):
                yield line + breaks, f"the code {child.content!r}"
