"""The searches of `linearizability` and `growth` as compiled code, step for step the same.

Operations under way and open ones are bits of one number each; where there are more than fit, or more
states than the tables hold, the search says so and is done again with more room, or without compiled code.

A table holds keys (state, done) in the order in which they came: a row of `keys` is state, done, its first and
last open set, and the next key of the same hash; a row of `opens` is a set and the next one of the same key.
"""

from __future__ import annotations

import numpy as np

from sysdesign.compiled import njit

READ, WRITE, CAS = 0, 1, 2
HOLDS, FAILS, SPENT, TOO_WIDE, FULL = 0, 1, 2, 3, 4
MOST_BITS = 62
WORK_A_STEP = 100  # as in `linearizability`
COPIED_AT_ONCE = 32
OUT_OF_SIGHT = -1
STATE, DONE, FIRST, LAST, NEXT = 0, 1, 2, 3, 4


@njit()
def _hash(state: int, done: int, size: int) -> int:
    mixed = (state * 0x9E3779B1 + done) * 0x5851F42D4C957F2D
    return (mixed ^ (mixed >> 29)) & (size - 1)


@njit()
def _found(keys: np.ndarray, heads: np.ndarray, state: int, done: int) -> int:
    at = heads[_hash(state, done, heads.size)]
    while at >= 0 and (keys[at, STATE] != state or keys[at, DONE] != done):
        at = keys[at, NEXT]
    return at


@njit()
def _put(keys: np.ndarray, heads: np.ndarray, count: int, state: int, done: int) -> int:
    """A new key in the table's next row; its number."""
    place = _hash(state, done, heads.size)
    keys[count, STATE], keys[count, DONE], keys[count, FIRST], keys[count, LAST] = state, done, -1, -1
    keys[count, NEXT] = heads[place]
    heads[place] = count
    return count


@njit()
def _cleared(keys: np.ndarray, heads: np.ndarray, count: int) -> int:
    for at in range(count):
        heads[_hash(keys[at, STATE], keys[at, DONE], heads.size)] = -1
    return 0


@njit()
def _append(keys: np.ndarray, opens: np.ndarray, count: int, key: int, opened: int) -> int:
    """One more open set of a key; how many sets the table now holds."""
    opens[count, 0], opens[count, 1] = opened, -1
    if keys[key, FIRST] < 0:
        keys[key, FIRST] = count
    else:
        opens[keys[key, LAST], 1] = count
    keys[key, LAST] = count
    return count + 1


@njit()
def _covered(keys: np.ndarray, opens: np.ndarray, key: int, opened: int) -> tuple[bool, int]:
    """Whether a key has a set within `opened`, and how many sets it has."""
    count, covered, at = 0, False, keys[key, FIRST]
    while at >= 0:
        covered = covered or opens[at, 0] & opened == opens[at, 0]
        count += 1
        at = opens[at, 1]
    return covered, count


@njit()
def _drop_wider(keys: np.ndarray, opens: np.ndarray, key: int, opened: int) -> None:
    """Take off the sets that hold all of `opened`."""
    before, at = -1, keys[key, FIRST]
    while at >= 0:
        following = opens[at, 1]
        if opens[at, 0] & opened != opened:
            before = at
        elif before < 0:
            keys[key, FIRST] = following
        else:
            opens[before, 1] = following
        at = following
    keys[key, LAST] = before


@njit()
def _agrees(kind: int, want: int, state: int) -> bool:
    return want == state if kind == READ else want != state


@njit()
def register_search(
    kind: np.ndarray,
    want: np.ndarray,
    give: np.ndarray,
    changes: np.ndarray,
    size_of: np.ndarray,
    invoked: np.ndarray,
    returned: np.ndarray,
    returns: np.ndarray,
    budget: int,
    room: int,
) -> tuple[int, int, int]:
    """Status, steps and the operation that nothing explains, for reads, writes and compare-and-sets of one key.

    Values are numbers, nothing is 0: `want` is what was read or compared, `give` what was written or set. `returns`
    are the operations that return, by when.
    """  # fmt: skip
    count = kind.size
    bit_of, twin_of = np.zeros(count, np.int64), np.zeros(count, np.int64)
    changing, looking, opened_at = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    n_changing = n_looking = n_open = 0
    free = (1 << MOST_BITS) - 1
    reached, reached_opens = np.empty((room, 5), np.int64), np.empty((room, 2), np.int64)
    kept, kept_opens = np.empty((room, 5), np.int64), np.empty((room, 2), np.int64)
    seen, seen_opens = np.empty((room, 5), np.int64), np.empty((room, 2), np.int64)
    kept_heads, seen_heads = np.full(2 * room, -1, np.int64), np.full(2 * room, -1, np.int64)
    queue = np.empty((room, 3), np.int64)
    reached[0, STATE], reached[0, DONE], reached[0, FIRST] = 0, 0, 0
    reached_opens[0, 0], reached_opens[0, 1] = 0, -1
    n_reached = 1
    steps = work = 0
    call = ret = 0
    while call < count or ret < returns.size:
        if call < count and (ret >= returns.size or invoked[call] <= returned[returns[ret]]):
            at = call
            call += 1
            is_open = np.isinf(returned[at])
            if is_open and changes[at]:
                if n_open == MOST_BITS:
                    return TOO_WIDE, steps, -1
                bit_of[at] = np.int64(1) << n_open
                for older in range(n_open):
                    other = opened_at[older]
                    if kind[other] == kind[at] and want[other] == want[at] and give[other] == give[at]:
                        twin_of[at] = bit_of[other]
                opened_at[n_open] = at
                n_open += 1
            else:
                if free == 0:
                    return TOO_WIDE, steps, -1
                bit_of[at] = free & -free
                free ^= bit_of[at]
            if changes[at]:
                changing[n_changing] = at
                n_changing += 1
            else:
                looking[n_looking] = at
                n_looking += 1
                work += n_reached
                for key in range(n_reached):
                    if _agrees(kind[at], want[at], reached[key, STATE]):
                        reached[key, DONE] |= bit_of[at]
        else:
            at = returns[ret]
            ret += 1
            bit = bit_of[at]
            n_kept = n_kept_opens = n_seen = n_seen_opens = head = tail = 0
            for key in range(n_reached):
                state, done, each = reached[key, STATE], reached[key, DONE], reached[key, FIRST]
                place = _put(seen, seen_heads, n_seen, state, done)
                n_seen += 1
                keep = -1
                if done & bit:
                    keep = _found(kept, kept_heads, state, done ^ bit)
                    if keep < 0:
                        keep = _put(kept, kept_heads, n_kept, state, done ^ bit)
                        n_kept += 1
                while each >= 0:
                    opened = reached_opens[each, 0]
                    n_seen_opens = _append(seen, seen_opens, n_seen_opens, place, opened)
                    if keep >= 0:
                        covered, known = _covered(kept, kept_opens, keep, opened)
                        work += 2 * known
                        if not covered:
                            _drop_wider(kept, kept_opens, keep, opened)
                            n_kept_opens = _append(kept, kept_opens, n_kept_opens, keep, opened)
                    else:
                        queue[tail, 0], queue[tail, 1], queue[tail, 2] = state, done, opened
                        tail += 1
                    each = reached_opens[each, 1]
            while head < tail and not (steps > budget or work > budget * WORK_A_STEP):
                state, done, opened = queue[head, 0], queue[head, 1], queue[head, 2]
                head += 1
                work += n_changing
                for index in range(n_changing):
                    other = changing[index]
                    other_open = np.isinf(returned[other])
                    if (opened if other_open else done) & bit_of[other]:
                        continue
                    if other_open and twin_of[other] and not opened & twin_of[other]:
                        continue
                    if kind[other] == CAS and want[other] != state:
                        continue
                    new = give[other]
                    if other_open and new == state:
                        continue
                    steps += 1
                    work += n_looking + (size_of[new] + count // 64) // COPIED_AT_ONCE
                    now_done = done if other_open else done | bit_of[other]
                    now_open = opened | bit_of[other] if other_open else opened
                    for look in range(n_looking):
                        if _agrees(kind[looking[look]], want[looking[look]], new):
                            now_done |= bit_of[looking[look]]
                    if max(n_seen, n_seen_opens, n_kept, n_kept_opens, tail) + 1 >= room:
                        return FULL, steps, -1
                    place = _found(seen, seen_heads, new, now_done)
                    if place < 0:
                        place = _put(seen, seen_heads, n_seen, new, now_done)
                        n_seen += 1
                    covered, known = _covered(seen, seen_opens, place, now_open)
                    work += known
                    if covered:
                        continue
                    n_seen_opens = _append(seen, seen_opens, n_seen_opens, place, now_open)
                    if not now_done & bit:
                        queue[tail, 0], queue[tail, 1], queue[tail, 2] = new, now_done, now_open
                        tail += 1
                        continue
                    keep = _found(kept, kept_heads, new, now_done ^ bit)
                    if keep < 0:
                        keep = _put(kept, kept_heads, n_kept, new, now_done ^ bit)
                        n_kept += 1
                    covered, known = _covered(kept, kept_opens, keep, now_open)
                    work += 2 * known
                    if not covered:
                        _drop_wider(kept, kept_opens, keep, now_open)
                        n_kept_opens = _append(kept, kept_opens, n_kept_opens, keep, now_open)
            n_seen = _cleared(seen, seen_heads, n_seen)
            _cleared(kept, kept_heads, n_kept)
            reached, kept = kept, reached
            reached_opens, kept_opens = kept_opens, reached_opens
            n_reached = n_kept
            free |= bit
            if changes[at]:
                n_changing = _without(changing, n_changing, at)
            else:
                n_looking = _without(looking, n_looking, at)
        if steps > budget or work > budget * WORK_A_STEP:
            return SPENT, steps, -1
        if n_reached == 0:
            return FAILS, steps, at
    return HOLDS, steps, -1


@njit()
def _without(places: np.ndarray, count: int, gone: int) -> int:
    """Take one out of a list that keeps its order; how many are left."""
    left = 0
    for at in range(count):
        places[left] = places[at]
        left += places[at] != gone
    return left


@njit()
def _child(first: np.ndarray, sibling: np.ndarray, part_at: np.ndarray, node: int, part: int) -> int:
    at = first[node]
    while at >= 0 and part_at[at] != part:
        at = sibling[at]
    return at


@njit()
def _sorted_in(
    waiting: np.ndarray, n_waiting: int, kept: np.ndarray, kept_heads: np.ndarray, n_kept: int,
    state: int, done: int, bit: int,
) -> tuple[int, int]:  # fmt: skip
    """A state waits until it has done what returns now, then it is kept, once; how many wait and are kept."""
    if not done & bit:
        waiting[n_waiting, 0], waiting[n_waiting, 1] = state, done
        return n_waiting + 1, n_kept
    if _found(kept, kept_heads, state, done ^ bit) < 0:
        _put(kept, kept_heads, n_kept, state, done ^ bit)
        return n_waiting, n_kept + 1
    return n_waiting, n_kept


@njit()
def growth_search(
    kind: np.ndarray,
    node_of: np.ndarray,
    part_of: np.ndarray,
    is_seen: np.ndarray,
    may_hide: np.ndarray,
    first: np.ndarray,
    sibling: np.ndarray,
    part_at: np.ndarray,
    invoked: np.ndarray,
    returned: np.ndarray,
    returns: np.ndarray,
    budget: int,
    room: int,
) -> tuple[int, int, int]:
    """Status, steps and the operation that nothing explains, for a text or list that grows.

    The reads' tree: `first` child and next `sibling` of each node, and the part at which it follows its parent.
    """  # fmt: skip
    count = kind.size
    bit_of, reads = np.zeros(count, np.int64), np.zeros(first.size, np.int64)
    visible = np.empty(count, np.int64)
    n_visible = hidden = 0
    free = (1 << MOST_BITS) - 1
    reached, kept, seen = (
        np.empty((room, 5), np.int64), np.empty((room, 5), np.int64), np.empty((room, 5), np.int64)
    )  # fmt: skip
    kept_heads, seen_heads = np.full(2 * room, -1, np.int64), np.full(2 * room, -1, np.int64)
    waiting = np.empty((room, 2), np.int64)
    found = np.empty((count + 1, 2), np.int64)
    reached[0, STATE] = reached[0, DONE] = 0
    n_reached = 1
    steps = 0
    call = ret = 0
    while call < count or ret < returns.size:
        if call < count and (ret >= returns.size or invoked[call] <= returned[returns[ret]]):
            at = call
            call += 1
            hides = kind[at] != READ and not is_seen[at]
            if hides and np.isinf(returned[at]):
                continue
            if free == 0:
                return TOO_WIDE, steps, -1
            bit = free & -free
            bit_of[at] = bit
            free ^= bit
            if kind[at] != READ and is_seen[at]:
                visible[n_visible] = at
                n_visible += 1
                continue
            node = OUT_OF_SIGHT
            if hides:
                hidden |= bit
            else:
                node = node_of[at]
                reads[node] |= bit
            for key in range(n_reached):
                if reached[key, STATE] == node:
                    reached[key, DONE] |= bit
            continue
        at = returns[ret]
        ret += 1
        bit = bit_of[at]
        n_seen = n_kept = n_waiting = 0
        for key in range(n_reached):
            state, done = reached[key, STATE], reached[key, DONE]
            _put(seen, seen_heads, n_seen, state, done)
            n_seen += 1
            n_waiting, n_kept = _sorted_in(waiting, n_waiting, kept, kept_heads, n_kept, state, done, bit)
        while n_waiting and steps <= budget:
            n_waiting -= 1
            node, done = waiting[n_waiting, 0], waiting[n_waiting, 1]
            n_found = 0
            steps += n_visible // 16
            for index in range(n_visible):
                each = visible[index]
                if done & bit_of[each]:
                    continue
                writes = kind[each] == WRITE
                new = -1
                if writes or node >= 0:
                    new = _child(first, sibling, part_at, 0 if writes else node, part_of[each])
                if new >= 0:
                    now = done | bit_of[each] | reads[new]
                    found[n_found, 0], found[n_found, 1] = new, now | hidden if writes else now
                    n_found += 1
                elif may_hide[each] and not np.isinf(returned[each]):
                    found[n_found, 0], found[n_found, 1] = OUT_OF_SIGHT, done | bit_of[each] | hidden
                    n_found += 1
            if hidden & bit and node != OUT_OF_SIGHT:
                found[n_found, 0], found[n_found, 1] = OUT_OF_SIGHT, done | hidden
                n_found += 1
            steps += n_found
            for index in range(n_found):
                node, done = found[index, 0], found[index, 1]
                if _found(seen, seen_heads, node, done) >= 0:
                    continue
                if n_seen + 1 >= room:
                    return FULL, steps, -1
                _put(seen, seen_heads, n_seen, node, done)
                n_seen += 1
                n_waiting, n_kept = _sorted_in(waiting, n_waiting, kept, kept_heads, n_kept, node, done, bit)
        n_seen = _cleared(seen, seen_heads, n_seen)
        _cleared(kept, kept_heads, n_kept)
        reached, kept = kept, reached
        n_reached = n_kept
        free |= bit
        hidden &= ~bit
        if kind[at] == READ:
            reads[node_of[at]] &= ~bit
        elif is_seen[at]:
            n_visible = _without(visible, n_visible, at)
        if steps > budget:
            return SPENT, steps, -1
        if n_reached == 0:
            return FAILS, steps, at
    return HOLDS, steps, -1
