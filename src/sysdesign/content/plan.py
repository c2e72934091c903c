"""The plan, held against itself."""

from __future__ import annotations

import re
from collections import Counter
from graphlib import CycleError, TopologicalSorter

from sysdesign.content.located import Located, cut
from sysdesign.content.records import Plan
from sysdesign.errors import BadContent, nearest

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


def check_plan(plan: Plan, file: Located) -> None:
    """Refuse what would make the map meaningless: unknown names, doubles, a circular prerequisite."""
    _check_names(plan, file)
    slugs = [document.slug for document in plan.documents]
    count = Counter(slugs)
    groups = [group.id for group in plan.groups]
    for at, document in enumerate(plan.documents):
        line = file.line(("documents", at))
        if count[document.slug] > 1:
            raise BadContent(file.path, line, f"the document {document.slug} stands twice", "Keep one of the two")
        if document.group not in groups:
            raise BadContent(
                file.path, line, f"unknown group {document.group!r}", nearest(document.group, groups, "groups")
            )
        for name in document.prerequisites:
            if name not in count:
                where = file.line(("documents", at, "prerequisites"))
                raise BadContent(file.path, where, f"unknown prerequisite {name!r}", nearest(name, slugs, "documents"))
    circle = _circle({document.slug: document.prerequisites for document in plan.documents})
    if circle:
        at = slugs.index(circle[0])
        where = file.line(("documents", at, "prerequisites"))
        raise BadContent(file.path, where, f"a circular prerequisite: {_shown(circle)}", "Drop one of them")
    if sorted(plan.reading_order) != sorted(slugs):
        odd = sorted(set(plan.reading_order) ^ set(slugs))
        raise BadContent(
            file.path, file.line(("reading_order",)), f"the reading order and the documents differ in {odd}",
            "List every document once",
        )  # fmt: skip
    _check_paths(plan, file)


def _check_paths(plan: Plan, file: Located) -> None:
    """A path names documents that are planned, each once, and none before what should be read first."""
    needs = {document.slug: document.prerequisites for document in plan.documents}
    for at, path in enumerate(plan.paths):
        where = file.line(("paths", at))
        if not path.documents:
            raise BadContent(file.path, where, f"the path {path.id} leads nowhere", "List its documents")
        for place, slug in enumerate(path.documents):
            if slug not in needs:
                raise BadContent(file.path, where, f"unknown document {slug!r}", nearest(slug, needs, "documents"))
            if slug in path.documents[:place]:
                raise BadContent(file.path, where, f"the document {slug} stands twice", "Keep one of the two")
            late = [name for name in needs[slug] if name in path.documents[place:]]
            if late:
                message = f"the path {path.id} puts {slug} before {late[0]}, which should be read first"
                raise BadContent(file.path, where, message, "Exchange the two")


def _circle(edges: dict[str, tuple[str, ...]]) -> list[str]:
    """A path that returns to its start, or []."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))  # it names what must come first, first
    return []


def _shown(circle: list[str]) -> str:
    return " -> ".join(circle if len(circle) <= 20 else [*circle[:10], "...", *circle[-10:]])


def _check_names(plan: Plan, file: Located) -> None:
    """Names become names of files and parts of addresses."""
    for at, document in enumerate(plan.documents):
        for field, name in (("slug", document.slug), ("name", document.name)):
            if not _NAME.fullmatch(name):
                line = file.line(("documents", at, field))
                raise BadContent(file.path, line, f"the {field} {cut(name)}", "Use up to 100 letters, digits, - and _")
