"""Whether reads and writes of a register are linearizable where every value is written once: in n log n.

A write and the reads of its value take effect one after the other, with nothing between. So each value
has a time by which something of it had surely happened, its first return, and one at which something of
it was still to come, its last call. One value goes before another if its first return is before the
other's last call. The history is linearizable unless a value is read before it was asked to be written,
or of two values each must go before the other: cycles of three or more hold such a pair (Gibbons and
Korach 1997).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sysdesign.models.consistency.history import Operation


@dataclass
class _Zone:
    """What was done with one value: its write, what returned first, and what was called last."""

    write: Operation | None  # None: what is there at first
    first: Operation | None
    last: Operation | None

    @property
    def returned(self) -> float:
        return -math.inf if self.write is None else self.first.returned if self.first else math.inf

    @property
    def called(self) -> float:
        return self.last.invoked if self.last else -math.inf

    @property
    def operations(self) -> list[Operation]:
        return [each for each in (self.write, self.first, self.last) if each is not None]


def is_written_once(asked: Sequence[str], given: Sequence[Any]) -> bool:
    """Whether these are reads and writes of one key, with a different value in each write."""
    written = set()
    for kind, value in zip(asked, given, strict=True):
        if kind == "write":
            if value is None or value in written:
                return False
            written.add(value)
        elif kind != "read":
            return False
    return True


def fault(operations: Sequence[Operation]) -> tuple[Operation, ...] | None:
    """Operations of one key that by themselves already fail, or None where there are none."""
    zones = {None: _Zone(None, None, None)} | {
        each.value: _Zone(each, each, each) for each in operations if each.kind == "write"
    }
    read = set()
    for each in operations:
        if each.kind != "read":
            continue
        zone = zones.get(each.value)
        if zone is None or (zone.write is not None and each.returned < zone.write.invoked):
            return (each,) if zone is None or zone.write is None else (each, zone.write)
        read.add(each.value)
        if zone.write is not None and (zone.first is None or each.returned < zone.first.returned):
            zone.first = each
        if zone.last is None or each.invoked > zone.last.invoked:
            zone.last = each
    return _crossing([zone for value, zone in zones.items() if value in read or not _may_be_missing(zone)])


def _may_be_missing(zone: _Zone) -> bool:
    """Whether it is a write without an answer; where nobody read it, it need not have happened."""
    return zone.write is not None and zone.write.open


def _crossing(zones: Sequence[_Zone]) -> tuple[Operation, ...] | None:
    lasting = sorted((zone for zone in zones if zone.returned < zone.called), key=lambda zone: zone.returned)
    latest: _Zone | None = None
    for zone in lasting:
        if latest is not None and zone.returned < latest.called and latest.returned < zone.called:
            return _shown(latest, zone)
        latest = zone if latest is None or zone.called > latest.called else latest
    begins = [zone.returned for zone in lasting]
    for zone in zones:
        at = bisect_left(begins, zone.called) - 1
        if zone.returned >= zone.called and at >= 0 and zone.returned < lasting[at].called:
            return _shown(lasting[at], zone)
    return None


def _shown(one: _Zone, two: _Zone) -> tuple[Operation, ...]:
    found = {(each.process, each.invoked): each for each in one.operations + two.operations}
    return tuple(sorted(found.values(), key=lambda each: each.invoked))
