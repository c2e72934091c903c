"""Every exception raised on purpose.

Each also subclasses the builtin it resembles, so a caller may catch either.
A message gives the value received and what would work; for content it also
gives the file and line. Anything else that escapes is a fault of ours.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

LONG_WORD = 40  # characters; two longer ones take difflib milliseconds where few letters make them up
COMPARED = 200  # characters


MOST_SAID = 1_000  # characters of what was found, and of what would work


def _shortened(text: str) -> str:
    """A text that may quote a file, with the middle left out where it is long."""
    return text if len(text) <= MOST_SAID else f"{text[: MOST_SAID * 3 // 4]} … {text[-MOST_SAID // 5 :]}"


class SysdesignError(Exception):
    """Something the caller can put right."""


class InvalidInput(SysdesignError, ValueError):
    """A value is outside what a function accepts."""

    def __init__(self, text: str = "", where: Any = None) -> None:
        """`where` tells, for arrays, which points are refused."""
        super().__init__(text)
        self.where = where


class Unstable(InvalidInput):
    """Work arrives at least as fast as it can be done, so no steady state exists."""


class BadFile(InvalidInput):
    """A reader's own file, or a line of it, cannot be read as what it should be."""

    def __init__(self, path: str, line: int, found: str, fix: str) -> None:
        found, fix = _shortened(found), _shortened(fix)
        super().__init__(f"{path}:{line}: {found}. {fix}")
        self.path, self.line, self.found, self.fix = path, line, found, fix


class BadTrace(BadFile):
    """A line of a trace, or the file itself, cannot be read as requests."""


class UnknownName(SysdesignError, LookupError):
    """A name that nothing here bears."""


class BadContent(SysdesignError, ValueError):
    """A file under the reference cannot be read as what it should be."""

    def __init__(self, path: str, line: int, found: str, fix: str) -> None:
        found, fix = _shortened(found), _shortened(fix)
        super().__init__(f"{path}:{line}: {found}. {fix}")
        self.path, self.line, self.found, self.fix = path, line, found, fix


def all_faults(faults: Sequence[BadContent]) -> BadContent:
    """Several faults of one file as one exception: the first, whose message names all."""
    first = faults[0]
    joined = BadContent(first.path, first.line, first.found, first.fix)
    joined.args = ("\n".join(str(fault) for fault in faults),)
    return joined


class BudgetSpent(SysdesignError, RuntimeError):
    """A bounded run ended before it had an answer."""


class MissingTool(SysdesignError, RuntimeError):
    """An optional program or package that this needs is not installed."""


class BuildFailed(SysdesignError, OSError):
    """The site could not be written; the one built before is untouched."""


def _alike(word: str, known: Sequence[str]) -> list[str]:
    """The three names most like a word, as difflib has it; of long words, by their longest common subsequence."""
    from rapidfuzz import fuzz, process  # only where something is wrong

    found = process.extract(word, known, scorer=fuzz.ratio, score_cutoff=50, limit=20)  # never below difflib's ratio
    likely = [name for name, _, _ in found]
    if len(word) > LONG_WORD:
        return likely[:3]
    return difflib.get_close_matches(word, likely, n=3, cutoff=0.5)


def nearest(word: str, names: Iterable[str], kind: str = "names") -> str:
    """What would work instead of `word`: the nearest names, or all of them where none is near."""
    known = sorted(names)
    begun = [name for name in known if word and name.startswith(word)][:3]
    near = begun or _alike(word[:COMPARED], known)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    shown = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
    return f"The {kind} are: {shown}" if known else f"There are no {kind} here"
