"""By what else than its own text a line of a filtered list is found: names and questions of what it leads to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sysdesign.decide import Framework
from sysdesign.search.entries import Names
from sysdesign.search.words import STOP_WORDS, words


def of_decision(framework: Framework, names: Mapping[str, Names]) -> str:
    """Words of the options' labels and products, and of the sections that explain them."""
    options = framework.options.values()
    products = (product.name for option in options for product in option.products)
    sections = (text for option in options for text in _texts(names, option.section))
    return _beside(framework.question, (*(option.label for option in options), *products, *sections))


def of_symptom(notice: str, section: str, names: Mapping[str, Names]) -> str:
    """Words of the section that explains it."""
    return _beside(notice, _texts(names, section))


def _texts(names: Mapping[str, Names], address: str) -> tuple[str, ...]:
    found = names.get(address.replace(".md", ""), Names())
    return (*found.terms, *found.wordings)


def _beside(shown: str, texts: Iterable[str]) -> str:
    """Each word once, without those that are shown or say nothing."""
    known = STOP_WORDS.union(words(shown))
    return " ".join(dict.fromkeys(word for text in texts for word in words(text) if word not in known))
