"""Delimited text of any kind: separator, quotes, header and column, told from the first lines.

Separators: comma, semicolon, tab, pipe, `::`, white space. A quote counts where a field
begins with it; inside, a doubled quote stands for one, and a separator is text. What
could be read in two ways is asked for, the rest is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sysdesign.errors import BadFile, InvalidInput, nearest
from sysdesign.models.wording import several
from sysdesign.readers.amounts import decimal_comma
from sysdesign.readers.choices import Choices
from sysdesign.readers.notices import Notices, others

SPACE = " "  # any run of white space
NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "double_colon": "::", "space": SPACE}
WORDS = {character: word.replace("_", " ") for word, character in NAMES.items()}
SAMPLE_LINES = 1000
AGREE = 0.9  # share of the lines that have as many columns as most
MISSING = frozenset(("", "-", "–", "na", "n/a", "nan", "null", "none"))  # how tools write that there is no value
QUOTED = re.compile(r'"((?:[^"]|"")*+)"')
NUMBER = re.compile(r"[-+]?[0-9][0-9,.]{0,40}(?:[eE][-+]?[0-9]{1,4})?", re.ASCII)


@dataclass(frozen=True)
class Dialect:
    """How a file's lines are parted. An empty separator: each line is one field."""

    separator: str
    header: tuple[str, ...]  # the names, where the first line has them
    width: int  # columns of most lines
    example: str  # a line, for messages
    line: int  # number of the first line that is not blank or a comment
    unnamed: int = 0  # columns with values beyond those that the header names

    def __str__(self) -> str:
        return (
            f"separated by {WORDS.get(self.separator, repr(self.separator))}" if self.separator else "one field a line"
        )


def fields(line: str, separator: str) -> list[str]:
    """The fields of a line, trimmed, without their quotes."""
    if not separator:
        return [line.strip()]
    if '"' not in line:
        parts = line.split() if separator == SPACE else line.split(separator)
        return [part.strip() for part in parts]
    return list(_quoted_fields(line.strip(), separator))


def _quoted_fields(line: str, separator: str) -> Iterator[str]:
    part = re.compile(r"\s+" if separator == SPACE else re.escape(separator))
    at = 0
    while True:
        while at < len(line) and line[at] in " \t" and line[at] != separator:
            at += 1
        quoted = QUOTED.match(line, at)
        found = part.search(line, quoted.end() if quoted else at)
        yield quoted[1].replace('""', '"') if quoted else line[at : found.start() if found else len(line)].strip()
        if not found:
            return
        at = found.end()


def sample(head: str) -> list[tuple[int, str]]:
    """Lines that hold something, with their numbers; comments that start with # are passed over."""
    lines = [(number, line.strip("\r\n")) for number, line in enumerate(head.split("\n"), 1)]
    return [(number, line) for number, line in lines if line.strip() and not line.startswith("#")][:SAMPLE_LINES]


def dialect(name: str, lines: Sequence[tuple[int, str]], choices: Choices, notices: Notices) -> Dialect:
    """How the lines are parted. Raises BadFile or InvalidInput, which name the choices, where it could be two ways."""
    if not lines:
        raise BadFile(name, 1, "the file holds nothing but blank lines", "Give one with a line for each")
    texts = [line for _, line in lines]
    separator = _chosen(choices) or _separator(name, texts, choices)
    rows = [fields(line, separator) for line in texts]
    widths = [len(row) for row in rows]
    width = max(set(widths), key=lambda each: (widths.count(each), each))
    said = choices.yes("header")
    named = any(
        choices.get(each) in rows[0] for each in ("column", "size_column") if isinstance(choices.get(each), str)
    )
    header = said if said is not None else named or has_header(rows)
    beyond = max((at + 1 for row in rows[1:] for at, each in enumerate(row[:width]) if each), default=0)
    unnamed = max(0, beyond - widths[0]) if header else 0
    found = Dialect(separator, tuple(rows[0]) if header else (), width, texts[0], lines[0][0], unnamed)
    if separator and width > 1:
        first = "the first line names the columns" if header else "the first line is taken for data"
        notices.say(f"columns {found}; {first} (choose with {choices.say('separator')} and {choices.say('header')})")
    elif header:
        notices.say(f"the first line, {texts[0][:40]!r}, is taken for a name (choose with {choices.say('header')})")
    return found


def _chosen(choices: Choices) -> str | None:
    given = choices.given.get("separator")  # not trimmed: it may be a space
    if given is None:
        return None
    given = {"\\t": "\t"}.get(str(given), str(given))
    if given in ("comma", ",") and choices.get("decimal") == "comma":
        both = f"{choices.say('separator')}{given} and {choices.say('decimal')}comma"
        raise InvalidInput(f"{both}: a comma cannot be both. Leave one out")
    if given in NAMES:
        return NAMES[given]
    if given in NAMES.values() or (len(given) == 1 and given.isascii() and not given.isalnum() and given != '"'):
        return given
    raise InvalidInput(f"{choices.say('separator')}{given!r} is no separator. {nearest(given, NAMES, 'separators')}")


def _separator(name: str, lines: list[str], choices: Choices) -> str:
    """The separator that parts most lines into as many columns; no separator where none does."""
    found: dict[str, int] = {}
    comma = [] if choices.get("decimal") == "comma" or _column_of_decimals(lines) else [","]
    for separator in ("\t", "::", "|", ";", *comma):
        widths = [len(fields(line, separator)) for line in lines]
        width = max(set(widths), key=widths.count)
        if width > 1 and widths.count(width) >= AGREE * len(lines):
            found[separator] = width
    if ";" in found and "," in found and _decimal_commas(lines):
        del found[","]
    first = {separator: width for separator, width in found.items() if len(fields(lines[0], separator)) == width}
    found = first or found  # what does not part the first line as it does the others stands within a field
    if len(found) > 1:
        widest = max(found.values())
        found = {separator: width for separator, width in found.items() if width == widest}
    if len(found) > 1:
        words = " or ".join(WORDS[each] for each in found)
        raise BadFile(
            name, 1, f"the lines can be parted by {words}, as in {lines[0][:60]!r}",
            f"Say which with {choices.say('separator')}",
        )  # fmt: skip
    if found:
        return next(iter(found))
    return SPACE if _spaced(lines) else ""


def _decimal_commas(lines: list[str]) -> bool:
    parts = [part for line in lines for part in line.split(";") if "," in part]
    return all(re.fullmatch(r"\s*-?[0-9]+,[0-9]+\s*", part) for part in parts)


def _column_of_decimals(lines: list[str]) -> bool:
    """Whether one name stands over lines that are each one number with a decimal comma."""
    name, *values = lines
    return bool(values) and "," not in name and not is_number(name.strip()) and decimal_comma(values)


def _spaced(lines: list[str]) -> bool:
    widths = [len(fields(line, SPACE)) for line in lines]
    width = max(set(widths), key=widths.count)
    return width > 1 and widths.count(width) >= AGREE * len(lines)


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a first line names the columns: a word over a column that holds nothing but numbers below."""
    below = [row for row in rows[1:] if len(row) == len(rows[0])]
    return bool(below) and any(
        not is_number(name) and name and all(is_number(row[at]) or is_missing(row[at]) for row in below)
        and any(not is_missing(row[at]) for row in below)
        for at, name in enumerate(rows[0])
    )  # fmt: skip


def is_missing(text: str) -> bool:
    """Whether a field says that there is no value."""
    return text.strip().lower() in MISSING


def is_number(text: str) -> bool:
    """Whether a field is a number as files write them, thousands parted or with a decimal comma as may be."""
    return NUMBER.fullmatch(text) is not None


def column(
    name: str,
    found: Dialect,
    choices: Choices,
    notices: Notices,
    *,
    choice: str = "column",
    what: str = "the key",
    usual: Sequence[str] = (),
    asked: bool = True,
) -> int | None:
    """The index of a column, from 0: as chosen, by a usual name in the header, or the only one.

    Raises BadFile where it must be asked for; with `asked` false it is None where nobody says.
    """  # fmt: skip
    wanted = choices.get(choice)
    if found.unnamed and (isinstance(wanted, str) or any(each.strip().lower() in usual for each in found.header)):
        raise BadFile(
            name, found.line,
            f"the first line names {several(len(found.header), 'column')} and the lines below have {found.width}",
            f"Say which column by its number ({choices.say(choice)}1), or, where a comma is the decimal sign, "
            f"{choices.say('decimal')}comma",
        )  # fmt: skip
    if isinstance(wanted, str) and wanted:
        return _named(name, found, wanted, choices.say(choice))
    if wanted:
        if not 1 <= wanted <= found.width:
            raise BadFile(
                name,
                found.line,
                f"there is no column {wanted} in {found.example[:60]!r}",
                _which(found, choices, choice),
            )
        return int(wanted) - 1
    if found.width == 1 and asked:
        return 0
    known = [at for at, each in enumerate(found.header) if each.strip().lower() in usual]
    if len(known) == 1:
        rest = others(each for at, each in enumerate(found.header) if at != known[0])
        notices.say(
            f"read column {found.header[known[0]]!r} as {what}; others: {rest}; choose with {choices.say(choice)}"
        )
        return known[0]
    if not asked:
        return None
    raise BadFile(
        name, found.line, f"the lines have {several(found.width, 'column')}, as in {found.example[:60]!r}",
        f"Say which column is {what}: {_which(found, choices, choice)}",
    )  # fmt: skip


def _which(found: Dialect, choices: Choices, choice: str) -> str:
    names = f" ({others(found.header)})" if found.header else ""
    return f"{choices.say(choice)} takes a number from 1 to {found.width}{' or a name' if names else ''}{names}"


def _named(name: str, found: Dialect, wanted: str, say: str) -> int:
    first = found.header or tuple(fields(found.example, found.separator))
    if wanted not in first:
        raise BadFile(
            name, found.line, f"no column is named {wanted!r}", f"{nearest(wanted, first, 'columns')} ({say})"
        )
    return first.index(wanted)
