"""The workload vocabulary: every fact a decision may ask for, read from `reference/vocabulary.yaml`.

The file says what its keys mean. It is read once, when the first field is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from sysdesign.content.loading import default_root
from sysdesign.content.located import Located, parse, read_text
from sysdesign.decide.field import Field, Number, Word
from sysdesign.decide.relation import FromNumbers, FromWord, Likely, Relation
from sysdesign.errors import BadContent, SysdesignError, nearest

V = TypeVar("V")
NUMBER_KEYS = ("label", "meaning", "unit", "low", "high", "prior", "scale", "whole", "load", "looser", "follows")
WORD_KEYS = ("label", "meaning", "central", "order", "words", "follows")
FOLLOWS_KEYS = ("from", "over", "words", "product", "sum", "factor", "where", "together")


@dataclass(frozen=True)
class Vocabulary:
    """The fields by name, the meaning of each group, and what follows from what."""

    groups: Mapping[str, str]
    fields: Mapping[str, Field]
    relations: Mapping[str, tuple[Relation, ...]]


def read_vocabulary(path: Path) -> Vocabulary:
    """Read the file. Raises BadContent."""
    located = parse(read_text(path, f"reference/{path.name}"), f"reference/{path.name}")
    groups, entries = located.value["groups"], located.value["fields"]
    fields = {name: _told(located, name, _field, name, entry) for name, entry in entries.items()}
    for name in fields:
        if name.partition(".")[0] not in groups:
            raise BadContent(located.path, located.line(("fields", name)), f"{name} is in no group", "Add its group")
    relations = {
        name: tuple(_told(located, name, _relation, rule, fields) for rule in entry["follows"])
        for name, entry in entries.items()
        if "follows" in entry
    }
    return Vocabulary(groups, fields, relations)


def _told(located: Located, name: str, read: Callable[..., V], *given: Any) -> V:
    """What `read` gives; its complaints told at the field's line."""
    try:
        return read(*given)
    except (KeyError, TypeError, ValueError, SysdesignError) as error:
        line = located.line(("fields", name))
        raise BadContent(located.path, line, f"{name}: {error}", "Mend the entry") from None


def _field(name: str, entry: Mapping[str, Any]) -> Field:
    known = WORD_KEYS if "words" in entry else NUMBER_KEYS
    _only(entry, known)
    return _word(name, entry) if "words" in entry else _number(name, entry)


def _only(entry: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in entry:
        if key not in known:
            raise ValueError(f"unknown key {key!r}. {nearest(str(key), known, 'keys')}")


def _number(name: str, entry: Mapping[str, Any]) -> Number:
    more = {key: entry[key] for key in ("scale", "whole", "load", "looser") if key in entry}
    low, usual, high = map(float, entry["prior"])
    return Number(
        name, entry["unit"], float(entry["low"]), float(entry["high"]), low, usual, high, entry["meaning"],
        label=entry["label"], **more,
    )  # fmt: skip


def _word(name: str, entry: Mapping[str, Any]) -> Word:
    words = {str(word): (float(told["weight"]), str(told["meaning"])) for word, told in entry["words"].items()}
    if entry["central"] not in words:
        raise ValueError(f"central is {entry['central']!r}. {nearest(entry['central'], words, 'words')}")
    return Word(name, words, entry["central"], entry["meaning"], entry.get("order", ""), entry["label"])


def _relation(rule: Mapping[str, Any], fields: Mapping[str, Field]) -> Relation:
    _only(rule, FOLLOWS_KEYS)
    together = bool(rule.get("together", False))
    found: Relation
    if "from" in rule:
        likely = {word: _likely(value) for word, value in rule["words"].items()}
        found = FromWord(rule["from"], likely, rule.get("over", ""), together)
    else:
        times = tuple(rule["sum"] if "sum" in rule else rule["product"])
        where = next(iter(rule["where"].items())) if "where" in rule else None
        low, usual, high = map(float, rule.get("factor", (1, 1, 1)))
        found = FromNumbers(times, tuple(rule.get("over", ())), (low, usual, high), "sum" in rule, where, together)
    for source in found.sources:
        if source not in fields:
            raise ValueError(f"there is no field {source!r}. {nearest(source, fields, 'fields')}")
    return found


def _likely(value: Any) -> Likely | Mapping[str, float]:
    if isinstance(value, Mapping):
        return {str(word): float(weight) for word, weight in value.items()}
    low, usual, high = map(float, value)
    return low, usual, high


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary of the reference in use."""
    return read_vocabulary(default_root() / "vocabulary.yaml")


class _Read(Mapping[str, V]):
    """A part of the vocabulary, read when first asked for."""

    def __init__(self, part: Callable[[Vocabulary], Mapping[str, V]]) -> None:
        self._part = part

    def __getitem__(self, name: str) -> V:
        return self._part(vocabulary())[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._part(vocabulary()))

    def __len__(self) -> int:
        return len(self._part(vocabulary()))


GROUPS: Mapping[str, str] = _Read(lambda known: known.groups)
FIELDS: Mapping[str, Field] = _Read(lambda known: known.fields)
RELATIONS: Mapping[str, tuple[Relation, ...]] = _Read(lambda known: known.relations)
