"""A message written as its declaration with values: `int32 a = 1: 150; string b = 2: "testing"`.

Types are those of a .proto file; a type of another name is a message where a brace follows, else an enum.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sysdesign.errors import InvalidInput


def _signed(bits: int) -> range:
    return range(-(1 << bits - 1), 1 << bits - 1)


INTEGERS = {
    **{f"{kind}{bits}": _signed(bits) for kind in ("int", "sint", "sfixed") for bits in (32, 64)},
    **{f"{kind}{bits}": range(1 << bits) for kind in ("uint", "fixed") for bits in (32, 64)},
}
FLOATS = ("float", "double")
KEYS = (*INTEGERS, "bool", "string")
NUMBERS = range(1, 1 << 29)
RESERVED = range(19_000, 20_000)
DEEPEST = 32
TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*")
    |(?P<number>-?(?:0[xX][0-9a-fA-F]*|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|inf\b|nan\b))
    |(?P<word>[A-Za-z_][\w.]*)|(?P<mark>[{}\[\]<>(),;:=]))""",
    re.VERBOSE,
)


class Enum(NamedTuple):
    """A value of an enum: its number, and its name where one is given."""

    number: int
    name: str = ""


@dataclass(frozen=True)
class Field:
    """One field that is set. A repeated one has a list of values, a map a list of keys with values."""

    number: int
    name: str
    type: str  # a scalar's, or "message", "enum", "map"
    label: str  # "", "optional", "repeated"
    value: Any
    key_type: str = ""
    value_type: str = ""


Message = tuple[Field, ...]


def read(text: str) -> Message:
    """The fields of a message in the order of their numbers. Raises InvalidInput with the position."""
    reader = _Reader(text)
    message = reader.message(0)
    if reader.kind:
        raise reader.wrong("a semicolon before another field, or the end")
    return message


class _Reader:
    """One token ahead in the text."""

    def __init__(self, text: str) -> None:
        self.text, self.end = text, 0
        self.kind, self.token, self.at = "", "", 0
        self.step()

    def step(self) -> str:
        """The token, after which the next one stands here."""
        token, match = self.token, TOKEN.match(self.text, self.end)
        if match is None:
            rest = self.text[self.end :].lstrip()
            self.kind, self.token, self.at = "unknown" if rest else "", rest[:1], len(self.text) - len(rest)
        else:
            self.kind = str(match.lastgroup)
            self.token, self.at, self.end = match[self.kind], match.start(self.kind), match.end()
        return token

    def wrong(self, wanted: str) -> InvalidInput:
        found = repr(self.token) if self.kind else "the end"
        return InvalidInput(f"message: {found} at position {self.at + 1}, where {wanted} would be")

    def is_next(self, mark: str) -> bool:
        return self.kind == "mark" and self.token == mark

    def taken(self, mark: str) -> bool:
        """Whether that mark was next; it is passed if so."""
        here = self.is_next(mark)
        if here:
            self.step()
        return here

    def take(self, mark: str) -> None:
        if not self.taken(mark):
            raise self.wrong(repr(mark))

    def word(self, what: str) -> str:
        if self.kind != "word":
            raise self.wrong(what)
        return self.step()

    def message(self, depth: int) -> Message:
        if depth > DEEPEST:
            raise InvalidInput(f"message nests deeper than {DEEPEST}; give an inner message alone")
        found: list[Field] = []
        while self.kind == "word":
            found.append(self.field(depth))
            if not self.taken(";"):
                break
        _refuse_twice("number", (each.number for each in found))
        _refuse_twice("name", (each.name for each in found))
        return tuple(sorted(found, key=lambda each: each.number))

    def field(self, depth: int) -> Field:
        kind = self.word("a type")
        label = kind if kind in ("repeated", "optional") else ""
        if label:
            kind = self.word("a type")
        key_type = value_type = ""
        if kind == "map" and self.taken("<"):
            key_type = self.word("the type of keys")
            if key_type not in KEYS:
                raise InvalidInput(f"message: a map has keys of {key_type}, which it may not; {', '.join(KEYS)} work")
            self.take(",")
            value_type = self.word("the type of values")
            self.take(">")
        name = self.word("a name")
        self.take("=")
        number = self.number_of(name)
        self.take(":")
        if key_type:
            kind, value_type, value = "map", *self.entries(key_type, value_type, depth)
        elif label == "repeated":
            kind, value = self.several(kind, depth)
        else:
            kind, value = self.value(kind, depth)
        return Field(number, name, kind, label, value, key_type, value_type)

    def number_of(self, name: str) -> int:
        if self.kind != "number" or not self.token.isdecimal():
            raise self.wrong(f"the number of field {name}")
        number = int(self.step())
        if number not in NUMBERS or number in RESERVED:
            raise InvalidInput(
                f"message: {name} has the number {number}; from 1 to {NUMBERS[-1]} work, but for 19000 to 19999"
            )
        return number

    def entries(self, key_type: str, value_type: str, depth: int) -> tuple[str, list[tuple[Any, Any]]]:
        found = []
        self.take("{")
        while not self.is_next("}"):
            key = self.value(key_type, depth)[1]
            self.take(":")
            kind, value = self.value(value_type, depth)
            found.append((key, value))
            if not self.taken(","):
                break
        self.take("}")
        _refuse_twice("key", (key for key, _ in found))
        return (kind if found else value_type), found

    def several(self, kind: str, depth: int) -> tuple[str, list[Any]]:
        found, given = list[Any](), kind
        self.take("[")
        while not self.is_next("]"):
            kind, value = self.value(given, depth)
            found.append(value)
            if not self.taken(","):
                break
        self.take("]")
        return kind, found

    def value(self, kind: str, depth: int) -> tuple[str, Any]:
        """The kind that a value of that type has, and the value."""
        if kind in INTEGERS:
            return kind, self.whole(kind, INTEGERS[kind])
        if kind in FLOATS:
            return kind, self.number()
        match kind:
            case "bool":
                return kind, {"true": True, "false": False}[self.one_of("true", "false")]
            case "string":
                return kind, self.text_value()
            case "bytes":
                return kind, self.octets()
        if self.taken("{"):
            inner = self.message(depth + 1)
            self.take("}")
            return "message", inner
        return "enum", self.enum(kind)

    def one_of(self, *words: str) -> str:
        if self.kind != "word" or self.token not in words:
            raise self.wrong(" or ".join(words))
        return self.step()

    def number(self) -> float:
        if self.kind != "number":
            raise self.wrong("a number")
        token = self.step()
        return float(int(token, 16)) if token.lower().startswith(("0x", "-0x")) and len(token) > 2 else float(token)

    def whole(self, kind: str, allowed: range) -> int:
        at, token = self.at, self.token
        try:
            number = int(token, 0) if self.kind == "number" else None
        except ValueError:
            number = None
        if number is None:
            raise self.wrong(f"a whole number of {kind}")
        self.step()
        if number not in allowed:
            raise InvalidInput(
                f"message: {number} at position {at + 1} does not fit {kind}; from {allowed[0]} to {allowed[-1]} do"
            )
        return number

    def text_value(self) -> str:
        if self.kind != "text":
            raise self.wrong("a text in double quotes")
        try:
            found = json.loads(self.token, strict=False)
            found.encode()
        except ValueError:
            raise self.wrong("a text whose escapes are JSON's") from None
        self.step()
        return str(found)

    def octets(self) -> bytes:
        if self.kind == "text":
            return self.text_value().encode()
        if self.kind != "number" or not self.token.lower().startswith("0x") or len(self.token) % 2:
            raise self.wrong("bytes, as 0x0a0b or a text in double quotes")
        return bytes.fromhex(self.step()[2:])

    def enum(self, kind: str) -> Enum:
        if self.kind == "word":
            name = self.step()
            self.take("(")
            found = Enum(self.whole(kind, INTEGERS["int32"]), name)
            self.take(")")
            return found
        if self.kind != "number":
            raise self.wrong(f"a message in braces, or a value of enum {kind} as ACTIVE(2)")
        return Enum(self.whole(kind, INTEGERS["int32"]))


def _refuse_twice(what: str, given: Iterable[Any]) -> None:
    seen = set()
    for each in given:
        if each in seen:
            raise InvalidInput(f"message: the {what} {each} is used twice; each field and key has one of its own")
        seen.add(each)
