"""What each decision of a document answers before anyone has described a workload: for the document's brief."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

from sysdesign import units
from sysdesign.content.brief import PlainAnswer
from sysdesign.content.located import read_text
from sysdesign.decide.deciding import first_and_flips
from sysdesign.decide.field import Number
from sysdesign.decide.flips import Flip, WordFlip
from sysdesign.decide.framework import Framework
from sysdesign.decide.loading import load_framework
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.wording import option_label, word_meaning
from sysdesign.decide.workload import Workload

SHOWN = 3  # of what would flip an answer
OF_THE_TEAM = ("team.", "goals.")


def frameworks_of(root: Path, document: str) -> Iterator[Framework]:
    """The frameworks under `root` that belong to a document; the others are not read further than their text."""
    for path in sorted((root / "decisions").glob("*.yaml")):
        if document in read_text(path, f"{root.name}/decisions/{path.name}"):
            yield load_framework(path)


def plain_answers(frameworks: Iterable[Framework], document: str) -> tuple[PlainAnswer, ...]:
    """The decisions of the document of that name (`05-Caching-Strategies`): question, default option, what flips it."""
    return tuple(_plain_answer(each) for each in frameworks if each.document == document)


@lru_cache(maxsize=256)
def _plain_answer(framework: Framework) -> PlainAnswer:
    default = framework.options[framework.default]
    flips = tuple(islice(_flips(framework), SHOWN))
    return PlainAnswer(framework.id, framework.question, default.label, default.section.replace(".md", ""), flips)


def _flips(framework: Framework) -> Iterator[str]:
    """What brings another answer where nothing else is known: words before numbers, the team's last."""
    first, numbers, words = first_and_flips(framework, Workload({}, {}))
    if first != framework.default:
        return
    found = [(word.input, _word(framework, word)) for word in words]
    found += [(flip.input, _number(framework, flip)) for flip in numbers]
    found.sort(key=lambda each: each[0].startswith(OF_THE_TEAM))
    yield from (text for _, text in found)


def _word(framework: Framework, flip: WordFlip) -> str:
    said = f"“{_lower(FIELDS[flip.input].label)}” as “{word_meaning(flip)}”"
    return f"{said} ({option_label(framework, flip.becomes)})"


def _number(framework: Framework, flip: Flip) -> str:
    field = FIELDS[flip.input]
    assert isinstance(field, Number)
    way = "more" if flip.direction == "up" else "less"
    value = units.text(flip.value, field.dimension, field.unit, 2)
    return f"“{_lower(field.label)}” of {value} or {way} ({option_label(framework, flip.becomes)})"


def _lower(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
