"""What a reader took for granted, said as it reads, so that nothing is guessed in silence."""

from __future__ import annotations

from collections.abc import Iterable


class Notices:
    """Sentences for the one who gave the file, each once, in the order of the reading."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}  # by topic
        self._listener: Notices | None = None

    def say(self, text: str, topic: str = "") -> None:
        """Say a sentence; of one topic the latest is kept, as for a count that grows."""
        self._texts[topic or text] = text
        if self._listener is not None:
            self._listener.say(text, topic)

    def tell(self, listener: Notices) -> None:
        """Say to another, from now on the only one, what was said and what will be."""
        for topic, text in self._texts.items():
            listener.say(text, topic)
        self._listener = listener

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(self._texts.values())


def others(names: Iterable[str], most: int = 12) -> str:
    """Names for a sentence, the rest counted."""
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
