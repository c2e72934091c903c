"""Sizes without the message: of one number by its type, and of a message by what it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.columnar.sizes import varint_bytes
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.protobuf.fields import INTEGERS, NUMBERS
from sysdesign.models.protobuf.proto_json import QUOTED
from sysdesign.models.wording import amount, percent, several, size
from sysdesign.probability.elementwise import broadcast, plain

EXACT = 2**53  # whole numbers up to here are exact in floating point, and in most readers of JSON
Kind = Literal[
    "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32", "sfixed64"
]  # fmt: skip
Name = Annotated[float, Input("Letters of a field's name", low=1, high=1000, default=8)]
IntegerKind = Annotated[Kind, Input("Type of integers", default="int32")]


@dataclass(frozen=True)
class Number:
    """One integer field."""

    tag_bytes: Annotated[float, Output("Tag", "B")]
    value_bytes: Annotated[float, Output("Value", "B")]
    field_bytes: Annotated[float, Output("Field", "B")]
    json_bytes: Annotated[float, Output("As JSON, with its name and a comma", "B")]
    json_share: Annotated[float, Output("Field over that of JSON", "share")]


@checked
def number(
    value: Annotated[int, Input("Value", low=-EXACT, high=EXACT, default=150)] = 150,
    kind: IntegerKind = "int32",
    field_number: Annotated[int, Input("Number of the field", low=1, high=NUMBERS[-1], default=1)] = 1,
    name_letters: Name = 8,
) -> Number:
    """The size of one integer field by its type: tag and value on the wire, and as JSON.

    A varint has seven bits a byte. Below 0 the plain types take ten bytes, `sint` types as many as for twice the
    size above 0, `fixed` types always four or eight. The tag is a varint of the field's number and three bits more:
    one byte up to 15, two up to 2047. JSON is the name in quotes, a colon, the digits (in quotes where the type has
    64 bits, as ProtoJSON writes them) and a comma. Elementwise over arrays.
    Raises InvalidInput where a value does not fit its type. Source: protobuf-encoding, protobuf-json.

    >>> number(150).field_bytes, number(-2).value_bytes, number(-2, "sint32").value_bytes
    (3.0, 10.0, 1.0)
    """
    values, places, letters = broadcast(value, field_number, name_letters)
    tags, payload = varint_bytes(places * 8), _integer(values, kind)
    whole, as_json = tags + payload, letters + 4 + _decimal(values, kind)
    return Number(*(plain(each) for each in (tags, payload, whole, as_json, whole / as_json)))


def _integer(values: np.ndarray, kind: Kind) -> np.ndarray:
    allowed = INTEGERS[kind]
    wrong = (values < allowed[0]) | (values > allowed[-1])
    if wrong.any():
        raise InvalidInput(
            f"value holds {values[wrong].flat[0]:.0f}, which does not fit {kind}; {allowed[0]} to {allowed[-1]} do"
        )
    if "fixed" in kind:
        return np.full_like(values, 8.0 if kind.endswith("64") else 4.0)
    if kind.startswith("sint"):
        return varint_bytes(np.where(values < 0, -2 * values - 1, 2 * values))
    return np.where(values < 0, 10.0, varint_bytes(values))


def _decimal(values: np.ndarray, kind: Kind) -> np.ndarray:
    """Letters of a number in JSON."""
    digits = 1.0 + sum((abs(values) >= 10.0**k).astype(float) for k in range(1, 17))
    return np.asarray(digits) + (values < 0) + 2 * (kind in QUOTED)


@dataclass(frozen=True)
class MessageSize:
    """A message's size on the wire and as JSON, and what the difference consists of."""

    encoded_bytes: Annotated[float, Output("Size", "B")]
    json_bytes: Annotated[float, Output("Size as JSON", "B")]
    json_share: Annotated[float, Output("Size over that of the JSON", "share")]
    tag_bytes: Annotated[float, Output("Of these, tags and lengths", "B")]
    value_bytes: Annotated[float, Output("Values", "B")]
    name_bytes: Annotated[float, Output("Of the JSON, names and their quotes", "B")]
    record_bytes: Annotated[float, Output("Size of one record", "B")]
    record_json_bytes: Annotated[float, Output("One record as JSON", "B")]


@checked
def message(
    integers: Annotated[float, Input("Integer fields", low=0, high=1e6, default=6)] = 6,
    value: Annotated[int, Input("Value of each integer", low=-EXACT, high=EXACT, default=150)] = 150,
    kind: IntegerKind = "int32",
    texts: Annotated[float, Input("Text fields", low=0, high=1e6, default=3)] = 3,
    text_bytes: Annotated[float, Input("Length of each text", "B", low=0, high=1e8, default=20)] = 20,
    decimals: Annotated[float, Input("Double fields", low=0, high=1e6, default=1)] = 1,
    decimal_letters: Annotated[float, Input("Letters of a double in JSON", low=1, high=24, default=8)] = 8,
    flags: Annotated[float, Input("Bool fields that are true", low=0, high=1e6, default=2)] = 2,
    listed: Annotated[float, Input("Doubles in one packed list", low=0, high=1e8, default=0)] = 0,
    name_letters: Name = 8,
    records: Annotated[
        float, Input("Records in a list", low=1, high=1e8, default=1, help="1: the record itself is the message")
    ] = 1,
) -> MessageSize:
    """The size of a message by what it holds, on the wire and as JSON: what tags save over names.

    Fields have the numbers 1, 2, 3 and so on, so that those past 15 have a tag of two bytes. A text has its length
    before it, a double eight bytes whatever its digits, a packed list one tag and one length. Texts are ASCII that
    JSON need not escape. JSON is ProtoJSON without spaces, with all names of the same length. Several records are a
    repeated message in a message: each has a tag and a length, and in JSON a comma.

    The share is near 1 where texts make up the message and smallest for many small integers and flags. It is above 1
    where numbers have fewer digits than their type has bytes. Compression and frames are left out.
    Elementwise over arrays. Raises InvalidInput where a value does not fit its type or there is nothing to send.
    Source: protobuf-encoding, protobuf-json.

    >>> message(integers=10, texts=0, decimals=0, flags=0).encoded_bytes
    30.0
    """
    given = (integers, value, texts, text_bytes, decimals, decimal_letters, flags, listed, name_letters, records)
    ints, values, words, letters, reals, digits, bools, more, name, count = broadcast(*given)
    lists = (more > 0).astype(float)
    fields = ints + words + reals + bools + lists
    if np.any(fields == 0):
        raise InvalidInput("message holds no field; give integers, texts, decimals, flags or listed above 0")
    tags = _tags(fields) + words * varint_bytes(letters) + lists * varint_bytes(8 * more)
    payload = ints * _integer(values, kind) + words * letters + 8 * (reals + more) + bools
    names = fields * (name + 2)
    shown = ints * _decimal(values, kind) + words * (letters + 2) + digits * (reals + more) + 4 * bools
    # Braces, a colon a field, a comma between two; brackets of the list and its own commas.
    record_json = names + shown + 1 + 2 * fields + lists * 2 + np.maximum(more - 1, 0)
    record, apart = tags + payload, count > 1
    each = np.where(apart, 1 + varint_bytes(record), 0.0)
    whole = count * (record + each)
    as_json = np.where(apart, count * (record_json + 1) + name + 6, record_json)
    found = (
        whole, as_json, whole / as_json, count * (tags + each), count * payload,
        count * names + np.where(apart, name + 2, 0.0), record, record_json,
    )  # fmt: skip
    return MessageSize(*map(plain, found))


def _tags(fields: np.ndarray) -> np.ndarray:
    """Bytes of the tags of fields 1, 2, 3 and so on."""
    return np.asarray(fields + sum(np.maximum(fields - (2.0 ** (7 * k - 3) - 1), 0) for k in range(1, 5)))


def _one(inputs: Mapping[str, Any], result: Number) -> str:
    return (
        f"{inputs['value']:,} as {inputs['kind']} takes {several(result.value_bytes, 'byte')} and its tag "
        f"{amount(result.tag_bytes)}; as JSON {amount(result.json_bytes)} with its name."
    )


def _sized(inputs: Mapping[str, Any], result: MessageSize) -> str:
    return (
        f"The message takes {size(result.encoded_bytes)}, {percent(result.json_share)} of the "
        f"{size(result.json_bytes)} of its JSON, of which {size(result.name_bytes)} are names."
    )


SIZE = "How large are messages on the wire?"
MODELS = (
    Model(number, SIZE, _one, "16-grpc", "16-grpc/number"),
    Model(message, SIZE, _sized, "16-grpc", "16-grpc/message"),
)
