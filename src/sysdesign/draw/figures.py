"""All figures of the reference: from source to committed drawing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sysdesign.content.document import Document
from sysdesign.content.located import read_text
from sysdesign.content.parsing import parse_document
from sysdesign.content.tidy import write_atomically
from sysdesign.draw.charts import chart
from sysdesign.draw.diagrams import diagram
from sysdesign.errors import BadContent, SysdesignError, UnknownName, nearest

WORKERS = min(8, max(2, os.cpu_count() or 2))  # charts are drawn in this process, diagrams in one each


@dataclass(frozen=True)
class Words:
    """What a document says about a figure."""

    caption: str = ""
    description: str = ""


@dataclass(frozen=True)
class Drawn:
    """One figure after drawing."""

    name: str  # 05-caching/stampede
    path: Path
    changed: bool


def sources(root: Path) -> dict[str, Path]:
    """Figure sources under the folder `reference/`, by name; a style file is none."""
    folder = root / "figures"
    found = [path for path in folder.glob("*/*") if path.suffix in (".d2", ".yaml")]
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(found)}


def figure_words(root: Path) -> dict[str, Words]:
    """Caption and description of every figure that a document shows, by the figure's name."""
    paths = sorted(root.glob("[0-9][0-9]-*.md"))
    texts = [(path.stem, f"{root.name}/{path.name}", path) for path in paths]
    return words_of(parse_document(read_text(path, shown), "", name, shown) for name, shown, path in texts)


def words_of(documents: Iterable[Document]) -> dict[str, Words]:
    """Caption and description of every figure that these documents show, by the figure's name."""
    found: dict[str, Words] = {}
    for document in documents:
        for figure in document.figures:
            found.setdefault(figure.name, Words(figure.caption, figure.alt))
    return found


def in_turns(known: Mapping[str, Path], names: Iterable[str]) -> list[str]:
    """The names with diagrams and charts in turns, so that the compiler works while charts are computed here."""
    kinds: dict[str, list[str]] = {}
    for name in names:
        kinds.setdefault(known[name].suffix, []).append(name)
    shares = [((at + 0.5) / len(same), name) for same in kinds.values() for at, name in enumerate(same)]
    return [name for _, name in sorted(shares)]


def redrawn(root: Path, name: str, words: dict[str, Words] | None = None) -> bytes:
    """What the drawing of that figure should be. Raises UnknownName, BadContent, MissingTool."""
    known = sources(root)
    if name not in known:
        raise UnknownName(f"there is no figure {name!r}. {nearest(name, known, 'figures')}")
    said = (figure_words(root) if words is None else words).get(name, Words())
    source = known[name]
    if source.with_suffix(".d2").is_file() and source.with_suffix(".yaml").is_file():
        raise BadContent(f"reference/figures/{name}.yaml", 1, "a diagram has the same name", "Rename one of the two")
    if source.suffix == ".yaml":
        return chart(source, name, said.description)
    return diagram(source, name, said.caption or name, said.description)


def draw(
    root: Path, names: Iterable[str] | None = None, progress: Callable[[Drawn], None] = lambda drawn: None
) -> list[Drawn]:
    """Draw all figures, or those named, and write each drawing that changed.

    Every figure that can be drawn is; then the first error is raised.
    """
    known = sources(root)
    wanted = in_turns(known, known if names is None else [_known(name, known) for name in names])
    words = figure_words(root)
    done: list[Drawn] = []
    errors: list[SysdesignError] = []
    with ThreadPoolExecutor(WORKERS) as pool:
        for name, work in [(name, pool.submit(redrawn, root, name, words)) for name in wanted]:
            try:
                done.append(_write(name, known[name].with_suffix(".svg"), work.result()))
                progress(done[-1])
            except SysdesignError as error:
                errors.append(error)
    if errors:
        raise errors[0]
    return sorted(done, key=lambda each: each.name)


def _known(name: str, known: dict[str, Path]) -> str:
    plain = name.removeprefix("reference/").removeprefix("figures/")
    plain = plain.removesuffix(".svg").removesuffix(".d2").removesuffix(".yaml")
    if plain not in known:
        raise UnknownName(f"there is no figure {name!r}. {nearest(plain, known, 'figures')}")
    return plain


def _write(name: str, path: Path, content: bytes) -> Drawn:
    """Replace the drawing in one step, and only if it differs."""
    if path.is_file() and path.read_bytes() == content:
        return Drawn(name, path, False)
    write_atomically(path, content)
    return Drawn(name, path, True)
