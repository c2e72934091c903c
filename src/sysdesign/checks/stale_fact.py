"""A fact nobody has compared with its page for too long.

Limits move and services end; a stale number is a guess that looks like a fact.
Facts of the class `model` are compared on every run, so only what was read on a
page grows old: quotas and guarantees in 180 days, life-cycle states in 90.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding
from sysdesign.content import Reference
from sysdesign.models.wording import several

CRITERION = "facts"
DAYS = {"page": 180, "lifecycle": 90}


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for fact in reference.facts.values():
        age = (context.today - fact.checked).days
        if age < 0:
            message = f"{fact.id} was checked on {fact.checked}, {several(-age, 'day')} from now"
            yield Finding("stale-fact", fact.place, message, "Give the day on which it was read", "warning")
        elif age > DAYS.get(fact.class_, age):
            holds = f"a fact of class {fact.class_} holds for {DAYS[fact.class_]}"
            message = f"{fact.id} was read {several(age, 'day')} ago; {holds}"
            fix = f"Read {fact.url} again, then set `checked` and `seen`"
            yield Finding("stale-fact", fact.place, message, fix, "warning")
