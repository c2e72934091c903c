"""A site whose files can be had while it is still being made, the one asked for next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from threading import Condition

from sysdesign.errors import BuildFailed
from sysdesign.site.layout import Page
from sysdesign.site.pages import Part


class Unfinished:
    """The files of these parts. One thread makes them; others may ask for them meanwhile, and wait."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self._parts = list(parts)
        self._made: dict[str, bytes] = {}
        self._asked: list[str] = []
        self._stopped = False
        self._changed = Condition()

    def files(self) -> Iterator[Page]:
        """Every file once. The part that holds a file asked for goes on before the others. Raises BuildFailed."""
        try:
            while self._parts:
                part = self._next()
                page = next(part.files, None)
                with self._changed:
                    if page is None:
                        self._parts.remove(part)
                    else:
                        self._made[page[0]] = page[1]
                    self._changed.notify_all()
                if page is not None:
                    yield page
        finally:
            self.stop()

    def file(self, path: str) -> bytes | None:
        """The file at this path once it is made; None where there is none, or the making has stopped."""
        with self._changed:
            self._asked.append(path)
            self._changed.wait_for(lambda: path in self._made or self._stopped or not self._holding(path))
            self._asked.remove(path)
            return self._made.get(path)

    def stop(self) -> None:
        """Make no further file; whoever waits for one waits no longer."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _next(self) -> Part:
        with self._changed:
            if self._stopped:
                raise BuildFailed("the site was not finished: its making was stopped")
            wanted = (self._holding(path) for path in self._asked if path not in self._made)
            return next(filter(None, wanted), self._parts[0])

    def _holding(self, path: str) -> Part | None:
        return next((part for part in self._parts if part.holds(path)), None)
