"""The records under reference/ that are not prose, as frozen values.

Every record refuses unknown fields. `place` says where it stands, for findings.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sysdesign import markup

Address = Annotated[str, AfterValidator(markup.address)]  # what a page may link to
_WORDS = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
LONGEST_ID = 100


def _identifier(text: str) -> str:
    """A name that may stand in addresses and file names as it is."""
    if not _WORDS.fullmatch(text) or len(text) > LONGEST_ID:
        raise ValueError(f"take letters and digits, joined by hyphens, {LONGEST_ID} at most")
    return text


Id = Annotated[str, AfterValidator(_identifier)]


class Place(BaseModel):
    """A line in a file; the path is relative to the folder that holds `reference/`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    path: str
    line: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class Record(BaseModel):
    """A record with an id and a place; both are filled in by the loader."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Id = ""
    place: Place = Place(path="")


class Seen(BaseModel):
    """What was really read: the stored copy and how much of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    url: str
    dated: str = ""  # the copy's own date, as far as known: 2026-08
    read: Literal["full", "section", "excerpt"]


class Source(Record):
    """A piece of literature."""

    author: str
    title: str
    year: int
    kind: Literal[
        "paper", "rfc", "specification", "book", "documentation", "article", "postmortem", "talk", "thesis", "code"
    ]
    url: Address
    seen: Seen
    supports: str = ""  # one line for the References section


class FactCheck(BaseModel):
    """One comparison of a fact with a vendor's service model."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    data: Literal["botocore"]
    service: str
    path: str = ""
    kind: Literal[
        "enum-has", "enum-eq", "enum-lacks", "max", "min", "op-exists", "op-absent", "member-exists",
        "service-exists", "service-absent", "region-exists", "partition-exists", "doc-regex",
    ]  # fmt: skip
    expected: Any = None


class Fact(Record):
    """Something a vendor says of its service, on the day it was looked up."""

    says: str
    value: Any = None
    unit: str = ""
    shows: str = ""
    class_: Literal["model", "page", "lifecycle"] = Field(alias="class")
    url: Address
    checked: dt.date
    seen: Seen
    check: tuple[FactCheck, ...] = ()

    @property
    def service(self) -> str:
        """The service that it is about, from the file that holds it: facts/aws-sqs.yaml."""
        return self.place.path.rsplit("/", 1)[-1].removesuffix(".yaml").removeprefix("aws-") or "other"


class Measured(BaseModel):
    """What a benchmark of this project gave, on one machine, and how far its runs lay apart."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    benchmark: str  # as `python -m benchmarks NAME` runs it
    result: str  # the line of its report
    machine: str
    versions: dict[str, str]
    dated: dt.date
    runs: int = Field(ge=2)
    low: str  # quantities, as people write them
    high: str

    @property
    def command(self) -> str:
        """What anybody runs to measure it again."""
        return f"python -m benchmarks {self.benchmark}"

    @property
    def inputs(self) -> dict[str, str | int]:
        """What the value depends on, by the words for it."""
        return {
            "line": self.result, "machine": self.machine, **self.versions,
            "runs": self.runs, "from": self.low, "to": self.high, "on": self.dated.isoformat(),
        }  # fmt: skip


class Number(Record):
    """A number that a model, plain arithmetic or a benchmark gives."""

    measured: Measured | None = None
    model: str = ""
    formula: str = ""
    inputs: dict[str, Any] = {}
    result: str = ""
    shows: str


class Term(Record):
    """A glossary entry."""

    term: str
    aliases: tuple[str, ...] = ()
    sentence: str
    home: str  # address of the section that explains it
    linked_in: dict[str, tuple[str, ...]] = {}  # slugs of the documents where a name means this; others: everywhere
    other_senses: tuple[str, ...] = ()  # phrases in which a name means something else

    @property
    def names(self) -> tuple[str, ...]:
        """The spelling, and what else readers search for."""
        return (self.term, *self.aliases)


class Claim(Record):
    """One of a document's weightiest statements, held against its source."""

    statement: str
    section: str  # anchor within the document
    source: str = ""  # id of a source or fact
    number: str = ""  # id of a number
    passage: str = ""  # where in the source, and what it says in our words
    verdict: Literal["holds", "corrected", "dropped"]
    date: dt.date


class Symptom(Record):
    """What people notice, and the section that explains it.

    An error, a log line, a metric or a setting stands as it appears: that is what people paste into a search.
    """

    notice: str
    kind: Literal["symptom", "error", "log", "metric", "setting"]
    section: str


class BankQuestion(Record):
    """A question that a person asked, reworded, and the sections that answer it."""

    question: str
    sections: tuple[str, ...] = Field(min_length=1)  # addresses
    tuned: bool  # whether search may be tuned on it; half of each bank is kept for measuring alone


class Topic(Record):
    """A topic of the plan, and the heading that answers it."""

    topic: str
    heading: str = ""  # the anchor within the document; empty while the document is planned
    short_because: str = ""  # why the topic is truly told in fewer words than the guide asks


class PlannedDocument(Record):
    """One of the documents of the plan, written or not."""

    number: int
    name: str  # 05-Caching-Strategies
    slug: str  # 05-caching
    title: str
    group: str
    sentence: str
    prerequisites: tuple[str, ...] = ()  # slugs
    topics: tuple[Topic, ...]
    most_words: int | None = None  # of its body, where the plan says so


class Group(Record):
    """A group of documents on the map."""

    title: str
    sentence: str


class ReadingPath(Record):
    """A way through the documents for a reader's work or time."""

    title: str
    by: Literal["role", "time"]
    sentence: str
    documents: tuple[str, ...]  # slugs, in the order in which to read them
    briefs: bool = False  # their briefs alone
    most_hours: float | None = None  # what its title promises; a check holds it


class Plan(BaseModel):
    """All documents in their groups and reading order, and ways through them."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    groups: tuple[Group, ...]
    documents: tuple[PlannedDocument, ...]
    reading_order: tuple[str, ...]  # slugs
    paths: tuple[ReadingPath, ...] = ()
    opening: str = ""  # the figure that opens the home page: 07-resilience/fan-out
