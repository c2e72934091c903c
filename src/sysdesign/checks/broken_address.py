"""A record that names a section which is not there: a term, a symptom, lines of `asked/`, a decision's option, a
collected question.

Search, the home page and the decision panel lead readers to these addresses.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding
from sysdesign.content import Reference, located
from sysdesign.content.records import Place
from sysdesign.decide import frameworks
from sysdesign.errors import UnknownName

CRITERION = "language"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for address, place, what in _addresses(reference):
        fault = _fault(reference, address.replace(".md", ""))
        if fault:
            yield Finding("broken-address", place, f"{what} names the section {address!r}", fault)


def _addresses(reference: Reference) -> Iterator[tuple[str, Place, str]]:
    for term in reference.terms.values():
        yield term.home, term.place, f"the term '{term.term}'"
    for symptom in reference.symptoms:
        yield symptom.section, symptom.place, f"the symptom '{symptom.id}'"
    for each in reference.asked:
        yield each.address, each.place, "asked/"
    for bank in reference.questions.values():
        for question in bank:
            for address in question.sections:
                yield address, question.place, f"the question '{question.question}'"
    for framework in frameworks(reference.root).values():
        file = located.read(reference.decisions[framework.id], framework.path)
        for option in framework.options.values():
            if option.section:
                line = file.line(("options", option.id, "section"))
                yield option.section, Place(path=framework.path, line=line), f"the option '{option.id}'"


def _fault(reference: Reference, address: str) -> str:
    """What is wrong with an address; sections of documents that are only planned cannot be checked yet."""
    name, _, anchor = address.partition("#")
    try:
        planned = reference.named(name)
        if planned.slug in reference.documents:
            reference.section(address)
    except UnknownName as error:
        return str(error)
    return "" if anchor else "Name a section too, as in 05-Caching-Strategies#cache-stampede"
