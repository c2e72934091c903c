"""How often a key was asked for of late, as TinyLFU counts it: exactly, in a sketch, or behind a doorkeeper.

Counts stop at 15, a four-bit counter. When 10 per cached key have been counted, every
count is halved and so is what has been counted, as in Caffeine: the next halving comes sooner.

- exact: a count for every key ever seen.
- sketch: Caffeine's count-min sketch. A key's hash picks a block of 128 counters, and in each of its
  four rows of 32 one counter; the least of the four is the count, so keys that collide look more popular.
  It has 16 counters per cached key, rounded up to a power of two, and stops growing at 16 million keys.
- doorkeeper: the paper's. A Bloom filter takes note of a key's first request since the last halving, and
  only further ones reach the sketch; a halving empties the filter. With 32 bits per cached key and four
  probes it takes one new key in a hundred for known after three new ones per cached key.

On the OLTP trace of megiddo-2003 the sketch moves the hit ratio by 0.0 to 0.6 points from exact counts
(35.3% for 35.9% at 1,000 keys), the doorkeeper by -2.1 to 0.7; libCacheSim's lies 3 to 5 points below
from 1,000 keys on. It halves after 32 per cached key, does not count hits in the window, counts the
window's victim once more, and raises only the least of its counters.

`register` holds the kind, the halvings so far, what has been counted, and then the counters: eight to a
word (its lower 32 bits), sixteen words to a block; after them the filter, 32 bits to a word.
`mark`, for exact counts, is 16 times the number of halvings when the key was last counted, plus its count.
Source: einziger-2015.
"""

from __future__ import annotations

import numpy as np

from sysdesign.compiled import njit

EXACT, SKETCH, DOORKEEPER = 0, 1, 2
KIND, HALVINGS, COUNTED, WORDS, COUNTERS = 0, 1, 2, 3, 4  # places in `register`
MOST = 15
SAMPLE = 10  # counts per cached key until all are halved
ROWS, BLOCK = 4, 16  # rows and words of a block
LOW = 0xFFFFFFFF
LARGEST = 1 << 21  # blocks, 268 MB


def sketch(kind: int, capacity_keys: int) -> np.ndarray:
    """The register of a cache of so many keys that counts in that way."""
    blocks = 1
    while kind != EXACT and 8 * blocks < capacity_keys and blocks < LARGEST:
        blocks *= 2
    words = 0 if kind == EXACT else BLOCK * blocks
    register = np.zeros(COUNTERS + words + (8 * blocks if kind == DOORKEEPER else 0), np.int64)
    register[KIND], register[WORDS] = kind, words
    return register


@njit()
def count(key: int, capacity: int, mark: np.ndarray, register: np.ndarray) -> None:
    """Take note of one request for the key, and halve all counts if it is time."""
    if register[KIND] == EXACT:
        before = _kept(key, mark, register)
        raised = before < MOST
        mark[key] = 16 * register[HALVINGS] + min(before + 1, MOST)
    else:
        hashed = _hash(key)
        if register[KIND] == DOORKEEPER and not _known(hashed, register, True):
            return
        raised = _raise(hashed, register)
    if raised:
        register[COUNTED] += 1
        if register[COUNTED] >= SAMPLE * capacity:
            _halve(register)


@njit()
def frequency(key: int, mark: np.ndarray, register: np.ndarray) -> int:
    """The key's count, 0 to 15."""
    if register[KIND] == EXACT:
        return _kept(key, mark, register)
    hashed = _hash(key)
    least = _least(hashed, register)
    if register[KIND] == DOORKEEPER and _known(hashed, register, False):
        least += 1
    return min(least, MOST)


@njit()
def _kept(key: int, mark: np.ndarray, register: np.ndarray) -> int:
    missed = register[HALVINGS] - mark[key] // 16
    return (mark[key] % 16) >> min(missed, 4)


@njit()
def _hash(key: int) -> int:
    """32 bits of the key's number, well mixed. Products keep their lower 32 bits only."""
    mixed = int(key)
    mixed = ((mixed ^ (mixed >> 17)) * 0xED5AD4BB) & LOW
    mixed = ((mixed ^ (mixed >> 11)) * 0xAC4C1B51) & LOW
    return mixed ^ (mixed >> 15)


@njit()
def _again(hashed: int) -> int:
    mixed = (hashed * 0x31848BAB) & LOW
    return mixed ^ (mixed >> 14)


@njit()
def _raise(hashed: int, register: np.ndarray) -> bool:
    """Add one to the key's four counters; False if all are full."""
    block = COUNTERS + BLOCK * (hashed & (register[WORDS] // BLOCK - 1))
    picks, raised = _again(hashed), False
    for row in range(ROWS):
        pick = (picks >> (8 * row)) & 31
        word, shift = block + 4 * row + (pick >> 3), 4 * (pick & 7)
        if (register[word] >> shift) & MOST < MOST:
            register[word] += 1 << shift
            raised = True
    return raised


@njit()
def _least(hashed: int, register: np.ndarray) -> int:
    block = COUNTERS + BLOCK * (hashed & (register[WORDS] // BLOCK - 1))
    picks, least = _again(hashed), MOST
    for row in range(ROWS):
        pick = (picks >> (8 * row)) & 31
        word, shift = block + 4 * row + (pick >> 3), 4 * (pick & 7)
        least = min(least, (register[word] >> shift) & MOST)
    return least


@njit()
def _known(hashed: int, register: np.ndarray, enter: bool) -> bool:
    """Whether the filter has seen the key since it was emptied, as far as it can tell; enters it if asked to."""
    first = COUNTERS + register[WORDS]
    bits = 32 * (register.size - first)
    step, known = _again(hashed) | 1, True
    for probe in range(ROWS):
        bit = (hashed + probe * step) & (bits - 1)
        word, mask = first + bit // 32, 1 << (bit % 32)
        if register[word] & mask == 0:
            known = False
            if enter:
                register[word] |= mask
    return known


@njit()
def _halve(register: np.ndarray) -> None:
    """Halve every count. What a sketch has counted drops by a quarter of its odd counters first: they lose a half."""
    register[HALVINGS] += 1
    odd, first = 0, COUNTERS + register[WORDS]
    for word in range(COUNTERS, first):
        odd += (((register[word] & 0x11111111) * 0x11111111) >> 28) & MOST
        register[word] = (register[word] >> 1) & 0x77777777
    register[COUNTED] = (register[COUNTED] - odd // 4) // 2
    register[first:] = 0
