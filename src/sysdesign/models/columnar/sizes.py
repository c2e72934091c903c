"""How large a column becomes: the expected bytes of each encoding, by how many values differ and how they lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.models.columnar.parquet import GROUP
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, size
from sysdesign.probability.elementwise import plain

VARINT = np.array([2.0 ** (7 * k) for k in range(1, 9)])  # where a varint needs one byte more


@dataclass(frozen=True)
class ColumnSize:
    """Bytes of one column."""

    plain_bytes: Annotated[float, Output("Plain", "B")]
    packed_bytes: Annotated[float, Output("Bit packed", "B")]
    dictionary_bytes: Annotated[float, Output("Dictionary, with runs", "B")]
    delta_bytes: Annotated[float, Output("Delta", "B")]
    least_bytes: Annotated[float, Output("The smallest of them", "B")]
    value_stored_bytes: Annotated[float, Output("A value, by the smallest", "B")]
    times_smaller: Annotated[float, Output("Times smaller than plain")]


@checked
def column_size(
    rows: Annotated[float, Input("Rows", low=1, high=1e15, default=1e9)],
    different: Annotated[float, Input("Different values", low=1, high=1e15, default=200)] = 200,
    value_bytes: Annotated[float, Input("Size of a plain value", "B", low=1, high=1e6, default=8)] = 8,
    order: Annotated[Literal["by chance", "sorted"], Input("Order of the rows", default="by chance")] = "by chance",
    repeat_share: Annotated[
        float, Input("Rows that repeat the one before, beside chance", "share", low=0, high=0.999999, default=0)
    ] = 0,
    value_bits: Annotated[
        float, Input("Bits that the largest value needs", low=0, high=64, default=64, help="0 for texts.")
    ] = 64,
    step_bits: Annotated[float, Input("Bits that the differences need", low=0, high=64, default=64)] = 64,
    group_rows: Annotated[float, Input("Rows of a row group", low=8, high=1e15, default=1e6)] = 1e6,
    most_list_bytes: Annotated[
        float, Input("Longest list of different values", "B", low=0, high=1e12, default=1e6)
    ] = 1e6,
) -> ColumnSize:
    """Expected bytes of a column in Parquet's encodings, by its different values and their order.

    Each row group has a list of the values it holds and a place for each row. By chance, a row repeats the one
    before with the share given and else takes any of the values alike; sorted, each value has a run of
    equal length. Places are stored as in `columnar.encode`: repeats of eight or more are counted, the rest packed by
    eights; at the start of each piece the run ahead is geometric, so the expected size is a renewal sum. A group whose
    list is longer than allowed has plain values. Delta takes blocks of 128 and assumes differences spread evenly over
    their bits. A text has its length in four bytes before it when plain, and is
    neither packed nor stored by differences.

    Pages, headers, missing values and general compression are left out, and so are values that differ in how often
    they come: rare ones make lists longer than they help. Elementwise over arrays. Raises InvalidInput where an
    input is out of range. Source: parquet-encodings for the encodings; the expectation follows.

    >>> column_size(1e6, 365, order="sorted").dictionary_bytes
    4381.0
    """
    given = (rows, different, value_bytes, repeat_share, value_bits, step_bits, group_rows, most_list_bytes)
    count, kinds, wide, again, bits, steps, group, most = (np.asarray(each, dtype=float) for each in given)
    group = np.minimum(group, count)
    kinds = np.minimum(kinds, count)
    if order == "sorted":
        listed = np.maximum(kinds * group / count, 1)
        places = _sorted_places(group, listed)
    else:
        fresh = group * (1 - again)
        listed = np.maximum(-kinds * np.expm1(fresh * np.log1p(-1 / np.maximum(kinds, 1 + 1e-12))), 1)
        places = _places_by_chance(group, _width(kinds, listed), again + (1 - again) / kinds)
    whole = count * wide
    dictionary = np.where(listed * wide <= most, count / group * (1 + listed * wide + places), whole)
    packed = np.where(bits > 0, count * np.minimum(bits, 8 * wide) / 8, whole)
    found = (whole, packed, dictionary, np.where(bits > 0, _delta(count, wide, steps), whole))
    least = np.minimum.reduce(np.broadcast_arrays(*found))
    every = (*found, least, least / count, whole / least)
    return ColumnSize(*map(plain, np.broadcast_arrays(*every)))


def _width(kinds: np.ndarray, listed: np.ndarray) -> np.ndarray:
    """Bits of a place in a list of so many; all of them are listed but for a few that chance leaves out."""
    return np.ceil(np.log2(np.maximum(np.minimum(np.round(listed), kinds), 1)))


def varint_bytes(numbers: np.ndarray) -> np.ndarray:
    """Bytes of a varint of numbers that are not below 0."""
    return np.asarray(1.0 + (np.asarray(numbers)[..., None] >= VARINT).sum(axis=-1))


def _sorted_places(group: np.ndarray, listed: np.ndarray) -> np.ndarray:
    """One counted run a value; packed where runs are shorter than eight."""
    width, length = _width(listed, listed), group / listed
    counted = listed * (varint_bytes(2 * length) + np.ceil(width / 8))
    return np.where(length >= GROUP, counted, group * width / 8 + varint_bytes(2 * group / GROUP))


def _places_by_chance(group: np.ndarray, width: np.ndarray, repeats: np.ndarray) -> np.ndarray:
    """Pieces are counted with the chance that seven more rows repeat; packed pieces in a row share a header."""
    repeats = np.minimum(repeats, 1.0)
    counted = repeats ** (GROUP - 1)
    beyond = np.where(repeats < 1, repeats / np.maximum(1 - repeats, 1e-15), np.inf)
    pieces = group / np.minimum(GROUP + counted * beyond, np.maximum(group, 1))
    runs = np.maximum(pieces * counted, counted)
    begun = np.minimum(np.maximum(pieces * counted * (1 - counted), 1 - counted), pieces)
    header = 1 + sum(repeats ** np.minimum(np.maximum(limit / 2 - GROUP, 0), group) for limit in VARINT)
    packed_header = 1 + sum(
        (1 - counted) ** np.minimum(limit / 2 - 1, group / GROUP) for limit in VARINT if limit < 2**50
    )
    longest = varint_bytes(2 * group)
    return (
        runs * (np.minimum(header, longest) + np.ceil(width / 8))
        + pieces * (1 - counted) * width
        + begun * np.minimum(packed_header, longest)
    )


def _delta(count: np.ndarray, wide: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Blocks of 128: the least of so many even draws, four widths, and the rest of the bits."""
    steps = np.minimum(steps, 8 * wide)
    least = np.maximum(np.ceil((steps - 6) / 7), 1)  # zigzag of about a 129th of the range
    blocks = np.maximum(count - 1, 0) / 128
    return 6 + blocks * (least + 4 + 16 * np.ceil(steps))


def _sized(inputs: Mapping[str, Any], result: ColumnSize) -> str:
    return (
        f"{amount(inputs['rows'])} values take {size(result.plain_bytes)} plain, {size(result.dictionary_bytes)} by a "
        f"dictionary with runs, {size(result.packed_bytes)} bit packed and {size(result.delta_bytes)} by differences."
    )


MODELS = (Model(column_size, "How large does a column become?", _sized, "19-olap-oltp", "19-olap-oltp/column-size"),)
