"""Lines of a trace to keys and sizes, compiled.

Keys are told from bytes, so any encoding will do. The loops give the same keys
with and without compilation: all products stay below 63 bits.
"""

from __future__ import annotations

import numpy as np

from sysdesign.compiled import njit

QUOTE, NEWLINE, SPACE, TAB, RETURN = 34, 10, 32, 9, 13
ZERO, NINE = 48, 57
BITS = 31
MODULUS = 2**BITS - 1  # a prime for which the remainder needs no division
FIRST_BASE, SECOND_BASE = 1_000_003, 998_244_353
LONGEST_NUMBER = 18  # digits that always fit
MOST_BLOCKS = 1 << 24  # of one range: 8 GB in sectors
FARTHEST_BLOCK = 1 << 50
MOST_DEVICES = 1 << 12

OK, NO_FIELD, OPEN_QUOTE, NOT_BLOCKS, NO_SIZE, TOO_FAR = 0, 1, 2, 3, 4, 5
FIXES = {
    NO_FIELD: "Each line needs the column of the key, and a key in it",
    OPEN_QUOTE: "Close the quote on the same line",
    NOT_BLOCKS: "A line of block ranges is: start block, number of blocks (1 to 16,777,216), and up to two whole "
    "numbers more, the device and the number of the request",
    NO_SIZE: "The size is a whole number of bytes; name another size column, or none",
    TOO_FAR: "A start block is below 2^50 and a device below 4,096",
}


def key_lines(lines: bytes) -> np.ndarray:
    """A key for each line that is not blank, the whole of it."""
    keys = np.empty(lines.count(b"\n"), np.int64)
    return keys[: _whole_lines(np.frombuffer(lines, np.uint8), keys)]


def columns(
    lines: bytes, separator: bytes, column: int, size_column: int | None
) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Keys and sizes in columns from 0, and the first bad line from 0 with its fault (OK: none)."""
    keys = np.empty(lines.count(b"\n"), np.int64)
    sizes = np.empty(keys.size if size_column is not None else 0, np.int64)
    first, second = separator[0], separator[1] if len(separator) > 1 else 0
    at = -1 if size_column is None else size_column
    found, line, fault = _columns(np.frombuffer(lines, np.uint8), first, second, column, at, keys, sizes)
    return keys[:found], sizes[:found], line, fault


def block_ranges(lines: bytes, width: int, device: bool) -> tuple[np.ndarray, np.ndarray, int, int]:
    """First keys and lengths of ranges, and the first bad line with its fault; with a device it is the third column."""
    starts = np.empty(lines.count(b"\n"), np.int64)
    runs = np.empty(starts.size, np.int64)
    found, line, fault = _block_ranges(np.frombuffer(lines, np.uint8), width, device, starts, runs)
    return starts[:found], runs[:found], line, fault


@njit(nogil=True)
def _blank(byte: int) -> bool:
    return byte in (SPACE, TAB, RETURN)


@njit(nogil=True)
def _whole_lines(text: np.ndarray, keys: np.ndarray) -> int:
    """Keys of whole lines; plain numbers are read in the same step as the line's end is found."""
    found, at, size = 0, 0, text.size
    while at < size:
        start, value = at, np.int64(0)
        byte = text[at]
        while byte >= ZERO and byte <= NINE:
            value = value * 10 + (np.int64(byte) - ZERO)
            at += 1
            byte = text[at]
        digits = at - start
        if byte == NEWLINE and digits > 0 and digits <= LONGEST_NUMBER and (text[start] != ZERO or digits == 1):
            keys[found] = value
            found += 1
            at += 1
            continue
        while text[at] != NEWLINE:
            at += 1
        low, high = _trim(text, start, at)
        if low < high:
            keys[found] = _key(text, low, high)
            found += 1
        at += 1
    return found


@njit(nogil=True)
def _columns(
    text: np.ndarray, first: int, second: int, column: int, size_column: int, keys: np.ndarray, sizes: np.ndarray
) -> tuple[int, int, int]:
    """Read key and size of every line; stop at the first bad one."""
    found, line, at = 0, 0, 0
    while at < text.size:
        end = at
        while text[end] != NEWLINE:
            end += 1
        low, high = _trim_return(text, at, end)
        if not _is_blank(text, low, high):
            begin, stop = _field(text, low, high, first, second, column)
            if begin >= stop:
                return found, line, OPEN_QUOTE if begin > stop else NO_FIELD
            keys[found] = _key(text, begin, stop)
            if size_column >= 0:
                begin, stop = _field(text, low, high, first, second, size_column)
                sizes[found] = _number(text, begin, stop)
                if sizes[found] < 0:
                    return found, line, NO_SIZE
            found += 1
        line += 1
        at = end + 1
    return found, line, OK


@njit(nogil=True)
def _trim(text: np.ndarray, low: int, high: int) -> tuple[int, int]:
    while low < high and _blank(text[low]):
        low += 1
    while low < high and _blank(text[high - 1]):
        high -= 1
    return low, high


@njit(nogil=True)
def _trim_return(text: np.ndarray, low: int, high: int) -> tuple[int, int]:
    if low < high and text[high - 1] == RETURN:
        high -= 1
    return low, high


@njit(nogil=True)
def _is_blank(text: np.ndarray, low: int, high: int) -> bool:
    low, high = _trim(text, low, high)
    return low == high


@njit(nogil=True)
def _parts_here(text: np.ndarray, at: int, high: int, first: int, second: int) -> bool:
    """Whether a separator begins at a position."""
    if first == SPACE:
        return _blank(text[at])
    return text[at] == first and (second == 0 or (at + 1 < high and text[at + 1] == second))


@njit(nogil=True)
def _field(text: np.ndarray, low: int, high: int, first: int, second: int, column: int) -> tuple[int, int]:
    """The trimmed bounds of a field, without its quotes; empty where there is none, reversed at an open quote."""
    at, seen, step = low, 0, 1 if second == 0 else 2
    while True:
        while at < high and _blank(text[at]) and (first == SPACE or text[at] != first):
            at += 1
        begin, stop = at, -1
        if at < high and text[at] == QUOTE:
            at += 1
            while at < high and (text[at] != QUOTE or (at + 1 < high and text[at + 1] == QUOTE)):
                at += 2 if text[at] == QUOTE else 1
            if at >= high:
                return 1, 0
            begin, stop = begin + 1, at
        while at < high and not _parts_here(text, at, high, first, second):
            at += 1
        if seen == column:
            return (begin, stop) if stop >= 0 else _trim(text, begin, at)
        if at >= high:
            return 0, 0
        seen += 1
        at += step


@njit(nogil=True)
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


@njit(nogil=True)
def _folded(value: np.int64) -> np.int64:
    """A number below 2 ** 62 brought to 2 ** 31 or less, with the same remainder."""
    value = (value & MODULUS) + (value >> BITS)
    return (value & MODULUS) + (value >> BITS)


@njit(nogil=True)
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


@njit(nogil=True)
def _block_ranges(
    text: np.ndarray, width: int, device: bool, starts: np.ndarray, runs: np.ndarray
) -> tuple[int, int, int]:
    """Read first key and length of every line of block ranges; stop at the first bad one."""
    found, line, at = 0, 0, 0
    while at < text.size:
        end = at
        while text[end] != NEWLINE:
            end += 1
        low, high = _trim(text, at, end)
        if low < high:
            for column in range(width):
                first, last = _field(text, low, high, SPACE, 0, column)
                number = _number(text, first, last)
                if number < 0 or (column == 1 and (number < 1 or number > MOST_BLOCKS)):
                    return found, line, NOT_BLOCKS
                if column == 0:
                    starts[found] = number
                elif column == 1:
                    runs[found] = number
                elif column == 2 and device and number > 0:
                    if number >= MOST_DEVICES or starts[found] >= FARTHEST_BLOCK:
                        return found, line, TOO_FAR
                    starts[found] += number * FARTHEST_BLOCK
            found += 1
        line += 1
        at = end + 1
    return found, line, OK
