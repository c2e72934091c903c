"""What one can say about a file of one's own: `trace_column=2`, `latency_unit=ms`.

A choice is written as the input that takes the file, an underscore and the choice, in
the same words on the command line, in Python and in YAML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sysdesign.errors import InvalidInput, nearest

CHOICES: dict[str, dict[str, str]] = {
    "trace": {
        "layout": "how the file is written: auto, keys, table, access_log, blocks, oracle_general, vscsi, memcached",
        "column": "the column of the key, by name or counted from 1; of an access log path, url, host, agent, ...",
        "size_column": "the column of the object's size in bytes, by name or number; none to count keys alone",
        "separator": "what stands between columns: comma, semicolon, tab, pipe, double_colon, space, or the character",
        "header": "yes where the first line names the columns, no where it is a request",
        "device": "of block ranges with four numbers, yes where the third is the device",
        "commands": "of memcached's log, which commands are requests: get (default) or all",
    },
    "history": {},
    "measurements": {
        "column": "the column of the numbers, by name or counted from 1",
        "unit": "their unit, where the file does not say it",
        "decimal": "comma where a comma is the decimal sign and not a separator",
        "metric": "of k6's output, the metric; http_req_duration by default",
        "separator": "what stands between columns: comma, semicolon, tab, pipe, double_colon, space, or the character",
        "header": "yes where the first line names the columns, no where it holds numbers",
    },
    "points": {
        "column": "the column of the numbers, by name or counted from 1",
        "separator": "what stands between columns: comma, semicolon, tab, pipe, double_colon, space, or the character",
        "header": "yes where the first line names the columns, no where it holds numbers",
    },
}


def kind_of(name: str, kind: str) -> str | None:
    """The reader of an input with that name and kind of value; None where it takes no file."""
    if kind in ("samples", "distribution"):
        return "measurements"
    if kind == "numbers":
        return "points"
    return name if kind == "file" and name in CHOICES else None


@dataclass(frozen=True)
class Choices:
    """What was said about one file; `of` is the input that takes it."""

    of: str = "trace"
    given: Mapping[str, Any] = field(default_factory=dict)

    def get(self, choice: str, default: Any = None) -> Any:
        """What was chosen; a number typed as text is that number."""
        value = self.given.get(choice, default)
        if isinstance(value, str):
            value = value.strip()
            return int(value) if value.isascii() and value.isdecimal() and len(value) <= 9 else value
        return value

    def one_of(self, choice: str, words: tuple[str, ...], default: str) -> str:
        """What was chosen among words. Raises InvalidInput."""
        value = self.get(choice, default)
        if value not in words:
            raise InvalidInput(f"{self.of}_{choice} is {value!r}. {nearest(str(value), words, 'words')}")
        return str(value)

    def yes(self, choice: str) -> bool | None:
        """Yes, no, or None where nothing was said. Raises InvalidInput."""
        value = self.get(choice)
        if value is None or isinstance(value, bool):
            return value
        return self.one_of(choice, ("yes", "no"), "no") == "yes"

    def say(self, choice: str) -> str:
        """How to choose, for a notice or an error: "trace_column="."""
        return f"{self.of}_{choice}="
