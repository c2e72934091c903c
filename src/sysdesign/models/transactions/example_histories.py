"""Small histories to try the checker on: one for each anomaly, in the notation of the literature."""

from __future__ import annotations

from typing import Literal

from sysdesign.models.transactions.history import Step, Transaction, Transactions
from sysdesign.models.transactions.notation import transactions_of

Example = Literal[
    "write skew", "serial", "write cycle", "aborted read", "intermediate read", "circular information flow",
    "read skew", "lost update", "long fork", "stale read", "session order",
]  # fmt: skip

_NOTATION = {
    "serial": "r1[x=0] w1[x=1] c1 r2[x=1] w2[y=2] c2 r3[y=2] c3",
    # Two writers, each overwritten by the other.
    "write cycle": "w1[x=1] w2[x=2] w2[y=2] c2 w1[y=1] c1",
    "aborted read": "w1[x=1] r2[x=1] c2 a1",
    "intermediate read": "w1[x=1] r2[x=1] w1[x=2] c1 c2",
    # Each sees what the other has done.
    "circular information flow": "w1[x=1] w2[y=2] r1[y=2] r2[x=1] c1 c2",
    # Of two changes made together one is seen, the other not.
    "read skew": "r1[x=0] w2[x=1] w2[y=1] c2 r1[y=1] c1",
    "lost update": "r1[x=0] r2[x=0] w2[x=20] c2 w1[x=30] c1",
    # Each reads what the other changes: allowed by snapshot isolation.
    "write skew": "r1[x=0] r1[y=0] r2[x=0] r2[y=0] w1[x=1] w2[y=1] c1 c2",
    # Two readers see two writes in different orders.
    "long fork": "w1[x=1] c1 w2[y=1] c2 r3[x=1] r3[y=nil] c3 r4[x=nil] r4[y=1] c4",
    # Serializable, though not in the order of real time.
    "stale read": "w1[x=1] c1 w2[x=2] c2 r3[x=1] c3",
}
# One process appends to a list, and then reads it without what it appended.
_SESSION = (
    Transaction(0, (Step("append", "x", 1),), 0, 5),
    Transaction(1, (Step("append", "x", 2),), 1, 2),
    Transaction(0, (Step("read", "x", (2,)),), 6, 7),
    Transaction(2, (Step("read", "x", (2, 1)),), 3, 9),
)
EXAMPLES = {name: transactions_of(text) for name, text in _NOTATION.items()} | {"session order": Transactions(_SESSION)}
