"""B-trees: how far so many levels reach, and what a lookup and an update cost.

Keys are uniform and rows of one size; page caches and the log are left out unless an input names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import several, size
from sysdesign.probability.elementwise import Numeric, plain

JUST_WHOLE = 1 - 1e-12

Page = Annotated[float, Input("Page", "B", low=512, high=1_048_576, default=4096)]
Fill = Annotated[float, Input("How full pages are on average", "share", low=0.1, high=1, default=0.69)]


@dataclass(frozen=True)
class Capacity:
    """What a B-tree of so many levels addresses."""

    bytes: Annotated[float, Output("Capacity", "B")]
    pages: Annotated[float, Output("Pages at the lowest level")]


@checked
def btree_capacity(
    levels: Annotated[int, Input("Levels", low=1, high=12, default=4)],
    page_bytes: Page,
    fanout: Annotated[float, Input("References in a page", low=2, high=100_000, default=500)],
) -> Capacity:
    """Bytes that a B-tree of so many levels reaches.

    fanout ^ levels pages. It counts a full tree whose pages at the last level are data that
    every level's references lead to, as the source does; with the leaves themselves as the
    last level it is one power of the fan-out less (see `btree`). Elementwise over arrays.
    Raises InvalidInput where an input is out of range.
    Source: kleppmann-2017, chapter 3 (its early printings say 256 TB, later ones 250 TB).

    >>> btree_capacity(4, 4096, 500).bytes
    256000000000000.0
    """
    pages = np.asarray(fanout, dtype=float) ** levels
    return Capacity(plain(pages * page_bytes), plain(pages))


@dataclass(frozen=True)
class BTree:
    """Shape and cost of a B-tree."""

    levels: Annotated[float, Output("Levels, root to leaf")]
    fanout: Annotated[float, Output("References in an inner page")]
    leaf_pages: Annotated[float, Output("Leaf pages")]
    inner_bytes: Annotated[float, Output("Memory that keeps all inner pages cached", "B")]
    reads: Annotated[float, Output("Pages read by a lookup with inner pages cached")]
    write_amplification: Annotated[float, Output("Bytes written for a byte changed at random")]
    space_amplification: Annotated[float, Output("Bytes stored for a byte of rows")]


@checked
def btree(
    rows: Annotated[float, Input("Rows", low=1, high=1e14, default=1e9)],
    row_bytes: Annotated[float, Input("Row", "B", low=1, high=1_000_000, default=200)],
    key_bytes: Annotated[float, Input("Key and reference in an inner page", "B", low=2, high=4096, default=24)],
    page_bytes: Page = 4096,
    fill: Fill = 0.69,
    page_writes: Annotated[float, Input("Times a changed page is written", low=1, high=10, default=1)] = 1,
) -> BTree:
    """Levels of a B-tree and what a lookup and a random update cost.

    Levels follow from leaf pages and fan-out by repeated division. A random update rewrites
    its page, so write amplification is page / row times `page_writes` (2 with a doublewrite
    buffer); updates that meet in one page before it is written share it, which this leaves
    out. Random inserts leave pages ln 2 = 69% full on average. Elementwise over arrays.
    Raises InvalidInput where a page holds less than two keys or not one row.
    Source: kleppmann-2017, chapter 3, for the structure.

    >>> btree(1e9, 200, 24).levels
    5.0
    """
    usable = np.asarray(page_bytes * fill, dtype=float)
    fanout, per_leaf = np.floor(usable / key_bytes), np.floor(usable / row_bytes)
    if np.any(fanout < 2):
        raise InvalidInput(
            f"a page of {_least(page_bytes)} B at {_least(fill)} holds {several(np.min(fanout), 'key')} of "
            f"{_most(key_bytes)} B; it takes two or more"
        )
    if np.any(per_leaf < 1):
        raise InvalidInput(
            f"a page of {_least(page_bytes)} B at {_least(fill)} holds no row of {_most(row_bytes)} B; "
            "use a larger page or store large values outside the rows"
        )
    leaves = np.ceil(rows / per_leaf * JUST_WHOLE)
    inner, levels = _above(leaves, fanout)
    return BTree(
        levels=plain(levels),
        fanout=plain(fanout),
        leaf_pages=plain(leaves),
        inner_bytes=plain(inner * page_bytes),
        reads=1.0,
        write_amplification=plain(np.maximum(1.0, page_bytes / row_bytes) * page_writes),
        space_amplification=plain(leaves * page_bytes / (rows * row_bytes)),
    )


def _above(leaves: np.ndarray, fanout: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pages above the leaves, and levels in all."""
    level, inner, levels = leaves, np.zeros_like(leaves), np.ones_like(leaves)
    while np.any(more := level > 1):
        level = np.where(more, np.ceil(level / fanout), level)
        inner, levels = inner + np.where(more, level, 0.0), levels + more
    return inner, levels


def _least(value: Numeric) -> str:
    return f"{np.min(value):g}"


def _most(value: Numeric) -> str:
    return f"{np.max(value):g}"


def _reached(inputs: Mapping[str, Any], result: Capacity) -> str:
    return f"{several(inputs['levels'], 'level')} reach {size(result.bytes)} in {several(result.pages, 'page')}."


def _tree(inputs: Mapping[str, Any], result: BTree) -> str:
    return (
        f"{several(result.levels, 'level')}; {size(result.inner_bytes)} of memory keep all inner pages, then "
        f"a lookup "
        f"reads one page and a random update writes {several(result.write_amplification, 'byte')} for each byte."
    )


ENGINE = "B-tree or LSM-tree, and with which compaction?"

MODELS = (
    Model(btree, ENGINE, _tree, "04-databases", "04-databases/btree-write"),
    Model(btree_capacity, ENGINE, _reached, "04-databases", "04-databases/btree-capacity"),
)
