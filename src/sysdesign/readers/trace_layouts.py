"""How a trace is written, told from its first 64 KB, and what each line or record of it asks for.

A layout has `told`, for notices, and `requests`, which gives keys and sizes of whole lines.
What is told wrongly would give a wrong hit ratio, so doubt is asked about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

import numpy as np

from sysdesign.errors import BadTrace, InvalidInput, nearest
from sysdesign.readers import trace_lines
from sysdesign.readers.choices import Choices
from sysdesign.readers.delimited import NAMES, SPACE, column, dialect, sample
from sysdesign.readers.notices import Notices, others

LAYOUTS = (
    "auto", "keys", "table", "csv", "columns", "access_log", "blocks", "oracle_general", "vscsi", "memcached",
)  # fmt: skip
BINARY = ("oracle_general", "vscsi")
KEYS_AT_ONCE = 1 << 20  # of a block range, before they are handed on
KEY_NAMES = ("key", "obj_id", "object_id", "objectid", "object", "id", "lbn", "lba")
SIZE_NAMES = ("size", "obj_size", "object_size", "objsize", "bytes", "size_bytes", "length")
ENOUGH = 0.8  # share of the first lines that speak for a layout

Requests = tuple[np.ndarray, np.ndarray | None]  # keys; sizes in bytes, where the trace has them


class Layout:
    """One way to write a trace."""

    told = ""
    binary = False

    def requests(self, name: str, lines: bytes, first_line: int) -> Iterator[Requests]:
        """Keys and sizes of whole lines or records. Raises BadTrace with number and text of a bad line."""
        raise NotImplementedError

    def __str__(self) -> str:
        return self.told


def _bad_line(name: str, lines: bytes, first_line: int, line: int, fault: int) -> BadTrace:
    text = lines.split(b"\n", line + 1)[line].decode("utf-8", "replace").strip()
    return BadTrace(name, first_line + line, f"found {text[:80]!r}", trace_lines.FIXES[fault])


class Keys(Layout):
    told = "keys"

    def requests(self, name: str, lines: bytes, first_line: int) -> Iterator[Requests]:
        yield trace_lines.key_lines(lines), None


@dataclass(frozen=True)
class Table(Layout):
    """Delimited columns, one of them the key and perhaps one the size."""

    kind: str
    separator: str
    column: int  # from 0
    width: int
    size_column: int | None
    header: bool

    def __str__(self) -> str:
        chosen = f", column {self.column + 1} of {self.width}" if self.width > 1 else ""
        return f"{self.kind}{chosen}{', with a header' if self.header else ''}"

    def requests(self, name: str, lines: bytes, first_line: int) -> Iterator[Requests]:
        keys, sizes, line, fault = trace_lines.columns(
            lines, self.separator.encode() or b"\n", self.column, self.size_column
        )
        yield keys, sizes if self.size_column is not None else None
        if fault:
            raise _bad_line(name, lines, first_line, line, fault)


@dataclass(frozen=True)
class Blocks(Layout):
    """A range of blocks a line: start, number of blocks, the device or a number passed over, the request's number."""

    width: int
    device: bool  # the third of four columns is part of the key
    told = "blocks"

    def __str__(self) -> str:
        return "blocks"

    def requests(self, name: str, lines: bytes, first_line: int) -> Iterator[Requests]:
        starts, runs, line, fault = trace_lines.block_ranges(lines, self.width, self.device)
        for keys in expanded(starts, runs):
            yield keys, None
        if fault:
            raise _bad_line(name, lines, first_line, line, fault)


def expanded(starts: np.ndarray, runs: np.ndarray) -> Iterator[np.ndarray]:
    """The keys of block ranges, at most about a million at once."""
    done = 0
    while done < starts.size:
        ends = np.cumsum(runs[done:])
        take = max(int(np.searchsorted(ends, KEYS_AT_ONCE, side="right")), 1)
        if ends[0] > KEYS_AT_ONCE:
            for offset in range(0, int(runs[done]), KEYS_AT_ONCE):
                yield starts[done] + np.arange(offset, min(offset + KEYS_AT_ONCE, int(runs[done])))
        else:
            some, first = runs[done : done + take], np.repeat(starts[done : done + take], runs[done : done + take])
            before = np.repeat(ends[:take] - some, some)
            yield first + (np.arange(ends[take - 1]) - before)
        done += take


# Apache's and nginx's common and combined formats, a virtual host before them or not. Quoted fields
# escape quotes with a backslash. Every part ends where the next begins, so a line costs its length.
LOG_LINE = re.compile(
    rb"^(?:(?P<virtual_host>[^ \n]+) )?(?P<host>[^ \n]+) (?P<ident>[^ \n]+) (?P<user>[^ \n]+) \[(?P<time>[^\]\n]*)\] "
    rb'"(?P<request>(?:[^"\\\n]|\\.)*+)" (?P<status>[0-9]{3}|-) (?P<bytes>[0-9]+|-)'
    rb'(?: "(?P<referer>(?:[^"\\\n]|\\.)*+)" "(?P<agent>(?:[^"\\\n]|\\.)*+)")?[^\n]*$',
    re.MULTILINE,
)
REQUEST = re.compile(rb"(?P<method>[A-Za-z_-]{1,32}) (?P<url>[^ ]+)(?: HTTP/[0-9.]+)?$")
LOG_NUMBERS = {
    1: "host",
    2: "ident",
    3: "user",
    4: "time",
    6: "method",
    7: "url",
    9: "status",
    10: "bytes",
    11: "referer",
}
LOG_FIELDS = ("path", "url", "method", *LOG_LINE.groupindex)


@dataclass
class AccessLog(Layout):
    """A web server's access log, one field of it the key."""

    field: str
    sized: bool
    notices: Notices
    left_out: int = 0

    def __str__(self) -> str:
        return f"access log, key {self.field}"

    def requests(self, name: str, lines: bytes, first_line: int) -> Iterator[Requests]:
        found, sizes = [], []
        for match in LOG_LINE.finditer(lines):
            if key := self._key(match):
                found.append(key)
                sizes.append(0 if match["bytes"] == b"-" else min(int(match["bytes"][:18]), 1 << 60))
        held = sum(1 for line in lines.split(b"\n") if line.strip())
        self.left_out += held - len(found)
        if self.left_out:
            one = self.left_out == 1
            said = "1 line is no request" if one else f"{self.left_out:,} lines are no requests"
            text = f"{said} with a {self.field} and {'was' if one else 'were'} left out"
            self.notices.say(text, topic="left out")
        keys = trace_lines.key_lines(b"".join(key + b"\n" for key in found))
        yield keys, np.array(sizes, np.int64) if self.sized else None

    def _key(self, match: re.Match[bytes]) -> bytes:
        if self.field not in ("path", "url", "method"):
            value: bytes = match[self.field] or b""
            return value.strip()
        request = REQUEST.match(match["request"])
        if request is None:
            return b""
        return request["url"].partition(b"?")[0] if self.field == "path" else request[self.field]


# What `memcached -vv` writes of a client's commands: "<24 get user:1 user:2". Its answers begin with ">".
COMMAND = re.compile(rb"^<[0-9]+ (?P<command>[a-z]+) (?P<rest>[^\n]+)$", re.MULTILINE)
# What `watch fetchers mutations` on a connection writes: "ts=... type=item_get key=user%3A1 status=found ... size=5"
WATCHED = re.compile(
    rb"^ts=[0-9.]+ gid=[0-9]+ type=item_(?P<command>get|store) key=(?P<key>[^ \n]+) [^\n]*$",
    re.MULTILINE,
)
READS = {b"get": 0, b"gets": 0, b"gat": 1, b"gats": 1, b"mg": 0}  # arguments before the keys
WRITES = (
    b"set",
    b"add",
    b"replace",
    b"append",
    b"prepend",
    b"cas",
    b"incr",
    b"decr",
    b"touch",
    b"ms",
    b"ma",
    b"delete",
    b"md",
)


@dataclass(frozen=True)
class Memcached(Layout):
    """The log that memcached writes of the commands it gets, or of what `watch` shows."""

    writes: bool  # all commands are requests, not reads alone

    def __str__(self) -> str:
        return f"memcached's log, {'all commands' if self.writes else 'reads'}"

    def requests(self, name: str, lines: bytes, first_line: int) -> Iterator[Requests]:
        keys: list[bytes] = []
        for match in COMMAND.finditer(lines):
            words, command = match["rest"].split(), match["command"]
            if command in READS:
                keys += words[READS[command] :] if command != b"mg" else words[:1]
            elif self.writes and command in WRITES:
                keys += words[:1]
        for match in WATCHED.finditer(lines):
            if self.writes or match["command"] == b"get":
                keys.append(unquote_to_bytes(match["key"]))
        yield trace_lines.key_lines(b"".join(key + b"\n" for key in keys)), None


class Records(Layout):
    """Records of one size, as NumPy reads them."""

    binary = True

    def __init__(self, told: str, record: np.dtype) -> None:
        self.told, self.record = told, record

    def requests(self, name: str, lines: bytes, first_line: int) -> Iterator[Requests]:
        found = np.frombuffer(lines, self.record)
        yield found["key"].astype(np.int64), found["size"].astype(np.int64)


ORACLE = np.dtype([("time", "<u4"), ("key", "<u8"), ("size", "<u4"), ("next", "<i8")])
VSCSI_1 = np.dtype(
    [("serial", "<u4"), ("size", "<u4"), ("segments", "<u4"), ("command", "<u2"), ("version", "<u2"), ("key", "<u8"),
     ("time", "<u8")]
)  # fmt: skip
VSCSI_2 = np.dtype(
    [("command", "<u2"), ("version", "<u2"), ("serial", "<u4"), ("size", "<u4"), ("segments", "<u4"), ("key", "<u8"),
     ("time", "<u8"), ("response", "<u8")]
)  # fmt: skip


def layout_of(name: str, text: str, whole: bool, choices: Choices, notices: Notices) -> Layout:
    """The layout of text, as chosen or told. Raises BadTrace or InvalidInput, naming what to give."""
    chosen = choices.one_of("layout", LAYOUTS, "auto")
    if chosen in BINARY:
        raise BadTrace(name, 1, f"the file is text, and {chosen} is not", "Give another layout, or auto")
    if chosen == "auto" and text.startswith(("{", "[")):
        raise BadTrace(name, 1, f"this looks like JSON: {text[:40]!r}", "Give the keys alone, one a line, or CSV")
    lines = sample(text)
    if not whole and len(lines) > 1:
        lines.pop()
    if not lines:
        raise BadTrace(name, 1, "the file holds no requests", "Give a file with a key on each line")
    found = _text_layout(name, lines, chosen, choices, notices)
    if isinstance(found, (Keys, Blocks, Memcached)) and choices.get("column") not in (None, 0, 1):
        raise InvalidInput(
            f"{choices.say('column')} is {choices.get('column')!r}, but a trace of {found} has no columns to choose; "
            "leave it out"
        )
    return found


def _text_layout(name: str, lines: list[tuple[int, str]], chosen: str, choices: Choices, notices: Notices) -> Layout:
    shown = [line for _, line in lines]
    enough = ENOUGH * len(shown)
    is_log = sum(LOG_LINE.match(line.encode()) is not None for line in shown) >= enough
    if chosen == "access_log" or (chosen == "auto" and is_log and choices.get("separator") is None):
        return _access_log(choices, notices)
    talks = sum(line[:1] in "<>" and (COMMAND.match(line.encode()) is not None) for line in shown)
    watched = sum(WATCHED.match(line.encode()) is not None for line in shown)
    if chosen == "memcached" or (chosen == "auto" and (talks > len(shown) / 4 or watched >= enough)):
        return _memcached(choices, notices)
    if chosen == "blocks" or (chosen == "auto" and choices.get("column") is None and choices.get("separator") is None):
        blocks = _blocks([line.split() for line in shown], chosen, choices, notices)
        if blocks:
            return blocks
    if chosen == "keys":
        return Table("keys", "", 0, 1, None, True) if choices.yes("header") else Keys()
    return _table(name, lines, chosen, choices, notices)


def _access_log(choices: Choices, notices: Notices) -> Layout:
    field = choices.get("column") or "path"
    field = LOG_NUMBERS.get(field, field) if isinstance(field, int) else field
    if field not in LOG_FIELDS:
        raise InvalidInput(
            f"{choices.say('column')} is {field!r}; an access log's key is a field by name, or by its number between "
            f"spaces. {nearest(str(field), LOG_FIELDS, 'fields')}"
        )
    rest = others((each for each in LOG_FIELDS if each != field), 20)
    notices.say(f"an access log, read with {field} as the key; others: {rest}; choose with {choices.say('column')}")
    return AccessLog(str(field), choices.get("size_column") != "none", notices)


def _memcached(choices: Choices, notices: Notices) -> Layout:
    commands = choices.one_of("commands", ("get", "all"), "get")
    what = "reads (get, gets, gat, gats, mg)" if commands == "get" else "all commands with a key"
    notices.say(f"memcached's log, {what} as requests; choose get or all with {choices.say('commands')}")
    return Memcached(commands == "all")


def _blocks(rows: list[list[str]], chosen: str, choices: Choices, notices: Notices) -> Layout | None:
    """Block ranges, as chosen, or where the last of three or four columns numbers the lines one by one."""
    width, device = min(max(len(row) for row in rows), 4), choices.yes("device")
    if chosen == "blocks" and width != 4:
        return Blocks(max(width, 2), False)
    numeric = all(len(row) == width and all(len(each) <= 18 and each.isdecimal() for each in row) for row in rows)
    if chosen == "auto" and (width < 3 or not numeric):
        return None
    numbers = np.array([[int(each) for each in row] for row in rows]) if numeric else np.zeros((1, 4), int)
    devices = len(set(numbers[:, 2].tolist())) if width == 4 else 1
    steps = np.diff(numbers[:, -1])
    counted = (len(rows) > 2 and (steps == 1).all()) or (width == 4 and devices == 1 and (steps >= 0).all())
    if chosen == "auto" and not ((numbers[:, 1] >= 1).all() and counted):
        return None
    say, third = choices.say("device"), ""
    if devices > 1:
        third = f"; the third number ({devices} values in the first lines) is passed over: if it is a device, {say}yes"
    if device and width == 4:
        third = f"; the third number is the device, blocks of two devices are two keys; if it is not, {say}no"
    notices.say(f"block ranges: start, number of blocks{third}; {choices.say('layout')}table reads single keys")
    return Blocks(width, bool(device))


def _table(name: str, lines: list[tuple[int, str]], chosen: str, choices: Choices, notices: Notices) -> Layout:
    told = {"csv": "comma", "columns": "space"}.get(chosen)
    if told and choices.get("separator") is None:
        choices = Choices(choices.of, {**choices.given, "separator": told})
    found = dialect(name, lines, choices, Notices() if told else notices)
    if not found.separator and not found.header and choices.get("column") in (None, 0, 1):
        _refuse_uneven(name, lines, chosen, choices)
        return Keys()
    key = column(name, found, choices, notices, usual=KEY_NAMES) or 0
    none = choices.get("size_column") == "none"
    size = None
    if not none and found.width > 1:
        size = column(
            name, found, choices, notices, choice="size_column", what="the size in bytes", usual=SIZE_NAMES, asked=False
        )
    kind = {NAMES["comma"]: "csv", SPACE: "columns", "": "keys"}.get(found.separator, f"table {found}")
    return Table(kind, found.separator, key, found.width, size if size != key else None, bool(found.header))


def _refuse_uneven(name: str, lines: list[tuple[int, str]], chosen: str, choices: Choices) -> None:
    """Lines of words that no separator parts evenly could be keys with spaces in them, or a format not known here."""
    widths = {len(line.split()) for _, line in lines}
    if chosen == "auto" and len(widths) > 1:
        raise BadTrace(
            name, lines[0][0], f"the lines have from {min(widths)} to {max(widths)} fields",
            f"Give the layout, {choices.say('layout')}: keys to take whole lines, table with the column of the key, "
            "access_log, blocks or memcached",
        )  # fmt: skip


def records_of(name: str, head: bytes, choices: Choices) -> Records:
    """libCacheSim's oracleGeneral or vscsi, which carry no name: told by what holds of all records. Raises BadTrace."""
    chosen = choices.one_of("layout", LAYOUTS, "auto")
    for layout, told, record, holds in (
        ("vscsi", "vscsi, version 1", VSCSI_1, _is_vscsi(1)),
        ("vscsi", "vscsi, version 2", VSCSI_2, _is_vscsi(2)),
        ("oracle_general", "oracleGeneral", ORACLE, _is_oracle),
    ):
        some = np.frombuffer(head[: len(head) // record.itemsize * record.itemsize], record)
        if chosen in ("auto", layout) and some.size and holds(some):
            return Records(told, record)
    line = head[: head.index(b"\0")].count(b"\n") + 1
    what = "not text, nor the records of oracleGeneral or vscsi" if chosen == "auto" else f"not {chosen}"
    raise BadTrace(name, line, f"the file is {what}", "Give text, plain or compressed (.gz, .xz, .bz2, .zst)")


def _is_vscsi(version: int) -> Callable[[np.ndarray], bool]:
    return lambda some: bool((some["version"] >> 8 == version).all())


def _is_oracle(some: np.ndarray) -> bool:
    """Times never fall, sizes are below 4 GB, and the next request for a key comes later or never."""
    later = (some["next"] > np.arange(some.size)) | (some["next"] < 0)
    return bool((np.diff(some["time"].astype(np.int64)) >= 0).all() and later.all())
