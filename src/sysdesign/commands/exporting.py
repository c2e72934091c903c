"""Take it along: the reference as PDF, EPUB, one HTML file, and cards."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from sysdesign.commands.console import AsJson, Root, print_json, progress_console, say


class Kind(StrEnum):
    """What can be made."""

    pdf = "pdf"
    epub = "epub"
    html = "html"
    csv = "csv"
    anki = "anki"
    all = "all"


def add_to(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command()(export)


def export(
    kind: Annotated[Kind, typer.Argument(help="csv and anki are cards; html is one file that is read from disk.")],
    documents: Annotated[
        list[str] | None, typer.Argument(help="Documents by number or name (05, caching); all by default.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write, or the folder; this folder by default.")
    ] = None,
    briefs: Annotated[bool, typer.Option("--briefs", help="Only the briefs: two to four pages each.")] = False,
    address: Annotated[
        str, typer.Option(help="Where the site stands: links to models, decisions and facts then lead there.")
    ] = "",
    as_json: AsJson = False,
    reference: Root = None,
) -> None:
    """Write documents, or their briefs, as a file to print, to read on a device, or to learn from."""
    from sysdesign.content import default_root, load
    from sysdesign.content.tidy import write_atomically
    from sysdesign.errors import InvalidInput, MissingTool
    from sysdesign.export.book import chosen
    from sysdesign.export.files import KINDS, content, name_of
    from sysdesign.site.building import site_address
    from sysdesign.site.pages import site_of

    place = site_address(address)
    kinds = list(KINDS) if kind is Kind.all else [kind.value]
    target = out or Path()
    into_folder = len(kinds) > 1 or target.is_dir() or not target.suffix
    ending = f".{KINDS[kinds[0]].rpartition('.')[2]}"
    if not into_folder and target.suffix != ending:
        raise InvalidInput(f"{target.name} is no name of such a file: end it in {ending}, or name a folder")
    made: list[dict[str, str | int]] = []
    missing: list[MissingTool] = []
    with progress_console().status("Reading the documents") as status:
        site = site_of(load(reference or default_root()))
        slugs = chosen(site.reference, documents or [])
        for each in kinds:
            started = time.perf_counter()
            status.update(f"Making the {each} of {len(slugs)} documents")
            name = name_of(each, slugs, briefs=briefs, whole=not documents)
            path = target / name if into_folder else target
            try:
                found = content(site, each, slugs, briefs=briefs, address=place)
            except MissingTool as error:
                missing.append(error)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, found)
            made.append({"kind": each, "path": str(path), "bytes": len(found), "documents": len(slugs)})
            if not as_json:
                say(f"{path}: {len(found) / 1e6:,.1f} MB ({time.perf_counter() - started:.1f} s)")
    if as_json:
        print_json(made)
    if missing:  # the kinds that need no further package are written all the same
        raise MissingTool("\n".join(map(str, missing)))
