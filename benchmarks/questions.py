"""Where search puts the section that answers a question which a person asked, from the banks in tests/questions, or
what somebody types into a search box, from tests/search/queries.yaml.

Search is tuned on one half of each bank and never on the other. A hit is right where it is a section that the bank
names, stands inside one, or is a common question whose answer ends with "See" such a section. The mean reciprocal
rank counts a question without a right hit among the first ten as 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import fmean

from benchmarks.measured import line
from sysdesign.content import Reference, default_root, load, located
from sysdesign.content.records import BankQuestion
from sysdesign.search import Index

QUERIES = Path(__file__).parents[1] / "tests" / "search" / "queries.yaml"
LOOKED_AT, FIRST = 10, 3
TARGETS = (0.75, 0.92)  # of the questions: a right section first, among the first three


def right_sections(reference: Reference, question: BankQuestion) -> set[str]:
    """Addresses of the sections that answer a question, of those inside them, of common questions that lead there."""
    found = set()
    for address in question.sections:
        document, section = reference.section(address)
        inside = {each.anchor for each in document.below(section.anchor)}
        leading = {each.anchor for each in document.questions if inside & {target.lstrip("#") for target in each.see}}
        found |= {f"{document.name}#{anchor}" for anchor in inside | leading}
    return found


def rank(reference: Reference, index: Index, question: BankQuestion) -> int:
    """The place of the first right hit, from 1; 0 where none is among those looked at."""
    right = right_sections(reference, question)
    hits = index.search(question.question, LOOKED_AT).hits
    return next((place for place, hit in enumerate(hits, start=1) if hit.address in right), 0)


def halves(reference: Reference) -> Iterator[tuple[str, bool, list[BankQuestion]]]:
    """The bank of each written document, the half that search may be tuned on first."""
    for slug, bank in reference.questions.items():
        if slug in reference.documents:
            for tuned in (True, False):
                yield slug, tuned, [question for question in bank if question.tuned is tuned]


def queries() -> dict[str, list[BankQuestion]]:
    """What is typed into a search box, by kind: question, symptom, misspelled, error."""
    file = located.read(QUERIES, f"tests/search/{QUERIES.name}")
    return {
        kind: [located.record(BankQuestion, file, (kind, at), {}) for at in range(len(entries))]
        for kind, entries in file.value.items()
    }


def report(name: str, ranks: Iterable[int]) -> None:
    """One line of the report."""
    found = list(ranks)
    if not found:
        return
    among = fmean(0 < place <= FIRST for place in found)
    reciprocal = fmean(1 / place if place else 0 for place in found)
    first = fmean(place == 1 for place in found)
    line(f"questions found, {name}, {len(found)}", f"{first:.0%} first, {among:.0%} in the first {FIRST}",
         f">= {TARGETS[0]:.0%}, {TARGETS[1]:.0%}", f"mean reciprocal rank {reciprocal:.2f}")  # fmt: skip


def main() -> None:
    """Report each bank, then all of them."""
    reference = load(default_root())
    index = Index(reference)
    together: dict[bool, list[int]] = {True: [], False: []}
    for slug, tuned, questions in halves(reference):
        ranks = [rank(reference, index, question) for question in questions]
        together[tuned] += ranks
        report(f"{slug}, {'tuned on' if tuned else 'never tuned on'}", ranks)
    for tuned, ranks in together.items():
        report(f"all, {'tuned on' if tuned else 'never tuned on'}", ranks)
    typed = {kind: [(each.tuned, rank(reference, index, each)) for each in found] for kind, found in queries().items()}
    for kind, found in typed.items():
        report(f"typed, {kind}", [place for _, place in found])
    for half in (True, False):
        ranks = [place for found in typed.values() for tuned, place in found if tuned is half]
        report(f"typed, all, {'tuned on' if half else 'never tuned on'}", ranks)


if __name__ == "__main__":
    main()
