"""Questions that people really asked, with the sections that answer them: what search and documents are held against.

A bank stands beside the reference, in `tests/questions/05.yaml` for document 5: a list of questions. It is part of a
checkout alone, so an installed reference has none.
"""

from __future__ import annotations

from pathlib import Path

from sysdesign.content import located
from sysdesign.content.located import Located, record
from sysdesign.content.records import BankQuestion, Place, Plan
from sysdesign.errors import BadContent, nearest

QUESTIONS = Path("tests", "questions")  # beside the folder of the reference


def question_banks(folder: Path, plan: Plan) -> dict[str, tuple[BankQuestion, ...]]:
    """The banks of a folder by slug; none where there is no folder. Raises BadContent."""
    slugs = {f"{document.number:02d}": document.slug for document in plan.documents}
    banks = {}
    for path in located.listed(folder, "*.yaml", folder):
        shown = (QUESTIONS / path.name).as_posix()
        if path.stem not in slugs:
            raise BadContent(shown, 1, "belongs to no document", nearest(path.stem, slugs, "numbers"))
        banks[slugs[path.stem]] = tuple(_questions(located.read(path, shown)))
    return banks


def _questions(file: Located) -> list[BankQuestion]:
    if file.value is None:
        return []
    if not isinstance(file.value, list):
        raise BadContent(file.path, 1, "is not a list of questions", "Begin each with '- question:'")
    places = (Place(path=file.path, line=file.line((at,))) for at in range(len(file.value)))
    return [record(BankQuestion, file, (at,), {"place": place}) for at, place in enumerate(places)]
