"""Lines of a trace to keys, compiled.

Keys are told from bytes, so any encoding will do. The loops give the same keys
with and without compilation: all products stay below 63 bits.
"""

from __future__ import annotations

import numpy as np
from numba import njit

COMMA, QUOTE, NEWLINE, SPACE = 44, 34, 10, 32
ZERO, NINE = 48, 57
BITS = 31
MODULUS = 2**BITS - 1  # a prime for which the remainder needs no division
FIRST_BASE, SECOND_BASE = 1_000_003, 998_244_353
LONGEST_NUMBER = 18  # digits that always fit
MOST_BLOCKS = 1 << 40

OK, NO_FIELD, OPEN_QUOTE, NOT_BLOCKS = 0, 1, 2, 3
FIXES = {
    NO_FIELD: "Each line needs the column of the key, and a key in it",
    OPEN_QUOTE: "Close the quote on the same line",
    NOT_BLOCKS: "A line of block ranges is: start block, number of blocks (1 or more), two more whole numbers",
}
SEPARATORS = {"keys": 0, "csv": COMMA, "columns": SPACE}


def parse(lines: bytes, layout: str, column: int) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Keys (for blocks: starts and lengths) of whole lines, and the first bad line from 0 with its fault (0: none)."""
    text = np.frombuffer(lines, np.uint8)
    rows = lines.count(b"\n")
    keys = np.empty(rows, np.int64)
    if layout == "blocks":
        runs = np.empty(rows, np.int64)
        found, line, fault = _blocks(text, keys, runs)
        return keys[:found], runs[:found], line, fault
    found, line, fault = _fields(text, SEPARATORS[layout], column - 1, keys)
    return keys[:found], keys[:0], line, fault


def fields(layout: str, line: str) -> list[str]:
    """The fields of one line, for telling the layout."""
    if layout != "csv":
        return line.split()
    parts, current, quoted = [], "", False
    for character in line:
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            parts.append(current.strip())
            current = ""
        else:
            current += character
    return [*parts, current.strip()]


@njit(cache=True)
def _blank(byte: int) -> bool:
    return byte == SPACE or byte == 9 or byte == 13


@njit(cache=True)
def _fields(text: np.ndarray, separator: int, column: int, keys: np.ndarray) -> tuple[int, int, int]:
    """Read the key of every line; stop at the first bad one."""
    found, line, at = 0, 0, 0
    while at < text.size:
        end = at
        while text[end] != NEWLINE:
            end += 1
        low, high = _trim(text, at, end)
        if low < high:
            if separator == COMMA:
                low, high = _comma_field(text, low, high, column)
            elif separator == SPACE:
                low, high = _spaced_field(text, low, high, column)
            if low >= high:
                return found, line, OPEN_QUOTE if low > high else NO_FIELD
            keys[found] = _key(text, low, high)
            found += 1
        line += 1
        at = end + 1
    return found, line, OK


@njit(cache=True)
def _trim(text: np.ndarray, low: int, high: int) -> tuple[int, int]:
    while low < high and _blank(text[low]):
        low += 1
    while low < high and _blank(text[high - 1]):
        high -= 1
    return low, high


@njit(cache=True)
def _comma_field(text: np.ndarray, low: int, high: int, column: int) -> tuple[int, int]:
    """The trimmed bounds of a field, without its quotes; empty where there is none, reversed at an open quote."""
    start, seen, quoted = low, 0, False
    for at in range(low, high + 1):
        if at < high and text[at] == QUOTE:
            quoted = not quoted
        elif at == high or (text[at] == COMMA and not quoted):
            if at == high and quoted:
                return 1, 0
            if seen == column:
                first, last = _trim(text, start, at)
                if last - first >= 2 and text[first] == QUOTE and text[last - 1] == QUOTE:
                    return first + 1, max(last - 1, first + 1)
                return first, last
            seen += 1
            start = at + 1
    return 0, 0


@njit(cache=True)
def _spaced_field(text: np.ndarray, low: int, high: int, column: int) -> tuple[int, int]:
    seen, at = 0, low
    while at < high:
        start = at
        while at < high and not _blank(text[at]):
            at += 1
        if seen == column:
            return start, at
        seen += 1
        while at < high and _blank(text[at]):
            at += 1
    return 0, 0


@njit(cache=True)
def _key(text: np.ndarray, low: int, high: int) -> np.int64:
    """A number of up to 18 digits without leading zeros as itself; any other text as a negative hash."""
    number = _number(text, low, high)
    if number >= 0 and (text[low] != ZERO or high - low == 1):
        return number
    first, second = np.int64(7), np.int64(11)
    for at in range(low, high):
        byte = np.int64(text[at]) + 1
        first = _folded(first * FIRST_BASE + byte)
        second = _folded(second * SECOND_BASE + byte)
    return -(first << BITS) - second - 1


@njit(cache=True)
def _folded(value: np.int64) -> np.int64:
    """A number below 2 ** 62 brought to 2 ** 31 or less, with the same remainder."""
    value = (value & MODULUS) + (value >> BITS)
    return (value & MODULUS) + (value >> BITS)


@njit(cache=True)
def _number(text: np.ndarray, low: int, high: int) -> np.int64:
    """The whole number between two positions, or -1 where there is none."""
    if high - low > LONGEST_NUMBER or low >= high:
        return np.int64(-1)
    value = np.int64(0)
    for at in range(low, high):
        if text[at] < ZERO or text[at] > NINE:
            return np.int64(-1)
        value = value * 10 + np.int64(text[at]) - ZERO
    return value


@njit(cache=True)
def _blocks(text: np.ndarray, starts: np.ndarray, runs: np.ndarray) -> tuple[int, int, int]:
    """Read start and length of every line of block ranges; stop at the first bad one."""
    found, line, at = 0, 0, 0
    while at < text.size:
        end = at
        while text[end] != NEWLINE:
            end += 1
        low, high = _trim(text, at, end)
        if low < high:
            for column in range(4):
                first, last = _spaced_field(text, low, high, column)
                number = _number(text, first, last)
                if number < 0 or (column == 1 and (number < 1 or number > MOST_BLOCKS)):
                    return found, line, NOT_BLOCKS
                if column == 0:
                    starts[found] = number
                elif column == 1:
                    runs[found] = number
            found += 1
        line += 1
        at = end + 1
    return found, line, OK
