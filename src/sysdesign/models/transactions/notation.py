"""Histories in the notation of the literature: `r1[x=50] w1[x=10] c1`, or with versions `w1(x1) r2(x1) c1 c2`.

r, w, c and a stand for read, write, commit and abort, the number for the transaction.

- In brackets, a key and a value or none. The text is what one store did, so a key's versions are in the order
  of their writes; a read takes the last write of the value it names, or the last write where it names none.
- In parentheses, a version: x1 is what T1 wrote to x, x0 what was there at first; a value after a comma is passed
  over. `[x1 << x2]` states the order of versions; without it they are in the order of their writes.
- `w1[x+1]` appends 1 to the list x, and `r1[x=1,2]` reads a list.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sysdesign.errors import InvalidInput
from sysdesign.models.transactions.history import Ending, Step, Transaction, Transactions

MOST_CHARACTERS = 100_000
ORDER = re.compile(r"\[([^\[\]()]*<<[^\[\]()]*)\]")
TOKEN = re.compile(
    r"(?P<kind>[rwca])_?(?P<who>\d{1,6})"
    r"(?:\[(?P<key>[A-Za-z]\w{0,30})\s*(?:=\s*(?P<value>[^\]]{0,200})|\+\s*(?P<appended>[^\]]{1,40}))?\]"
    r"|\((?P<object>[A-Za-z]{1,30})_?(?P<version>init|\d{1,6}(?:[.:]\d{1,6})?)(?:\s*,[^)]{0,60})?\))?"
)
VERSION = re.compile(r"([A-Za-z]{1,30})_?(init|\d{1,6}(?:[.:]\d{1,6})?)")
HOW = "write r1[x=50] w2[x=10] c1 c2, or with versions r1(x0) w2(x2) c1 c2 [x0 << x2]"


@dataclass
class _Told:
    steps: list[Step] = field(default_factory=list)
    began: float = math.inf
    ended: float = math.inf
    ending: Ending = "unknown"


def transactions_of(text: str) -> Transactions:
    """The transactions of a text. Raises InvalidInput naming what it cannot read."""
    if len(text) > MOST_CHARACTERS:
        raise InvalidInput(f"the notation has {len(text):,} characters; give at most {MOST_CHARACTERS:,}, or a file")
    stated = {key: order for found in ORDER.finditer(text) for key, order in _orders(found[1])}
    reader = _Reader()
    for place, token in enumerate(_tokens(ORDER.sub(" ", text)), 1):
        reader.take(token, place)
    found = reader.told
    if not found:
        raise InvalidInput(f"{text.strip()[:40]!r} holds no transaction; {HOW}")
    orders = {key: tuple(versions) for key, versions in reader.versions.items()} | stated
    return Transactions(
        (
            Transaction(None, tuple(each.steps), each.began, each.ended, each.ending, name=f"T{who}")
            for who, each in found.items()
        ),
        orders,
    )


def _tokens(text: str) -> Iterator[re.Match[str]]:
    at = 0
    while at < len(text):
        if text[at].isspace() or text[at] in ".,;…":
            at += 1
            continue
        found = TOKEN.match(text, at)
        if found is None or (found["kind"] in "rw") != bool(found["key"] or found["object"]):
            raise InvalidInput(f"{text[at : at + 30]!r} is not a step of a history; {HOW}")
        yield found
        at = found.end()


def _orders(text: str) -> Iterator[tuple[Hashable, tuple[Any, ...]]]:
    for chain in re.split(r"[,;]", text):
        names = [VERSION.fullmatch(each.strip()) for each in chain.split("<<")]
        if not all(names):
            raise InvalidInput(f"{chain.strip()[:40]!r} is no order of versions; write x0 << x1 << x2")
        yield names[0][1], tuple(f"{each[1]}{each[2]}" for each in names if each)  # type: ignore[index]


class _Reader:
    def __init__(self) -> None:
        self.told: dict[int, _Told] = {}
        self.versions: dict[Hashable, list[Any]] = {}  # of what was written, in that order

    def take(self, token: re.Match[str], place: int) -> None:
        one = self.told.setdefault(int(token["who"]), _Told())
        if one.ending != "unknown":
            raise InvalidInput(f"{token[0]!r} comes after T{token['who']} has ended")
        one.began = min(one.began, place)
        match token["kind"]:
            case "c":
                one.ending, one.ended = "committed", place
            case "a":
                one.ending = "aborted"
            case "w":
                one.steps.append(self._write(token))
            case _:
                one.steps.append(self._read(token))

    def _write(self, token: re.Match[str]) -> Step:
        if token["appended"]:
            return Step("append", token["key"], _value(token["appended"]))
        if token["object"]:
            key, value = token["object"], f"{token['object']}{token['version']}"
        else:
            key, known = token["key"], self.versions.get(token["key"], [])
            value = _value(token["value"]) if token["value"] is not None else f"{key}{token['who']}"
            if value in known:  # the same value once more is another version
                value = f"{value}, T{token['who']}'s number {len(known) + 1}"
        self.versions.setdefault(key, []).append(value)
        return Step("write", key, value)

    def _read(self, token: re.Match[str]) -> Step:
        if token["object"]:
            return Step("read", token["object"], f"{token['object']}{token['version']}")
        key, known = token["key"], self.versions.get(token["key"], [])
        if token["value"] is None:
            return Step("read", key, known[-1] if known else None)
        if "," in token["value"]:
            return Step("read", key, tuple(_value(each) for each in token["value"].split(",") if each.strip()))
        value = _value(token["value"])
        same = [each for each in known if each == value or str(each).startswith(f"{value}, T")]
        return Step("read", key, same[-1] if same else value)


def _value(text: str) -> Any:
    text = text.strip()
    if text in ("nil", "null", "nothing", ""):
        return None
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else text
