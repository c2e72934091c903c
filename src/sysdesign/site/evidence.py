"""Evidence in the text: which words are the handle, and the note that the handle opens.

The handle is the record's `shows` phrase where the sentence holds it, otherwise
a small mark. Either is a link to a note at the end of the page, so that it
works without scripts; with them the same note opens in place.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from markdown_it.token import Token

from sysdesign.content import Reference
from sysdesign.content.records import Fact, Number, Source
from sysdesign.models.declaration import Model, Output, Parameter, inputs_of, outputs_of, result_type_of
from sysdesign.site.addresses import input_text, model_href

KINDS = {
    "rfc": "RFC", "thesis": "Thesis", "code": "Source code",
}  # fmt: skip
_EMPHASIS_OPEN, _EMPHASIS_CLOSE = ("strong_open", "em_open"), ("strong_close", "em_close")
TEXTS = ("text", "softbreak", "hardbreak", "code_inline")


@dataclass
class Note:
    """One record that a page leans on, with the places that use it."""

    id: str
    number: int
    uses: int = 0


@dataclass
class Notes:
    """The notes of one page, in order of first use."""

    found: dict[str, Note] = field(default_factory=dict)

    def use(self, id_: str) -> tuple[Note, str]:
        """Count one more use; gives the note and the id of the handle."""
        note = self.found.setdefault(id_, Note(id_, len(self.found) + 1))
        note.uses += 1
        return note, f"use:{id_}" if note.uses == 1 else f"use:{id_}:{note.uses}"


def record_of(reference: Reference, id_: str) -> Source | Fact | Number | None:
    """The record that a footnote id names."""
    return reference.numbers.get(id_) or reference.facts.get(id_) or reference.sources.get(id_)


def with_handles(children: Sequence[Token], reference: Reference) -> list[Token]:
    """The inline tokens with every footnote mark turned into an `evidence_open` ... `evidence_close` pair.

    The pair encloses the `shows` phrase, or nothing when the phrase is not there.
    """
    line = _Line(children)
    for at, token in enumerate(children):
        if token.type != "footnote_ref":
            continue
        record = record_of(reference, token.meta["label"])
        shows = getattr(record, "shows", "")
        line.place(at, token.meta["label"], " ".join(str(shows).split()))
    return line.tokens()


@dataclass
class _Handle:
    id: str
    start: tuple[int, int]  # child and offset in it
    end: tuple[int, int]


class _Line:
    """Inline tokens beside their text, so that a phrase can be found across tokens."""

    def __init__(self, children: Sequence[Token]) -> None:
        self.children = children
        self.handles: list[_Handle] = []
        self.starts: list[int] = []
        parts: list[str] = []
        length = 0
        for child in children:
            self.starts.append(length)
            part = self._text(child)
            parts.append(part)
            length += len(part)
        self.text = "".join(parts)

    @staticmethod
    def _text(child: Token) -> str:
        if child.type in ("softbreak", "hardbreak"):
            return " "
        return child.content if child.type in ("text", "code_inline") else ""

    def place(self, mark: int, id_: str, shows: str) -> None:
        """Find the phrase nearest before the mark, else after it, else use the mark itself."""
        before = self.starts[mark]
        spots = [m.start() for m in re.finditer(re.escape(shows), self.text)] if shows else []
        spots.sort(key=lambda spot: (spot >= before, abs(before - spot)))
        for spot in spots:
            handle = self._handle(id_, spot, spot + len(shows))
            if handle is not None:
                self.handles.append(handle)
                return
        self.handles.append(_Handle(id_, (mark, 0), (mark, 0)))

    def _handle(self, id_: str, start: int, end: int) -> _Handle | None:
        if _inside_word(self.text, start, end):
            return None
        first, last = self._child_at(start), self._child_at(end - 1)
        begins = (first, start - self.starts[first])
        ends = (last, end - self.starts[last])
        if begins[1] == 0 and first and self.children[first - 1].type in _EMPHASIS_OPEN:
            first, begins = first - 1, (first - 1, 0)  # "**1,000** requests": the emphasis goes inside
        after = self.children[last + 1].type if last + 1 < len(self.children) else ""
        if ends[1] == len(self._text(self.children[last])) and after in _EMPHASIS_CLOSE:
            last, ends = last + 1, (last + 2, 0)
        handle = _Handle(id_, begins, ends)
        overlaps = any(h.start < handle.end and handle.start < h.end for h in self.handles)
        return None if overlaps or not self._whole(first, last) or self._in_link(first) else handle

    def _whole(self, first: int, last: int) -> bool:
        """Whether these tokens nest within themselves and hold nothing but words and emphasis."""
        inside = self.children[first : last + 1]
        depth = list(itertools.accumulate(child.nesting for child in inside))
        if min(depth) < 0 or depth[-1]:
            return False
        ends_in_code = "code_inline" in (inside[0].type, inside[-1].type)
        return not ends_in_code and all(child.type in (*TEXTS, *_EMPHASIS_OPEN, *_EMPHASIS_CLOSE) for child in inside)

    def _child_at(self, position: int) -> int:
        at = len(self.starts) - 1
        while self.starts[at] > position or not self._text(self.children[at]):
            at -= 1
        return at

    def _in_link(self, at: int) -> bool:
        return sum(child.nesting for child in self.children[:at] if child.type.startswith("link_")) > 0

    def tokens(self) -> list[Token]:
        """The tokens, cut where handles begin and end, without the footnote marks."""
        cuts: dict[int, list[tuple[int, int, Token]]] = {}
        for handle in self.handles:
            empty = handle.start == handle.end
            opening = Token("evidence_open", "a", 1, meta={"id": handle.id, "mark": empty})
            closing = Token("evidence_close", "a", -1, meta={"id": handle.id, "mark": empty})
            cuts.setdefault(handle.start[0], []).append((handle.start[1], 1, opening))
            cuts.setdefault(handle.end[0], []).append((handle.end[1], 1 if empty else 0, closing))
        out: list[Token] = []
        for at, child in enumerate(self.children):
            if at in cuts:
                out += _cut(child, sorted(cuts[at], key=lambda cut: cut[:2]))
            elif child.type != "footnote_ref":
                out.append(child)
        return out + [token for _, _, token in cuts.get(len(self.children), ())]


def _inside_word(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    longer = bool(re.match(r"[.,]\d", text[end : end + 2])) and text[end - 1].isdigit()
    cut_left = before.isalnum() or (
        before in (".", ",") and text[start - 2 : start - 1].isdigit() and text[start].isdigit()
    )
    return cut_left or (after.isalnum() and text[end - 1].isalnum()) or longer


def _cut(child: Token, cuts: list[tuple[int, int, Token]]) -> list[Token]:
    if child.type != "text":
        return [token for _, _, token in cuts] + ([] if child.type == "footnote_ref" else [child])
    out: list[Token] = []
    done = 0
    for offset, _, token in cuts:
        if offset > done:
            out.append(Token("text", "", 0, content=child.content[done:offset]))
            done = offset
        out.append(token)
    if done < len(child.content):
        out.append(Token("text", "", 0, content=child.content[done:]))
    return out


def note_view(reference: Reference, note: Note, models: Mapping[str, Model], root: str) -> dict[str, Any]:
    """What the template of a note needs."""
    view: dict[str, Any] = {
        "id": note.id,
        "number": note.number,
        "backs": [f"use:{note.id}" if at == 1 else f"use:{note.id}:{at}" for at in range(1, note.uses + 1)],
    }
    match record_of(reference, note.id):
        case Source() as source:
            kind = KINDS.get(source.kind, source.kind.capitalize())
            return {**view, "kind": "source", "source": source, "what": kind}
        case Fact() as fact:
            return {
                **view,
                "kind": "fact",
                "fact": fact,
                "value": fact_value(fact),
                "date": date_text(fact.checked),
                "how": fact_check_text(fact),
            }
        case Number() as number:
            return {**view, "kind": "number", "number_record": number, **number_view(number, models, root)}
        case _:
            return {**view, "kind": "missing"}


def handle_label(reference: Reference, id_: str) -> str:
    """What a mark without words of its own is called aloud."""
    match record_of(reference, id_):
        case Source() as source:
            return f"Source: {source.author.split(',')[0]} {source.year}"
        case Fact() as fact:
            return f"Fact, checked {date_text(fact.checked)}"
        case Number():
            return "How this number is computed"
        case _:
            return f"Note {id_}"


def fact_value(fact: Fact) -> str:
    """A fact's value with its unit, or its words."""
    if isinstance(fact.value, (int, float, str)) and not isinstance(fact.value, bool):
        return quantity_text(fact.value, fact.unit)
    return fact.shows


def fact_check_text(fact: Fact) -> str:
    """How a fact was and is checked."""
    if fact.class_ == "model":
        return "compared by every check with the vendor's own service model"
    copy = f" (a copy of {fact.seen.dated})" if fact.seen.dated else ""
    read = {"full": "read in full", "section": "its section read", "excerpt": "an excerpt of it read"}[fact.seen.read]
    return f"the vendor's page, {read}{copy}"


def number_view(number: Number, models: Mapping[str, Model], root: str) -> dict[str, Any]:
    """Model, inputs with label and unit, and the link that opens the panel with them."""
    model = models.get(number.model)
    if number.measured is not None:
        inputs = [(name, str(value)) for name, value in number.measured.inputs.items()]
        return {"model": None, "inputs": inputs, "href": "", "result": ""}
    if model is None:
        inputs = [(name.replace("_", " "), input_text(value)) for name, value in number.inputs.items()]
        return {"model": None, "inputs": inputs, "href": "", "result": ""}
    parameters = inputs_of(model.function)
    inputs = [_labeled(parameters.get(name), name, value) for name, value in number.inputs.items()]
    output = _outputs(model).get(number.result)
    return {
        "model": model,
        "inputs": inputs,
        "href": model_href(model.name, root, number.inputs),
        "result": output.label if output else number.result.replace("_", " "),
    }


@lru_cache(maxsize=1024)
def _outputs(model: Model) -> dict[str, Output]:
    return outputs_of(result_type_of(model.function))


def _labeled(parameter: Parameter | None, name: str, value: Any) -> tuple[str, str]:
    if parameter is None:
        return name, input_text(value)
    return parameter.input.label, quantity_text(value, parameter.input.unit)


def quantity_text(value: Any, unit: str) -> str:
    """A value with its unit, as a reader writes it: `2,000/s`, `0.5 s`, `0.9`, `90%`."""
    text = f"{value:,}" if isinstance(value, (int, float)) and not isinstance(value, bool) else input_text(value)
    if unit in ("", "share") or (isinstance(value, str) and re.search(r"[A-Za-z(]", value)):
        return text
    if unit == "%":
        return f"{text}%"
    return f"{text}{unit[1:]}" if unit.startswith("1/") else f"{text} {unit}"


def date_text(date: dt.date) -> str:
    """A date as a sentence holds it: November 23, 2026."""
    return f"{date:%B} {date.day}, {date.year}"
