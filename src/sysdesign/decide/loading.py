"""Framework files to frameworks: every name, unit, word and option checked, with file and line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sysdesign import units
from sysdesign.content.located import KeyPath, Located, listed, parse, read_text
from sysdesign.decide import expression
from sysdesign.decide.framework import (
    PREFERENCE_LIMIT,
    Caution,
    Constraint,
    Criterion,
    Example,
    Framework,
    Interaction,
    Option,
    Preference,
)  # fmt: skip
from sysdesign.decide.node import Node
from sysdesign.decide.workload import from_located
from sysdesign.errors import BadContent, SysdesignError, UnknownName, nearest

TOP = (
    "question", "document", "options", "default", "popular", "derived", "constraints", "criteria", "preferences",
    "cautions", "interactions", "sources", "examples",
)  # fmt: skip
LIMIT_OPTIONS = 30
LIMIT_RULES = 200
T = TypeVar("T")


def frameworks(root: Path | str) -> dict[str, Framework]:
    """Every framework under `root` (the folder `reference/`), by name. Raises BadContent."""
    folder = Path(root) / "decisions"
    return {path.stem: load_framework(path) for path in listed(folder, "*.yaml", folder.parent)}


def framework(root: Path | str, name: str) -> Framework:
    """The framework of that name. Raises UnknownName, naming the nearest."""
    paths = {path.stem: path for path in listed(Path(root) / "decisions", "*.yaml", Path(root))}
    if name not in paths:
        raise UnknownName(f"there is no decision {name!r}. {nearest(name, paths, 'decisions')}")
    return load_framework(paths[name])


def load_framework(path: Path) -> Framework:
    """Read one framework file. Raises BadContent with file and line."""
    shown = f"reference/decisions/{path.name}" if path.parent.name == "decisions" else str(path)
    return parse_framework(read_text(path, shown), shown)


def parse_framework(text: str, shown: str) -> Framework:
    """Read a framework from text; `shown` is its name in errors."""
    root = Entry(parse(text, shown), ())
    root.fields(TOP, ("question", "document", "options", "default"))
    options = _options(root.inner("options"))
    derived = _derived(root)
    default = _option(root, "default", options)
    return Framework(
        id=Path(shown).stem,
        path=shown,
        question=root.text("question"),
        document=root.text("document"),
        options=options,
        default=default,
        popular=_option(root, "popular", options) if "popular" in root.value else default,
        derived=derived,
        constraints=tuple(_constraint(entry, options, derived) for entry in root.each("constraints")),
        criteria=tuple(_criterion(entry, options, derived) for entry in root.each("criteria")),
        preferences=tuple(_preference(entry, options, derived) for entry in root.each("preferences")),
        cautions=tuple(_caution(entry, options, derived) for entry in root.each("cautions")),
        interactions=tuple(_interaction(entry, options) for entry in root.each("interactions")),
        sources=_texts(root, "sources"),
        examples=tuple(_example(entry, options) for entry in root.each("examples")),
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


@dataclass(frozen=True)
class Entry:
    """A mapping in a parsed file, with what goes wrong in it told by file and line."""

    located: Located
    keys: KeyPath

    @property
    def value(self) -> dict[str, Any]:
        content = self.located.value
        for key in self.keys:
            content = content[key]
        if not isinstance(content, dict):
            raise self.wrong(f"{_shown(content)} stands where a mapping is expected", "Write its fields as key: value")
        return content

    @property
    def line(self) -> int:
        return self.located.line(self.keys)

    def wrong(self, found: str, fix: str, *keys: str | int) -> BadContent:
        return BadContent(self.located.path, self.located.line((*self.keys, *keys)), found, fix)

    def fields(self, known: tuple[str, ...], required: tuple[str, ...]) -> None:
        for key in self.value:
            if key not in known:
                raise self.wrong(f"unknown field {_shown(key)}", nearest(str(key), known, "fields"), key)
        for key in required:
            if key not in self.value:
                raise self.wrong(f"the field {key!r} is missing", "Add it")

    def text(self, key: str, default: str = "") -> str:
        value = self.value.get(key, default)
        if not isinstance(value, str) or (key in self.value and not value.strip()):
            raise self.wrong(f"{key} is {_shown(value)}", "Write a text", key)
        return " ".join(value.split())

    def inner(self, *keys: str | int) -> Entry:
        return Entry(self.located, (*self.keys, *keys))

    def each(self, key: str) -> Iterator[Entry]:
        value = self.value.get(key, [])
        if not isinstance(value, list) or len(value) > LIMIT_RULES:
            raise self.wrong(f"{key} is {_shown(value)}", f"Write a list of at most {LIMIT_RULES} entries", key)
        return (self.inner(key, at) for at in range(len(value)))

    def told(self, key: str, read: Callable[[], T]) -> T:
        """What `read` gives; its complaints told at `key`'s line."""
        try:
            return read()
        except BadContent:
            raise
        except SysdesignError as error:
            found, _, fix = str(error).partition(". ")
            raise self.wrong(f"{key}: {found}", fix or "Mend the value", key) from None


def _options(entry: Entry) -> dict[str, Option]:
    if not 2 <= len(entry.value) <= LIMIT_OPTIONS:
        raise entry.wrong(f"there are {len(entry.value)} options", f"Give from 2 to {LIMIT_OPTIONS}")
    return {str(key): _one_option(str(key), entry.inner(key)) for key in entry.value}


def _one_option(key: str, entry: Entry) -> Option:
    entry.fields(("label", "class", "section", "machines"), ("label", "class", "section"))
    section = entry.text("section")
    if "#" not in section:
        raise entry.wrong(
            f"section is {section!r}", "Write document#anchor, as in 05-Caching-Strategies#cache-stampede", "section"
        )
    if entry.text("machines", "many") not in ("one", "many"):
        raise entry.wrong(f"machines is {entry.text('machines')!r}", "Write one or many", "machines")
    return Option(key, entry.text("label"), _names(entry, "class"), section, entry.text("machines", "many") == "one")


def _names(entry: Entry, key: str) -> tuple[str, ...]:
    value = entry.value.get(key)
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not found or not all(isinstance(item, str) for item in found):
        raise entry.wrong(f"{key} is {_shown(value)}", "Write a name or a list of names", key)
    return tuple(found)


def _texts(entry: Entry, key: str) -> tuple[str, ...]:
    return _names(entry, key) if entry.value.get(key) else ()


def _option(entry: Entry, key: str, options: dict[str, Option]) -> str:
    name = entry.text(key)
    if name not in options:
        raise entry.wrong(f"{key} is {name!r}, which is no option", nearest(name, options, "options"), key)
    return name


def _option_names(entry: Entry, key: str, options: dict[str, Option]) -> tuple[str, ...]:
    for name in _names(entry, key):
        if name not in options:
            raise entry.wrong(f"{key} names {name!r}, which is no option", nearest(name, options, "options"), key)
    return _names(entry, key)


def _derived(root: Entry) -> dict[str, Node]:
    found: dict[str, Node] = {}
    if "derived" not in root.value:
        return found
    entry = root.inner("derived")
    for key in entry.value:
        if not str(key).isidentifier() or str(key) in expression.KEYWORDS or units.is_unit(str(key)):
            raise entry.wrong(
                f"{_shown(key)} cannot name a derived number", "Use a word that is no unit and no keyword", key
            )
        found[str(key)] = entry.told(key, partial(expression.number, entry.value[key], found))
    return found


def _condition(entry: Entry, derived: dict[str, Node], required: bool = True) -> Node | None:
    if "when" not in entry.value and not required:
        return None
    return entry.told("when", partial(expression.condition, entry.value.get("when"), derived))


def _common(entry: Entry, derived: dict[str, Node], required: bool = True) -> dict[str, Any]:
    return {
        "text": str(entry.value.get("when", "")),
        "when": _condition(entry, derived, required),
        "because": entry.text("because"),
        "source": entry.text("source"),
        "line": entry.line,
    }


def _constraint(entry: Entry, options: dict[str, Option], derived: dict[str, Node]) -> Constraint:
    entry.fields(("when", "rules_out", "because", "source", "needed", "offered"), ("when", "rules_out", "because"))
    return Constraint(
        **_common(entry, derived),
        rules_out=_option_names(entry, "rules_out", options),
        needed=entry.text("needed"),
        offered=entry.text("offered"),
    )


def _criterion(entry: Entry, options: dict[str, Option], derived: dict[str, Node]) -> Criterion:
    known = ("name", "value", "options", "values", "target", "limit", "weight", "scale", "when", "because", "source")
    entry.fields(known, ("name", "target", "limit"))
    values = _criterion_values(entry, options, derived)
    ends = {key: entry.told(key, partial(expression.number, entry.value[key], derived)) for key in ("target", "limit")}
    for name, node in (*values.items(), *ends.items()):
        if node.dimension != ends["target"].dimension:
            raise entry.wrong(
                f"{name} and target are quantities of different kinds", "Give them the same kind of unit", name
            )
    if entry.text("scale", "linear") not in ("linear", "log"):
        raise entry.wrong(f"scale is {entry.text('scale')!r}", "Write linear or log", "scale")
    return Criterion(
        **_common(entry, derived, required=False),
        name=entry.text("name"),
        values=values,
        target=ends["target"],
        limit=ends["limit"],
        weight=_weight(entry, 1.0, 3.0),
        log=entry.text("scale", "linear") == "log",
    )


def _criterion_values(entry: Entry, options: dict[str, Option], derived: dict[str, Node]) -> dict[str, Node]:
    if ("value" in entry.value) == ("values" in entry.value):
        raise entry.wrong("a criterion has either value or values", "Give value with options, or values by option")
    if "value" in entry.value:
        node = entry.told("value", partial(expression.number, entry.value["value"], derived))
        names = _option_names(entry, "options", options) if "options" in entry.value else tuple(options)
        return dict.fromkeys(names, node)
    inner = entry.inner("values")
    found = {}
    for key in inner.value:
        if key not in options:
            raise inner.wrong(
                f"values names {_shown(key)}, which is no option", nearest(str(key), options, "options"), key
            )
        found[key] = inner.told(key, partial(expression.number, inner.value[key], derived))
    if not found:
        raise inner.wrong("values is empty", "Give an expression for each option it concerns")
    return found


def _weight(entry: Entry, default: float, most: float) -> float:
    value = entry.value.get("weight", default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= most:
        raise entry.wrong(f"weight is {_shown(value)}", f"Give a number above 0 and up to {most:g}", "weight")
    return float(value)


def _preference(entry: Entry, options: dict[str, Option], derived: dict[str, Node]) -> Preference:
    entry.fields(("option", "when", "weight", "because", "source"), ("option", "when", "weight", "because"))
    weight = _weight(entry, 0.1, PREFERENCE_LIMIT)
    return Preference(**_common(entry, derived), option=_option(entry, "option", options), weight=weight)


def _caution(entry: Entry, options: dict[str, Option], derived: dict[str, Node]) -> Caution:
    entry.fields(("option", "when", "because", "source"), ("option", "because"))
    return Caution(**_common(entry, derived, required=False), options=_option_names(entry, "option", options))


def _interaction(entry: Entry, options: dict[str, Option]) -> Interaction:
    kinds = ("requires", "excludes", "changes")
    entry.fields(("option", "because", *kinds), ("option", "because"))
    given = [kind for kind in kinds if kind in entry.value]
    if len(given) != 1:
        raise entry.wrong("an interaction has one of requires, excludes, changes", "Give exactly one")
    return Interaction(
        _option(entry, "option", options), given[0], entry.text(given[0]), entry.text("because"), entry.line
    )


def _example(entry: Entry, options: dict[str, Option]) -> Example:
    entry.fields(("given", "first", "note"), ("given", "first"))
    given = from_located(entry.located, (*entry.keys, "given"))
    return Example(given, _option(entry, "first", options), entry.line)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
