"""Extensible data notation (EDN), the way in which Clojure programs such as Jepsen write data.

Values: nil is None, keywords are texts that keep their colon (":ok"), other symbols, characters and
instants are texts, lists and vectors are tuples, maps are dicts, sets are frozensets. Tags are passed
over, their values kept; `#_` and comments leave nothing behind.

`edn-format` reads the same, at some 8,000 events of a history a second; this reads well over 100,000,
which is why it stands here. A test holds the two against each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

DEEPEST = 100
TOKEN = re.compile(
    r"""[\s,]+|;[^\n]*                       # nothing
    |("(?:[^"\\]|\\.)*"?                     # a text, perhaps without its end
    |\\(?:u[0-9a-fA-F]{4}|[a-z]{2,}|.)       # a character
    |\#\{|\#_|\#\#(?:-?Inf|NaN)|\#[^\s,"()\[\]{};\\]+
    |[()\[\]{}]
    |[^\s,"()\[\]{};\\]+)""",
    re.VERBOSE | re.DOTALL,
)
NUMBER = re.compile(r"[+-]?\d+(?:(?P<big>N)|/(?P<under>\d+)|(?P<part>(?:\.\d*)?(?:[eE][+-]?\d+)?M?))")
WORDS: dict[str, Any] = {
    "nil": None, "true": True, "false": False,
    "##Inf": float("inf"), "##-Inf": float("-inf"), "##NaN": float("nan"),
}  # fmt: skip
CHARACTERS = {"newline": "\n", "return": "\r", "space": " ", "tab": "\t", "formfeed": "\f", "backspace": "\b"}
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "b": "\b", '"': '"', "\\": "\\", "/": "/"}
ESCAPED = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
CLOSES = {")": "(", "]": "[", "}": "{"}
MOST_REMEMBERED = 100_000


class BadEdn(ValueError):
    """A text that is not EDN; `line` says where."""

    def __init__(self, line: int, found: str) -> None:
        super().__init__(found)
        self.line = line


def forms(lines: Iterable[tuple[int, str]], *, inside: bool = False) -> Iterator[tuple[int, Any]]:
    """The values in numbered lines, each with the line at which it begins. Raises BadEdn.

    With `inside`, a vector or list around everything is taken off: its members are given one by one, as they are read.
    """
    reader = _Reader(inside)
    for number, tokens in _tokens(lines):
        yield from reader.read(number, tokens)
    reader.finish()


def _tokens(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """The tokens of each line; a text over several lines belongs to the one at which it begins."""
    waiting, start = "", 0
    for number, line in lines:
        if waiting:
            number, line = start, f"{waiting}\n{line}"
        found = TOKEN.findall(line)
        if '"' in line and any(token[:1] == '"' and not _ended(token) for token in found):
            waiting, start = line, number
            if len(waiting) > 1 << 20:
                raise BadEdn(start, "a text without an end")
            continue
        waiting = ""
        if "\\" in line and "".join(TOKEN.sub("", line).split()):
            raise BadEdn(number, "a backslash that begins no character")
        yield number, found
    if waiting:
        raise BadEdn(start, "a text without an end")


def _ended(token: str) -> bool:
    return len(token) > 1 and token[-1] == '"' and (len(token) - len(token[:-1].rstrip("\\"))) % 2 == 1


class _Reader:
    """Values of one stream of tokens; what has begun and not ended is on a stack."""

    def __init__(self, inside: bool) -> None:
        self.inside = inside
        self.known: dict[str, Any] = dict(WORDS)
        self.stack: list[tuple[str, list[Any], int, list[int]]] = []  # bracket, outer members, its line, outer `#_`
        self.members: list[Any] = []
        self.dropping: list[int] = []  # lengths at which `#_` waits for the value that it drops
        self.line = 0

    @property
    def _outer(self) -> int:
        return 1 if self.inside and self.stack and self.stack[0][0] in ("(", "[") else 0

    def read(self, line: int, tokens: list[str]) -> Iterator[tuple[int, Any]]:
        known = self.known
        for token in tokens:
            if not token:
                continue
            if token in known:
                self.members.append(known[token])
                began = line
            elif token in "([{" or token == "#{":
                self._open(token, line)
                continue
            elif token in CLOSES:
                began = self._close(token, line)
                if self.inside and not self.stack and began < 0:
                    continue
            elif token == "#_":
                self.dropping.append(len(self.members))
                continue
            elif token[0] == "#" and token[:2] != "##":
                continue  # a tag; its value follows
            else:
                self.members.append(self._scalar(token, line))
                began = line
            while self.dropping and len(self.members) > self.dropping[-1]:
                del self.members[self.dropping.pop() :]
            if self.members and len(self.stack) == self._outer:
                yield abs(began), self.members.pop()

    def _open(self, token: str, line: int) -> None:
        if len(self.stack) >= DEEPEST:
            raise BadEdn(line, f"nested deeper than {DEEPEST}")
        self.stack.append((token, self.members, line, self.dropping))
        self.members, self.dropping = [], []

    def _close(self, token: str, line: int) -> int:
        if not self.stack or self.stack[-1][0][-1] != CLOSES[token]:
            raise BadEdn(line, f"{token!r} closes nothing")
        outermost = self._outer == 1 and len(self.stack) == 1
        opened, members, began, dropping = self.stack.pop()
        if self.dropping:
            raise BadEdn(line, "#_ before nothing")
        if outermost:
            self.inside, self.members, self.dropping = False, members, dropping
            return -began
        members.append(_collected(opened, self.members, line))
        self.members, self.dropping = members, dropping
        return began

    def _scalar(self, token: str, line: int) -> Any:
        value = _scalar(token, line)
        if len(self.known) < MOST_REMEMBERED and len(token) < 100:
            self.known[token] = value
        return value

    def finish(self) -> None:
        if self.stack:
            raise BadEdn(self.stack[-1][2], f"{self.stack[-1][0]!r} is not closed")


def _collected(opened: str, members: list[Any], line: int) -> Any:
    try:
        if opened == "{":
            if len(members) % 2:
                raise BadEdn(line, "a map with a key that has no value")
            return dict(zip(members[::2], members[1::2], strict=True))
        return frozenset(members) if opened == "#{" else tuple(members)
    except TypeError:
        raise BadEdn(line, "a map or set within a map's key or a set") from None


def _scalar(token: str, line: int) -> Any:
    if token[0] == '"':
        return ESCAPED.sub(_escaped, token[1:-1]) if "\\" in token else token[1:-1]
    if token[0] == "\\":
        name = token[1:]
        return CHARACTERS.get(name) or (chr(int(name[1:], 16)) if len(name) == 5 and name[0] == "u" else name)
    if token[0].isdigit() or (token[0] in "+-" and token[1:2].isdigit()):
        return _number(token, line)
    return token


def _number(token: str, line: int) -> Any:
    found = NUMBER.fullmatch(token)
    if found is None or len(token) > 400:
        raise BadEdn(line, f"{token[:40]!r} is not a number")
    if found["under"]:
        return token  # a ratio, kept as it stands
    if found["part"]:
        return float(token.rstrip("M"))
    return int(token.rstrip("N"))


def _escaped(found: re.Match[str]) -> str:
    name = found[1]
    return chr(int(name[1:], 16)) if len(name) == 5 else ESCAPES.get(name, name)
