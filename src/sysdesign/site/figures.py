"""Figures in a page: the drawing inlined, its caption, its description, its data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from sysdesign.content import Reference, located
from sysdesign.content.document import Figure
from sysdesign.errors import BadContent
from sysdesign.markup import Refused
from sysdesign.models.declaration import Model
from sysdesign.site.addresses import model_href
from sysdesign.site.drawing import DarkPartners, Drawing, cell_text, drawing, with_attributes

ENLARGE = '<button class="enlarge" type="button">Enlarge</button>'  # the style sheet hides it without scripts

PAGES = {"17-consistency/levels": ("levels/", "Each level and its histories")}

# px. What the style sheet does on a phone: a wide drawing shrinks to 34rem and scrolls, a narrow one keeps its width,
# and a small one shrinks to fit.
NARROW, SMALL = 544, 420


@dataclass
class FigureRoom:
    """Draws the figures of one site: what they share is kept here."""

    reference: Reference
    models: Mapping[str, Model]
    partners: DarkPartners = field(default_factory=DarkPartners)

    def read_all(self) -> bytes:
        """Take in every figure of every document; gives the style sheet that they share."""
        for document in self.reference.documents.values():
            for figure in document.figures:
                self.partners.add(self.read(figure.name, document.path, figure.line))
        for model in self.models.values():
            drawn = self.chart_of(model)
            if drawn is not None:
                self.partners.add(drawn)
        return self.partners.sheet().encode()

    def read(self, name: str, asked_by: str, line: int) -> Drawing:
        """The committed drawing of a figure. Raises BadContent when it is not there."""
        path = self.reference.root / "figures" / f"{name}.svg"
        if not located.is_there(path, f"{self.reference.root.name}/figures/{name}.svg"):
            raise BadContent(asked_by, line, f"the figure figures/{name}.svg is not there", "Draw it with `make draw`")
        shown = f"{self.reference.root.name}/figures/{name}.svg"
        try:
            return drawing(located.read_text(path, shown))
        except ValueError as error:
            if isinstance(error, BadContent):
                raise
            line = error.line if isinstance(error, Refused) else 1
            raise BadContent(shown, line, str(error), "Draw it again with `make draw`") from None

    def chart_of(self, model: Model) -> Drawing | None:
        """The chart of a model, where it has one that is drawn."""
        if model.chart is None or model.chart not in self.reference.figures:
            return None
        if not (self.reference.root / "figures" / f"{model.chart}.svg").is_file():
            return None  # a check says so; the model's page stands without it
        return self.read(model.chart, f"{self.reference.root.name}/figures/{model.chart}.yaml", 1)

    def html(self, figure: Figure, marks: str, asked_by: str, root: str) -> str:
        """A figure as the page shows it; `marks` are the evidence handles of its caption line."""
        drawn = self.read(figure.name, asked_by, figure.line)
        id_ = escape(f"fig:{figure.name.rsplit('/')[-1]}")
        kind = "chart" if drawn.data else "diagram"
        tools, after = self._chart_parts(drawn, root) if drawn.data else (_page_of(figure.name, root), "")
        return (
            f'<figure class="figure {kind}" id="{id_}"{self._live(figure.name, drawn)}>\n'
            f'<div class="canvas">{self.picture(drawn, id_)}</div>\n'
            f'<figcaption id="{id_}:caption">{escape(figure.caption, quote=False)}{marks}</figcaption>\n'
            f'<div class="tools">{ENLARGE}{tools}<details class="description"><summary>Description</summary>'
            f'<p id="{id_}:text">{escape(figure.alt, quote=False)}</p></details>{after}</div>\n</figure>\n'
        )

    def picture(self, drawn: Drawing, id_: str) -> str:
        """The drawing's own markup, named by caption and description."""
        named = f'aria-labelledby="{escape(id_)}:caption" aria-describedby="{escape(id_)}:text"'
        size = " fits" if drawn.width < SMALL else " unscaled" if drawn.width < NARROW else ""
        return with_attributes(drawn.markup, f'class="drawing{size}" role="img" {named}')

    def _live(self, name: str, drawn: Drawing) -> str:
        """What makes a chart live in place: only its own model's panel can draw it."""
        model = self.models.get(str(drawn.data["model"])) if drawn.data else None
        if model is None or model.chart != name:
            return ""
        return f' data-model="{escape(model.name)}" data-inputs="{escape(json.dumps(drawn.data["inputs"]))}"'

    def _chart_parts(self, drawn: Drawing, root: str) -> tuple[str, str]:
        model = self.models.get(str(drawn.data["model"]))
        if model is None:
            return "", data_table(drawn.data)
        href = escape(model_href(model.name, root, drawn.data["inputs"]))
        return f'<a class="use" href="{href}">Use your numbers</a>', data_table(drawn.data)


def _page_of(name: str, root: str) -> str:
    """The way to the page that holds more than the figure, where there is one."""
    if name not in PAGES:
        return ""
    path, words = PAGES[name]
    return f'<a class="use" href="{escape(root + path)}">{escape(words)}</a>'


def data_table(data: Any) -> str:
    """A chart's data, folded away."""
    head = "".join(f'<th scope="col" class="right">{escape(name)}</th>' for name in data["columns"])
    body = "".join(
        "<tr>" + "".join(f'<td class="right">{escape(cell_text(cell))}</td>' for cell in row) + "</tr>"
        for row in data["rows"]
    )
    return (
        '<details class="data"><summary>Data as a table</summary><div class="frame" role="region" tabindex="0" '
        f'aria-label="Data of the chart"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        "</details>"
    )
