"""What a person can ask, one typed function each.

Commands, HTTP routes and tools call these; nothing here prints or exits. Every
result is a frozen value that `as_plain` turns into JSON.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sysdesign.checks.scoreboard import Scoreboard
from sysdesign.content import Reference, load, located
from sysdesign.content.document import Document, Section
from sysdesign.content.loading import default_root
from sysdesign.content.tidy import tidied, write_atomically
from sysdesign.decide import decide as run_decision
from sysdesign.decide import framework as framework_named
from sysdesign.decide import frameworks, prose, record, relevant_inputs, workload_of
from sysdesign.decide.framework import Framework
from sysdesign.draw.chart_rows import chart_rows
from sysdesign.draw.chart_spec import ChartSpec, chart_spec
from sysdesign.draw.charts import chart_svg, vega_lite
from sysdesign.errors import InvalidInput
from sysdesign.model_run import ModelRun, Value, read_names, read_value
from sysdesign.model_run import run as run_on
from sysdesign.models.declaration import Model, Parameter, inputs_of, outputs_of, result_type_of
from sysdesign.models.registry import model, models
from sysdesign.search.index import Answer, Index


@dataclass(frozen=True)
class DocumentLine:
    """One document of the plan, as a list shows it."""

    slug: str
    name: str
    title: str
    group: str
    written: bool
    sentence: str
    prerequisites: tuple[str, ...]
    words: int
    figures: int


def list_documents(reference: Reference) -> tuple[DocumentLine, ...]:
    """All documents of the plan, in reading order."""
    lines = []
    for slug in reference.plan.reading_order:
        planned = reference.planned(slug)
        written = reference.documents.get(slug)
        lines.append(
            DocumentLine(
                slug=slug,
                name=planned.name,
                title=planned.title,
                group=planned.group,
                written=written is not None,
                sentence=planned.sentence,
                prerequisites=planned.prerequisites,
                words=sum(section.words for section in written.sections) if written else 0,
                figures=len(written.figures) if written else 0,
            )
        )
    return tuple(lines)


@dataclass(frozen=True)
class SectionText:
    """A section with everything inside it, as Markdown."""

    address: str
    title: str
    document: str
    markdown: str
    inside: tuple[str, ...]  # addresses of its subsections


def read_section(reference: Reference, address: str) -> SectionText:
    """The section at an address such as `05-Caching-Strategies#cache-stampede`, or a whole document.

    Raises UnknownName, naming the nearest.
    """
    document, section = reference.section(address)
    inside = tuple(s for s in document.below(section.anchor) if s is not section)
    return SectionText(
        address=_address(document, section),
        title=section.title,
        document=document.title,
        markdown=_markdown(document, section, inside),
        inside=tuple(_address(document, s) for s in inside),
    )


def _address(document: Document, section: Section) -> str:
    return document.name if section.level == 1 else f"{document.name}#{section.anchor}"


def _markdown(document: Document, section: Section, inside: tuple[Section, ...]) -> str:
    last = max((s.end_line for s in inside), default=section.end_line)
    lines = document.source.split("\n")[section.line - 1 : last]
    used = {use.id for use in document.footnote_uses if section.line <= use.line <= last}
    notes = [
        f"[^{id_}]: {text}" for id_, (text, line) in document.footnote_texts.items() if id_ in used and line > last
    ]
    return "\n".join([*lines, *([""] if notes else []), *notes]).strip("\n") + "\n"


def search(index: Index, query: str, limit: int = 10) -> Answer:
    """Sections for a query, best first, forgiving a misspelling. Raises InvalidInput."""
    return index.search(query, limit)


@dataclass(frozen=True)
class InputLine:
    """One input of a model: what it is and what it takes."""

    name: str
    label: str
    kind: str
    unit: str
    low: float | None
    high: float | None
    default: Any
    words: tuple[str, ...]
    required: bool
    help: str


@dataclass(frozen=True)
class ModelLine:
    """One model with its inputs and results."""

    name: str
    title: str
    decision: str
    document: str
    chart: str | None
    explanation: str
    inputs: tuple[InputLine, ...]
    results: Mapping[str, tuple[str, str]]  # name: (label, unit)


def list_models() -> tuple[ModelLine, ...]:
    """All models, those that inform one decision together."""
    lines = [describe_model(chosen) for chosen in models().values()]
    order = list(dict.fromkeys(line.decision for line in lines))
    return tuple(sorted(lines, key=lambda line: order.index(line.decision)))


def describe_model(chosen: Model | str) -> ModelLine:
    """A model's decision, assumptions, inputs and results. Raises UnknownName."""
    chosen = model(chosen) if isinstance(chosen, str) else chosen
    outputs = outputs_of(result_type_of(chosen.function))
    return ModelLine(
        name=chosen.name,
        title=chosen.title,
        decision=chosen.decision,
        document=chosen.document,
        chart=chosen.chart,
        explanation=(chosen.function.__doc__ or "").strip(),
        inputs=tuple(_input_line(parameter) for parameter in inputs_of(chosen.function).values()),
        results={name: (output.label, output.unit) for name, output in outputs.items()},
    )


def _input_line(parameter: Parameter) -> InputLine:
    declared = parameter.input
    return InputLine(
        name=parameter.name,
        label=declared.label,
        kind=parameter.kind,
        unit=declared.unit,
        low=declared.low,
        high=declared.high,
        default=declared.default,
        words=parameter.words,
        required=parameter.required,
        help=declared.help,
    )


def run_model(name: str, given: Mapping[str, Any], *, files: bool = False) -> ModelRun:
    """Run a model on what a person gave; with `files`, inputs may name the reader's own files.

    Raises UnknownName and InvalidInput.
    """
    from sysdesign.files import read_file  # reads traces, samples and histories; the service never needs it

    return run_on(name, given, read_file=read_file if files else None)


@dataclass(frozen=True)
class Panel:
    """What a live panel shows after a change: results, their meaning, and the chart with the reader's inputs."""

    model: str
    inputs: tuple[Value, ...]
    results: tuple[Value, ...]
    sentence: str
    rows: tuple[dict[str, Any], ...]
    spec: dict[str, Any] | None  # Vega-Lite, the rows in it


def panel(reference: Reference, name: str, given: Mapping[str, Any], *, chart: bool = True) -> Panel:
    """Run a model, and its chart, on what a reader gave in a page. Raises UnknownName and InvalidInput."""
    chosen = model(name)
    answer = run_on(name, given)
    rows: list[dict[str, Any]] = []
    spec = None
    if chart and chosen.chart in reference.figures:
        drawn = _chart_spec(reference, str(chosen.chart))
        inputs = {key: read_value(inputs_of(chosen.function)[key], value, None) for key, value in given.items()}
        rows = chart_rows(drawn, _outside_chart(drawn, inputs))
        here = inputs.get(drawn.sweep.input) if drawn.sweep else None
        spec = vega_lite(drawn, rows, here=here)
    return Panel(chosen.name, answer.inputs, answer.results, answer.sentence, tuple(rows), spec)


def draw_chart(name: str, given: Mapping[str, Any], path: Path, *, root: Path | None = None) -> None:
    """Draw a model's chart with a person's inputs to an SVG. Raises InvalidInput where it has no chart."""
    chosen = model(name)
    reference = load(root)
    if chosen.chart not in reference.figures:
        raise InvalidInput(f"{chosen.name} has no chart; run it with --sweep and --csv instead")
    drawn = _chart_spec(reference, str(chosen.chart))
    if drawn.model != chosen.name:
        raise InvalidInput(f"the chart {chosen.chart} shows {drawn.model}, not {chosen.name}")
    parameters = inputs_of(chosen.function)
    inputs = {key: read_value(parameters[key], value, None) for key, value in read_names(chosen, given).items()}
    write_atomically(
        path.resolve(), chart_svg(drawn, chart_rows(drawn, _outside_chart(drawn, inputs)), str(chosen.chart))
    )


def _chart_spec(reference: Reference, name: str) -> ChartSpec:
    return chart_spec(reference.figures[name], f"{reference.root.name}/figures/{name}.yaml")


def _outside_chart(drawn: ChartSpec, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The reader's inputs but those that the chart itself varies."""
    varied = {drawn.sweep.input if drawn.sweep else None, drawn.series.input if drawn.series else None}
    return {key: value for key, value in inputs.items() if key not in varied}


@dataclass(frozen=True)
class DecisionLine:
    """One decision that can be run."""

    name: str
    question: str
    document: str
    options: Mapping[str, str]
    default: str


def list_decisions(reference: Reference) -> tuple[DecisionLine, ...]:
    """All decisions, by document."""
    found = [_decision_line(each) for each in frameworks(reference.root).values()]
    return tuple(sorted(found, key=lambda line: (line.document, line.name)))


def _decision_line(framework: Framework) -> DecisionLine:
    labels = {name: option.label for name, option in framework.options.items()}
    return DecisionLine(framework.id, framework.question, framework.document, labels, framework.default)


@dataclass(frozen=True)
class DecisionForm:
    """A decision with the inputs that it reads, most influential first."""

    decision: DecisionLine
    inputs: tuple[dict[str, Any], ...]


def describe_decision(reference: Reference, name: str) -> DecisionForm:
    """What a decision asks. Raises UnknownName."""
    chosen = framework_named(reference.root, name)
    return DecisionForm(_decision_line(chosen), tuple(each.as_json() for each in relevant_inputs(chosen)))


def decide(reference: Reference, name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of a decision for a workload given as nested facts, as JSON with prose and record.

    Raises UnknownName, BadContent for a fact that cannot be read.
    """
    answer = run_decision(framework_named(reference.root, name), workload_of(facts))
    return {**answer.as_json(), "prose": prose(answer), "record": record(answer, dt.date.today())}


@dataclass(frozen=True)
class FactLine:
    """One vendor fact, as the table of facts shows it."""

    id: str
    says: str
    value: Any
    unit: str
    kind: str
    checked: str
    url: str


def list_facts(reference: Reference) -> tuple[FactLine, ...]:
    """All vendor facts."""
    return tuple(
        FactLine(fact.id, fact.says, fact.value, fact.unit, fact.class_, fact.checked.isoformat(), fact.url)
        for fact in reference.facts.values()
    )


def tidy(reference: Reference, *, write: bool = True) -> tuple[str, ...]:
    """Write every document's footnote texts from their records; gives the paths that changed."""
    changed = []
    for document in reference.documents.values():
        text = tidied(reference, document)
        if text == document.source:
            continue
        changed.append(document.path)
        if write:
            write_atomically(reference.root / f"{document.name}.md", text.encode())
    return tuple(changed)


def read_yaml(path: Path) -> Any:
    """A YAML or JSON file of the reader's as plain values. Raises BadContent and InvalidInput."""
    if not path.is_file():
        raise InvalidInput(f"there is no file {str(path)!r}")
    return located.read(path, str(path)).value


def in_checkout(root: Path | None = None) -> bool:
    """Whether the reference in use is a checkout's, which may be written to."""
    root = root or default_root()
    return (root.parent / "pyproject.toml").is_file()


def lasting(board: Scoreboard) -> dict[str, Any]:
    """What a scoreboard says that time alone does not change: what the page shows and the repository keeps."""
    rows = [
        {"slug": row.slug, "title": row.title, "written": row.written, "missing": row.errors if row.written else {}}
        for row in board.rows
    ]
    missing = [
        {"rule": each.rule, "place": str(each.place), "message": each.message}
        for each in board.findings
        if each.severity == "error"
    ]
    return {"criteria": list(board.criteria), "documents": rows, "missing": missing}
