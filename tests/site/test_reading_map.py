"""The map: what to read first stands to the left, and arrows cross no box."""

from __future__ import annotations

import re

from sysdesign.content import Reference
from sysdesign.content.records import Plan
from sysdesign.site.reading_map import BOX_HEIGHT, BOX_WIDTH, ReadingMap, reading_map
from tests.reading import whole_reference


def test_prerequisites_stand_to_the_left(small: Reference) -> None:
    drawn = reading_map(small.plan)
    x = {box.document.slug: box.x for box in drawn.boxes}
    for document in small.plan.documents:
        assert all(x[name] < x[document.slug] for name in document.prerequisites)


def test_an_arrow_that_others_imply_is_left_out(small: Reference) -> None:
    pairs = {(arrow.before, arrow.after) for arrow in reading_map(small.plan).arrows}
    assert pairs == {("04-databases", "05-caching"), ("05-caching", "07-resilience")}


def test_no_two_boxes_overlap_and_all_lie_in_their_lanes(small: Reference) -> None:
    for plan in (small.plan, load_plan()):
        drawn = reading_map(plan)
        assert len({(box.x, box.y) for box in drawn.boxes}) == len(plan.documents)
        lanes = {lane.id: lane for lane in drawn.lanes}
        for box in drawn.boxes:
            lane = lanes[box.document.group]
            assert lane.y <= box.y and box.y + BOX_HEIGHT <= lane.y + lane.height
            assert box.x + BOX_WIDTH <= drawn.width


def test_no_arrow_of_the_real_plan_runs_through_a_box() -> None:
    drawn = reading_map(load_plan())
    for arrow in drawn.arrows:
        assert crossed(drawn, arrow.path) == [], arrow


def crossed(drawn: ReadingMap, path: str) -> list[str]:
    """Boxes that a straight part of the path enters; curves run between the columns."""
    found = []
    for start_y, end_x in re.findall(r" ([\d.]+)H([\d.]+)", path):
        left, y = float(end_x) - BOX_WIDTH, float(start_y)
        found += [box.document.slug for box in drawn.boxes if box.x == left and box.y < y < box.y + BOX_HEIGHT]
    return found


def load_plan() -> Plan:
    return whole_reference().plan
