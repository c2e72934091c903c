"""Pages of the protocols that are told step by step, and the steps of every choice as files.

A static host computes nothing, so each page loads all its runs from one file; without scripts it lists the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from sysdesign.protocols import PROTOCOLS
from sysdesign.protocols.telling import Protocol, Step
from sysdesign.site.addresses import root_from, target_if_there
from sysdesign.site.layout import Page, Site

FOLDER = "explorers"
DIGITS = 4  # of a curve's values; more would not be seen


def pages(site: Site) -> Iterator[Page]:
    """The list of explorers, and for each its page and its steps."""
    path = f"{FOLDER}/index.html"
    shown = [
        {"protocol": each, "target": target_if_there(site.reference, each.section, root_from(path))}
        for each in PROTOCOLS.values()
    ]
    yield site.page(
        path, "explorers.html", title="Explorers", explorers=shown,
        description="Protocols step by step, with faults of your choice.",
    )  # fmt: skip
    for each in PROTOCOLS.values():
        yield _page(site, each)
        yield f"{FOLDER}/{each.name}/steps.json", steps_file(each.name)


def _page(site: Site, protocol: Protocol) -> Page:
    path = f"{FOLDER}/{protocol.name}/index.html"
    command = " ".join(["sysdesign", "explore", protocol.name, *(f"{k}={v}" for k, v in protocol.defaults.items())])
    return site.page(
        path, "explorer.html", title=protocol.title, protocol=protocol, description=protocol.question,
        steps=_told(protocol.played({})), command=command,
        target=target_if_there(site.reference, protocol.section, root_from(path)),
        curves=[[curve.label, curve.unit] for curve in protocol.curves], main_class="explorer-page",
    )  # fmt: skip


def _told(steps: tuple[Step, ...]) -> list[Step]:
    """The steps that say something, or from which on the promise is broken."""
    before = ("", *(step.broken for step in steps))
    return [step for step, broken in zip(steps, before, strict=False) if step.says or (step.broken and not broken)]


@cache
def steps_file(name: str) -> bytes:
    """Every run of an explorer: {"runs": [{"given": {...}, "steps": [...]}]}."""
    protocol = PROTOCOLS[name]
    runs = [{"given": given, "steps": [_plain(step) for step in protocol.play(given)]} for given in protocol.choices()]
    return json.dumps({"runs": runs}, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(step: Step) -> dict[str, Any]:
    """A step as short lists, without what is empty."""
    found: dict[str, Any] = {
        "at": step.at_s, "says": step.says, "parts": [[p.name, p.role, p.holds, p.mood] for p in step.parts],
        "messages": [[m.sender, m.receiver, m.text, int(m.arrives)] for m in step.messages],
        "counts": [list(each) for each in step.counts], "broken": step.broken,
        "course": [float(f"{value:.{DIGITS}g}") for value in step.course],
    }  # fmt: skip
    return {key: value for key, value in found.items() if value or key == "at"}
