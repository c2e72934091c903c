"""Small histories to try the checker on: one for each way in which levels differ."""

from __future__ import annotations

from typing import Any, Literal

from sysdesign.models.consistency.history import Kind, Operation

Example = Literal[
    "stale read", "sound", "overlapping writes", "disagreeing readers", "store buffers", "lost comment",
    "forgotten write", "going back", "writes out of order", "queue out of order",
]  # fmt: skip


def _run(*steps: tuple[int, Kind, str, Any]) -> tuple[Operation, ...]:
    """Operations one after the other, never two at once."""
    return tuple(
        Operation(process, kind, key, value, 2 * at, 2 * at + 1) for at, (process, kind, key, value) in enumerate(steps)
    )


EXAMPLES: dict[str, tuple[Operation, ...]] = {
    # A write has returned, and a later read still gives what was there before.
    "stale read": _run((0, "write", "x", 1), (1, "read", "x", None), (1, "read", "x", 1)),
    "sound": _run((0, "write", "x", 1), (1, "read", "x", 1), (1, "write", "x", 2), (0, "read", "x", 2)),
    # Reads during a write may see it or not, but not go back.
    "overlapping writes": (
        Operation(0, "write", "x", 1, 0, 9),
        Operation(1, "read", "x", 1, 1, 2),
        Operation(1, "read", "x", 1, 5, 6),
        Operation(2, "read", "x", 1, 3, 4),
    ),
    # Two readers see two writes in different orders: causal, since neither write depends on the other.
    "disagreeing readers": _run(
        (0, "write", "x", 1), (1, "write", "x", 2),
        (2, "read", "x", 1), (3, "read", "x", 2), (2, "read", "x", 2), (3, "read", "x", 1),
    ),
    # Each process writes its own key and misses the other's: allowed by causal, not by sequential consistency.
    "store buffers": (
        Operation(0, "write", "x", 1, 0, 1),
        Operation(1, "write", "y", 1, 0, 1),
        Operation(0, "read", "y", None, 2, 3),
        Operation(1, "read", "x", None, 2, 3),
    ),
    # An answer is seen, the post that it answers is not.
    "lost comment": _run(
        (0, "write", "post", 1), (1, "read", "post", 1), (1, "write", "answer", 1),
        (2, "read", "answer", 1), (2, "read", "post", None),
    ),
    "forgotten write": _run((0, "write", "x", 1), (0, "read", "x", None)),
    "going back": _run((0, "write", "x", 1), (1, "read", "x", 1), (1, "read", "x", None)),
    "writes out of order": _run(
        (0, "write", "x", 1), (0, "write", "y", 1), (1, "read", "y", 1), (1, "read", "x", None),
    ),
    "queue out of order": _run(
        (0, "enqueue", "q", 1), (0, "enqueue", "q", 2), (1, "dequeue", "q", 2), (1, "dequeue", "q", 1),
    ),
}  # fmt: skip
