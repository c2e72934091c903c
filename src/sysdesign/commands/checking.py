"""Keeping the reference right: check, explain, tidy, draw, facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sysdesign.commands.console import AsJson, Root, out, print_json, progress_console, say, table, today
from sysdesign.errors import BadContent
from sysdesign.models.wording import several

if TYPE_CHECKING:
    from sysdesign.checks import Finding, Scoreboard
    from sysdesign.content import Reference

Format = Annotated[
    Literal["text", "github"],
    typer.Option("--format", help="How findings are printed: for people, or as GitHub annotations."),
]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command()(check)
    app.command()(explain)
    app.command()(tidy)
    app.command()(draw)
    facts = typer.Typer(help="Vendor facts, and the snapshot that they are checked against.")
    facts.callback(invoke_without_command=True)(list_facts)
    facts.command()(snapshot)
    facts.command()(drift)
    app.add_typer(facts, name="facts")


def check(
    documents: Annotated[
        list[str] | None, typer.Argument(help="Documents to check; all by default. A path works too.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option("--rule", help="Run this rule alone. May repeat.")] = None,
    form: Format = "text",
    as_json: AsJson = False,
    reference: Root = None,
) -> None:
    """Run every rule over the reference and print the scoreboard. Exits 1 when an error is found; writes nothing."""
    from sysdesign.checks import Scoreboard, scoreboard
    from sysdesign.checks import check as run_checks
    from sysdesign.checks.rules import CRITERIA
    from sysdesign.checks.rules import rule as rule_named
    from sysdesign.checks.run import broken
    from sysdesign.content import load
    from sysdesign.operations import checking

    try:
        content = load(reference)
    except BadContent as error:
        _report(Scoreboard(CRITERIA, (), (broken(error),), 1), form, as_json)
        raise typer.Exit(1) from None
    slugs = _slugs(content, documents or [])
    rules = [rule_named(name).name for name in only] if only else None
    with progress_console().status("Checking") as status:
        findings = run_checks(
            content,
            today=today(),
            documents=slugs,
            only=rules,
            progress=lambda name: status.update(f"Checking: {name}"),
        )
    board = scoreboard(content, findings)
    if slugs is None and rules is None and (stale := checking.kept_is_stale(content, board)):
        board = replace(board, findings=(*board.findings, stale), elsewhere=board.elsewhere + 1)
    _report(board, form, as_json)
    if form == "text" and not as_json and rules is None:
        _print_scoreboard(board, slugs)
    if any(finding.severity == "error" for finding in board.findings):
        raise typer.Exit(1)


def _report(board: Scoreboard, form: str, as_json: bool) -> None:
    if as_json:
        print_json(board)
    elif form == "github":
        _print_annotations(board.findings)
    else:
        _print_findings(board.findings)


def _slugs(content: Reference, documents: Iterable[str]) -> list[str] | None:
    """Slugs of the documents named by slug, name, number or path; None for all. Files of no document are left out."""
    found = []
    for name in documents:
        path = Path(name)
        known = [d.slug for d in content.plan.documents if path.stem in (d.slug, d.name) or path.parent.name == d.slug]
        if not known and path.is_file():
            return None  # a shared file was named (as a commit hook does): everything may be concerned
        found.append(known[0] if known else content.named(name).slug)
    return found or None


def _print_findings(findings: Iterable[Finding]) -> None:
    for finding in findings:
        say(f"{finding.place}: {finding.severity}: {finding.message} [{finding.rule}]")
        if finding.fix:
            say(f"    {finding.fix}")


def _print_annotations(findings: Iterable[Finding]) -> None:
    for finding in findings:
        text = f"{finding.message}. {finding.fix}".replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        say(f"::{finding.severity} file={finding.place.path},line={finding.place.line},title={finding.rule}::{text}")


def _print_scoreboard(board: Scoreboard, slugs: list[str] | None) -> None:
    shown = table("document", *board.criteria)
    planned = []
    for row in board.rows:
        if slugs is not None and row.slug not in slugs:
            continue
        if row.written:
            shown.add_row(row.slug, *(_cell(row.errors[name], row.warnings[name]) for name in board.criteria))
        else:
            planned.append(row.slug)
    say("")
    out().print(shown)
    if planned:
        say(f"planned: {', '.join(planned)}")
    errors = sum(finding.severity == "error" for finding in board.findings)
    warnings = len(board.findings) - errors
    complete = several(sum(row.complete for row in board.rows), "document")
    say(f"{several(errors, 'error')}, {several(warnings, 'warning')}; {complete} complete")


def _cell(errors: int, warnings: int) -> str:
    if errors:
        return f"{errors} missing"
    return f"met ({warnings} to see)" if warnings else "met"


def draw(
    names: Annotated[list[str] | None, typer.Argument(help="Figures, as 05-caching/stampede; all by default.")] = None,
    as_json: AsJson = False,
    reference: Root = None,
) -> None:
    """Draw the figures whose drawing is not what its source gives."""
    from sysdesign.content import default_root
    from sysdesign.draw.figures import draw as draw_figures

    root = reference or default_root()
    with progress_console().status("Drawing") as status:
        drawn = draw_figures(root, names or None, progress=lambda each: status.update(f"Drawing: {each.name}"))
    changed = [each.name for each in drawn if each.changed]
    if as_json:
        print_json({"drawn": len(drawn), "changed": changed})
    else:
        say(
            "\n".join(f"drew {name}" for name in changed)
            or f"{several(len(drawn), 'drawing', 'are')} as drawn from source"
        )


def list_facts(
    context: typer.Context,
    as_json: AsJson = False,
    reference: Root = None,
) -> None:
    """List the vendor facts, with class and date."""
    if context.invoked_subcommand:
        return
    from sysdesign.content import load
    from sysdesign.operations import reading

    lines = reading.list_facts(load(reference))
    if as_json:
        print_json(lines)
        return
    shown = table("fact", "class", "checked", "says")
    for line in lines:
        shown.add_row(line.id, line.kind, line.checked, line.says)
    out().print(shown)


def snapshot(as_json: AsJson = False, reference: Root = None) -> None:
    """Renew the committed snapshot of AWS's service models from the installed botocore."""
    from sysdesign.content import default_root, load
    from sysdesign.vendor import extract, write_snapshot

    root = reference or default_root()
    taken = extract(load(root).facts.values())
    path = write_snapshot(root, taken)
    summary = {"snapshot": str(path), "botocore": taken.botocore, "paths": taken.paths}
    print_json(summary) if as_json else say(f"{several(taken.paths, 'path')} of botocore {taken.botocore} in {path}")


def drift(as_json: AsJson = False, reference: Root = None) -> None:
    """Report where the installed botocore says something else than the snapshot; never fails."""
    from sysdesign.content import load
    from sysdesign.vendor import drift as drifted
    from sysdesign.vendor import extract, read_snapshot

    content = load(reference)
    newest = extract(content.facts.values())
    found = list(drifted(content.facts.values(), read_snapshot(content.root), newest))
    if as_json:
        print_json(found)
        return
    for line in found:
        say(line.report)
    count = several(len(found), "place", "differ")
    say(f"{count}; look at each" if found else f"botocore {newest.botocore} agrees with the snapshot")


def explain(
    rule: Annotated[str | None, typer.Argument(help="A rule's name; without it, all rules are listed.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a check's rule looks for, and why."""
    from sysdesign.checks.rules import rule as rule_named
    from sysdesign.checks.rules import rules

    chosen = [rule_named(rule)] if rule else list(rules().values())
    if as_json:
        print_json([{"rule": r.name, "criterion": r.criterion, "explanation": r.explanation} for r in chosen])
    elif rule:
        say(f"{chosen[0].name} (criterion: {chosen[0].criterion})\n\n{chosen[0].explanation}")
    else:
        shown = table("rule", "criterion", "finds")
        for each in chosen:
            shown.add_row(each.name, each.criterion, each.explanation.splitlines()[0])
        out().print(shown)


def tidy(
    show: Annotated[bool, typer.Option("--check", help="Change nothing; exit 1 when something would change.")] = False,
    footnotes: Annotated[
        bool, typer.Option("--footnotes", help="Leave the scoreboard alone, which takes a run of every rule.")
    ] = False,
    as_json: AsJson = False,
    reference: Root = None,
) -> None:
    """Write every document's footnote texts from their records, and a checkout's scoreboard from the checks."""
    from sysdesign.content import load
    from sysdesign.operations import reading

    content = load(reference)
    changed = list(reading.tidy(content, write=not show))
    note = ""
    if not footnotes and reading.in_checkout(content.root):
        more, note = _tidy_scoreboard(load(content.root), write=not show)
        changed += more
    if as_json:
        print_json({"changed": changed, "note": note})
    else:
        verb = "would change" if show else "tidied"
        say("\n".join(f"{verb} {path}" for path in changed) or "nothing to tidy")
        if note:
            say(note)
    if show and changed:
        raise typer.Exit(1)


def _tidy_scoreboard(content: Reference, *, write: bool) -> tuple[list[str], str]:
    """The scoreboard's path where it changed, and why it could not be known otherwise."""
    from sysdesign.operations import checking

    with progress_console().status("Checking") as status:
        board = checking.board_of(content, today(), lambda name: status.update(f"Checking: {name}"))
    if not board.whole:
        lacking = next(finding for finding in board.findings if finding.unchecked)
        return [], f"{checking.NOT_WRITTEN}: {lacking.message}"
    changed = checking.keep(content, board, write=write)
    return [f"{content.root.name}/{checking.FILE}"] * changed, ""
