"""Reading: list, read, search."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from sysdesign.commands.console import AsJson, Root, out, print_json, say, table


def add_to(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("list")(list_documents)
    app.command()(read)
    app.command()(search)
    app.command()(symptoms)


def list_documents(as_json: AsJson = False, reference: Root = None) -> None:
    """List the documents, written and planned, in reading order."""
    from sysdesign.content.texts import load_texts
    from sysdesign.operations import reading

    lines = reading.list_documents(load_texts(reference))
    if as_json:
        print_json(lines)
        return
    shown = table("document", "state", "words", "figures", "what it answers")
    for line in lines:
        state = "written" if line.written else "planned"
        shown.add_row(
            line.name, state, f"{line.words:,}" if line.written else "", str(line.figures or ""), line.sentence
        )
    out().print(shown)


def read(
    address: Annotated[
        str, typer.Argument(help="A document or section: 05-Caching-Strategies#cache-stampede, 05, caching.")
    ],
    brief: Annotated[
        bool, typer.Option("--brief", help="The document in brief: its answers, decisions, sums, limits and pitfalls.")
    ] = False,
    as_json: AsJson = False,
    reference: Root = None,
) -> None:
    """Print a section, with everything inside it, or a document's brief, as Markdown."""
    from sysdesign.content.brief import brief_markdown
    from sysdesign.content.texts import load_texts
    from sysdesign.operations import reading

    texts = load_texts(reference, address)
    found = reading.read_brief(texts, address) if brief else reading.read_section(texts, address)
    if as_json:
        print_json(found)
    else:
        _print_markdown(found.markdown if isinstance(found, reading.SectionText) else brief_markdown(found))


def _print_markdown(text: str) -> None:
    if sys.stdout.isatty():
        from rich.markdown import Markdown

        out().print(Markdown(text))
    else:
        say(text, end="")


def search(
    query: Annotated[list[str], typer.Argument(help="Words, a term, a symptom; a misspelling is forgiven.")],
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many sections at most.", min=1, max=100)] = 10,
    as_json: AsJson = False,
    reference: Root = None,
) -> None:
    """Find sections; what people notice and terms answer beside them (in the site facts, decisions and models too)."""
    from sysdesign.content.texts import load_texts
    from sysdesign.operations import reading
    from sysdesign.search import Index

    answer = reading.search(Index(load_texts(reference)), " ".join(query), limit)
    if as_json:
        print_json(answer)
        return
    console = out()
    if answer.corrected:
        console.print(f"Searched for: {answer.corrected}", style="italic", markup=False)
    for hit in answer.shown:
        other = hit.kind != "section"
        console.print(f"{hit.title} ({hit.kind})" if other else hit.address, style="bold", markup=False)
        where = " › ".join(part for part in (hit.document, hit.trail, "" if other else hit.title) if part)
        for line in filter(None, (where, hit.excerpt)):
            console.print(f"  {line}", style="dim" if line is where else None, markup=False)
    if not answer.shown:
        console.print("Nothing found. Try fewer or other words; `sysdesign list` shows what is written.")


def symptoms(
    holds: Annotated[list[str] | None, typer.Argument(help="Words that stand in it in a row; all by default.")] = None,
    as_json: AsJson = False,
    reference: Root = None,
) -> None:
    """List what is noticed in production, and the errors, log lines and metrics, each with the section to read."""
    from sysdesign.content.texts import load_texts
    from sysdesign.operations import reading

    lines = reading.list_symptoms(load_texts(reference), " ".join(holds or []))
    if as_json:
        print_json(lines)
        return
    shown = table("kind", "what you see", "section")
    for each in lines:
        shown.add_row(each.kind, each.notice, each.section)
    out().print(shown)
    if not lines:
        say("Nothing holds that; `sysdesign search` finds more.")
