"""Reads the folder reference/, and the question banks beside it, into a Reference.

Whatever cannot be read as what it should be is a BadContent with file, line,
what was found and what would work. What can be read but is not right (a missing
section, an unused footnote) is for the checks.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from sysdesign import kept
from sysdesign.content import located
from sysdesign.content.asked import asked
from sysdesign.content.document import Document
from sysdesign.content.glossary import check_links
from sysdesign.content.located import KeyPath, Located, T, record
from sysdesign.content.plan import check_plan
from sysdesign.content.question_banks import QUESTIONS, question_banks
from sysdesign.content.records import (
    Claim,
    Fact,
    Group,
    Number,
    Place,
    Plan,
    PlannedDocument,
    ReadingPath,
    Source,
    Symptom,
    Term,
    Topic,
)
from sysdesign.content.reference import Reference
from sysdesign.errors import BadContent, InvalidInput, nearest

LIMIT_DOCUMENT = 600_000  # bytes; four times the largest of ours, and what the parser reads within seconds at worst
PACKAGE = Path(__file__).resolve().parents[1]


def default_root() -> Path:
    """The checkout's reference/ when run from one, else the copy inside the package."""
    checkout = PACKAGE.parents[1] / "reference"
    return checkout if (checkout / "plan.yaml").is_file() else PACKAGE / "reference"


def cache_folder(kind: str, root: Path) -> Path:
    """A folder of that kind in the user's cache, one for each place of the reference. It may not be there yet."""
    return kept.home() / f"{kind}-{hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:8]}"


def _pass_on(document: Document) -> None:
    """What most readers of a reference do with a document that has just been read: wait for the rest."""


Heard = Callable[[Document], None]


def load(root: Path | None = None, *, heard: Heard = _pass_on, before: Reference | None = None) -> Reference:
    """Read the reference. Raises BadContent at the first thing that cannot be read, InvalidInput without a plan.

    `heard` is told of each document as soon as it is read.
    Documents that stand unchanged in `before` are taken from there.
    """
    with collection_paused():
        return _Loading(root or default_root(), heard, before).reference()


def load_outline(root: Path) -> tuple[Plan, dict[str, Term], tuple[Symptom, ...]]:
    """The plan, the glossary and the symptoms alone. Raises as `load` does."""
    loading = _Loading(root, _pass_on, None)
    plan = loading.plan()
    return plan, loading.terms(plan), loading.symptoms()


@contextmanager
def collection_paused() -> Iterator[None]:
    """No garbage collection inside: a parse makes many objects that all stay, and looking at them costs a third."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def load_document(root: Path, planned: PlannedDocument, before: Document | None = None) -> Document | None:
    """One document of the plan, or None while it is not written. Raises BadContent.

    `before`, its last reading, is given back where the file has not changed; else what an edit left alone is taken
    from it.
    """
    path = root / f"{planned.name}.md"
    shown = f"{root.name}/{planned.name}.md"
    if not located.is_there(path, shown):
        return None
    text = located.read_text(path, shown, LIMIT_DOCUMENT)
    of_file = planned.slug, planned.name, shown
    if before is None or (before.slug, before.name, before.path) != of_file:
        return parsed(text, *of_file)
    return before if before.source == text else _reparsed(before, text) or parsed(text, *of_file)


def _reparsed(before: Document, text: str) -> Document | None:
    from sysdesign.content.reparsing import reparsed  # loads the parser too

    return reparsed(before, text)


@lru_cache(maxsize=64)
def parsed(text: str, slug: str, name: str, shown: str) -> Document:
    """An unchanged document is parsed once, so that an edit to one of many is seen at once."""
    from sysdesign.content.parsing import parse_document  # loads a parser, which texts that are kept do not need

    return parse_document(text, slug, name, shown)


class _Loading:
    def __init__(self, root: Path, heard: Heard, before: Reference | None) -> None:
        self.root = root
        self.heard = heard
        self.before = before.documents if before is not None else {}
        if not located.is_there(root / "plan.yaml", f"{root.name}/plan.yaml"):
            raise InvalidInput(f"{root} holds no plan.yaml; name the folder that holds the reference")

    def reference(self) -> Reference:
        plan = self.plan()
        sources = self._by_id(Source, [self.root / "sources.yaml"])
        facts = self._by_id(Fact, self._listed("facts"))
        numbers, numbers_of = self._numbers(plan)
        self._refuse_shared_ids(sources, facts, numbers)
        terms, symptoms = self.terms(plan), self.symptoms()
        return Reference(
            root=self.root,
            plan=plan,
            documents=self._documents(plan),
            sources=sources,
            facts=facts,
            numbers=numbers,
            numbers_of=numbers_of,
            terms=terms,
            claims={slug: claims for slug in self._slugs(plan) if (claims := self._claims(slug))},
            symptoms=symptoms,
            figures=self._figures(),
            decisions={path.stem: path for path in self._listed("decisions")},
            questions=question_banks(self.root.parent / QUESTIONS, plan),
            asked=asked(self.root, plan),
        )

    def _documents(self, plan: Plan) -> dict[str, Document]:
        found = {}
        for planned in plan.documents:
            document = load_document(self.root, planned, self.before.get(planned.slug))
            if document is not None:
                found[planned.slug] = document
                self.heard(document)
        return found

    def _shown(self, path: Path) -> str:
        return f"{self.root.name}/{path.relative_to(self.root).as_posix()}"

    def _listed(self, folder: str, pattern: str = "*.yaml") -> list[Path]:
        return located.listed(self.root / folder, pattern, self.root)

    def _read(self, path: Path) -> Located:
        return located.read(path, self._shown(path))

    @staticmethod
    def _slugs(plan: Plan) -> list[str]:
        return [document.slug for document in plan.documents]

    def _record(self, kind: type[T], file: Located, keys: KeyPath, **extra: Any) -> T:
        return record(kind, file, keys, {**extra, "place": Place(path=file.path, line=file.line(keys))})

    def _by_id(self, kind: type[T], paths: list[Path]) -> dict[str, T]:
        """Records of files that map an id to a record; an id stands in one file only."""
        found: dict[str, T] = {}
        for path in paths:
            for id_, file in self._entries(path):
                if id_ in found:
                    raise BadContent(
                        file.path, file.line((id_,)), f"the id {id_!r} stands in {found[id_].place} too",  # type: ignore[attr-defined]
                        "Keep one of the two",
                    )  # fmt: skip
                found[id_] = self._record_of(kind, file, id_)
        return found

    def _record_of(self, kind: type[T], file: Located, id_: str) -> T:
        """A file whose text is the same as at the last reading gives the same records."""
        found: T | None = file.records.get((kind, id_))
        if found is None:
            found = file.records[kind, id_] = self._record(kind, file, (id_,), id=id_)
        return found

    def _entries(self, path: Path) -> Iterator[tuple[str, Located]]:
        if not located.is_there(path, self._shown(path)):
            return
        file = self._read(path)
        if file.value is None:
            return
        if not isinstance(file.value, dict):
            raise BadContent(
                file.path, 1, "is not a mapping of ids to records", "Begin each record with its id and a colon"
            )
        for id_ in file.value:
            yield id_, file

    def _numbers(self, plan: Plan) -> tuple[dict[str, Number], dict[str, tuple[str, ...]]]:
        paths, slugs = self._listed("numbers"), self._slugs(plan)
        for path in paths:
            if path.stem not in slugs:
                raise BadContent(self._shown(path), 1, "belongs to no document", nearest(path.stem, slugs, "documents"))
        numbers = self._by_id(Number, paths)
        of: dict[str, list[str]] = {}
        for number in numbers.values():
            of.setdefault(Path(number.place.path).stem, []).append(number.id)
        return numbers, {slug: tuple(ids) for slug, ids in of.items()}

    @staticmethod
    def _refuse_shared_ids(*families: dict[str, Any]) -> None:
        seen: dict[str, Place] = {}
        for family in families:
            for id_, entry in family.items():
                if id_ in seen:
                    raise BadContent(
                        entry.place.path, entry.place.line, f"the id {id_!r} stands in {seen[id_]} too",
                        "A footnote id is unique over sources, facts and numbers: rename one",
                    )  # fmt: skip
                seen[id_] = entry.place

    def _claims(self, slug: str) -> tuple[Claim, ...]:
        path = self.root / "claims" / f"{slug}.yaml"
        return tuple(self._by_id(Claim, [path]).values())

    def _figures(self) -> dict[str, Path]:
        folder = self.root / "figures"
        found: dict[str, Path] = {}
        for path in self._listed("figures", "*/*"):
            if path.suffix not in (".d2", ".yaml"):
                continue
            name = path.relative_to(folder).with_suffix("").as_posix()
            if name in found:
                raise BadContent(
                    self._shown(path), 1, f"the figure {name} has two sources", f"Rename it or {found[name].name}"
                )
            found[name] = path
        return found

    def terms(self, plan: Plan) -> dict[str, Term]:
        terms = self._by_id(Term, [self.root / "glossary.yaml"])
        check_links(terms.values(), self._slugs(plan))
        return terms

    def symptoms(self) -> tuple[Symptom, ...]:
        return tuple(self._by_id(Symptom, [self.root / "symptoms.yaml"]).values())

    def plan(self) -> Plan:
        file = self._read(self.root / "plan.yaml")
        value = {"paths": [], **file.value} if isinstance(file.value, dict) else {}
        for key in value.keys() - Plan.model_fields:
            raise BadContent(
                file.path, file.line((key,)), f"unknown field {key!r}", nearest(key, Plan.model_fields, "fields")
            )
        for key in ("groups", "documents", "reading_order", "paths"):
            if not isinstance(value.get(key), list):
                raise BadContent(file.path, file.line((key,)), f"the list {key!r} is missing", "Add it")
        groups = tuple(self._record(Group, file, ("groups", at)) for at in range(len(value["groups"])))
        documents = tuple(self._planned(file, at) for at in range(len(value["documents"])))
        paths = tuple(self._record(ReadingPath, file, ("paths", at)) for at in range(len(value["paths"])))
        order = tuple(map(str, value["reading_order"]))
        opening = str(value.get("opening", ""))
        plan = Plan(groups=groups, documents=documents, reading_order=order, paths=paths, opening=opening)
        check_plan(plan, file)
        return plan

    def _planned(self, file: Located, at: int) -> PlannedDocument:
        keys: KeyPath = ("documents", at)
        entry = file.value["documents"][at]
        listed = entry.get("topics") if isinstance(entry, dict) else None
        if not isinstance(listed, list):
            raise BadContent(file.path, file.line(keys), "a document without a list of topics", "Add `topics:`")
        topics = tuple(self._record(Topic, file, (*keys, "topics", i)) for i in range(len(listed)))
        return self._record(PlannedDocument, file, keys, topics=topics)


def with_document(reference: Reference, document: Document) -> Reference:
    """The same reference with one document exchanged, for a check on a changed copy."""
    return replace(reference, documents={**reference.documents, document.slug: document})
