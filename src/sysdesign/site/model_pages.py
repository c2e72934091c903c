"""The page of each model, and their list."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from sysdesign.content import Reference
from sysdesign.content.records import Source
from sysdesign.decide.shared_fields import fields_of_models
from sysdesign.models.declaration import Model, Parameter, inputs_of, outputs_of, result_type_of, type_of_output
from sysdesign.readers.choices import CHOICES, kind_of
from sysdesign.readers.source import MOST_UPLOADED_BYTES
from sysdesign.site.addresses import folder_of, input_text, root_from
from sysdesign.site.figures import data_table
from sysdesign.site.layout import Page, Site


def pages(site: Site) -> Iterator[Page]:
    """The list of models, and a page for each."""
    yield _list(site)
    numbers = _numbers(site.reference)
    shared = fields_of_models(site.decisions.values())
    for model in site.models.values():
        yield _page(site, model, numbers.get(model.name, []), shared.get(model.name, {}))


def _list(site: Site) -> Page:
    root = root_from("models/index.html")
    groups: dict[str, list[Model]] = {}
    for model in site.models.values():
        groups.setdefault(model.document, []).append(model)
    shown = []
    for planned in site.reference.plan.documents:
        if planned.slug in groups:
            written = planned.slug in site.reference.documents
            href = f"{root}{folder_of(planned)}" if written else ""
            shown.append({"title": planned.title, "href": href, "models": groups[planned.slug]})
    return site.page(
        "models/index.html", "models.html", title="Models", groups=shown,
        description="Models that compute the numbers in the text, with your own inputs.",
    )  # fmt: skip


def _page(site: Site, model: Model, numbers: list[dict[str, str]], shared: dict[str, str]) -> Page:
    path = f"models/{model.name}/index.html"
    root = root_from(path)
    reference = site.reference
    chart = _chart(site, model)
    planned = next((d for d in reference.plan.documents if d.slug == model.document), None)
    written = planned is not None and planned.slug in reference.documents
    return site.page(
        path, "model.html", title=model.title, model=model, chart=chart, has_figures=chart is not None,
        document=planned, document_href=f"{root}{folder_of(planned)}" if planned and written else "",
        assumes=assumptions(model), sources=sources_of(model, reference),
        inputs=[input_view(name, parameter) for name, parameter in inputs_of(model.function).items()],
        outputs=outputs_view(model),
        runnable=not any(p.kind == "file" and p.required for p in inputs_of(model.function).values()),
        command=command(model), numbers=numbers, shared=shared, most_bytes=MOST_UPLOADED_BYTES,
        description=model.decision, main_class="model-page",
    )  # fmt: skip


def _chart(site: Site, model: Model) -> dict[str, Any] | None:
    drawn = site.figures.chart_of(model)
    if drawn is None:
        return None
    figure = next(
        (f for d in site.reference.documents.values() for f in d.figures if f.name == model.chart), None
    )  # fmt: skip
    return {
        "picture": site.figures.picture(drawn, "fig:chart"),
        "caption": figure.caption if figure else model.title,
        "text": figure.alt if figure else "",
        "inputs": drawn.data["inputs"] if drawn.data else {},
        "table": data_table(drawn.data) if drawn.data else "",
    }


def input_view(name: str, parameter: Parameter) -> dict[str, Any]:
    """One input as the panel and the table of inputs show it."""
    declared = parameter.input
    default = declared.default
    return {
        "name": name, "kind": parameter.kind, "label": declared.label, "unit": declared.unit, "help": declared.help,
        "low": declared.low, "high": declared.high, "words": list(parameter.words),
        "slider": parameter.kind in ("number", "integer") and None not in (declared.low, declared.high),
        "shown_unit": shown_unit(declared.unit),
        "choices": CHOICES[reader] if (reader := kind_of(name, parameter.kind)) else None,
        "default": None if default is None else default if isinstance(default, (int, float)) else input_text(default),
    }  # fmt: skip


def outputs_view(model: Model) -> list[dict[str, Any]]:
    """The results of a model; `single` ones are a value each, the others are curves that only the chart can show.

    One that is a `number` can be fixed, and an input solved for.
    """
    result = result_type_of(model.function)
    return [
        {
            "name": name, "label": output.label, "unit": output.unit, "shown_unit": shown_unit(output.unit),
            "single": type_of_output(result, name) in _SINGLE, "number": type_of_output(result, name) in (float, int),
            "optional": type_of_output(result, name) == float | None,
        }
        for name, output in outputs_of(result).items()
    ]  # fmt: skip


def shown_unit(unit: str) -> str:
    """A unit as it stands behind a field: `/s` for `1/s`, nothing for a share."""
    return "" if unit == "share" else unit.removeprefix("1") if unit.startswith("1/") else unit


_SINGLE = (float, int, str, bool, float | None, Any)
_ASIDE = re.compile(r"(?:^|(?<=\s))(?:Raises\b.*?|Sources?:.*?|Units:.*?)(?:\.(?=\s|$)|$)", re.DOTALL)


def _paragraphs(text: str | None) -> list[str]:
    parts = re.split(r"\n\s*\n", inspect.cleandoc(text or ""))
    plain = (" ".join(_ASIDE.sub("", part).split()) for part in parts if not part.lstrip().startswith(">>>"))
    return [part for part in plain if part]


def assumptions(model: Model) -> list[str]:
    """What the descriptions of the model and of its subject say beyond their titles: no examples, errors, units."""
    own = _paragraphs(model.function.__doc__)
    first = own[0].rstrip(".") != model.title if own else False
    subject = inspect.getmodule(inspect.unwrap(model.function))
    shared = _paragraphs(subject.__doc__ if subject else "")[1:]
    return list(dict.fromkeys([*own[0 if first else 1 :], *shared]))


def sources_of(model: Model, reference: Reference) -> list[Source]:
    """The literature that the model's description names by id."""
    subject = inspect.getmodule(inspect.unwrap(model.function))
    text = f"{model.function.__doc__} {subject.__doc__ if subject else ''}"
    words = re.findall(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+", text)
    return [reference.sources[word] for word in dict.fromkeys(words) if word in reference.sources]


def command(model: Model) -> str:
    """The command that runs the model with its defaults."""
    words = [
        f"{name}={_quoted(input_text(p.input.default))}"
        for name, p in inputs_of(model.function).items() if p.input.default is not None
    ]  # fmt: skip
    return " ".join(["sysdesign", "model", "run", model.name, *words])


def _quoted(text: str) -> str:
    return f"'{text}'" if re.search(r"[^\w.+-]", text) else text


def _numbers(reference: Reference) -> dict[str, list[dict[str, str]]]:
    """Where the text shows a number, by the model that gives it; links as from a model's page."""
    root = root_from("models/a-model/index.html")
    found: dict[str, list[dict[str, str]]] = {}
    for slug, document in reference.documents.items():
        folder = folder_of(reference.planned(slug))
        for use in document.footnote_uses:
            number = reference.numbers.get(use.id)
            if number is not None and number.model:
                place = {"text": use.covers, "href": f"{root}{folder}#{use.section}", "shows": number.shows}
                found.setdefault(number.model, []).append(place)
    return found
