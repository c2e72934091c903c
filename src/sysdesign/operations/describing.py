"""What the service offers, as an OpenAPI description: its routes, what each takes, and the shape of each answer.

The shapes come from the types of the operations, so that they cannot say something else than what is sent.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import TypeAdapter

from sysdesign import __version__
from sysdesign.content.brief import Brief
from sysdesign.decide.answer import SCHEMA_VERSION
from sysdesign.operations.deciding import DecisionForm, DecisionLine
from sysdesign.operations.modeling import ModelLine, Panel
from sysdesign.operations.reading import DocumentLine, SectionText, SymptomLine
from sysdesign.running.solving import Solved
from sysdesign.search.index import Answer

JSON, FILES = "application/json", "application/octet-stream"
ERROR = {
    "type": "object", "required": ["error"],
    "properties": {"error": {
        "type": "object", "required": ["input", "message"],
        "properties": {"input": {"type": ["string", "null"]}, "message": {"type": "string"}},
    }},
}  # fmt: skip
DECIDED = {
    "type": "object", "description": "The answer; `schema` names its version",
    "required": ["schema", "decision", "first", "either", "confidence", "options", "outcomes", "prose", "record"],
    "properties": {"schema": {"const": SCHEMA_VERSION}, "prose": {"type": "string"}, "record": {"type": "string"}},
}  # fmt: skip
INPUTS = {"type": "object", "description": "By name, as `/models/{name}` lists them; texts with units are read"}
WORKLOAD = {"type": "object", "description": "Facts by group and name, as `/decisions/{name}` lists them"}


@cache
def description() -> dict[str, Any]:
    """The description of all routes under /api."""
    name, address, chart = _path("name"), _path("address"), {"type": "boolean"}
    section = _query("section", "The anchor of a section within the document")
    paths = {
        "/documents": _get("All documents, written and planned", _answer(tuple[DocumentLine, ...])),
        "/sections/{address}": _get("A section, or a document, as Markdown", _answer(SectionText), address, section),
        "/briefs/{name}": _get("A document in short", _answer(Brief), name),
        "/symptoms": _get(
            "What leads to a section", _answer(tuple[SymptomLine, ...]), _query("holds", "Text that it holds"),
        ),
        "/search": _get("Sections for a query", _answer(Answer), _query("q", "The query", True), _limit()),
        "/models": _get("All models", _answer(tuple[ModelLine, ...])),
        "/models/{name}": _get("A model's inputs and results", _answer(ModelLine), name),
        "/models/{name}/run": _post(
            "Run a model", {"inputs": INPUTS, "chart": chart}, _answer(Panel), (), name, *_beside_files(), files=True,
        ),
        "/models/{name}/solve": _post(
            "Find the input that gives a result",
            {"inputs": INPUTS, "solve": {"type": "string"}, "for": {"type": "string", "examples": ["calls_with=1.3"]}},
            _answer(Solved), ("solve", "for"), name, *_beside_files(), files=True,
        ),
        "/decisions": _get("All decisions", _answer(tuple[DecisionLine, ...])),
        "/decisions/{name}": _get("What a decision asks", _answer(DecisionForm), name),
        "/decisions/{name}/decide": _post("Decide for a workload", {"workload": WORKLOAD}, DECIDED, (), name),
    }  # fmt: skip
    about = {"title": "System Design Reference", "version": __version__}
    return {"openapi": "3.1.0", "info": about, "servers": [{"url": "/api"}], "paths": paths}


def _answer(kind: Any) -> dict[str, Any]:
    return TypeAdapter(kind).json_schema(mode="serialization")


def _get(summary: str, answer: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
    return {"get": {"summary": summary, "parameters": list(parameters), "responses": _responses(answer)}}


def _post(
    summary: str,
    body: dict[str, Any],
    answer: dict[str, Any],
    required: tuple[str, ...],
    *parameters: dict[str, Any],
    files: bool = False,
) -> dict[str, Any]:
    schema = {"type": "object", "properties": body, "required": list(required)}
    told = {"summary": summary, "parameters": list(parameters), "responses": _responses(answer)}
    content: dict[str, Any] = {JSON: {"schema": schema}}
    if files:
        content[FILES] = {"schema": {"type": "string", "format": "binary"}}
    return {"post": {**told, "requestBody": {"required": True, "content": content}}}


def _beside_files() -> tuple[dict[str, Any], ...]:
    """What the address holds where the body is files."""
    return (
        _query("file", f"The input that takes the body, sent as {FILES}; once for each of several files"),
        _query("bytes", "The length of each of several files, which stand one behind the other"),
        _query("inputs", "The other inputs as JSON; each may also stand in the address by its name, with how a file is "
               "read: latency_decimal=comma"),
    )  # fmt: skip


def _responses(answer: dict[str, Any]) -> dict[str, Any]:
    good = {"description": "The answer", "content": {JSON: {"schema": answer}}}
    wrong = {"description": "What was wrong, and what would work", "content": {JSON: {"schema": ERROR}}}
    return {"200": good, "default": wrong}


def _path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query(name: str, what: str, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": what, "required": required, "schema": {"type": "string"}}


def _limit() -> dict[str, Any]:
    return {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 10}}
