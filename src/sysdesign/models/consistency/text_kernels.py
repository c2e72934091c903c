"""Texts that grow, every key of a record in one compiled pass: `growth.shown` and its search, step for step the same.

The parts that were written or appended become a tree of their bytes, by which reads are taken apart; a part that
begins another one, or whatever else is unusual, is left to the code that is not compiled.
"""

from __future__ import annotations

import numpy as np

from sysdesign.compiled import njit
from sysdesign.models.consistency.kernels import CAS, FULL, HOLDS, READ, TOO_WIDE, growth_search

APPEND = CAS + 1
IMPOSSIBLE, ELSEWHERE = 5, 6  # nothing written gives what was read; or the key is for other code
FIRST_NODES = 64
CHILD, SIBLING, BYTE, PART = 0, 1, 2, 3  # of a row in the tree of bytes
FOLLOWS, BESIDE, BY = 0, 1, 2  # of a column in the tree of reads: first child, next sibling, the part that leads here


@njit()
def search_texts(
    kind: np.ndarray,
    key: np.ndarray,
    value: np.ndarray,
    invoked: np.ndarray,
    returned: np.ndarray,
    text: np.ndarray,
    bounds: np.ndarray,
    keys: int,
    passed: int,
    budget: int,
    first_room: int,
    most_room: int,
) -> tuple[int, int, int, int]:
    """Status, steps, keys passed and an operation: of the first key that does not hold, past `passed` of them.

    Keys come in the order in which they are first asked for. `bounds` are where in `text` each value begins and the
    next one does; an empty one is nothing. The operation is the one that nothing explains, or any one of the key.
    """  # fmt: skip
    places, starts = _grouped(key, keys)
    steps = 0
    for group in range(passed, starts.size - 1):
        at = places[starts[group] : starts[group + 1]]
        status, taken, which = _search_text(
            kind[at], value[at], invoked[at], returned[at], text, bounds, budget - steps, first_room, most_room
        )
        steps += taken
        if status != HOLDS:
            return status, steps, group + 1, at[max(which, 0)]
    return HOLDS, steps, starts.size - 1, -1


@njit()
def _grouped(key: np.ndarray, keys: int) -> tuple[np.ndarray, np.ndarray]:
    """The places of each key's operations one after the other, and where each key's begin."""
    rank, sizes = np.full(keys, -1, np.int64), np.zeros(keys + 1, np.int64)
    found = 0
    for each in key:
        if rank[each] < 0:
            rank[each] = found
            found += 1
        sizes[rank[each] + 1] += 1
    starts = np.cumsum(sizes[: found + 1])
    places, free = np.empty(key.size, np.int64), starts.copy()
    for at in range(key.size):
        group = rank[key[at]]
        places[free[group]] = at
        free[group] += 1
    return places, starts


@njit()
def _search_text(
    kind: np.ndarray,
    value: np.ndarray,
    invoked: np.ndarray,
    returned: np.ndarray,
    text: np.ndarray,
    bounds: np.ndarray,
    budget: int,
    first_room: int,
    most_room: int,
) -> tuple[int, int, int]:
    """Status, steps and the operation that nothing explains, of one key."""
    count = kind.size
    part_of, node_of = np.full(count, -1, np.int64), np.zeros(count, np.int64)
    trie, parts = _parts(kind, value, bounds, text, part_of)
    if parts == 0:
        return ELSEWHERE, 0, -1
    seen, makers = np.zeros(parts, np.bool_), np.zeros(parts, np.int64)
    tree, impossible = _tree(kind, value, bounds, text, trie, seen, node_of)
    if impossible >= 0:
        return IMPOSSIBLE, 1, impossible
    for part in part_of:
        if part >= 0:
            makers[part] += 1
    is_seen, may_hide = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    for at in range(count):
        if part_of[at] >= 0:
            is_seen[at], may_hide[at] = seen[part_of[at]], makers[part_of[at]] > 1
    order = np.argsort(returned, kind="mergesort")
    returns = order[: np.count_nonzero(returned < np.inf)]
    room = first_room
    while room <= most_room:
        status, steps, which = growth_search(
            kind, node_of, part_of, is_seen, may_hide, tree[FOLLOWS], tree[BESIDE], tree[BY], invoked, returned,
            returns, budget, room,
        )  # fmt: skip
        if status == TOO_WIDE:
            return ELSEWHERE, 0, -1
        if status != FULL:
            return status, steps, which
        room *= 8
    return ELSEWHERE, 0, -1


@njit()
def _parts(
    kind: np.ndarray, value: np.ndarray, bounds: np.ndarray, text: np.ndarray, part_of: np.ndarray
) -> tuple[np.ndarray, int]:
    """The tree of bytes of what was written and appended, and how many parts: 0 where they cannot be told apart."""
    size, grows = 1, False
    for at in range(kind.size):
        if kind[at] != READ:
            grows = grows or kind[at] == APPEND
            size += bounds[value[at] + 1] - bounds[value[at]]
    trie = np.empty((size, 4), np.int64)
    trie[0] = -1
    nodes, parts = 1, 0
    for at in range(kind.size if grows else 0):
        if kind[at] == READ:
            continue
        low, high = bounds[value[at]], bounds[value[at] + 1]
        if low == high:
            return trie, 0
        node = 0
        for place in range(low, high):
            if trie[node, PART] >= 0:
                return trie, 0
            following = _step(trie, node, text[place])
            if following < 0:
                trie[nodes, CHILD], trie[nodes, SIBLING] = -1, trie[node, CHILD]
                trie[nodes, BYTE], trie[nodes, PART] = text[place], -1
                trie[node, CHILD] = following = nodes
                nodes += 1
            node = following
        if trie[node, CHILD] >= 0:
            return trie, 0
        if trie[node, PART] < 0:
            trie[node, PART] = parts
            parts += 1
        part_of[at] = trie[node, PART]
    return trie, parts


@njit()
def _step(trie: np.ndarray, node: int, byte: int) -> int:
    at = trie[node, CHILD]
    while at >= 0 and trie[at, BYTE] != byte:
        at = trie[at, SIBLING]
    return at


@njit()
def _tree(
    kind: np.ndarray,
    value: np.ndarray,
    bounds: np.ndarray,
    text: np.ndarray,
    trie: np.ndarray,
    seen: np.ndarray,
    node_of: np.ndarray,
) -> tuple[np.ndarray, int]:
    """The tree of what was read, and the first read that no parts give, or -1."""
    tree = np.full((3, FIRST_NODES), -1, np.int64)
    nodes = 1
    known_low = known_high = known_node = 0  # what was read last: mostly the next read shows more of the same
    for at in range(kind.size):
        low, high = bounds[value[at]], bounds[value[at] + 1]
        if kind[at] != READ or low == high:
            continue
        node, place = 0, low
        if _begins(text, known_low, known_high, low, high):
            node, place = known_node, low + known_high - known_low
        where = 0
        while place < high:
            where = _step(trie, where, text[place])
            place += 1
            if where < 0:
                return tree, at
            part = trie[where, PART]
            if part < 0:
                continue
            where = 0
            seen[part] = True
            following = tree[FOLLOWS, node]
            while following >= 0 and tree[BY, following] != part:
                following = tree[BESIDE, following]
            if following < 0:
                if nodes == tree.shape[1]:
                    tree = _wider(tree)
                tree[BESIDE, nodes], tree[BY, nodes] = tree[FOLLOWS, node], part
                tree[FOLLOWS, node] = following = nodes
                nodes += 1
            node = following
        if where != 0:
            return tree, at
        node_of[at] = node
        known_low, known_high, known_node = low, high, node
    return tree, -1


@njit()
def _begins(text: np.ndarray, low: int, high: int, start: int, end: int) -> bool:
    """Whether one piece of the text is how another one begins."""
    at, size = 0, high - low
    while at < size <= end - start and text[low + at] == text[start + at]:
        at += 1
    return bool(at == size)


@njit()
def _wider(tree: np.ndarray) -> np.ndarray:
    wider = np.full((3, 2 * tree.shape[1]), -1, np.int64)
    wider[:, : tree.shape[1]] = tree
    return wider
