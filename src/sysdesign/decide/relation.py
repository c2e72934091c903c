"""What a stated fact says about one left out, as declared with the field that follows.

A relation gives the likely range of one field in each world, given the fields that
it follows from. What the workload states is never replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Likely = tuple[float, float, float]


@dataclass(frozen=True)
class FromWord:
    """Likely values by a word of another field; a word not listed says nothing.

    Numbers shrink with the square root of the field in `over`, as distances do with the number of places.
    """

    source: str
    likely: Mapping[str, Likely | Mapping[str, float]]
    over: str = ""
    together: bool = False  # speaks also where the source is drawn

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.source, self.over) if self.over else (self.source,)


@dataclass(frozen=True)
class FromNumbers:
    """A product of other fields (`over` divides), or with `added` their sum, times a factor.

    It speaks where the first source is known; with `where`, where that field is known to hold that word.
    """

    times: tuple[str, ...]
    over: tuple[str, ...] = ()
    factor: Likely = (1.0, 1.0, 1.0)
    added: bool = False
    where: tuple[str, str] | None = None
    together: bool = False

    @property
    def sources(self) -> tuple[str, ...]:
        return (*self.times, *self.over, *(self.where or ())[:1])


Relation = FromWord | FromNumbers
