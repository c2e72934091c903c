"""The map of all documents: groups as lanes, what to read first to the left, prerequisites as arrows."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from graphlib import TopologicalSorter
from operator import or_

from sysdesign.content.records import Plan, PlannedDocument

BOX_WIDTH, BOX_HEIGHT = 186, 46
ROW, COLUMN = 56, 252
LANE_LABEL, MARGIN, LANE_GAP = 150, 12, 16
LINE_CHARACTERS = 20  # of a title's line in a box, at the map's type size, in the widest usual face


@dataclass(frozen=True)
class Box:
    """A document on the map."""

    document: PlannedDocument
    x: float
    y: float

    @property
    def lines(self) -> list[str]:
        """Its title in one or two lines."""
        return textwrap.wrap(self.document.title, LINE_CHARACTERS, break_long_words=False)


@dataclass(frozen=True)
class Lane:
    """A group on the map."""

    id: str
    title: str
    y: float
    height: float

    @property
    def lines(self) -> list[str]:
        """Its title in lines that fit beside the lane."""
        return textwrap.wrap(self.title, 13)


@dataclass(frozen=True)
class Arrow:
    """A prerequisite: read `before`, then `after`."""

    before: str
    after: str
    path: str


@dataclass(frozen=True)
class ReadingMap:
    """Boxes, lanes and arrows in the units of one drawing."""

    width: float
    height: float
    lanes: tuple[Lane, ...]
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def reading_map(plan: Plan) -> ReadingMap:
    """Lay the plan out: a document stands one column right of the last of its prerequisites."""
    depth = depths(plan)
    lanes, boxes = [], []
    top = float(MARGIN)
    for group in plan.groups:
        members = [document for document in plan.documents if document.group == group.id]
        rows = _rows(members, depth)
        height = (max(rows.values(), default=0) + 1) * ROW + 14
        lanes.append(Lane(group.id, group.title, top, height))
        boxes += [
            Box(d, LANE_LABEL + depth[d.slug] * COLUMN, top + 12 + rows[d.slug] * ROW) for d in members
        ]  # fmt: skip
        top += height + LANE_GAP
    width = LANE_LABEL + max(depth.values(), default=0) * COLUMN + BOX_WIDTH + MARGIN
    return ReadingMap(width, top - LANE_GAP + MARGIN, tuple(lanes), tuple(boxes), tuple(_arrows(boxes)))


def depths(plan: Plan) -> dict[str, int]:
    """How many steps of prerequisites lead to each document."""
    prerequisites = {document.slug: document.prerequisites for document in plan.documents}
    found: dict[str, int] = {}
    for slug in TopologicalSorter(prerequisites).static_order():
        found[slug] = 1 + max((found[name] for name in prerequisites[slug]), default=-1)
    return found


def _rows(members: list[PlannedDocument], depth: dict[str, int]) -> dict[str, int]:
    """The row of each document in its lane: beside a prerequisite of the same lane where that is free."""
    rows: dict[str, int] = {}
    taken: set[tuple[int, int]] = set()
    for document in sorted(members, key=lambda d: (depth[d.slug], d.number)):
        column = depth[document.slug]
        wished = [rows[name] for name in document.prerequisites if name in rows] or [0]
        row = min(wished)
        while (column, row) in taken:
            row += 1
        taken.add((column, row))
        rows[document.slug] = row
    return rows


def _arrows(boxes: list[Box]) -> Iterator[Arrow]:
    by_slug = {box.document.slug: box for box in boxes}
    columns: dict[float, list[float]] = {}
    for box in boxes:
        columns.setdefault(box.x, []).append(box.y)
    direct = direct_prerequisites({slug: box.document.prerequisites for slug, box in by_slug.items()})
    for box in boxes:
        before = sorted((by_slug[name] for name in direct[box.document.slug]), key=lambda b: b.y)
        for order, source in enumerate(before):
            end = box.y + BOX_HEIGHT / 2 + (order - (len(before) - 1) / 2) * 9
            yield Arrow(source.document.slug, box.document.slug, _path(source, box, end, columns))


def direct_prerequisites(prerequisites: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The prerequisites of each that no other of its prerequisites already asks for: the map draws only these."""
    place = {slug: 1 << at for at, slug in enumerate(prerequisites)}
    before: dict[str, int] = {}  # all that comes before each, as bits: sets would grow with the square of a chain
    direct = {}
    for slug in TopologicalSorter(prerequisites).static_order():
        own = prerequisites[slug]
        asked = reduce(or_, (before[name] for name in own), 0)
        before[slug] = reduce(or_, (place[name] for name in own), asked)
        direct[slug] = tuple(name for name in own if not place[name] & asked)
    return direct


def _path(source: Box, target: Box, end: float, columns: Mapping[float, list[float]]) -> str:
    """A curve to the target's left side that passes between the boxes of the columns it crosses."""
    x, y = source.x + BOX_WIDTH, source.y + BOX_HEIGHT / 2
    path = f"M{x:g} {y:g}"
    crossed = source.x + COLUMN
    while crossed < target.x:
        free = _free(end, columns.get(crossed, []))
        path += f"{_curve(x, y, crossed, free)}H{crossed + BOX_WIDTH:g}"
        x, y, crossed = crossed + BOX_WIDTH, free, crossed + COLUMN
    return path + _curve(x, y, target.x - 7, end)


def _curve(x1: float, y1: float, x2: float, y2: float) -> str:
    bend = (x2 - x1) * 0.6
    return f"C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"


def _free(wished: float, tops: list[float]) -> float:
    """The height nearest to the wished one at which no box of the column stands."""
    space = (ROW - BOX_HEIGHT) / 2
    spots = [wished, *(top - space for top in tops), *(top + BOX_HEIGHT + space for top in tops)]
    clear = [spot for spot in spots if not any(top - 1 < spot < top + BOX_HEIGHT + 1 for top in tops)]
    return min(clear, key=lambda spot: abs(spot - wished), default=wished)
