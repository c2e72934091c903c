"""A recorded history as spans of time, a lane for each process: what its chart draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sysdesign.models.consistency.history import Operation

MOST_DRAWN = 16  # operations; of a longer history only the part that fails, or its beginning
FAILING, OTHER = "cannot all have happened so", "other operations"


@dataclass(frozen=True)
class Picture:
    """The operations that are drawn, one value each; times are places in the order of calls and answers."""

    processes: tuple[str, ...]
    began: np.ndarray
    ended: np.ndarray
    what: tuple[str, ...]
    part: tuple[str, ...]


def picture(operations: Sequence[Operation], evidence: Sequence[Operation]) -> Picture:
    """The whole of a short history, else its failing part, else its first operations."""
    if len(operations) > MOST_DRAWN:
        operations = evidence or operations
    drawn = sorted(operations[:MOST_DRAWN], key=lambda each: (str(each.process), each.invoked))
    moments = sorted({each.invoked for each in drawn} | {each.returned for each in drawn if not each.open})
    place = {moment: at for at, moment in enumerate(moments)}
    shown = {(each.process, each.invoked) for each in evidence}
    return Picture(
        processes=tuple(f"process {each.process}" for each in drawn),
        began=np.array([place[each.invoked] for each in drawn], dtype=float),
        ended=np.array([place.get(each.returned, len(moments)) for each in drawn], dtype=float),
        what=tuple(each.what for each in drawn),
        part=tuple(FAILING if (each.process, each.invoked) in shown else OTHER for each in drawn),
    )
