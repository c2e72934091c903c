"""The wire format, byte for byte: a tag, a length where the type has none of its own, and the value.

Source: the encoding guide of Protocol Buffers.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from sysdesign.errors import InvalidInput
from sysdesign.models.columnar.parquet import varint, zigzag
from sysdesign.models.protobuf.fields import Enum, Field, Message

VARINT, FIXED_64, LENGTH, FIXED_32 = 0, 1, 2, 5
NAMES = {VARINT: "VARINT", FIXED_64: "I64", LENGTH: "LEN", FIXED_32: "I32"}


class Record(NamedTuple):
    """One field on the wire; `inner` are the records that its payload consists of, if it is a message."""

    tag: bytes
    length: bytes
    payload: bytes
    inner: tuple[Record, ...] = ()

    @property
    def whole(self) -> bytes:
        return self.tag + self.length + self.payload


def records(message: Message, *, packed: bool) -> tuple[Record, ...]:
    """The records of all fields, in the order of their numbers."""
    return tuple(record for field in message for record in of_field(field, packed=packed))


def of_field(field: Field, *, packed: bool) -> tuple[Record, ...]:
    """The records of one field: none for an empty list, one for a packed list, else one a value."""
    if field.type == "map":
        entries = (_entry(field, key, value) for key, value in field.value)
        return tuple(_of_value(field.number, "message", entry, packed=packed) for entry in entries)
    if field.label != "repeated":
        return (_of_value(field.number, field.type, field.value, packed=packed),)
    if packed and field.value and wire_type(field.type) != LENGTH:
        joined = b"".join(_scalar(field.type, each) for each in field.value)
        return (Record(tag(field.number, LENGTH), varint(len(joined)), joined),)
    return tuple(_of_value(field.number, field.type, each, packed=packed) for each in field.value)


def _entry(field: Field, key: Any, value: Any) -> Message:
    """A map's entry is a message of two fields."""
    return Field(1, "key", field.key_type, "", key), Field(2, "value", field.value_type, "", value)


def _of_value(number: int, kind: str, value: Any, *, packed: bool) -> Record:
    wire = wire_type(kind)
    if wire != LENGTH:
        return Record(tag(number, wire), b"", _scalar(kind, value))
    inner = records(value, packed=packed) if kind == "message" else ()
    payload = b"".join(each.whole for each in inner) if kind == "message" else _octets(value)
    return Record(tag(number, wire), varint(len(payload)), payload, inner)


def tag(number: int, wire: int) -> bytes:
    return varint(number << 3 | wire)


def wire_type(kind: str) -> int:
    """How long the value of a type is: a varint's end says so, eight bytes, four, or a length stands before it."""
    if kind in ("string", "bytes", "message"):
        return LENGTH
    if kind in ("fixed64", "sfixed64", "double"):
        return FIXED_64
    return FIXED_32 if kind in ("fixed32", "sfixed32", "float") else VARINT


def _octets(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _scalar(kind: str, value: Any) -> bytes:
    return _WRITERS.get(kind, _plain)(value)


def _plain(value: int | Enum) -> bytes:
    """Below 0 as two's complement of 64 bits, which is ten bytes."""
    number = value.number if isinstance(value, Enum) else int(value)
    return varint(number % (1 << 64))


def _float(value: float) -> bytes:
    try:
        return struct.pack("<f", value)
    except OverflowError:
        raise InvalidInput(f"message: {value:g} does not fit a float; a double would take it") from None


_WRITERS: dict[str, Callable[[Any], bytes]] = {
    "sint32": lambda value: varint(zigzag(value)),
    "sint64": lambda value: varint(zigzag(value)),
    "fixed32": lambda value: (value % (1 << 32)).to_bytes(4, "little"),
    "sfixed32": lambda value: (value % (1 << 32)).to_bytes(4, "little"),
    "fixed64": lambda value: (value % (1 << 64)).to_bytes(8, "little"),
    "sfixed64": lambda value: (value % (1 << 64)).to_bytes(8, "little"),
    "float": _float,
    "double": lambda value: struct.pack("<d", value),
}
