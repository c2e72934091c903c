"""A topic of the plan without a heading of its own.

The plan promises each topic; a reader who scans for it must find one home, and
no two topics may share it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding
from sysdesign.content import Reference
from sysdesign.content.records import PlannedDocument, Topic
from sysdesign.errors import nearest

CRITERION = "topics"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for planned in reference.plan.documents:
        if planned.slug in reference.documents and context.covers(planned.slug):
            for topic in planned.topics:
                yield from _topic(reference, planned, topic)


def _topic(reference: Reference, planned: PlannedDocument, topic: Topic) -> Iterator[Finding]:
    document = reference.documents[planned.slug]
    sharing = [other.topic for other in planned.topics if other.heading == topic.heading and other is not topic]
    if not topic.heading:
        message, fix = (
            f"{planned.slug}: the topic '{topic.topic}' names no heading",
            "Give it the heading that answers it",
        )
    elif topic.heading not in document.by_anchor:
        message = f"{planned.slug}: the topic '{topic.topic}' names the heading '{topic.heading}', which is not there"
        fix = nearest(topic.heading, document.by_anchor, "headings")
    elif sharing:
        message, fix = f"{planned.slug}: '{topic.topic}' shares its heading with '{sharing[0]}'", "Give each its own"
    else:
        return
    yield Finding("missing-topic", topic.place, message, fix, slug=planned.slug)
