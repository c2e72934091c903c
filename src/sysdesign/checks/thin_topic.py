"""A topic told in fewer than 600 words, without a stated reason.

Padding is a fault; a stated reason is not. `short_because` in plan.yaml holds it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding
from sysdesign.content import Reference
from sysdesign.models.wording import several

CRITERION = "topics"
WORDS = 600


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for planned in reference.plan.documents:
        document = reference.documents.get(planned.slug)
        if document is None or not context.covers(planned.slug):
            continue
        for topic in planned.topics:
            if topic.heading not in document.by_anchor or topic.short_because:
                continue
            words = sum(section.words for section in document.below(topic.heading))
            if words < WORDS:
                lacks = f"has {several(words, 'word')} of prose; the plan asks for {WORDS}"
                message = f"{planned.slug}: the topic '{topic.topic}' {lacks}"
                fix = f"Deepen '{document.by_anchor[topic.heading].title}', or say why not in short_because"
                yield Finding("thin-topic", topic.place, message, fix, slug=planned.slug)
