"""Facts held against the snapshot: each check with its verdict and the words that decided it."""

from __future__ import annotations

import importlib
import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sysdesign.content.records import Fact, FactCheck
from sysdesign.vendor.service_models import OPERATIONS
from sysdesign.vendor.snapshot import RENEW, Snapshot

LONGEST_QUOTE = 160
MOST_STEPS = 1e8  # of a search by a fact's pattern: a second or two
syntax: Any = importlib.import_module("re._parser")  # how Python itself reads a pattern


@dataclass(frozen=True)
class Comparison:
    """One check of one fact. `said` is what the model says: the matched words, the bound, the list."""

    fact: Fact
    check: FactCheck
    holds: bool
    said: str
    reason: str = ""  # why it does not hold


class _Fails(Exception):
    """A check does not hold; carries the reason and what the model says."""

    def __init__(self, reason: str, said: str = "") -> None:
        super().__init__(reason)
        self.reason, self.said = reason, said


def compare(facts: Iterable[Fact], snapshot: Snapshot) -> Iterator[Comparison]:
    """Every check of every fact. With a faulty snapshot none of them holds."""
    for fact in facts:
        for check in fact.check:
            yield _compared(fact, check, snapshot)


def _compared(fact: Fact, check: FactCheck, snapshot: Snapshot) -> Comparison:
    try:
        if snapshot.fault:
            raise _Fails(f"the snapshot {snapshot.fault}")
        return Comparison(fact, check, True, _KINDS[check.kind](check, snapshot))
    except _Fails as failure:
        return Comparison(fact, check, False, failure.said, failure.reason)


def _names(check: FactCheck) -> list[str]:
    expected = check.expected if isinstance(check.expected, list) else [check.expected]
    if not expected or not all(isinstance(name, str) and name for name in expected):
        raise _Fails(f"expects {check.expected!r}; {check.kind} takes a list of one name or more")
    return expected


def _limits(check: FactCheck, snapshot: Snapshot) -> dict[str, Any]:
    model = snapshot.models.get(check.service)
    if model is None:
        absent = check.service not in snapshot.services
        raise _Fails(f"AWS has no service {check.service!r}" if absent else f"is not in the snapshot yet. {RENEW}")
    if check.path not in model.limits:
        raise _Fails(f"{check.service} {check.path} is not in the snapshot yet. {RENEW}")
    found = model.limits[check.path]
    if found is None:
        raise _Fails(f"the model of {check.service} has no {check.path}")
    return found


def _listed(check: FactCheck, snapshot: Snapshot, name: str) -> list[str]:
    found = _limits(check, snapshot).get(name)
    if not found:
        raise _Fails(f"{check.service} {check.path} has no {name}")
    return list(found)


def _has(check: FactCheck, known: Iterable[str], what: str) -> str:
    expected, known = _names(check), list(known)
    missing = [name for name in expected if name not in known]
    if missing:
        raise _Fails(f"{what} {', '.join(missing)} not there", _short(known))
    return _short(expected)


def _lacks(check: FactCheck, known: Iterable[str], what: str) -> str:
    present = [name for name in _names(check) if name in set(known)]
    if present:
        raise _Fails(f"{what} {', '.join(present)} is there", _short(present))
    return f"no {_short(_names(check))}"


def _enum_has(check: FactCheck, snapshot: Snapshot) -> str:
    return _has(check, _listed(check, snapshot, "enum"), "value")


def _enum_lacks(check: FactCheck, snapshot: Snapshot) -> str:
    return _lacks(check, _listed(check, snapshot, "enum"), "value")


def _enum_eq(check: FactCheck, snapshot: Snapshot) -> str:
    expected, known = _names(check), _listed(check, snapshot, "enum")
    if sorted(expected) != sorted(known):
        gone, added = sorted(set(expected) - set(known)), sorted(set(known) - set(expected))
        changes = [f"gone: {', '.join(gone)}"] * bool(gone) + [f"added: {', '.join(added)}"] * bool(added)
        raise _Fails(f"the list differs ({'; '.join(changes) or 'a name stands twice'})", _short(known))
    return _short(known)


def _bound(check: FactCheck, snapshot: Snapshot) -> str:
    found = _limits(check, snapshot).get(check.kind)
    expected = check.expected
    if isinstance(expected, bool) or not isinstance(expected, (int, float)):
        raise _Fails(f"expects {expected!r}; {check.kind} takes a number")
    if found is None:
        raise _Fails(f"{check.service} {check.path} has no {check.kind}")
    if float(found) != float(expected):
        raise _Fails(f"the {check.kind} is {found:,}, not {expected:,}", str(found))
    return f"{check.kind} {found:,}"


def _operation_exists(check: FactCheck, snapshot: Snapshot) -> str:
    return _has(check, _listed(check, snapshot, OPERATIONS), "operation")


def _operation_absent(check: FactCheck, snapshot: Snapshot) -> str:
    return _lacks(check, _listed(check, snapshot, OPERATIONS), "operation")


def _member_exists(check: FactCheck, snapshot: Snapshot) -> str:
    return _has(check, _listed(check, snapshot, "members"), "member")


def _service_exists(check: FactCheck, snapshot: Snapshot) -> str:
    return _has(check, snapshot.services, "service")


def _service_absent(check: FactCheck, snapshot: Snapshot) -> str:
    return _lacks(check, snapshot.services, "service")


def _region_exists(check: FactCheck, snapshot: Snapshot) -> str:
    if check.path not in snapshot.partitions:
        raise _Fails(f"there is no partition {check.path!r}", _short(sorted(snapshot.partitions)))
    return _has(check, snapshot.partitions[check.path], "Region")


def _partition_exists(check: FactCheck, snapshot: Snapshot) -> str:
    return _has(check, snapshot.partitions, "partition")


def _text_says(check: FactCheck, snapshot: Snapshot) -> str:
    model = snapshot.models.get(check.service)
    if model is None or check.path not in model.texts:
        absent = check.service not in snapshot.services
        raise _Fails(
            f"AWS has no service {check.service!r}"
            if absent
            else f"{check.service} {check.path} is not in the snapshot yet. {RENEW}"
        )
    text = model.texts[check.path]
    if text is None:
        raise _Fails(f"the model of {check.service} has no {check.path}")
    pattern = _pattern(str(check.expected), text)
    # Where a tag stood before a comma, the stripped text has a space that no reader sees; either spelling will do.
    found = pattern.search(text) or pattern.search(re.sub(r" (?=[,.;:)])", "", text))
    if found is None:
        raise _Fails(f"the text at {check.path} does not say {check.expected!r}", _quote(text))
    if not re.search(r"\w{2,}", found.group()):
        raise _Fails(f"the pattern {check.expected!r} matches {found.group()!r}, which says nothing")
    return _quote(found.group())


def _pattern(expected: str, text: str) -> re.Pattern[str]:
    """A fact's pattern. One whose search of this text could take very long is refused before it begins."""
    try:
        pattern, tree = re.compile(expected), syntax.parse(expected)
    except (re.error, RecursionError, OverflowError) as error:
        raise _Fails(f"{_quote(expected)!r} is not a regular expression ({error})") from None
    begins = "".join(chr(value) for _, value in itertools.takewhile(lambda each: str(each[0]) == "LITERAL", tree))
    starts = text.count(begins) if begins and not pattern.flags & re.IGNORECASE else len(text)
    if (starts + 1) * _ways(tree, len(text)) > MOST_STEPS:
        raise _Fails(f"the pattern {_quote(expected)!r} may take very long; say more words, and repeat less")
    return pattern


def _ways(tree: Any, length: int, within: int = 1) -> float:
    """In how many ways, at most, the parts of a pattern could share a text of that length."""
    ways = 1.0
    for operation, value in tree:
        name = str(operation)
        if name.endswith("_REPEAT"):
            least, most = int(value[0]), min(int(value[1]), length + 1)
            if most > least:
                ways *= math.inf if within > 1 else most - least + 1
            ways *= _ways(value[2], length, max(within, most))
        elif name in ("SUBPATTERN", "ATOMIC_GROUP", "ASSERT", "ASSERT_NOT"):
            ways *= _ways(value if name == "ATOMIC_GROUP" else value[-1], length, within)
        elif name in ("BRANCH", "GROUPREF_EXISTS"):
            branches = [branch for branch in (value[1] if name == "BRANCH" else value[1:]) if branch is not None]
            ways *= math.inf if within > 1 else sum(_ways(branch, length, within) for branch in branches)
    return ways


_KINDS: dict[str, Callable[[FactCheck, Snapshot], str]] = {
    "enum-has": _enum_has,
    "enum-eq": _enum_eq,
    "enum-lacks": _enum_lacks,
    "max": _bound,
    "min": _bound,
    "op-exists": _operation_exists,
    "op-absent": _operation_absent,
    "member-exists": _member_exists,
    "service-exists": _service_exists,
    "service-absent": _service_absent,
    "region-exists": _region_exists,
    "partition-exists": _partition_exists,
    "doc-regex": _text_says,
}


def _short(names: Iterable[str]) -> str:
    return _quote(", ".join(names))


def _quote(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 3]}..."
