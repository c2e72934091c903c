"""A message as Protocol Buffers puts it on the wire, field by field, beside the same message as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Output, Text, checked
from sysdesign.models.protobuf import fields, proto_json, wire
from sysdesign.models.protobuf.fields import Field, Message
from sysdesign.models.wording import percent, several

MOST = 20_000  # characters: a page shows a message, not a file
SHOWN = 400  # bytes, and characters of the JSON
EXAMPLE = Text(
    'string name = 1: "Ada"; int32 age = 2: 36; int64 account_id = 3: 4200000000; double balance = 4: 1204.5; '
    "bool active = 5: true; repeated int32 scores = 6: [150, 3, 270]; Address address = 7: "
    '{string city = 1: "Lyon"; uint32 post_code = 2: 69001}'
)


@dataclass(frozen=True)
class Encoded:
    """A message's bytes, and what they are for."""

    hex: Annotated[str, Output("Bytes")]
    json: Annotated[str, Output("As JSON")]
    encoded_bytes: Annotated[int, Output("Size", "B")]
    json_bytes: Annotated[int, Output("Size as JSON", "B")]
    json_share: Annotated[float, Output("Size over that of the JSON", "share")]
    tag_bytes: Annotated[int, Output("Of these, tags of fields", "B")]
    length_bytes: Annotated[int, Output("Lengths", "B")]
    value_bytes: Annotated[int, Output("Values", "B")]
    field_name: Annotated[tuple[str, ...], Output("Field")]
    field_wire: Annotated[tuple[str, ...], Output("Wire type")]
    field_hex: Annotated[tuple[str, ...], Output("Its bytes")]
    field_bytes: Annotated[np.ndarray, Output("Its size", "B")]
    field_json_bytes: Annotated[np.ndarray, Output("Its size as JSON", "B")]


@checked
def encode(
    message: Annotated[
        Text,
        Input(
            "Fields",
            default=EXAMPLE,
            help="As declared, then a colon and the value: int32 a = 1: 150; repeated int32 e = 2: [1, 2].",
        ),
    ] = EXAMPLE,
    lists: Annotated[Literal["packed", "expanded"], Input("Lists of numbers", default="packed")] = "packed",
    presence: Annotated[
        Literal["explicit", "implicit"],
        Input("Presence of fields", default="explicit", help="implicit: a value of 0 or an empty one is not written"),
    ] = "explicit",
) -> Encoded:
    """The bytes of a message in Protocol Buffers' wire format, field by field, and of the same message as JSON.

    Fields are declared as in a .proto file, each with its value behind a colon and a semicolon between two: scalar
    types, `bytes` as 0x0a0b or a text, an enum as `Status state = 1: ACTIVE(2)`, an inner message in braces,
    `repeated` with values in brackets, `map<string, int32> counts = 7: {"a": 1}`. They are written in the order of
    their numbers, as encoders do; readers take any order, so other bytes may mean the same. *Implicit* presence is
    that of proto3 without `optional`.

    JSON is ProtoJSON without spaces: names in camel case, 64-bit integers as texts, bytes as base64, fields that are
    not written left out. Services that write JSON without a schema often keep numbers bare and names as they are,
    and write fields that are empty. Compression, which narrows the distance, is left out, and so are frames.
    Raises InvalidInput, with the position, where the text is no such message, a value does not fit its type, a number
    or name is used twice, messages nest deeper than 32, or the text is longer than 20,000 characters.
    Source: protobuf-encoding, protobuf-json.

    >>> encode("int32 a = 1: 150").hex
    '08 96 01'
    """
    if len(message) > MOST:
        raise InvalidInput(f"message has {len(message):,} characters; it takes {MOST:,}")
    read = fields.read(message)
    if not read:
        raise InvalidInput("message has no field; give one as int32 a = 1: 150")
    written = _written(read) if presence == "implicit" else read
    by_field = [wire.of_field(field, packed=lists == "packed") for field in written]
    records = [record for found in by_field for record in found]
    whole = b"".join(record.whole for record in records)
    as_json = proto_json.of_message(written)
    json_bytes = len(as_json.encode())
    tags, lengths = _summed(records, lambda record: record.tag), _summed(records, lambda record: record.length)
    return Encoded(
        hex=_shown(whole),
        json=as_json if len(as_json) <= SHOWN else f"{as_json[:SHOWN]}...",
        encoded_bytes=len(whole),
        json_bytes=json_bytes,
        json_share=len(whole) / json_bytes,
        tag_bytes=tags,
        length_bytes=lengths,
        value_bytes=len(whole) - tags - lengths,
        field_name=tuple(field.name for field in written),
        field_wire=tuple(_wire_name(found) for found in by_field),
        field_hex=tuple(_shown(b"".join(record.whole for record in found)) for found in by_field),
        field_bytes=np.array([sum(len(record.whole) for record in found) for found in by_field], dtype=int),
        field_json_bytes=np.array([len(proto_json.of_field(field).encode()) for field in written], dtype=int),
    )


def _written(message: Message) -> Message:
    """Without fields whose value is their type's default, unless they say whether they are set."""
    return tuple(_within(field) for field in message if not _left_out(field))


def _left_out(field: Field) -> bool:
    if field.label == "optional" or (field.type == "message" and field.label != "repeated"):
        return False
    if field.type == "enum" and field.label != "repeated":
        return field.value.number == 0
    return not field.value and not str(field.value).startswith("-")  # -0.0 is written


def _within(field: Field) -> Field:
    """The same of messages inside."""
    if field.type == "message":
        inner = [_written(each) for each in field.value] if field.label == "repeated" else _written(field.value)
        return Field(field.number, field.name, field.type, field.label, inner)
    if field.type == "map" and field.value_type == "message":
        entries = [(key, _written(value)) for key, value in field.value]
        return Field(field.number, field.name, field.type, field.label, entries, field.key_type, field.value_type)
    return field


def _summed(records: Iterable[wire.Record], part: Callable[[wire.Record], bytes]) -> int:
    """Bytes of one part over all records and those inside them."""
    return sum(len(part(record)) + _summed(record.inner, part) for record in records)


def _wire_name(found: tuple[wire.Record, ...]) -> str:
    return wire.NAMES[found[0].tag[0] & 7] if found else "none"


def _shown(found: bytes) -> str:
    rest = len(found) - SHOWN
    return found[:SHOWN].hex(" ") + (f" and {several(rest, 'byte')} more" if rest > 0 else "")


def _encoded(inputs: Mapping[str, Any], result: Encoded) -> str:
    return (
        f"{several(len(result.field_name), 'field', 'take')} {several(result.encoded_bytes, 'byte')}, of which "
        f"{result.tag_bytes:,} are tags and {result.length_bytes:,} lengths; as JSON they take "
        f"{result.json_bytes:,}, so this is {percent(result.json_share)} of it."
    )


MODELS = (Model(encode, "How large are messages on the wire?", _encoded, "16-grpc", "16-grpc/fields"),)
