"""A phrase that says nothing.

If a sentence is still true with the topic's name swapped for another, it is not about the topic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference

CRITERION = "language"

PHRASES = (
    "it is important to note", "it should be noted", "it is worth noting", "needless to say", "at the end of the day",
    "in today's", "ever-evolving", "fast-paced", "cutting-edge", "state-of-the-art", "best-in-class", "world-class",
    "seamless", "seamlessly", "robust and scalable", "scalability and reliability", "unlock the", "game-changer",
    "game changer", "leverage", "leverages", "leveraging", "delve", "delves", "plays a crucial role",
    "plays a vital role", "a wide range of", "a plethora of", "when it comes to", "in order to", "due to the fact that",
    "in conclusion", "in summary", "as we can see", "crucial to understand", "powerful tool", "blazing",
    "battle-tested", "holistic", "paradigm shift", "synergy", "first and foremost", "last but not least", "very unique",
    "basically",
)  # fmt: skip
_PATTERN = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, PHRASES))})(?!\w)", re.IGNORECASE)


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        for statement in document.statements:
            for phrase in _PATTERN.findall(statement.text):
                yield at(
                    document,
                    statement.line,
                    "empty-phrase",
                    f"'{phrase}' says nothing",
                    "Say what, how much, or cut it",
                )
