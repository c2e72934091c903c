"""A copy of this project in which the written documents are copied until every planned one stands.

    python -m benchmarks.grown FOLDER

It measures builds, checks and tests at the size that the plan has: `make test` in FOLDER, say. A copy has the
figures, numbers, claims, symptoms and questions of the document it was made from, and that one's topics. What
counts the written documents, or finds the terms of a copy explained elsewhere, fails there: look at the time.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

from sysdesign.content import load
from sysdesign.content.records import PlannedDocument
from sysdesign.content.tidy import tidied

PROJECT = Path(__file__).parents[1]
OWN = ("slug", "number", "name", "title", "group", "sentence", "prerequisites")  # fields of the plan that a copy keeps
ID = re.compile(r"^([\w-]+):", re.MULTILINE)
NUMBER = re.compile(r"^([a-z0-9][\w-]*):", re.MULTILINE)


def main() -> None:
    """Copy the project and its documents into the folder named."""
    folder = Path(sys.argv[1])
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(PROJECT / name, folder / name)
    print(f"{grow(folder)} documents copied; now {len(load(folder / 'reference').documents)} stand in {folder}")


def grow(project: Path) -> int:
    """Copy written documents over planned ones until all are written; how many were copied."""
    root = project / "reference"
    reference = load(root)
    written = [each for each in reference.plan.documents if each.slug in reference.documents]
    planned = [each for each in reference.plan.documents if each.slug not in reference.documents]
    for source, target in zip(cycle(written), planned, strict=False):
        _copy(project, source, target)
    reference = load(root)
    for document in reference.documents.values():
        (root / f"{document.name}.md").write_text(tidied(reference, document), encoding="utf-8")
    return len(planned)


def _copy(project: Path, source: PlannedDocument, target: PlannedDocument) -> None:
    root, ending = project / "reference", f"-{target.number:02d}"
    numbers = root / "numbers" / f"{source.slug}.yaml"
    ids = NUMBER.findall(numbers.read_text(encoding="utf-8")) if numbers.is_file() else []
    marks = re.compile(rf"\[\^({'|'.join(map(re.escape, ids)) or '(?!)'})\]")

    def named(text: str) -> str:
        return text.replace(source.name, target.name).replace(source.slug, target.slug)

    def document(text: str) -> str:
        return re.sub(r"\A# .*", f"# {target.title}", marks.sub(rf"[^\g<1>{ending}]", named(text)))

    _write(root / f"{source.name}.md", root / f"{target.name}.md", document)
    _write(numbers, root / "numbers" / f"{target.slug}.yaml", lambda text: NUMBER.sub(rf"\g<1>{ending}:", named(text)))
    _write(root / "claims" / f"{source.slug}.yaml", root / "claims" / f"{target.slug}.yaml", named)
    banks = project / "tests" / "questions"
    _write(banks / f"{source.number:02d}.yaml", banks / f"{target.number:02d}.yaml", named)
    for figure in (root / "figures" / source.slug).iterdir():
        _write(figure, root / "figures" / target.slug / figure.name, named)
    symptoms = root / "symptoms.yaml"
    lines = [line for line in symptoms.read_text(encoding="utf-8").splitlines() if source.name in line]
    added = "".join(ID.sub(rf"\g<1>{ending}:", named(line)) + "\n" for line in lines)
    symptoms.write_text(symptoms.read_text(encoding="utf-8") + added, encoding="utf-8")
    _plan(root / "plan.yaml", source, target)


def _write(source: Path, target: Path, changed: Callable[[str], str]) -> None:
    """A file with its text changed, where there is one and none stands there yet."""
    if source.is_file() and not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(changed(source.read_text(encoding="utf-8")), encoding="utf-8")


def _plan(path: Path, source: PlannedDocument, target: PlannedDocument) -> None:
    """Give the target all of the source's entry but what is its own."""
    head, *entries = re.split(r"(?m)^(?=  - slug: )", path.read_text(encoding="utf-8"))
    by_slug = {entry.split("\n", 1)[0].split()[-1]: entry for entry in entries}
    fields = {slug: _fields(entry) for slug, entry in by_slug.items()}
    own = {key: text for key, text in fields[target.slug].items() if key in OWN}
    merged = {**own, **{key: text for key, text in fields[source.slug].items() if key not in OWN}}
    by_slug[target.slug] = "".join(merged.values())
    path.write_text(head + "".join(by_slug.values()), encoding="utf-8")


def _fields(entry: str) -> dict[str, str]:
    parts = re.split(r"(?m)^(?=    [a-z_]+:)", entry)
    return {part.lstrip(" -").split(":", 1)[0]: part for part in parts}


if __name__ == "__main__":
    main()
