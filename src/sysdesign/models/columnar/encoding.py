"""A few values as Parquet stores them, by each encoding that takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.columnar import parquet
from sysdesign.models.declaration import Input, Model, Output, Text, checked
from sysdesign.models.wording import several

Encoding = Literal[
    "plain",
    "bit packing",
    "high bits first",
    "run length",
    "dictionary",
    "delta",
    "delta lengths",
    "delta texts",
    "stream split",
]
MOST = 20_000  # characters: a page shows some values, not a file
SHOWN = 400  # bytes


@dataclass(frozen=True)
class Encoded:
    """One encoding's bytes, and the size of all that take the values."""

    hex: Annotated[str, Output("Bytes")]
    stored_bytes: Annotated[int, Output("Size", "B")]
    plain_bytes: Annotated[int, Output("Size by plain values", "B")]
    values_count: Annotated[int, Output("Values")]
    different: Annotated[int, Output("Different values")]
    width: Annotated[int, Output("Bits that the largest needs")]
    smallest: Annotated[str, Output("Smallest by")]
    encoding_name: Annotated[tuple[str, ...], Output("Encoding")]
    encoding_bytes: Annotated[np.ndarray, Output("Size by it", "B")]


@checked
def encode(
    values: Annotated[
        Text,
        Input(
            "Values",
            default="0, 1, 2, 3, 4, 5, 6, 7",
            help="Whole numbers (12, -3, 0xFF) or else texts, commas between.",
        ),
    ],
    encoding: Annotated[Encoding, Input("Encoding", default="bit packing")] = "bit packing",
    bits: Annotated[Literal["32", "64"], Input("Bits of a plain number", default="64")] = "64",
    block: Annotated[int, Input("Differences in a block", low=8, high=65536, default=128)] = 128,
    miniblocks: Annotated[int, Input("Miniblocks of a block", low=1, high=512, default=4)] = 4,
) -> Encoded:
    """The bytes of some values in Parquet's encodings.

    Values are whole numbers if all of them can be read so, else texts in UTF-8. *Dictionary* gives the list
    of different values, plain and in order of first sight, then the page: a byte for the width, then runs.
    *Run length* counts repeats of eight or more and packs the rest by eights, which is one way that the format
    allows; others may count shorter repeats. Both it and bit packing are how places in a dictionary are kept.
    *High bits first* is the older order of packed bits. Blocks below 128 are not valid in files and are here for
    examples. Headers of pages, levels of nested and missing values, and general compression are left out.

    Raises InvalidInput where a number does not fit its bits, an encoding does not take the values, miniblocks
    do not divide the block, or the text is longer than 20,000 characters. Source: parquet-encodings.

    >>> encode("0, 1, 2, 3, 4, 5, 6, 7").hex
    '88 c6 fa'
    """
    if block % miniblocks:
        raise InvalidInput(f"miniblocks is {miniblocks}, which does not divide the block of {block}; take a divisor")
    read = _read(values, int(bits))
    texts = isinstance(read[0], bytes)
    ways = _of_texts(read, block, miniblocks) if texts else _of_numbers(read, int(bits), block, miniblocks)
    if encoding == "high bits first" and "bit packing" in ways:
        ways["high bits first"] = lambda: parquet.packed_high_first(read, _width(read))
    if encoding not in ways:
        raise InvalidInput(f"encoding is {encoding!r}, which does not take these values; {', '.join(ways)} do")
    sizes = {name: len(way()) for name, way in ways.items()}
    found = ways[encoding]()
    return Encoded(
        hex=_shown(found),
        stored_bytes=len(found),
        plain_bytes=sizes["plain"],
        values_count=len(read),
        different=len(set(read)),
        width=_width(read),
        smallest=min(sizes, key=sizes.__getitem__),
        encoding_name=tuple(sizes),
        encoding_bytes=np.array(list(sizes.values())),
    )


def _read(values: str, bits: int) -> list[Any]:
    if len(values) > MOST:
        raise InvalidInput(f"values has {len(values):,} characters; it takes {MOST:,}")
    words = [word.strip() for word in values.split(",")]
    if words == [""]:
        raise InvalidInput("values is empty; give one value or more, with commas between")
    try:
        numbers = [int(word, 0) for word in words]
    except ValueError:
        return [word.encode() for word in words]
    wrong = next((number for number in numbers if not -(1 << bits - 1) <= number < 1 << bits), None)
    if wrong is not None:
        raise InvalidInput(f"values holds {wrong}, which does not fit {bits} bits; smaller numbers would")
    return numbers


def _of_numbers(numbers: list[int], bits: int, block: int, miniblocks: int) -> dict[str, Callable[[], bytes]]:
    width = _width(numbers)
    signed = {
        "plain": lambda: parquet.plain_numbers(numbers, bits),
        "dictionary": lambda: _dictionary(numbers, lambda listed: parquet.plain_numbers(listed, bits)),
        "delta": lambda: parquet.delta(numbers, bits, block, miniblocks),
        "stream split": lambda: parquet.stream_split(numbers, bits),
    }
    if min(numbers) < 0:
        return signed
    return {
        **signed,
        "bit packing": lambda: parquet.packed(numbers, width),
        "run length": lambda: parquet.runs(numbers, width),
    }


def _of_texts(texts: list[bytes], block: int, miniblocks: int) -> dict[str, Callable[[], bytes]]:
    return {
        "plain": lambda: parquet.plain_texts(texts),
        "dictionary": lambda: _dictionary(texts, parquet.plain_texts),
        "delta lengths": lambda: parquet.delta_lengths(texts, block, miniblocks),
        "delta texts": lambda: parquet.delta_texts(texts, block, miniblocks),
    }


def _dictionary(values: list[Any], plain: Callable[[list[Any]], bytes]) -> bytes:
    listed, page = parquet.places(values)
    return plain(listed) + page


def _width(values: list[Any]) -> int:
    """Bits that the largest number needs; 0 for texts and where a number is below 0."""
    numbers = isinstance(values[0], int) and min(values) >= 0
    return max(values).bit_length() if numbers else 0


def _shown(found: bytes) -> str:
    rest = len(found) - SHOWN
    return found[:SHOWN].hex(" ") + (f" and {several(rest, 'byte')} more" if rest > 0 else "")


def _encoded(inputs: Mapping[str, Any], result: Encoded) -> str:
    values = several(result.values_count, "value", "take")
    return (
        f"{values} {several(result.stored_bytes, 'byte')} by {inputs['encoding']} and "
        f"{result.plain_bytes:,} plain; the smallest is {result.smallest}."
    )


MODELS = (Model(encode, "Which encoding suits a column?", _encoded, "19-olap-oltp", "19-olap-oltp/encodings"),)
