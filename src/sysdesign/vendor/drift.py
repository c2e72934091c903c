"""What AWS's models say today that the committed snapshot does not: for review, never a failure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from sysdesign.content.records import Fact
from sysdesign.vendor.compare import compare
from sysdesign.vendor.snapshot import Snapshot

Kind = Literal["changed", "gone", "new"]
CONTEXT_WORDS = 4
LONGEST = 300


@dataclass(frozen=True)
class Drift:
    """One path that reads differently, and the facts that rest on it."""

    service: str
    path: str
    kind: Kind
    was: str
    now: str
    facts: tuple[str, ...]
    still_holds: bool  # whether every check of those facts holds on the newer model

    @property
    def report(self) -> str:
        """The difference for people, on three lines."""
        verdict = "" if not self.facts else "; all checks still hold" if self.still_holds else "; A CHECK FAILS"
        resting = f" ({', '.join(self.facts)}{verdict})" if self.facts else ""
        return (
            f"{self.kind}: {' '.join((self.service, self.path)).strip()}{resting}\n  was: {self.was}\n  now: {self.now}"
        )


def drift(facts: Iterable[Fact], committed: Snapshot, newest: Snapshot) -> Iterator[Drift]:
    """Differences between two snapshots at the paths that facts name, and services that came or went."""
    facts = tuple(facts)
    named = {
        (check.service, "texts" if check.kind == "doc-regex" else "limits", check.path)
        for fact in facts
        for check in fact.check
    }
    for service, part, path in sorted(named):
        was, now = (getattr(snapshot.models.get(service), part, {}).get(path) for snapshot in (committed, newest))
        if was != now:
            yield _difference(facts, newest, service, path, was, now)
    yield from _services(facts, committed, newest)


def _services(facts: tuple[Fact, ...], committed: Snapshot, newest: Snapshot) -> Iterator[Drift]:
    """Services that are no longer described: a sign that one has ended, never the proof."""
    for service in sorted(set(committed.services) - set(newest.services)):
        yield Drift(service, "", "gone", "described", "not described", *_resting(facts, newest, service, ""))


def _difference(facts: tuple[Fact, ...], newest: Snapshot, service: str, path: str, was: Any, now: Any) -> Drift:
    kind: Kind = "new" if was is None else "gone" if now is None else "changed"
    before, after = _changed_words(_text(was), _text(now))
    return Drift(service, path, kind, before, after, *_resting(facts, newest, service, path))


def _resting(facts: tuple[Fact, ...], newest: Snapshot, service: str, path: str) -> tuple[tuple[str, ...], bool]:
    resting = [fact for fact in facts if any(check.service == service and check.path == path for check in fact.check)]
    return tuple(fact.id for fact in resting), all(found.holds for found in compare(resting, newest))


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name} {' '.join(v) if isinstance(v, list) else v}" for name, v in value.items())
    return value or ""


def _changed_words(was: str, now: str) -> tuple[str, str]:
    """The stretch of each text that differs, with a few words around it."""
    before, after = was.split(), now.split()
    blocks = [b for b in SequenceMatcher(None, before, after, autojunk=False).get_opcodes() if b[0] != "equal"]
    if not blocks:
        return was[:LONGEST], now[:LONGEST]
    first, last = blocks[0], blocks[-1]
    return (
        " ".join(before[max(0, first[1] - CONTEXT_WORDS) : last[2] + CONTEXT_WORDS])[:LONGEST],
        " ".join(after[max(0, first[3] - CONTEXT_WORDS) : last[4] + CONTEXT_WORDS])[:LONGEST],
    )
