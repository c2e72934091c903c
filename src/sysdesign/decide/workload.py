"""A described workload: what is known of a system, in the shared vocabulary.

    name: Chat messages
    traffic: {writes_per_s: 3.5 million/day, reads_per_s: {low: 100, high: 400}}
    data: {size: 2 TB, joins: none, growth_per_year: unknown}

A fact may also be written by its whole name, `data.size: 2 TB`. A number is in the
field's unit, or a text with a unit, or a range ("200 to 400"); an interval has `low`
and `high`; `unknown`, like a field left out, means the field's prior. Choices are
words. Unknown fields, duplicate keys and values out of bounds are refused with
file, line and the nearest thing that works.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sysdesign import units
from sysdesign.content.located import KeyPath, Located, parse, read_text
from sysdesign.decide.field import Field, Number, Word
from sysdesign.decide.vocabulary import FIELDS, GROUPS
from sysdesign.errors import BadContent, InvalidInput, UnknownName, all_faults, nearest
from sysdesign.models.wording import bound_text

NINE_WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
NINES = re.compile(rf"([1-9]|{'|'.join(NINE_WORDS)}) nines?")
TITLES = ("name", "title", "about", "source")  # texts about the workload, never read by a rule


@dataclass(frozen=True)
class Interval:
    """Somewhere from `low` to `high`, in base units."""

    low: float
    high: float


Value = float | Interval | str
"""A number in base units, an interval in base units, or a word."""


@dataclass(frozen=True)
class Workload:
    """The stated facts by field name; what is not here is unknown."""

    values: Mapping[str, Value]
    about: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.about.get("name") or self.about.get("title") or "Workload"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the facts in canonical form: the same facts in other units have the same digest."""
        plain = json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(plain.encode()).hexdigest()

    def as_json(self) -> dict[str, dict[str, Any]]:
        """The facts by group, numbers in their field's unit: reads back as the same workload."""
        found: dict[str, dict[str, Any]] = {}
        for name in sorted(self.values):
            group, _, key = name.partition(".")
            found.setdefault(group, {})[key] = _plain(FIELDS[name], self.values[name])
        return found

    def with_values(self, settings: Mapping[str, Any]) -> Workload:
        """This workload with some facts set; a value is written as in a file. Raises SysdesignError."""
        values = dict(self.values)
        for name, raw in settings.items():
            value = read_value(field(name), raw)
            values.pop(name, None)
            if value is not None:
                values[name] = value
        return Workload(values, self.about)


def field(name: str) -> Field:
    """The field of that name. Raises UnknownName, naming the nearest."""
    if name in FIELDS:
        return FIELDS[name]
    begun = any(known.startswith(name) for known in FIELDS)
    same_last = [known for known in FIELDS if known.partition(".")[2] == name.rpartition(".")[2]]
    known_by_last = same_last and not begun
    hint = f"Did you mean {' or '.join(same_last[:3])}?" if known_by_last else nearest(name, FIELDS, "fields")
    raise UnknownName(f"there is no workload field {name!r}. {hint}")


def load_workload(path: Path | str) -> Workload:
    """Read a workload from a YAML or JSON file. Raises BadContent with file and line."""
    return parse_workload(read_text(Path(path), str(path)), str(path))


def parse_workload(text: str, shown: str = "workload") -> Workload:
    """Read a workload from YAML or JSON text; `shown` is its name in errors."""
    return from_located(parse(text, shown), ())


def workload_of(facts: Mapping[str, Any], shown: str = "workload") -> Workload:
    """A workload from plain values, grouped ({"traffic": {...}}) or dotted ({"traffic.reads_per_s": 5})."""
    grouped: dict[str, Any] = {}
    for key, value in facts.items():
        group, dot, rest = str(key).partition(".")
        more = {rest: value} if dot else value
        there = grouped.get(group, {})
        both = isinstance(there, Mapping) and isinstance(more, Mapping)
        grouped[group] = {**there, **more} if both else more if group not in grouped else there
    return from_located(Located(shown, grouped, {}), ())


def from_located(located: Located, keys: KeyPath) -> Workload:
    """The mapping at `keys` of a parsed file as a workload. Raises BadContent."""
    content = located.value
    for key in keys:
        content = content[key]
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise _bad(located, keys, f"{_shown(content)} stands where a workload is expected", _groups_hint())
    values: dict[str, Value] = {}
    about: dict[str, str] = {}
    faults: list[BadContent] = []
    for group, fields in content.items():
        place = (*keys, group)
        if group in TITLES:
            about[group] = str(fields)[:500]
        elif "." in str(group):
            values.update(_fact(located, place, str(group), fields, faults))
        elif group not in GROUPS:
            fix = nearest(str(group), GROUPS, "groups")
            faults.append(_bad(located, place, f"there is no group of facts {_shown(group)}", fix))
        elif not isinstance(fields, dict):
            found = f"{_shown(fields)} stands where the facts of {group} are expected"
            faults.append(_bad(located, place, found, _fields_hint(group)))
        else:
            values.update(_group_values(located, place, fields, faults))
    if faults:
        raise all_faults(faults)
    return Workload(values, about)


def _group_values(
    located: Located, place: KeyPath, fields: Mapping[str, Any], faults: list[BadContent]
) -> dict[str, Value]:
    """The facts of a group; what is wrong with any of them is added to the faults."""
    found: dict[str, Value] = {}
    for key, raw in fields.items():
        found |= _fact(located, (*place, key), f"{place[-1]}.{key}", raw, faults)
    return found


def _fact(located: Located, place: KeyPath, name: str, raw: Any, faults: list[BadContent]) -> dict[str, Value]:
    """One fact by its name; nothing where it is unknown, or wrong."""
    try:
        value = read_value(field(name), raw)
    except (InvalidInput, UnknownName) as error:
        text, _, fix = str(error).partition(". ")
        faults.append(_bad(located, place, text, fix or "Mend the value"))
        return {}
    return {} if value is None else {name: value}


def read_value(known: Field, raw: Any) -> Value | None:
    """A value as written, in base units; None where it is unknown. Raises InvalidInput."""
    if isinstance(raw, str) and raw.strip() == "unknown":
        return None
    if raw is None:
        raise InvalidInput(f"{known.name} has no value. {_expects(known)}, or unknown")
    if isinstance(known, Word):
        return _read_word(known, raw)
    if isinstance(raw, Mapping):
        return _read_interval(known, raw)
    return _read_text(known, raw) if isinstance(raw, str) else _read_number(known, raw)


def _read_word(known: Word, raw: Any) -> str:
    if isinstance(raw, str) and raw.strip() in known.words:
        return raw.strip()
    raise InvalidInput(f"{known.name} is {_shown(raw)}. {_expects(known)}")


def _read_interval(known: Number, raw: Mapping[Any, Any]) -> Value:
    if set(raw) != {"low", "high"}:
        raise InvalidInput(f"{known.name} has the keys {_shown(sorted(map(str, raw)))}. An interval has low and high")
    return _interval(known, _read_number(known, raw["low"]), _read_number(known, raw["high"]))


def _read_number(known: Number, raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        raise InvalidInput(f"{known.name} is {_shown(raw)}. {_expects(known)}")
    return _accepted(known, raw, _from_text(known, raw) if isinstance(raw, str) else _in_base(known, raw))


def _accepted(known: Number, raw: Any, value: float) -> float:
    low, high = known.bounds
    if not low <= value <= high or (known.whole and value != math.floor(value)):
        raise InvalidInput(f"{known.name} is {_shown(raw)}. {_expects(known)}")
    return value


def _read_text(known: Number, raw: str) -> Value:
    """A quantity, or a range of them, as people write it; an availability also as so many nines."""
    if known.scale == "nines" and (nines := NINES.fullmatch(raw.strip().lower())):
        count = NINE_WORDS.get(nines[1]) or int(nines[1])
        return _accepted(known, raw, 1 - 10.0**-count)
    try:
        low, high, dimension, with_unit = units.parse_range(raw)
    except InvalidInput as error:
        raise InvalidInput(f"{known.name}: {error}. {_expects(known)}") from None
    ends = (_accepted(known, raw, _of_kind(known, raw, (end, dimension, with_unit))) for end in (low, high))
    return _interval(known, *ends)


def _interval(known: Number, low: float, high: float) -> Value:
    if low > high:
        raise InvalidInput(f"{known.name} has low {known.text(low)} above high {known.text(high)}. Swap them")
    return low if low == high else Interval(low, high)


def _in_base(known: Number, raw: float) -> float:
    try:
        value = float(raw)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise InvalidInput(f"{known.name} is {_shown(raw)}. {_expects(known)}")
    return units.clean(value * known.size)


def _from_text(known: Number, raw: str) -> float:
    try:
        found = units.parse(raw)
    except InvalidInput as error:
        raise InvalidInput(f"{known.name}: {error}. {_expects(known)}") from None
    return _of_kind(known, raw, found)


def _of_kind(known: Number, raw: str, found: tuple[float, units.Dimension, bool]) -> float:
    value, dimension, with_unit = found
    if not with_unit:
        return _in_base(known, value)
    if dimension != known.dimension:
        raise InvalidInput(f"{known.name} is {_shown(raw)}, which is of another kind. {_expects(known)}")
    return value


def _expects(known: Field) -> str:
    if isinstance(known, Word):
        return f"It is one of {', '.join(known.words)}"
    plain = known.unit in ("count", "factor", "share")
    unit = "" if plain else known.unit[1:] if known.unit.startswith("1/") else f" {known.unit}"
    kind = "a whole number" if known.whole else "a number"
    return f"It takes {kind} from {bound_text(known.low)} to {bound_text(known.high)}{unit}"


def _plain(known: Field, value: Value) -> Any:
    if isinstance(value, str):
        return value
    assert isinstance(known, Number)
    if isinstance(value, Interval):
        return {"low": units.in_unit(value.low, known.unit), "high": units.in_unit(value.high, known.unit)}
    return units.in_unit(value, known.unit)


def _bad(located: Located, keys: KeyPath, found: str, fix: str) -> BadContent:
    return BadContent(located.path, located.line(keys), found, fix)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _groups_hint() -> str:
    return f"Write groups of facts: {', '.join(GROUPS)}"


def _fields_hint(group: str) -> str:
    return f"Its fields are {', '.join(_short(name) for name in FIELDS if name.startswith(group + '.'))}"


def _short(name: str) -> str:
    return name.partition(".")[2]


def stated(names: Iterable[str], workload: Workload) -> tuple[str, ...]:
    """Those of the names whose value the workload states."""
    return tuple(name for name in names if name in workload.values)
