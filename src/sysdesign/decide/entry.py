"""A mapping in a parsed file, with what goes wrong in it told by file and line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from sysdesign.content.located import KeyPath, Located
from sysdesign.errors import BadContent, SysdesignError, nearest

LIMIT_RULES = 200
T = TypeVar("T")


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
            raise self.wrong(f"{shown(content)} stands where a mapping is expected", "Write its fields as key: value")
        return content

    @property
    def line(self) -> int:
        return self.located.line(self.keys)

    def wrong(self, found: str, fix: str, *keys: str | int) -> BadContent:
        return BadContent(self.located.path, self.located.line((*self.keys, *keys)), found, fix)

    def fields(self, known: tuple[str, ...], required: tuple[str, ...]) -> None:
        for key in self.value:
            if key not in known:
                raise self.wrong(f"unknown field {shown(key)}", nearest(str(key), known, "fields"), key)
        for key in required:
            if key not in self.value:
                raise self.wrong(f"the field {key!r} is missing", "Add it")

    def text(self, key: str, default: str = "") -> str:
        value = self.value.get(key, default)
        if not isinstance(value, str) or (key in self.value and not value.strip()):
            raise self.wrong(f"{key} is {shown(value)}", "Write a text", key)
        return " ".join(value.split())

    def inner(self, *keys: str | int) -> Entry:
        return Entry(self.located, (*self.keys, *keys))

    def each(self, key: str) -> Iterator[Entry]:
        value = self.value.get(key, [])
        if not isinstance(value, list) or len(value) > LIMIT_RULES:
            raise self.wrong(f"{key} is {shown(value)}", f"Write a list of at most {LIMIT_RULES} entries", key)
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

    def names(self, key: str) -> tuple[str, ...]:
        """A name or a list of names; none where the key is missing."""
        if key not in self.value:
            return ()
        value = self.value[key]
        found = [value] if isinstance(value, str) else value
        if not isinstance(found, list) or not found or not all(isinstance(item, str) for item in found):
            raise self.wrong(f"{key} is {shown(value)}", "Write a name or a list of names", key)
        return tuple(found)

    def one_of(self, key: str, known: Iterable[str], kind: str) -> str:
        """A name that must be one of those known."""
        name = self.text(key)
        if name not in known:
            raise self.wrong(f"{key} is {name!r}, which is no {kind}", nearest(name, known, f"{kind}s"), key)
        return name

    def some_of(self, key: str, known: Iterable[str], kind: str) -> tuple[str, ...]:
        """Names that must all be known."""
        for name in self.names(key):
            if name not in known:
                raise self.wrong(f"{key} names {name!r}, which is no {kind}", nearest(name, known, f"{kind}s"), key)
        return self.names(key)


def shown(value: Any) -> str:
    """A value for a message, shortened."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
