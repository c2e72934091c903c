"""A reading path that takes longer than it promises.

Who has an hour plans with it. `most_hours` in plan.yaml is the promise; the time is that of the words at the mean
rate of silent reading.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding
from sysdesign.content import Reference
from sysdesign.content.reading_time import path_minutes

CRITERION = "length"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for path in reference.plan.paths:
        hours = path_minutes(path, reference) / 60
        if path.most_hours is not None and hours > path.most_hours:
            message = f"the path '{path.title}' takes {hours:.1f} hours of reading; it promises {path.most_hours:g}"
            yield Finding("long-path", path.place, message, "Take a document out of it, or promise more")
