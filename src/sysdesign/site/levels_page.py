"""The page of consistency levels: the map, what each level asks and forbids, and the histories that tell them apart.

Map and histories are drawn from the data that tests judge, so that they cannot say anything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sysdesign.models.consistency import hierarchy
from sysdesign.models.consistency.history import Operation
from sysdesign.models.consistency.lanes import history_of
from sysdesign.models.transactions import hierarchy as isolation
from sysdesign.site.addresses import folder_of, root_from
from sysdesign.site.layout import Page, Site

PATH = "levels/index.html"
DOCUMENT = "17-consistency"
BUDGET = 100_000
BOX_WIDTH, BOX_HEIGHT = 126, 50
PLACES = {  # left and top of each box; what implies stands above what is implied
    "strict_serializable": (76, 8), "strong_session_serializable": (76, 98), "serializable": (76, 188),
    "repeatable_read": (6, 288), "snapshot_isolation": (146, 288), "read_committed": (76, 398),
    "read_uncommitted": (76, 508),
    "linearizable": (580, 8), "sequential": (500, 98), "regular": (894, 98), "bounded_staleness": (1036, 98),
    "prefix": (300, 208), "causal_convergent": (442, 208), "causal": (650, 208),
    "per_key_sequential": (622, 328), "pram": (764, 328),
    "writes_follow_reads": (300, 458), "monotonic_writes": (442, 458), "monotonic_reads": (584, 458),
    "read_your_writes": (726, 458), "eventual": (513, 568),
}  # fmt: skip
WIDTH, HEIGHT = 1168, 630
AROUND = 300  # pixels; an arrow that goes further down passes beside the boxes between
SPLIT = {
    "refuses": "some requests must be refused",
    "sticky": "answers, if a client stays with one copy",
    "any": "answers at any copy",
}
UNIT, LANE, LEFT = 42, 44, 30  # pixels: a step of time, a process, its name


@dataclass(frozen=True)
class Box:
    """A level on the map; `lines` are its name."""

    id: str
    lines: tuple[str, ...]
    asks: str
    split: str
    left: int
    top: int


def page(site: Site) -> Page:
    """The page of the levels."""
    root = root_from(PATH)
    written = DOCUMENT in site.reference.documents
    planned = next((d for d in site.reference.plan.documents if d.slug == DOCUMENT), None)
    histories = [_history(name, text) for name, text in hierarchy.SEPARATING.items()]
    return site.page(
        PATH, "levels.html", title="Consistency levels",
        description="Which level implies which, what each forbids, and the smallest histories that tell them apart.",
        document_href=f"{root}{folder_of(planned)}" if planned and written else "",
        width=WIDTH, height=HEIGHT, box_width=BOX_WIDTH, box_height=BOX_HEIGHT,
        boxes=boxes(), arrows=[_arrow(a, b) for a, b in (*isolation.EDGES, *hierarchy.EDGES)],
        across=[_arrow(a, b) for a, b in isolation.ACROSS], split=SPLIT,
        levels=[_level(name, histories) for name in hierarchy.LEVELS], histories=histories,
        isolation=[_isolation(name) for name in isolation.LEVELS],
    )  # fmt: skip


def boxes() -> list[Box]:
    """Every level where it stands on the map."""
    known: dict[str, Any] = {**isolation.LEVELS, **hierarchy.LEVELS}
    return [Box(name, _lines(level.label), level.asks, level.split, *PLACES[name]) for name, level in known.items()]


def _lines(label: str) -> tuple[str, ...]:
    words = label.split()
    if len(label) <= 13 or len(words) == 1:
        return (label,)
    cut = min(range(1, len(words)), key=lambda at: abs(len(" ".join(words[:at])) - len(" ".join(words[at:]))))
    return " ".join(words[:cut]), " ".join(words[cut:])


def _arrow(source: str, target: str) -> str:
    """A curve from the lower edge of a box, or its side where the other stands beside it, to the upper edge."""
    (left, top), (end_left, end_top) = PLACES[source], PLACES[target]
    x, y = left + BOX_WIDTH / 2, float(top + BOX_HEIGHT)
    end, bottom = end_left + BOX_WIDTH / 2, float(end_top - 5)
    if bottom < y:  # across: from the side
        x, y = left + BOX_WIDTH, top + BOX_HEIGHT / 2
        end, bottom = end_left - 5, end_top + BOX_HEIGHT / 2
        return f"M{x:g} {y:g}C{x + 60:g} {y:g} {end - 60:g} {bottom:g} {end:g} {bottom:g}"
    if bottom - y > AROUND:
        side = end_left + BOX_WIDTH + 5
        return f"M{x:g} {y:g}V{end_top + BOX_HEIGHT / 2:g}H{side:g}"
    bend = (bottom - y) * 0.55
    return f"M{x:g} {y:g}C{x:g} {y + bend:g} {end:g} {bottom - bend:g} {end:g} {bottom:g}"


def _level(name: str, histories: Sequence[dict[str, Any]]) -> dict[str, Any]:
    level = hierarchy.LEVELS[name]
    apart = []
    for other in (b for a, b in hierarchy.separated() if a == name):
        telling = [each for each in histories if name in each["holds"] and other in each["fails"]]
        history = min(telling, key=lambda each: each["size"])
        apart.append({"id": other, "label": hierarchy.LEVELS[other].label, "history": history["id"]})
    return {
        "id": name, "level": level, "split": SPLIT[level.split], "apart": apart,
        "implies": _named(b for a, b in hierarchy.EDGES if a == name),
        "implied_by": _named(a for a, b in (*hierarchy.EDGES, *isolation.ACROSS) if b == name),
    }  # fmt: skip


def _isolation(name: str) -> dict[str, Any]:
    level = isolation.LEVELS[name]
    apart = [
        {"id": b, "label": isolation.LEVELS[b].label, "text": text}
        for (a, b), text in {**isolation.SEPARATING, **isolation.SINGLE_STEPS, **isolation.NOT_DECIDED}.items()
        if a == name
    ]
    return {
        "id": name, "level": level, "split": SPLIT[level.split], "apart": apart,
        "implies": _named(b for a, b in (*isolation.EDGES, *isolation.ACROSS) if a == name),
        "implied_by": _named(a for a, b in isolation.EDGES if b == name),
    }  # fmt: skip


def _named(names: Any) -> list[dict[str, str]]:
    known: dict[str, Any] = {**isolation.LEVELS, **hierarchy.LEVELS}
    return [{"id": name, "label": known[name].label} for name in names]


def _history(name: str, text: str) -> dict[str, Any]:
    operations = history_of(text)
    said = {level: judge(operations, BUDGET).answer for level, judge in hierarchy.JUDGES.items()}
    holds = [level for level, answer in said.items() if answer == "holds"]
    fails = [level for level, answer in said.items() if answer == "fails"]
    implied = hierarchy.implied()
    return {
        "id": f"history-{'-'.join(''.join(c for c in name if c.isalnum() or c == ' ').split())}",
        "name": name[0].upper() + name[1:], "text": text, "size": len(operations), "holds": holds, "fails": fails,
        "strongest": _named(level for level in holds if not any(level in implied[other] for other in holds)),
        "weakest": _named(level for level in fails if not any(other in implied[level] for other in fails)),
        "drawn": drawn(operations),
    }  # fmt: skip


def drawn(operations: Sequence[Operation]) -> dict[str, Any]:
    """A history as bars over time, a lane for each process."""
    moments = {each.invoked for each in operations} | {each.returned for each in operations}
    place = {moment: at for at, moment in enumerate(sorted(moments))}
    processes = list(dict.fromkeys(sorted(str(each.process) for each in operations)))
    bars = [
        {
            "x": LEFT + UNIT * place[each.invoked],
            "y": LANE * processes.index(str(each.process)) + 24,
            "width": UNIT * (place[each.returned] - place[each.invoked]),
            "what": f"{each.kind[0]} {each.key} {'–' if each.value is None else each.value}",
            "kind": each.kind,
        }
        for each in operations
    ]
    return {
        "bars": bars, "lanes": [{"name": name, "y": LANE * at + 30} for at, name in enumerate(processes)],
        "width": LEFT + UNIT * len(moments), "height": LANE * len(processes) + 4,
    }  # fmt: skip
