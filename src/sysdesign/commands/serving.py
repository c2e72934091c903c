"""The site: build it, or serve it on this machine."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from sysdesign.commands.console import AsJson, Root, print_json, progress_console, say
from sysdesign.errors import MissingTool
from sysdesign.models.wording import several
from sysdesign.plain import json_text

Out = Annotated[
    Path | None,
    typer.Option("--out", help="Where the site stands; site/ in a checkout, a cache folder elsewhere."),
]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command()(build)
    app.command()(serve)
    app.command()(mcp)


def build(
    out: Out = None,
    address: Annotated[
        str,
        typer.Option(help="Where the site will stand, for its map and canonical links: https://example.org/design/"),
    ] = "",
    downloads: Annotated[
        bool, typer.Option("--downloads", help="With the PDF, the EPUB, the one-file form and the cards to take along.")
    ] = False,
    as_json: AsJson = False,
    reference: Root = None,
) -> None:
    """Write the static site, ready for any static host under any prefix."""
    from sysdesign.content import default_root
    from sysdesign.export.downloads import further
    from sysdesign.site.building import build_site, default_out, site_address

    root = reference or default_root()
    target = out or default_out(root)
    with progress_console().status("Building the site") as status:
        built = build_site(
            root, target, progress=status.update, address=site_address(address),
            further=further if downloads else None,
        )  # fmt: skip
    if as_json:
        print_json(built)
    else:
        say(f"{several(built.pages, 'page')}, {several(built.files, 'file')} in {target} ({built.seconds:.1f} s)")


def serve(
    port: Annotated[int, typer.Option(help="The port to listen on.", min=0, max=65535)] = 8000,
    host: Annotated[str, typer.Option(help="The address to listen on; this machine alone by default.")] = "127.0.0.1",
    out: Out = None,
    reference: Root = None,
    watch: Annotated[bool, typer.Option(help="Rebuild and refresh when the reference changes.")] = True,
    as_json: AsJson = False,
) -> None:
    """Build what changed and serve the site with its live panels; prints the address once it answers."""
    from sysdesign.content import default_root
    from sysdesign.serving import serve as run_server
    from sysdesign.site.building import default_out

    root = reference or default_root()
    run_server(root, out or default_out(root), host=host, port=port, watch=watch, ready=partial(_say_ready, as_json))


def _say_ready(as_json: bool, address: str) -> None:
    text = json_text({"address": address}) if as_json else f"Serving at {address} (Ctrl-C to stop)"
    say(text)


def mcp(
    http: Annotated[bool, typer.Option("--http", help="Serve over HTTP, at /mcp, instead of standard input.")] = False,
    port: Annotated[int, typer.Option(help="The port to listen on with --http.", min=1, max=65535)] = 8001,
    host: Annotated[str, typer.Option(help="The address to listen on with --http.")] = "127.0.0.1",
    reference: Root = None,
) -> None:
    """Serve assistants over the Model Context Protocol: search, read, run a model, decide, facts."""
    from sysdesign.content import default_root

    try:
        from sysdesign.assistants import serve as serve_assistants
    except ImportError as error:
        if error.name is None or error.name.partition(".")[0] != "mcp":
            raise
        raise MissingTool("assistants need the package mcp: pip install 'sysdesign[mcp]'") from None
    serve_assistants(reference or default_root(), http=http, host=host, port=port)
