"""The map of all documents: groups as lanes, what to read first to the left, prerequisites as arrows."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from sysdesign.content.records import Plan, PlannedDocument

BOX_WIDTH, BOX_HEIGHT = 186, 46
ROW, COLUMN = 56, 252
LANE_LABEL, MARGIN, LANE_GAP = 138, 12, 16
LINE_CHARACTERS = 24  # of a title's line in a box, at the map's type size


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

    def depth(slug: str) -> int:
        if slug not in found:
            found[slug] = 1 + max((depth(name) for name in prerequisites[slug]), default=-1)
        return found[slug]

    for slug in prerequisites:
        depth(slug)
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
    for box in boxes:
        count = len(box.document.prerequisites)
        before = sorted((by_slug[name] for name in box.document.prerequisites), key=lambda b: b.y)
        for order, source in enumerate(before):
            x1, y1 = source.x + BOX_WIDTH, source.y + BOX_HEIGHT / 2
            x2, y2 = box.x - 7, box.y + BOX_HEIGHT / 2 + (order - (count - 1) / 2) * 9
            bend = COLUMN - BOX_WIDTH if x2 - x1 < COLUMN else (COLUMN - BOX_WIDTH) * 1.4
            path = f"M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"
            yield Arrow(source.document.slug, box.document.slug, path)
