"""Compiled scanning of histories that hold one event a line in its plainest form: log lines, columns, maps of EDN.

Each line becomes a row with its number, its time, and the numbers of its fields' tokens: pieces of the text, each
different one once. What a token means is for `plain_histories`. Whatever else a line holds stops the scan: such a
file is read by `history_events`, which knows every form.
"""

from __future__ import annotations

import numpy as np

from sysdesign.compiled import njit

PROCESS, TYPE, F, KEY, VALUE, ERROR = 0, 1, 2, 3, 4, 5
FIELDS = 6
LINE, TIME, COLUMNS = 6, 7, 8  # of a row, after the tokens of its fields
SKIPPED = 6
NOT_PLAIN = -1
NO_TIME = np.iinfo(np.int64).min
NAMES = (b":process", b":type", b":f", b":key", b":value", b":error", b"", b":time")
TAB, NEWLINE, RETURN, SPACE = 9, 10, 13, 32
QUOTE, HASH, OPEN, CLOSE, COMMA, ZERO, NINE = 34, 35, 40, 41, 44, 48, 57
COLON, SEMICOLON, OPEN_SQUARE, BACKSLASH, CLOSE_SQUARE, UNDERSCORE, DASH = 58, 59, 91, 92, 93, 95, 45
OPEN_CURLY, CLOSE_CURLY, LOWER_N, PLUS = 123, 125, 110, 43
JEPSEN = np.frombuffer(b"jepsen.", np.uint8)
NEMESIS = np.frombuffer(b":nemesis", np.uint8)
LONGEST_NUMBER = 18
INVOKE, OK, FAIL, INFO = 0, 1, 2, 3
READ_F, CAS_F, GIVES_LOW, GIVES_HIGH, ASKED_WITH_NOTHING, DEQUEUE_F = 0, 1, 2, 4, 5, 5
REASON, OTHER, EMPTY, PAIR, NOTHING = 1, 2, 4, 8, 16


@njit(nogil=True)
def _blank(byte: int) -> bool:
    return byte in (SPACE, TAB, RETURN)


@njit(nogil=True)
def _word(byte: int) -> bool:
    return ZERO <= byte <= NINE or 65 <= byte <= 90 or 97 <= byte <= 122 or byte == UNDERSCORE


@njit(nogil=True)
def _same(text: np.ndarray, low: int, high: int, word: np.ndarray) -> bool:
    at = 0
    while high - low == word.size and at < word.size and text[low + at] == word[at]:
        at += 1
    return at == word.size == high - low


@njit(nogil=True)
def _token(text: np.ndarray, low: int, high: int, field: int, tokens: np.ndarray, heads: np.ndarray, count: int) -> int:
    """The number of a field's token; `count` if it is a new one."""
    mixed = np.uint64(14695981039346656037) ^ np.uint64(field)
    for at in range(low, high):
        mixed = (mixed ^ np.uint64(text[at])) * np.uint64(1099511628211)
    place = np.int64((mixed ^ (mixed >> np.uint64(32))) & np.uint64(heads.size - 1))
    while heads[place] >= 0:
        known = heads[place]
        start = tokens[known, 1]
        if tokens[known, 0] == field and tokens[known, 2] - start == high - low:
            at = 0
            while at < high - low and text[start + at] == text[low + at]:
                at += 1
            if at == high - low:
                return known
        place = (place + 1) & (heads.size - 1)
    heads[place] = count
    tokens[count, 0], tokens[count, 1], tokens[count, 2] = field, low, high
    return count


@njit(nogil=True)
def scan_columns(
    text: np.ndarray, marker: np.ndarray, rows: np.ndarray, tokens: np.ndarray, heads: np.ndarray
) -> tuple[int, int]:
    """Rows and tokens of lines of columns, each behind a marker in log lines; NOT_PLAIN where a line is another."""
    found = count = line = at = 0
    while at < text.size:
        low = at
        while text[at] != NEWLINE:
            at += 1
        high = at
        at += 1
        line += 1
        while high > low and _blank(text[high - 1]):
            high -= 1
        if marker.size:
            low = _behind_marker(text, low, high, marker)
            if low == NOT_PLAIN:
                return NOT_PLAIN, count
            first = text[low] if low < high else SPACE
            if low < high and not (ZERO <= first <= NINE or first in (COLON, LOWER_N) or _blank(first)):
                continue
        if low >= high or text[low] == SEMICOLON:
            continue
        nemesis = _same(text, low, min(low + NEMESIS.size, high), NEMESIS)
        start, end = low, low + (NEMESIS.size if nemesis else 0)
        while not nemesis and end < high and ZERO <= text[end] <= NINE:
            end += 1
        if end == start or (not nemesis and end - start > LONGEST_NUMBER):
            return NOT_PLAIN, count
        rows[found, LINE], rows[found, TIME] = line, NO_TIME
        rows[found, KEY] = NOT_PLAIN
        if not nemesis:
            rows[found, PROCESS] = _token(text, start, end, PROCESS, tokens, heads, count)
            count += rows[found, PROCESS] == count
        for field in (TYPE, F):
            start = end
            while start < high and _blank(text[start]):
                start += 1
            if start == end or start >= high or text[start] != COLON:
                return NOT_PLAIN, count
            end = start + 1
            while end < high and (_word(text[end]) or (field == F and text[end] == DASH)):
                end += 1
            if end == start + 1:
                return NOT_PLAIN, count
            if not nemesis:
                rows[found, field] = _token(text, start, end, field, tokens, heads, count)
                count += rows[found, field] == count
        if nemesis and (end == high or _blank(text[end])):
            continue
        start = end
        while start < high and _blank(text[start]):
            start += 1
        if start == end or start >= high:
            return NOT_PLAIN, count
        for end in range(start, high):
            if text[end] < SPACE and text[end] != TAB:
                return NOT_PLAIN, count
        rows[found, VALUE] = _token(text, start, high, VALUE, tokens, heads, count)
        count += rows[found, VALUE] == count
        rows[found, ERROR] = rows[found, VALUE]
        found += 1
    return found, count


@njit(nogil=True)
def _behind_marker(text: np.ndarray, low: int, high: int, marker: np.ndarray) -> int:
    """Where a log line's columns begin; `high` in a line without any, NOT_PLAIN if they stand behind another marker."""
    at = low
    while at + JEPSEN.size <= high and not _same(text, at, at + JEPSEN.size, JEPSEN):
        at += 1
    if at + JEPSEN.size > high:
        return high
    if (
        at + marker.size <= high
        and _same(text, at, at + marker.size, marker)
        and (at == low or not _word(text[at - 1]))
    ):
        return at + marker.size
    while at + 1 < high and not (_blank(text[at]) and text[at + 1] == COLON):
        at += 1
    return high if at + 1 >= high else NOT_PLAIN


@njit(nogil=True)
def _skip(text: np.ndarray, at: int) -> int:
    while _blank(text[at]) or text[at] == COMMA:
        at += 1
    return at


@njit(nogil=True)
def _value_end(text: np.ndarray, at: int) -> int:
    """Where a plain value of EDN ends: a text, number, word, or something in brackets. NOT_PLAIN for others."""
    depth = 0
    while True:
        byte = text[at]
        if byte == QUOTE:
            at += 1
            while text[at] != QUOTE:
                if text[at] == NEWLINE or text[at] == BACKSLASH:
                    return NOT_PLAIN
                at += 1
            at += 1
        elif byte in (OPEN, OPEN_SQUARE, OPEN_CURLY):
            depth += 1
            at += 1
        elif byte in (CLOSE, CLOSE_SQUARE, CLOSE_CURLY):
            depth -= 1
            at += 1
        elif byte == COMMA or _blank(byte):
            at += 1
        elif byte in (HASH, SEMICOLON, BACKSLASH) or byte <= SPACE:
            return NOT_PLAIN
        else:
            at = _word_end(text, at)
            if text[at] == HASH or text[at] == BACKSLASH or text[at] == QUOTE:
                return NOT_PLAIN
        if depth <= 0:
            return NOT_PLAIN if depth < 0 else at


@njit(nogil=True)
def _word_end(text: np.ndarray, at: int) -> int:
    while not (
        text[at] <= SPACE or text[at] == COMMA or text[at] == QUOTE or text[at] == HASH or text[at] == OPEN
        or text[at] == CLOSE or text[at] == SEMICOLON or text[at] == OPEN_SQUARE or text[at] == CLOSE_SQUARE
        or text[at] == BACKSLASH or text[at] == OPEN_CURLY or text[at] == CLOSE_CURLY
    ):  # fmt: skip
        at += 1
    return at


@njit(nogil=True)
def _field(text: np.ndarray, low: int, high: int, names: np.ndarray, ends: np.ndarray) -> int:
    start = 0
    for field in range(ends.size):
        if _same(text, low, high, names[start : ends[field]]):
            return field
        start = ends[field]
    return SKIPPED


@njit(nogil=True)
def _whole_number(text: np.ndarray, low: int, high: int) -> int:
    """A whole number of plain digits, or NO_TIME."""
    value = 0
    for at in range(low, high):
        if not ZERO <= text[at] <= NINE:
            return NO_TIME
        value = value * 10 + (int(text[at]) - ZERO)
    return value if 0 < high - low <= LONGEST_NUMBER else NO_TIME


@njit(nogil=True)
def scan_edn(
    text: np.ndarray, names: np.ndarray, ends: np.ndarray, rows: np.ndarray, tokens: np.ndarray, heads: np.ndarray
) -> tuple[int, int]:
    """Rows and tokens of maps, one a line; NOT_PLAIN where a line is another. `names` are those of the fields."""
    found = count = line = at = 0
    while at < text.size:
        line += 1
        at = _skip(text, at)
        if text[at] == NEWLINE or text[at] == SEMICOLON:
            while text[at] != NEWLINE:
                at += 1
            at += 1
            continue
        if text[at] != OPEN_CURLY:
            return NOT_PLAIN, count
        for field in range(FIELDS):
            rows[found, field] = NOT_PLAIN
        rows[found, LINE], rows[found, TIME] = line, NO_TIME
        at = _skip(text, at + 1)
        while text[at] != CLOSE_CURLY:
            if text[at] != COLON:
                return NOT_PLAIN, count
            end = _word_end(text, at)
            field = _field(text, at, end, names, ends)
            start = _skip(text, end)
            if start == end and text[start] != QUOTE and text[start] != OPEN_SQUARE:
                return NOT_PLAIN, count
            end = _value_end(text, start)
            if end == NOT_PLAIN:
                return NOT_PLAIN, count
            if field == TIME:
                if rows[found, TIME] != NO_TIME:
                    return NOT_PLAIN, count
                rows[found, TIME] = _whole_number(text, start, end)
                if rows[found, TIME] == NO_TIME:
                    return NOT_PLAIN, count
            elif field == SKIPPED:
                first = text[start]
                if first in (OPEN, OPEN_SQUARE, OPEN_CURLY):
                    return NOT_PLAIN, count
                numeric = ZERO <= first <= NINE or first in (PLUS, DASH)
                if numeric and _whole_number(text, start, end) == NO_TIME:
                    return NOT_PLAIN, count
            elif rows[found, field] != NOT_PLAIN:
                return NOT_PLAIN, count
            else:
                rows[found, field] = _token(text, start, end, field, tokens, heads, count)
                count += rows[found, field] == count
            at = _skip(text, end)
        at = _skip(text, at + 1)
        unnamed = rows[found, PROCESS] < 0 or rows[found, TYPE] < 0 or rows[found, F] < 0
        if text[at] != NEWLINE or unnamed:
            return NOT_PLAIN, count
        at += 1
        found += 1
    return found, count


@njit(nogil=True)
def pair(
    rows: np.ndarray,
    code: np.ndarray,
    value_says: np.ndarray,
    error_says: np.ndarray,
    nemesis: int,
    processes: int,
    given: np.ndarray,
    times: np.ndarray,
) -> int:
    """Calls with their answers: operations into `given` and `times`; how many, or NOT_PLAIN for a faulty record.

    `code` says what each token means, `value_says` and `error_says` what is to know of each value and error (REASON
    to NOTHING). Value and key 0 are nothing. Columns of `given`: process, f, key, value, succeeded, assumed, line; of
    `times`: asked and returned. NOT_PLAIN too where keys may stand in the values.
    """  # fmt: skip
    waiting = np.full(processes, -1, np.int64)
    taken = asked = place = 0
    keep = np.empty(len(rows), np.bool_)
    keyed = all_pairs = True
    for at in range(len(rows)):
        who = code[rows[at, PROCESS]]
        if who == nemesis:
            continue
        place += 1
        f, key, value = code[rows[at, F]], code[rows[at, KEY]], code[rows[at, VALUE]]
        ending = code[rows[at, TYPE]]
        if f < 0 or ending < 0:
            return NOT_PLAIN
        if ending == INVOKE:
            all_pairs = all_pairs and value_says[value] & PAIR != 0
            keyed = keyed and key == 0
            faulty = f == CAS_F and not value_says[value] & PAIR
            if waiting[who] >= 0 or faulty or (GIVES_LOW <= f <= GIVES_HIGH and value_says[value] & NOTHING != 0):
                return NOT_PLAIN
            waiting[who] = asked
            keep[asked] = f != READ_F
            given[asked, 0], given[asked, 1], given[asked, 2] = who, f, key
            given[asked, 3] = 0 if f >= ASKED_WITH_NOTHING or f == READ_F else value
            given[asked, 4], given[asked, 5], given[asked, 6] = 1, 0, rows[at, LINE]
            times[asked, 0], times[asked, 1] = place, np.inf
            asked += 1
            continue
        which = waiting[who]
        waiting[who] = -1
        if which < 0 or f != given[which, 1] or (key != 0 and key != given[which, 2]):
            return NOT_PLAIN
        if ending == OK:
            keep[which] = True
            times[which, 1] = place
            if f in (READ_F, DEQUEUE_F):
                given[which, 3] = value
        elif ending == FAIL:
            says = error_says[code[rows[at, ERROR]]]
            if not says & REASON:
                says = value_says[value]
            reason = says & REASON != 0
            keep[which] = (f == CAS_F and (not reason or says & OTHER != 0)) or (f == DEQUEUE_F and says & EMPTY != 0)
            times[which, 1] = place
            given[which, 4], given[which, 5] = f != CAS_F, f == CAS_F and not reason
            if f == DEQUEUE_F:
                given[which, 3] = 0
    if asked == 0 or (keyed and all_pairs):
        return NOT_PLAIN
    for which in range(asked):
        if keep[which]:
            for column in range(given.shape[1]):
                given[taken, column] = given[which, column]
            times[taken, 0], times[taken, 1] = times[which, 0], times[which, 1]
            taken += 1
    return taken
