"""Parquet's encodings, byte for byte: numbers or texts in, the bytes of a data page out.

Numbers are signed or unsigned integers of 32 or 64 bits. Source: parquet-encodings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any

GROUP = 8  # values that are packed together; shorter repeats are packed, longer ones counted


def varint(number: int) -> bytes:
    """ULEB-128: seven bits a byte, the lowest first, the top bit where more follow."""
    found = bytearray()
    while number >= 128:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes((*found, number))


def zigzag(number: int) -> int:
    """Small numbers of either sign as small ones without: 0, -1, 1, -2 become 0, 1, 2, 3."""
    return 2 * number if number >= 0 else -2 * number - 1


def packed(numbers: Iterable[int], width: int) -> bytes:
    """Numbers of so many bits, from the lowest bit of each byte on."""
    bits = count = 0
    for number in numbers:
        bits |= number << count
        count += width
    return bits.to_bytes((count + 7) // 8, "little")


def packed_high_first(numbers: Iterable[int], width: int) -> bytes:
    """The same from the highest bit on: the older order, which only levels of nested data used."""
    text = "".join(f"{number:0{width}b}" if width else "" for number in numbers)
    return bytes(int(part.ljust(8, "0"), 2) for part in _parts(text, 8))


def runs(numbers: Sequence[int], width: int) -> bytes:
    """Run lengths and packed groups mixed: what repeats eight times or more is counted, the rest packed by eights."""
    found, group = bytearray(), list[int]()
    for run in _pieces(numbers):
        if len(set(run)) == 1 and len(run) >= GROUP:
            found += _groups(group, width) + varint(len(run) << 1) + run[0].to_bytes((width + 7) // 8, "little")
            group = []
        else:
            group += run
    return bytes(found + _groups(group, width))


def _pieces(numbers: Sequence[int]) -> Iterator[list[int]]:
    """Runs of eight or more that begin where a group may, and groups of eight between them."""
    ends = _run_ends(numbers)
    at = 0
    while at < len(numbers):
        step = ends[at] - at if ends[at] - at >= GROUP else GROUP
        yield list(numbers[at : at + step])
        at += step


def _run_ends(numbers: Sequence[int]) -> list[int]:
    """For each place, where the run of equal numbers that it stands in ends."""
    found = list[int]()
    for _, run in groupby(numbers):
        count = sum(1 for _ in run)
        found += [len(found) + count] * count
    return found


def _groups(numbers: Sequence[int], width: int) -> bytes:
    if not numbers:
        return b""
    count = -(-len(numbers) // GROUP)
    return varint(count << 1 | 1) + packed((*numbers, *(0,) * (count * GROUP - len(numbers))), width)


def delta(numbers: Sequence[int], bits: int = 64, block: int = 128, miniblocks: int = 4) -> bytes:
    """A first value, then blocks: the least difference, a width for each miniblock, and what lies above the least."""
    first = _signed(numbers[0], bits) if numbers else 0
    found = varint(block) + varint(miniblocks) + varint(len(numbers)) + varint(zigzag(first))
    steps = [_signed(after - before, bits) for before, after in pairwise(numbers)]
    return found + b"".join(_block(part, bits, block // miniblocks, miniblocks) for part in _parts(steps, block))


def _block(steps: Sequence[int], bits: int, size: int, miniblocks: int) -> bytes:
    least = min(steps)
    above = [(step - least) % (1 << bits) for step in steps]
    parts = list(_parts(above, size))
    widths = [max(part).bit_length() for part in parts]
    filled = (packed((*part, *(0,) * (size - len(part))), width) for part, width in zip(parts, widths, strict=True))
    return varint(zigzag(least)) + bytes(widths + [0] * (miniblocks - len(parts))) + b"".join(filled)


def _parts(whole: Any, size: int) -> Iterator[Any]:
    """A list or a text in parts of so many, the last one shorter."""
    return (whole[at : at + size] for at in range(0, len(whole), size))


def _signed(number: int, bits: int) -> int:
    """Wrapped around into so many bits, as differences may overflow."""
    half = 1 << bits - 1
    return (number + half) % (1 << bits) - half


def plain_numbers(numbers: Iterable[int], bits: int = 64) -> bytes:
    """Each in its full width, the lowest byte first."""
    return b"".join((number % (1 << bits)).to_bytes(bits // 8, "little") for number in numbers)


def plain_texts(texts: Iterable[bytes]) -> bytes:
    """Each with its length in four bytes before it."""
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)


def stream_split(numbers: Iterable[int], bits: int = 64) -> bytes:
    """All first bytes, then all second bytes, and so on: no smaller, but easier to compress."""
    whole = plain_numbers(numbers, bits)
    return b"".join(whole[at :: bits // 8] for at in range(bits // 8))


def places(values: Sequence[object]) -> tuple[list[object], bytes]:
    """The different values in order of first sight, and each value's place among them: its width, then runs."""
    listed = dict.fromkeys(values)
    place = {value: at for at, value in enumerate(listed)}
    width = (len(listed) - 1).bit_length()
    return list(listed), bytes((width,)) + runs([place[value] for value in values], width)


def delta_lengths(texts: Sequence[bytes], block: int = 128, miniblocks: int = 4) -> bytes:
    """All lengths by their differences, then all texts without anything between."""
    return delta([len(text) for text in texts], 32, block, miniblocks) + b"".join(texts)


def delta_texts(texts: Sequence[bytes], block: int = 128, miniblocks: int = 4) -> bytes:
    """How much each text shares with the one before it, then what is left of each."""
    shared = [_shared(before, text) for before, text in pairwise((b"", *texts))]
    left = [text[count:] for text, count in zip(texts, shared, strict=True)]
    return delta(shared, 32, block, miniblocks) + delta_lengths(left, block, miniblocks)


def _shared(before: bytes, text: bytes) -> int:
    shorter = min(len(before), len(text))
    return next((at for at in range(shorter) if before[at] != text[at]), shorter)
