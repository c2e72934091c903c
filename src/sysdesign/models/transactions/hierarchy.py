"""The map of isolation levels: what each forbids, which implies which, and what tells the others apart.

`transactions.check` judges the histories; where a step is a transaction of its own, the levels of single
reads and writes stand beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Isolation:
    """What a level asks and forbids, in words, and whether a split leaves it."""

    label: str
    asks: str
    forbids: str
    split: Literal["refuses", "any"]
    waits: str


LEVELS: dict[str, Isolation] = {
    "strict_serializable": Isolation(
        "Strict serializable",
        "Transactions take effect one by one, each between its begin and its end.",
        "A report that misses a payment which had been confirmed before it began.",
        "refuses",
        "a majority, and other transactions or an abort",
    ),
    "strong_session_serializable": Isolation(
        "Strong session serializable",
        "Transactions take effect one by one, each process's in its own order.",
        "A customer's next transaction that misses the one before.",
        "refuses",
        "a majority, and other transactions or an abort",
    ),
    "serializable": Isolation(
        "Serializable",
        "There is an order of the transactions that gives what each saw.",
        "Two doctors who each see the other on call, and both sign off (write skew).",
        "refuses",
        "other transactions, or an abort",
    ),
    "repeatable_read": Isolation(
        "Repeatable read",
        "What was read stays as it was until the end; records that match anew may appear.",
        "A balance that changes between two looks of one transaction.",
        "refuses",
        "other transactions, or an abort",
    ),
    "snapshot_isolation": Isolation(
        "Snapshot isolation",
        "All reads from one moment; of two transactions that change a record at once one is aborted.",
        "Two clerks who add to one balance, and one addition is gone (lost update).",
        "refuses",
        "nobody for reads; an abort where another changed the same record",
    ),
    "read_committed": Isolation(
        "Read committed",
        "Only what was committed is read.",
        "A delivery for an order that was rolled back (aborted read).",
        "any",
        "nobody",
    ),
    "read_uncommitted": Isolation(
        "Read uncommitted",
        "Two transactions do not overwrite each other's writes in a circle.",
        "An address of one order with the name of another, for good (write cycle).",
        "any",
        "nobody",
    ),
}
EDGES: tuple[tuple[str, str], ...] = (
    ("strict_serializable", "strong_session_serializable"),
    ("strong_session_serializable", "serializable"),
    ("serializable", "repeatable_read"),
    ("serializable", "snapshot_isolation"),
    ("repeatable_read", "read_committed"),
    ("snapshot_isolation", "read_committed"),
    ("read_committed", "read_uncommitted"),
)
ACROSS: tuple[tuple[str, str], ...] = (  # to levels of single reads and writes, each a transaction of its own
    ("strict_serializable", "linearizable"),
    ("strong_session_serializable", "sequential"),
)
# Of transactions of one step each, as `consistency.lanes` reads them; the others in the notation of the literature.
SINGLE_STEPS: dict[tuple[str, str], str] = {
    ("strong_session_serializable", "strict_serializable"): "A w x=1; B r x=nothing",
    ("serializable", "strong_session_serializable"): "A w x=1; A r x=nothing",
}
SEPARATING: dict[tuple[str, str], str] = {
    ("snapshot_isolation", "serializable"): "r1[x=nil] r2[y=nil] w1[y=1] w2[x=2] c1 c2",
    ("snapshot_isolation", "repeatable_read"): "r1[x=nil] r2[y=nil] w1[y=1] w2[x=2] c1 c2",
    ("read_committed", "snapshot_isolation"): "r1[x=nil] w2[x=2] c2 r1[x=2] c1",
    ("read_committed", "repeatable_read"): "r1[x=nil] w2[x=2] c2 r1[x=2] c1",
    ("read_uncommitted", "read_committed"): "w1[x=1] r2[x=1] c2 a1",
}
# No read by predicate stands in these histories, and without one repeatable read is serializable. By predicate:
# both look for orders of the day (none), both add one; or one looks twice and finds more the second time.
NOT_DECIDED: dict[tuple[str, str], str] = {
    ("repeatable_read", "serializable"): "two reads of one search, between which another adds a record that matches",
    (
        "repeatable_read",
        "snapshot_isolation",
    ): "two reads of one search, between which another adds a record that matches",
}
