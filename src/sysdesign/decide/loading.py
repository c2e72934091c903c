"""Framework files to frameworks: every name, unit, word and option checked, with file and line."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from sysdesign import units
from sysdesign.content.loading import default_root
from sysdesign.content.located import listed, parse, read_text
from sysdesign.decide import expression
from sysdesign.decide.effort import Efforts, efforts
from sysdesign.decide.entry import Entry, shown
from sysdesign.decide.formula import formula, formula_text
from sysdesign.decide.framework import (
    Caution,
    Consequence,
    Constraint,
    Example,
    Framework,
    Interaction,
    Option,
    Product,
)  # fmt: skip
from sysdesign.decide.node import Node
from sysdesign.decide.outcome import Outcome, outcomes, read_outcome
from sysdesign.decide.workload import from_located
from sysdesign.errors import UnknownName, nearest

TOP = (
    "question", "document", "options", "default", "popular", "derived", "own_outcomes", "outcomes", "constraints",
    "cautions", "interactions", "sources", "examples",
)  # fmt: skip
LIMIT_OPTIONS = 30
EFFORTS = ("build", "run", "leave", "machines", "cost")  # outcomes that follow from an option's components
OTHERS = "others"
Derived = Mapping[str, Node]


def frameworks(root: Path | str | None = None) -> dict[str, Framework]:
    """Every framework under `root` (the reference in use, by default), by name. Raises BadContent."""
    return {path.stem: load_framework(path) for path in _files(Path(root or default_root()))}


def framework(root: Path | str, name: str, catalog: Efforts | None = None) -> Framework:
    """The framework of that name. Raises UnknownName, naming the nearest."""
    paths = {path.stem: path for path in _files(Path(root))}
    if name not in paths:
        raise UnknownName(f"there is no decision {name!r}. {nearest(name, paths, 'decisions')}")
    return load_framework(paths[name], catalog)


def _files(root: Path) -> list[Path]:
    return listed(root / "decisions", "*.yaml", root)


def load_framework(path: Path, catalog: Efforts | None = None) -> Framework:
    """Read one framework file. Raises BadContent with file and line."""
    told = f"reference/decisions/{path.name}" if path.parent.name == "decisions" else str(path)
    return parse_framework(read_text(path, told), told, catalog)


def parse_framework(text: str, shown: str, catalog: Efforts | None = None) -> Framework:
    """Read a framework from text; `shown` is its name in errors, `catalog` another catalog of efforts."""
    root = Entry(parse(text, shown), ())
    root.fields(TOP, ("question", "document", "options", "default", "outcomes"))
    catalog = catalog or efforts()
    derived = _derived(root)
    options = _options(root.inner("options"), derived, catalog)
    default = root.one_of("default", options, "option")
    known = {**outcomes(), **_own_outcomes(root, derived)}
    return Framework(
        id=Path(shown).stem,
        path=shown,
        question=root.text("question"),
        document=root.text("document"),
        options=options,
        default=default,
        popular=root.one_of("popular", options, "option") if "popular" in root.value else default,
        derived=derived,
        consequences=tuple(_consequences(root.inner("outcomes"), options, derived, known)),
        constraints=tuple(_constraint(entry, options, derived) for entry in root.each("constraints")),
        cautions=tuple(_caution(entry, options, derived) for entry in root.each("cautions")),
        interactions=tuple(_interaction(entry, options) for entry in root.each("interactions")),
        examples=tuple(_example(entry, options) for entry in root.each("examples")),
        efforts=catalog,
        efforts_weighed={name: known[name] for name in EFFORTS},
        digest=hashlib.sha256(text.encode()).hexdigest(),
        derived_texts={name: formula_text(root.value["derived"][name]) for name in derived},
    )


def _options(entry: Entry, derived: Derived, catalog: Efforts) -> dict[str, Option]:
    if not 2 <= len(entry.value) <= LIMIT_OPTIONS:
        raise entry.wrong(f"there are {len(entry.value)} options", f"Give from 2 to {LIMIT_OPTIONS}")
    if OTHERS in entry.value:
        raise entry.wrong(f"{OTHERS} cannot name an option", "It stands for the options not listed", OTHERS)
    return {str(key): _one_option(str(key), entry.inner(key), derived, catalog) for key in entry.value}


def _one_option(key: str, entry: Entry, derived: Derived, catalog: Efforts) -> Option:
    entry.fields(("label", "class", "section", "components", "products"), ("label", "class", "section"))
    section = entry.text("section")
    if "#" not in section:
        raise entry.wrong(
            f"section is {section!r}", "Write document#anchor, as in 05-Caching-Strategies#cache-stampede", "section"
        )
    return Option(
        key, entry.text("label"), entry.names("class"), section, _components(entry, derived, catalog), _products(entry)
    )


def _components(entry: Entry, derived: Derived, catalog: Efforts) -> dict[str, Node]:
    if "components" not in entry.value:
        return {}
    inner = entry.inner("components")
    for name in inner.value:
        if name not in catalog.components:
            fix = nearest(str(name), catalog.components, "components")
            raise inner.wrong(f"there is no component {shown(name)} in {catalog.path}", fix, name)
    return {str(name): formula(inner, name, derived, units.PURE) for name in inner.value}


def _products(entry: Entry) -> tuple[Product, ...]:
    found = []
    for each in entry.each("products"):
        each.fields(("name", "looked_at"), ("name", "looked_at"))
        when = each.value["looked_at"]
        if not isinstance(when, dt.date):
            raise each.wrong(f"looked_at is {shown(when)}", "Write a date, as in 2026-11-29", "looked_at")
        found.append(Product(each.text("name"), when.isoformat()))
    return tuple(found)


def _derived(root: Entry) -> dict[str, Node]:
    found: dict[str, Node] = {}
    if "derived" not in root.value:
        return found
    entry = root.inner("derived")
    reserved = (*expression.KEYWORDS, *expression.EXTREMES)
    for key in entry.value:
        if not str(key).isidentifier() or str(key) in reserved or units.is_unit(str(key)):
            raise entry.wrong(
                f"{shown(key)} cannot name a derived number", "Use a word that is no unit and no keyword", key
            )
        found[str(key)] = _derived_number(entry, str(key), found)
    return found


def _derived_number(entry: Entry, key: str, found: Derived) -> Node:
    if not isinstance(entry.value[key], list):
        return entry.told(key, partial(expression.number, entry.value[key], found))
    last = entry.inner(key, len(entry.value[key]) - 1)
    plain = last.told("is", partial(expression.number, last.value.get("is"), found))
    return formula(entry, key, found, plain.dimension)


def _own_outcomes(root: Entry, derived: Derived) -> dict[str, Outcome]:
    if "own_outcomes" not in root.value:
        return {}
    entry = root.inner("own_outcomes")
    for name in entry.value:
        if name in outcomes():
            raise entry.wrong(f"{name} stands in the shared list", "Use it, or take another name", name)
        if name not in root.inner("outcomes").value:
            raise entry.wrong(f"no option is told what it has of {shown(name)}", "Give its values under outcomes", name)
    return {str(name): read_outcome(str(name), entry.inner(name), derived) for name in entry.value}


def _consequences(
    entry: Entry, options: Mapping[str, Option], derived: Derived, known: Mapping[str, Outcome]
) -> list[Consequence]:
    found = []
    for name in entry.value:
        if name not in known or name in EFFORTS:
            fix = nearest(str(name), [each for each in known if each not in EFFORTS], "outcomes")
            raise entry.wrong(f"{shown(name)} is no outcome that a framework gives", fix, name)
        inner = entry.inner(name)
        inner.fields(("when", "values", "because", "source"), ("values",))
        values = _values(inner.inner("values"), options, derived, known[name])
        common = _common(inner, derived, required=False)
        texts = {str(key): formula_text(value) for key, value in inner.value["values"].items()}
        found.append(Consequence(**common, outcome=known[name], values=values, texts=texts))
    return found


def _values(entry: Entry, options: Mapping[str, Option], derived: Derived, outcome: Outcome) -> dict[str, Node]:
    dimension = units.unit(outcome.unit)[1]
    for name in entry.value:
        if name not in options and name != OTHERS:
            raise entry.wrong(f"{shown(name)} is no option", nearest(str(name), options, "options"), name)
    found = {str(name): formula(entry, name, derived, dimension) for name in entry.value}
    plain = found.pop(OTHERS, None)
    if plain is not None:
        found = {name: found.get(name, plain) for name in options}
    return found


def _condition(entry: Entry, derived: Derived, required: bool = True) -> Node | None:
    if "when" not in entry.value and not required:
        return None
    return entry.told("when", partial(expression.condition, entry.value.get("when"), derived))


def _common(entry: Entry, derived: Derived, required: bool = True) -> dict[str, Any]:
    return {
        "text": str(entry.value.get("when", "")),
        "when": _condition(entry, derived, required),
        "because": entry.text("because"),
        "source": entry.text("source"),
        "line": entry.line,
    }


def _constraint(entry: Entry, options: Mapping[str, Option], derived: Derived) -> Constraint:
    entry.fields(("when", "rules_out", "because", "source"), ("when", "rules_out", "because"))
    return Constraint(**_common(entry, derived), rules_out=entry.some_of("rules_out", options, "option"))


def _caution(entry: Entry, options: Mapping[str, Option], derived: Derived) -> Caution:
    entry.fields(("option", "when", "because", "source"), ("option", "because"))
    return Caution(**_common(entry, derived, required=False), options=entry.some_of("option", options, "option"))


def _interaction(entry: Entry, options: Mapping[str, Option]) -> Interaction:
    kinds = ("requires", "excludes", "changes")
    entry.fields(("option", "because", *kinds), ("option", "because"))
    given = [kind for kind in kinds if kind in entry.value]
    if len(given) != 1:
        raise entry.wrong("an interaction has one of requires, excludes, changes", "Give exactly one")
    option = entry.one_of("option", options, "option")
    return Interaction(option, given[0], entry.text(given[0]), entry.text("because"), entry.line)


def _example(entry: Entry, options: Mapping[str, Option]) -> Example:
    entry.fields(("given", "first", "either", "note", "source"), ("given",))
    given = from_located(entry.located, (*entry.keys, "given"))
    key = "either" if "either" in entry.value else "first"
    names = entry.some_of(key, options, "option")
    if not names:
        raise entry.wrong("an example names what comes first", "Add first, or either with the close options")
    return Example(given, names, key == "either", entry.text("note"), entry.text("source"), entry.line)
