"""What a check says: findings with a place and a way to mend them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from sysdesign.content import Reference
from sysdesign.content.document import Document
from sysdesign.content.records import Place

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. An error fails `check`, a warning does not."""

    rule: str
    place: Place
    message: str  # what was found
    fix: str  # what would work
    severity: Severity = "error"
    slug: str = ""  # the document it is about, where its file does not say
    unchecked: bool = False  # the rule could not look here, for want of a tool: the content may be right


@dataclass(frozen=True)
class Context:
    """What a rule may need beside the reference."""

    today: dt.date  # tests fix it; ages never enter a page
    documents: tuple[str, ...] | None = None  # slugs to check, or None for all
    progress: Callable[[str], None] = lambda what: None  # hears how far a rule that takes long has come

    def chosen(self, reference: Reference) -> Iterator[Document]:
        """The written documents that findings are wanted about."""
        return (document for slug, document in reference.documents.items() if self.covers(slug))

    def covers(self, slug: str) -> bool:
        """Whether findings about that document are wanted."""
        return self.documents is None or slug in self.documents


Check = Callable[[Reference, Context], Iterable[Finding]]


def at(document: Document, line: int, rule: str, message: str, fix: str, severity: Severity = "error") -> Finding:
    """A finding at a line of a document."""
    return Finding(rule, Place(path=document.path, line=line), message, fix, severity)
