"""A vendor fact that the vendor's own service models deny.

Every fact of the class `model` is held against the committed snapshot of AWS's
descriptions of its services. A bound or a list that differs is wrong; a text
that no longer matches means: look, the wording or the fact has changed.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding
from sysdesign.content import Reference
from sysdesign.content.records import Place
from sysdesign.errors import BadContent
from sysdesign.vendor import compare, read_snapshot
from sysdesign.vendor.snapshot import RENEW, SHOWN

CRITERION = "facts"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    facts = [fact for fact in reference.facts.values() if fact.check]
    if not facts:
        return
    try:
        snapshot = read_snapshot(reference.root)
    except BadContent as error:
        yield Finding("false-fact", Place(path=error.path, line=error.line), f"the snapshot {error.found}", error.fix)
        return
    if snapshot.fault:
        yield Finding("false-fact", Place(path=SHOWN), f"the snapshot {snapshot.fault}", RENEW)
        return
    for found in compare(facts, snapshot):
        if not found.holds:
            said = f"; it says: {found.said}" if found.said else ""
            message = f"{found.fact.id}: {found.reason}{said}"
            fix = (
                f"Look at {found.fact.url}, then mend the fact or its check ({found.check.service} {found.check.path})"
            )
            yield Finding("false-fact", found.fact.place, message, fix)
