"""The schema of analytics: what one question reads and joins, and what a changed attribute rewrites, by its form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.models.columnar import column_size
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, count, duration, size
from sysdesign.probability.elementwise import broadcast, plain

Form = Literal["star", "snowflake", "wide", "vault"]
HASH_BYTES = 16.0  # of an MD5
ROW_BITS = 32.0  # of a number that tells rows apart


@dataclass(frozen=True)
class Schema:
    """What one question and one load meet."""

    answer_s: Annotated[float, Output("Time of the question", "s")]
    read_bytes: Annotated[float, Output("Bytes read", "B")]
    joins: Annotated[float, Output("Joins")]
    joined_rows: Annotated[float, Output("Rows that joins take in")]
    sent_bytes: Annotated[float, Output("Bytes sent between machines by broadcasts", "B")]
    stored_bytes: Annotated[float, Output("Bytes stored", "B")]
    rewritten_bytes: Annotated[float, Output("Bytes that a load's changes write", "B")]
    rewritten_share: Annotated[float, Output("Of the bytes stored, written by a load's changes", "share")]


@dataclass(frozen=True)
class _Sizes:
    """Bytes of columns, of one dimension each."""

    measure: np.ndarray
    key: np.ndarray  # in the facts
    few_in_facts: np.ndarray
    many_in_facts: np.ndarray
    own_key: np.ndarray  # in the dimension
    few: np.ndarray  # an attribute of few values in the dimension
    many: np.ndarray
    parent: np.ndarray  # key of the next level, in the dimension


@checked
def schema(
    form: Annotated[Form, Input("Form of the schema", default="star")] = "star",
    fact_rows: Annotated[float, Input("Rows of the fact table", low=1, high=1e13, default=1e9)] = 1e9,
    measures: Annotated[float, Input("Columns of facts", low=1, high=1000, default=6)] = 6,
    measure_bytes: Annotated[float, Input("Stored size of a fact's value", "B", low=0.01, high=1000, default=4)] = 4,
    measures_asked: Annotated[float, Input("Columns of facts asked for", low=1, high=1000, default=2)] = 2,
    dimensions: Annotated[float, Input("Dimensions", low=1, high=200, default=5)] = 5,
    dimensions_asked: Annotated[float, Input("Dimensions asked for", low=0, high=200, default=2)] = 2,
    members: Annotated[float, Input("Members of a dimension", low=1, high=1e11, default=1e6)] = 1e6,
    versions: Annotated[float, Input("Versions of a member that are kept", low=1, high=1e5, default=1)] = 1,
    few_attributes: Annotated[float, Input("Attributes of few values, a dimension", low=0, high=1000, default=8)] = 8,
    few_values: Annotated[float, Input("Values of such an attribute", low=1, high=1e9, default=200)] = 200,
    many_attributes: Annotated[
        float, Input("Attributes that nearly every member has its own of", low=0, high=1000, default=3)
    ] = 3,
    attribute_bytes: Annotated[float, Input("Size of a text with its length", "B", low=1, high=1e5, default=20)] = 20,
    levels: Annotated[
        float, Input("Tables of a dimension, normalized", low=2, high=20, default=3, help="For a snowflake.")
    ] = 3,
    kept_share: Annotated[
        float, Input("Facts left by partitions and zone maps", "share", low=1e-9, high=1, default=0.2)
    ] = 0.2,
    changes: Annotated[float, Input("Members changed in a load", low=0, high=1e11, default=1000)] = 1000,
    changed: Annotated[
        Literal["member", "value"], Input("What changes", default="member", help="value: one that members share.")
    ] = "member",
    history: Annotated[Literal["overwritten", "versioned"], Input("Old values", default="overwritten")] = "overwritten",
    group_rows: Annotated[float, Input("Rows of a piece that is written anew", low=8, high=1e12, default=1e6)] = 1e6,
    bytes_per_s: Annotated[float, Input("Bytes that one machine reads", "B/s", low=1, high=1e15, default=5e8)] = 5e8,
    row_join_s: Annotated[float, Input("Time to take one row into a join", "s", low=0, high=1, default=5e-9)] = 5e-9,
    machines: Annotated[float, Input("Machines", low=1, high=1e5, default=8)] = 8,
) -> Schema:
    """What a question reads and joins in a star, a snowflake, a wide table or a vault, and what changes rewrite.

    Columns are as large as `columnar.column_size` says, rows by chance: the facts hold a key for each dimension,
    or, wide, its attributes themselves. A question reads its columns of the facts left by pruning and one attribute of
    each dimension asked for. A star joins once a dimension, a snowflake once a level, where the joins
    of its tables take in the members; a vault joins hashed keys of the facts with each satellite, and with the
    satellite of the facts' own columns, all of whose rows are taken in twice. Each machine gets what it lacks of the
    dimensions' columns read; a vault's facts lie by their hash.

    Changed rows lie anywhere, and a piece with one of them is written anew, all columns: with n rows a piece and a
    share s changed it is 1 - (1 - s)^n of them. In a wide table overwriting changes a member's facts, which are
    scattered; versioned, it keeps old facts as they are, for nothing. Elsewhere a new row also closes the old
    version. A value that members share stands once in a snowflake or vault, and in a star with each of its members.
    A vault only adds rows.

    General compression, sorting by an attribute, merging at reads and the maintenance of indexes are left out; one
    size stands for all dimensions. Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Sources: linstedt-2015 for the parts of a vault, kimball-152 for what is overwritten; kaminsky-2022 found wide
    tables a quarter to a half faster than stars, which row_join_s is set by; the sums follow.

    >>> round(schema("wide").read_bytes / 1e9, 3), round(schema("star").read_bytes / 1e9, 3)
    (2.002, 2.602)
    """
    names = "facts measures measure_bytes asked dimensions joined members versions few few_values many bytes "
    names += "levels kept changes group pace row_s machines"
    facts_of = (fact_rows, measures, measure_bytes, measures_asked, dimensions, dimensions_asked, members, versions)
    texts_of = (few_attributes, few_values, many_attributes, attribute_bytes, levels, kept_share, changes)
    each = broadcast(*facts_of, *texts_of, group_rows, bytes_per_s, row_join_s, machines)
    at: dict[str, Any] = dict(zip(names.split(), each, strict=True))
    at["rows"] = at["members"] * at["versions"]
    at["joined"] = np.minimum(at["joined"], at["dimensions"])
    at["asked"] = np.minimum(at["asked"], at["measures"])
    columns = _columns(form, at)
    facts, dimension = _stored(form, at, columns)
    read_facts, read_dimension = _read(form, at, columns)
    joins, joined = _joins(form, at)
    read = read_facts * at["kept"] + read_dimension * at["joined"]
    stored = facts + dimension * at["dimensions"]
    written = np.minimum(_written(form, changed, history, at, facts, dimension), stored)
    answer = (read / at["pace"] + joined * at["row_s"]) / at["machines"]
    sent = read_dimension * at["joined"] * (at["machines"] - 1)
    found = (answer, read, joins, joined, sent, stored, written, written / stored)
    return Schema(*map(plain, np.broadcast_arrays(*found)))


Given = Mapping[str, Any]


def _columns(form: Form, at: Given) -> _Sizes:
    """Each kind of column, in the facts and in a dimension."""
    one = np.ones_like(at["facts"])

    def column(rows: Any, different: Any, wide: Any, bits: Any = 0.0) -> np.ndarray:
        found = column_size(rows, np.minimum(different, rows), wide * one, value_bits=bits, group_rows=at["group"])
        return np.asarray(found.least_bytes)

    none, wide, hashed = 0.0 * one, form == "wide", form == "vault"
    key_bytes, key_bits = (HASH_BYTES, 0.0) if hashed else (8.0, np.ceil(np.log2(np.maximum(at["rows"], 2))))
    return _Sizes(
        measure=at["facts"] * at["measure_bytes"],
        key=none if wide else column(at["facts"], at["rows"], key_bytes, key_bits),
        few_in_facts=column(at["facts"], at["few_values"], at["bytes"]) if wide else none,
        many_in_facts=column(at["facts"], at["rows"], at["bytes"]) if wide else none,
        own_key=column(at["rows"], at["rows"], HASH_BYTES) if hashed else none,
        few=none if wide else column(at["rows"], at["few_values"], at["bytes"]),
        many=none if wide else column(at["rows"], at["rows"], at["bytes"]),
        parent=column(at["rows"], at["few_values"], 8.0, ROW_BITS) if form == "snowflake" else none,
    )


def _stored(form: Form, at: Given, columns: _Sizes) -> tuple[np.ndarray, np.ndarray]:
    """Bytes of the facts, and of one dimension."""
    own = at["measures"] * columns.measure
    if form == "wide":
        attributes = at["few"] * columns.few_in_facts + at["many"] * columns.many_in_facts
        return own + at["dimensions"] * attributes, np.zeros_like(own)
    many = at["many"] * columns.many + columns.own_key
    keys = at["dimensions"] * columns.key
    if form == "snowflake":
        return own + keys, many + columns.parent + at["few"] * np.minimum(at["few_values"], at["rows"]) * at["bytes"]
    if form == "vault":  # each row of the facts has a hash of its own, in link and satellite; a hub repeats the keys
        return own + keys + 2 * at["facts"] * HASH_BYTES, many + columns.own_key + at["few"] * columns.few
    return own + keys, many + at["few"] * columns.few


def _read(form: Form, at: Given, columns: _Sizes) -> tuple[np.ndarray, np.ndarray]:
    """Bytes of the facts before pruning, and of one dimension."""
    own = at["asked"] * columns.measure
    if form == "wide":
        return own + at["joined"] * columns.few_in_facts, np.zeros_like(own)
    keys = at["joined"] * columns.key
    if form == "snowflake":
        return own + keys, columns.own_key + columns.parent
    if form == "vault":
        return own + keys + 2 * at["facts"] * HASH_BYTES, columns.own_key + columns.few
    return own + keys, columns.own_key + columns.few


def _joins(form: Form, at: Given) -> tuple[np.ndarray, np.ndarray]:
    """Joins, and the rows that they take in on both sides."""
    facts = at["facts"] * at["kept"]
    if form == "wide":
        return facts * 0.0, facts * 0.0
    rows = at["joined"] * (facts + at["rows"])
    if form == "snowflake":
        return at["joined"] * at["levels"], rows + at["joined"] * (at["levels"] - 1) * at["rows"]
    if form == "vault":
        return at["joined"] + 1, rows + 2 * facts
    return at["joined"], rows


def _written(form: Form, changed: str, history: str, at: Given, facts: np.ndarray, dimension: np.ndarray) -> np.ndarray:
    """Bytes written for a load's changes of one dimension."""
    row = dimension / at["rows"]
    shared = changed == "value"
    each = np.maximum(at["members"] / np.minimum(at["few_values"], at["members"]), 1) if shared else 1.0
    touched = np.minimum(at["changes"] * each, at["members"])
    if form == "vault":
        return at["changes"] * (row + HASH_BYTES)
    if form == "wide":
        none = np.zeros_like(facts)
        return none if history == "versioned" else facts * _pieces(touched / at["members"], at["facts"], at["group"])
    if form == "snowflake" and shared:
        return at["changes"] * at["bytes"]
    added = touched * row if history == "versioned" else 0.0
    return dimension * _pieces(touched / at["rows"], at["rows"], at["group"]) + added


def _pieces(share: np.ndarray, rows: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Share of pieces that hold a changed row, where a share of all rows changed."""
    return -np.expm1(np.minimum(group, rows) * np.log1p(-np.minimum(share, 1 - 1e-16)))


def _said(inputs: Mapping[str, Any], result: Schema) -> str:
    form = {"wide": "wide table"}.get(inputs["form"], inputs["form"])
    return (
        f"A {form} reads {size(result.read_bytes)} and joins {amount(result.joined_rows)} rows in "
        f"{duration(result.answer_s)}; it holds {size(result.stored_bytes)}, and {count(inputs['changes'])} changes "
        f"write {size(result.rewritten_bytes)}."
    )


MODELS = (
    Model(
        schema, "Which schema should questions over many records meet?", _said, "19-olap-oltp", "19-olap-oltp/schema"
    ),
)
