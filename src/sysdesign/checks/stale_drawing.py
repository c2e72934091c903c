"""A committed drawing that is not the one its source gives, has no source, or is missing.

Readers see the drawing, authors edit the source. Each figure is drawn again and
compared byte for byte; neither a hash nor a timestamp would show that the source
still gives this picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sysdesign.checks.findings import Context, Finding
from sysdesign.content import Reference, located
from sysdesign.content.records import Place
from sysdesign.draw.figures import WORKERS, Words, in_turns, redrawn, words_of
from sysdesign.errors import BadContent, MissingTool

CRITERION = "visuals"
DRAW = "Run `make draw` and look at the picture"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    wanted = {name: path for name, path in reference.figures.items() if context.covers(name.partition("/")[0])}
    yield from _orphans(reference, context)
    words = words_of(reference.documents.values())
    missing: MissingTool | None = None
    with ThreadPoolExecutor(WORKERS) as pool:
        compared = [
            (name, pool.submit(fault, reference.root, name, wanted[name], words)) for name in in_turns(wanted, wanted)
        ]
        for at, (name, work) in enumerate(compared, start=1):
            context.progress(f"drawing {at} of {len(compared)}: {name}")
            try:
                if finding := work.result():
                    yield finding
            except MissingTool as error:
                missing = error
    if missing is not None:
        message, _, fix = str(missing).partition(". ")
        place = Place(path="reference/figures/style.d2")
        yield Finding("stale-drawing", place, message, fix or "Install it", unchecked=True)


def fault(root: Path, name: str, source: Path, words: dict[str, Words]) -> Finding | None:
    """What is wrong with the committed drawing of one figure. Raises MissingTool."""
    place = Place(path=f"reference/figures/{name}{source.suffix}")
    drawing = source.with_suffix(".svg")
    try:
        expected = redrawn(root, name, words)
    except BadContent as error:
        return Finding("stale-drawing", Place(path=error.path, line=error.line), error.found, error.fix)
    shown = f"reference/figures/{name}.svg"
    try:
        drawn = located.read_bytes(drawing, shown) if located.is_there(drawing, shown) else b""
    except BadContent as error:
        return Finding("stale-drawing", Place(path=error.path, line=error.line), error.found, error.fix)
    if not drawn:
        return Finding("stale-drawing", place, f"{drawing.name} has not been drawn", DRAW)
    if drawn != expected:
        return Finding("stale-drawing", place, f"{drawing.name} is not what {source.name} gives", DRAW)
    return None


def _orphans(reference: Reference, context: Context) -> Iterator[Finding]:
    folder = reference.root / "figures"
    for drawing in sorted(folder.glob("*/*.svg")):
        name = drawing.relative_to(folder).with_suffix("").as_posix()
        if name not in reference.figures and context.covers(name.partition("/")[0]):
            place = Place(path=f"reference/figures/{name}.svg")
            yield Finding("stale-drawing", place, "the drawing has no source", "Add its source, or delete it")
