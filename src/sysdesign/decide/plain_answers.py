"""What each decision of a document answers before anyone has described a workload: for the document's brief."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from sysdesign.content.brief import PlainAnswer
from sysdesign.content.located import read_text
from sysdesign.decide.framework import Framework
from sysdesign.decide.loading import load_framework


def frameworks_of(root: Path, document: str) -> Iterator[Framework]:
    """The frameworks under `root` that belong to a document; the others are not read further than their text."""
    for path in sorted((root / "decisions").glob("*.yaml")):
        if document in read_text(path, f"{root.name}/decisions/{path.name}"):
            yield load_framework(path)


def plain_answers(frameworks: Iterable[Framework], document: str) -> tuple[PlainAnswer, ...]:
    """The decisions of the document of that name (`05-Caching-Strategies`): question, default option, its section."""
    return tuple(_plain_answer(each) for each in frameworks if each.document == document)


def _plain_answer(framework: Framework) -> PlainAnswer:
    default = framework.options[framework.default]
    return PlainAnswer(framework.id, framework.question, default.label, default.section.replace(".md", ""))
