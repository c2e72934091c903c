"""Footnote texts, written at the end of a document from the records that bear their ids."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from sysdesign.content.document import Document
from sysdesign.content.records import Fact, Measured, Number, Source
from sysdesign.content.reference import Reference

_DEFINITION = re.compile(r"^\[\^[^\]\s]+\]:")


def footnote_text(reference: Reference, id_: str) -> str | None:
    """The text of a footnote, or None where no record bears its id."""
    if id_ in reference.sources:
        return source_text(reference.sources[id_])
    if id_ in reference.facts:
        return fact_text(reference.facts[id_])
    if id_ in reference.numbers:
        return number_text(reference.numbers[id_])
    return None


def source_text(source: Source) -> str:
    """Author, title, year and address of a source."""
    return f"{source.author}, [{_escaped(source.title)}]({source.url}), {source.year}."


def fact_text(fact: Fact) -> str:
    """What a vendor says, where, and how it was checked."""
    how = {
        "model": "compared with the vendor's service model",
        "page": "read on the vendor's page",
        "lifecycle": "life-cycle state, read on the vendor's page",
    }[fact.class_]
    return f"{_sentence(fact.says)} [Source]({fact.url}), {how} {fact.checked.isoformat()}."


def number_text(number: Number) -> str:
    """The model, formula or benchmark behind a number, with its inputs."""
    if number.measured is not None:
        return _measured_text(number.measured)
    inputs = ", ".join(f"{name} = {_input(value)}" for name, value in number.inputs.items())
    given = f" with {inputs}" if inputs else ""
    if number.model:
        return f"Computed: `{number.result}` of the model `{number.model}`{given}."
    return f"Computed: `{number.formula}`{given}."


def _measured_text(found: Measured) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    return (
        f"Measured: {found.result}, by `{found.command}`; {found.low} to {found.high} in {found.runs} runs, "
        f"{versions}, {found.machine}, {found.dated.isoformat()}."
    )


def definition(reference: Reference, document: Document, id_: str) -> str | None:
    """The footnote's text in that document; it counts repeated marks, so that none is lost unseen."""
    text = footnote_text(reference, id_)
    marks = sum(1 for use in document.footnote_uses if use.id == id_)
    return text if text is None or marks < 2 else f"{text} Cited {marks} times."


def tidied(reference: Reference, document: Document) -> str:
    """The document's text with one footnote definition for each mark, in the order of first use.

    A mark without a record keeps the definition it had, so nothing is lost.
    """
    lines = document.source.rstrip("\n").split("\n")
    kept = [line for line in lines if not _DEFINITION.match(line)]
    while kept and not kept[-1].strip():
        kept.pop()
    used = list(dict.fromkeys(use.id for use in document.footnote_uses))
    texts = {id_: definition(reference, document, id_) or document.footnote_texts.get(id_, ("", 0))[0] for id_ in used}
    notes = [f"[^{id_}]: {text}" for id_, text in texts.items() if text]
    return "\n".join([*kept, "", *notes]).rstrip("\n") + "\n" if notes else "\n".join(kept) + "\n"


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file's content whole or not at all."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _escaped(text: str) -> str:
    return text.replace("[", "\\[").replace("]", "\\]")


def _input(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
