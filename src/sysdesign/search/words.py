"""How texts and queries become words, for the index, for queries here and for queries in the page.

The page reads queries by the same rules (assets/search.js); a test holds both to one order over all banks.
A word is a run of letters and digits of any script, without marks, in lower case. What is written as one
(`statement_timeout`, `write-behind`, `N+1`) gives its parts and, as a word of its own, all of it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import snowballstemmer

PART = re.compile(r"[^\W_]+")
COMPOUND = re.compile(r"[^\W_]+(?:[-_./+:]+[^\W_]+)*")
CAMEL = re.compile(r"[A-Za-z0-9]*[a-z0-9][A-Z][A-Za-z0-9]*")
HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")

# Words that say nothing about what is sought, or only that two things are compared. Kept out of queries alone.
STOP_WORDS = frozenset(
    "a an and are as at be but by can do does for from has have how i if in into is it its my not of on or our "
    "should so that the their there they this to use vs versus was we what when where which why will with you your"
    .split()
)  # fmt: skip

_stemmer = snowballstemmer.stemmer("english")


def folded(text: str) -> str:
    """The text as it is compared: any spelling of a letter as one, without marks, in lower case."""
    if not text.isascii():
        apart = unicodedata.normalize("NFKD", text)
        text = "".join(letter for letter in apart if not unicodedata.category(letter).startswith("M"))
    return _APOSTROPHE.sub("", text.lower())


def compounds(text: str) -> list[list[str]]:
    """The words of a text; the parts of what is written as one stand together."""
    return [PART.findall(found) for found in COMPOUND.findall(folded(text))]


def words(text: str) -> list[str]:
    """The single words of a text."""
    return PART.findall(folded(text))


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """What a word has in common with its other forms."""
    return str(_stemmer.stemWord(word))


def stems(text: str) -> tuple[str, ...]:
    """The stems of a text's single words, in a row: what a name says, whatever its case, hyphens and plurals."""
    return tuple(map(stem, words(text)))


def terms(text: str) -> list[str]:
    """Under what a text is found: the stems of its words, and what is written as one."""
    found: list[str] = []
    for parts in compounds(text):
        found += map(stem, parts)
        if len(parts) > 1:
            found.append("".join(parts))
    return found
