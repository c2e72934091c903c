"""How people ask for a section, in words that it does not hold: what search adds to it, and no page shows.

A file stands for each document, `reference/asked/05.yaml` for document 5: from the anchor of a section to its lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sysdesign.content import located
from sysdesign.content.located import Located
from sysdesign.content.records import Place, Plan
from sysdesign.errors import BadContent, nearest

FOLDER = "asked"
LONGEST = 100  # characters of a line


@dataclass(frozen=True)
class Asked:
    """The lines for one section."""

    address: str  # 05-Caching-Strategies#cache-stampede
    lines: tuple[str, ...]
    places: tuple[Place, ...]  # of each line
    place: Place


def asked(root: Path, plan: Plan) -> tuple[Asked, ...]:
    """The lines of every file in `asked/`, in the order of the files. Raises BadContent."""
    names = {f"{document.number:02d}": document.name for document in plan.documents}
    found: list[Asked] = []
    for path in located.listed(root / FOLDER, "*.yaml", root):
        shown = f"{root.name}/{FOLDER}/{path.name}"
        if path.stem not in names:
            raise BadContent(shown, 1, "belongs to no document", nearest(path.stem, names, "numbers"))
        found += _of_file(names[path.stem], located.read(path, shown))
    return tuple(found)


def _of_file(name: str, file: Located) -> list[Asked]:
    if file.value is None:
        return []
    if not isinstance(file.value, dict):
        raise BadContent(file.path, 1, "is not a mapping of anchors to lines", "Begin each list with its section")
    return [_of_section(name, file, anchor, lines) for anchor, lines in file.value.items()]


def _of_section(name: str, file: Located, anchor: str, lines: Any) -> Asked:
    if not isinstance(lines, list) or not lines:
        message = f"{located.cut(lines)} stands where a list of lines is expected"
        raise BadContent(file.path, file.line((anchor,)), message, "Begin each line with '- '")
    places = tuple(Place(path=file.path, line=file.line((anchor, at))) for at in range(len(lines)))
    for line, place in zip(lines, places, strict=True):
        if not isinstance(line, str) or not 0 < len(line) <= LONGEST:
            fix = f"Write words, {LONGEST} characters at most; a number alone stands in quotes"
            raise BadContent(place.path, place.line, f"the line {located.cut(line)}", fix)
    place = Place(path=file.path, line=file.line((anchor,)))
    return Asked(f"{name}#{anchor}", tuple(lines), places, place)
