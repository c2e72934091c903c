"""Protocol Buffers: the published bytes, Google's own encoder on drawn messages, and sizes against both."""

from __future__ import annotations

import json
import math
import struct

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import protobuf as model
from sysdesign.models.protobuf import fields, proto_json, wire
from sysdesign.models.protobuf.fields import Enum, Field
from tests.models.corners import assert_finite_at_corners, assert_sentences

ITS = descriptor_pb2.FieldDescriptorProto
FLOAT_32 = st.floats(width=32, allow_nan=False)
VALUES = {
    **{kind: st.integers(allowed[0], allowed[-1]) for kind, allowed in fields.INTEGERS.items()},
    "float": FLOAT_32,
    "double": st.floats(allow_nan=False),
    "bool": st.booleans(),
    "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
    "bytes": st.binary(max_size=300),
    "enum": st.builds(Enum, st.integers(0, 2), st.just("")).map(lambda each: Enum(each.number, f"E{each.number}")),
}
NUMBERS = st.one_of(st.integers(1, 40), st.integers(1, 18_999), st.integers(20_000, 2**29 - 1))


@st.composite
def messages(draw, depth=2):
    """Fields of any type, single and repeated, maps, and messages inside."""
    kinds = [*VALUES, "map", *(["message"] if depth else [])]
    numbers = draw(st.lists(NUMBERS, min_size=0 if depth < 2 else 1, max_size=6, unique=True))
    found = []
    for at, number in enumerate(sorted(numbers)):
        kind, name = draw(st.sampled_from(kinds)), f"some_field{at}"
        if kind == "map":
            key, value = draw(st.sampled_from(fields.KEYS)), draw(st.sampled_from(list(VALUES)))
            pairs = draw(st.dictionaries(VALUES[key], VALUES[value], max_size=1))
            found.append(Field(number, name, "map", "", list(pairs.items()), key, value))
            continue
        values = messages(depth - 1) if kind == "message" else VALUES[kind]
        if draw(st.booleans()):
            found.append(Field(number, name, kind, "repeated", draw(st.lists(values, max_size=5))))
        else:
            found.append(Field(number, name, kind, "", draw(values)))
    return tuple(found)


class Peer:
    """The same message in Google's library, by a descriptor made for it."""

    def __init__(self, message, *, packed=True):
        self.file = descriptor_pb2.FileDescriptorProto(name="drawn.proto", package="drawn", syntax="proto2")
        values = self.file.enum_type.add(name="Kind").value
        for number in range(3):
            values.add(name=f"E{number}", number=number)
        self.packed, self.count = packed, 0
        name = self.declare(message)
        pool = descriptor_pool.DescriptorPool()
        pool.Add(self.file)
        self.message = message_factory.GetMessageClass(pool.FindMessageTypeByName(f"drawn.{name}"))()

    def declare(self, message):
        self.count += 1
        declared = self.file.message_type.add(name=f"M{self.count}")
        for field in message:
            each = declared.field.add(name=field.name, number=field.number, json_name=proto_json.camel(field.name))
            each.label = ITS.LABEL_REPEATED if field.label or field.type == "map" else ITS.LABEL_OPTIONAL
            if field.type == "map":
                entry = declared.nested_type.add(name=f"{field.name.title().replace('_', '')}Entry")
                entry.options.map_entry = True
                for name, number, kind in (("key", 1, field.key_type), ("value", 2, field.value_type)):
                    inner = entry.field.add(name=name, number=number, label=ITS.LABEL_OPTIONAL)
                    self.type_of(inner, kind)
                each.type, each.type_name = ITS.TYPE_MESSAGE, f".drawn.{declared.name}.{entry.name}"
            elif field.type == "message":
                shown = field.value if field.label else [field.value]
                merged = {inner.number: inner for one in shown for inner in one}
                each.type, each.type_name = ITS.TYPE_MESSAGE, f".drawn.{self.declare(tuple(merged.values()))}"
            else:
                self.type_of(each, field.type)
                each.options.packed = self.packed and bool(field.label) and field.type not in ("string", "bytes")
        return declared.name

    @staticmethod
    def type_of(declared, kind):
        declared.type = getattr(ITS, f"TYPE_{kind.upper()}")
        if kind == "enum":
            declared.type_name = ".drawn.Kind"

    def filled(self, message):
        fill(self.message, message)
        return self.message


def fill(peer, message):
    for field in message:
        if field.type == "map":
            for key, value in field.value:
                getattr(peer, field.name)[key] = plain(value)
        elif field.type == "message" and field.label:
            for each in field.value:
                fill(getattr(peer, field.name).add(), each)
        elif field.type == "message":
            getattr(peer, field.name).SetInParent()
            fill(getattr(peer, field.name), field.value)
        elif field.label:
            getattr(peer, field.name).extend(plain(each) for each in field.value)
        else:
            setattr(peer, field.name, plain(field.value))


def plain(value):
    return value.number if isinstance(value, Enum) else value


def single(message):
    """Repeated messages of one shape only, since the peer declares one type for all of a list."""
    kept = []
    for field in message:
        if field.type == "message" and field.label:
            kept.append(Field(field.number, field.name, "message", "repeated", [single(e) for e in field.value[:1]]))
        elif field.type == "message":
            kept.append(Field(field.number, field.name, "message", "", single(field.value)))
        else:
            kept.append(field)
    return tuple(kept)


@settings(max_examples=300, deadline=None)
@given(messages(), st.booleans())
def test_google_s_encoder_writes_the_same_bytes(drawn, packed):
    message = single(drawn)
    ours = b"".join(record.whole for record in wire.records(message, packed=packed))
    assert ours == Peer(message, packed=packed).filled(message).SerializeToString(deterministic=True)


@settings(max_examples=200, deadline=None)
@given(messages())
def test_its_json_says_the_same_as_google_s(drawn):
    message = single(drawn)
    peer = Peer(message).filled(message)
    ours, theirs = proto_json.of_message(message), json_format.MessageToJson(peer, indent=None)
    assert json.loads(ours) == json.loads(theirs)
    fresh = Peer(message).message
    json_format.Parse(ours, fresh)
    assert fresh.SerializeToString(deterministic=True) == peer.SerializeToString(deterministic=True)


def written(message):
    """A message as its text."""
    return "; ".join(
        f"{declared(field)} {field.name} = {field.number}: {shown(field)}" for field in reversed(message)
    )  # fmt: skip


def declared(field):
    if field.type == "map":
        return f"map<{field.key_type}, {'Kind' if field.value_type == 'enum' else field.value_type}>"
    kind = {"message": "Inner", "enum": "Kind"}.get(field.type, field.type)
    return f"{field.label} {kind}".strip()


def shown(field):
    if field.type == "map":
        return "{" + ", ".join(f"{one(key)}: {one(value)}" for key, value in field.value) + "}"
    return "[" + ", ".join(map(one, field.value)) + "]" if field.label else one(field.value)


def one(value):
    if isinstance(value, Enum):
        return f"{value.name}({value.number})"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, str):
        return json.dumps(value)
    return "{" + written(value) + "}" if isinstance(value, tuple) else str(value)


@settings(max_examples=200, deadline=None)
@given(messages())
def test_a_message_is_read_as_it_is_written(message):
    read = fields.read(written(message))
    assert b"".join(record.whole for record in wire.records(read, packed=True)) == b"".join(
        record.whole for record in wire.records(message, packed=True)
    )


def test_what_each_part_of_a_message_is_for():
    found = model.encode('Inner c = 3: {string a = 1: "abc"; int32 b = 2: 300}; repeated int32 e = 16: [1, 2]')
    assert found.hex == "1a 08 0a 03 61 62 63 10 ac 02 82 01 02 01 02"
    assert (found.tag_bytes, found.length_bytes, found.value_bytes) == (5, 3, 7)
    assert found.field_hex == ("1a 08 0a 03 61 62 63 10 ac 02", "82 01 02 01 02")
    assert found.json == '{"c":{"a":"abc","b":300},"e":[1,2]}' and found.json_bytes == len(found.json)
    assert found.field_bytes.tolist() == [10, 5] and found.field_json_bytes.tolist() == [23, 9]


def test_expanded_lists_repeat_the_tag():
    assert model.encode("repeated int32 e = 5: [1, 2, 3]", "expanded").hex == "28 01 28 02 28 03"
    assert model.encode('repeated string e = 5: ["a", "b"]').hex == "2a 01 61 2a 01 62"


def test_implicit_presence_leaves_defaults_out():
    text = 'int32 a = 1: 0; optional int32 b = 2: 0; string c = 3: ""; bool d = 4: false; Kind e = 5: NONE(0); '
    text += "Inner f = 6: {int32 a = 1: 0}; double g = 7: -0.0; repeated int32 h = 8: []; double i = 9: 0.0"
    found = model.encode(text, presence="implicit")
    assert found.field_name == ("b", "f", "g") and found.hex == "10 00 32 00 39 00 00 00 00 00 00 00 80"
    assert found.json == '{"b":0,"f":{},"g":-0}'
    assert model.encode("int32 a = 1: 0", presence="implicit").encoded_bytes == 0
    assert model.encode("int32 a = 1: 0").hex == "08 00"


def test_json_of_64_bits_is_text_and_of_a_float_is_short():
    text = "int64 big_one = 1: 9007199254740993; float f = 2: 0.1; double d = 3: 1e300; bytes b = 4: 0x00ff; "
    text += "float inf_ = 5: inf"
    assert model.encode(text).json == '{"bigOne":"9007199254740993","f":0.1,"d":1e+300,"b":"AP8=","inf":"Infinity"}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no field"),
        ("int32 a = 1", "the end at position 12, where ':'"),
        ("int32 a = 1: 2147483648", "does not fit int32"),
        ("uint32 a = 1: -1", "does not fit uint32"),
        ("int32 a = 1: 1.5", "a whole number"),
        ("int32 a = 0: 1", "number 0"),
        ("int32 a = 19500: 1", "19000 to 19999"),
        ("int32 a = 1: 1; int32 b = 1: 2", "number 1 is used twice"),
        ("int32 a = 1: 1; int32 a = 2: 2", "name a is used twice"),
        ("int32 a = 1: 1 int32 b = 2: 2", "a semicolon"),
        ("map<double, int32> a = 1: {}", "keys of double"),
        ("map<string, int32> a = 1: {\"x\": 1, \"x\": 2}", "key x is used twice"),
        ("bytes a = 1: 0xabc", "bytes, as 0x0a0b"),
        ("float a = 1: 1e39", "does not fit a float"),
        ('string a = 1: "\\ud800"', "escapes"),
        ("string a = 1: 5", "a text in double quotes"),
        ("Kind a = 1: [1]", "a message in braces"),
        ("bool a = 1: yes", "true or false"),
        ("int32 a = 1: 1; ?", "'\\?' at position 17"),
        ("M a = 1: {" * 40, "deeper than 32"),
        ("x" * 20_001, "20,001 characters"),
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused(text, said):
    with pytest.raises(InvalidInput, match=said):
        model.encode(text)


@given(
    st.sampled_from(sorted(fields.INTEGERS)), st.integers(-(2**53), 2**53), st.integers(1, 18_999), st.integers(1, 30)
)
def test_a_number_takes_what_the_encoder_writes(kind, value, place, letters):
    if value not in fields.INTEGERS[kind]:
        with pytest.raises(InvalidInput, match=f"does not fit {kind}"):
            model.number(value, kind, place, letters)
        return
    said = model.number(value, kind, place, letters)
    shown = model.encode(f"{kind} {'a' * letters} = {place}: {value}")
    assert (said.field_bytes, said.tag_bytes) == (shown.encoded_bytes, shown.tag_bytes)
    assert said.json_bytes == shown.json_bytes - 2 + 1  # a comma in place of braces


@pytest.mark.parametrize("power", range(1, 8))
def test_a_varint_grows_by_one_at_each_power_of_128(power):
    sizes = model.number(np.array([128**power - 1, 128**power]), "uint64").value_bytes
    assert sizes.tolist() == [power, power + 1]
    assert model.number(1, "int32", field_number=min(2 ** (7 * power - 3), 2**29 - 1)).tag_bytes == min(power + 1, 5)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 40), st.integers(-(2**31), 2**31 - 1), st.sampled_from(["int32", "int64", "sint32", "sfixed64"]),
    st.integers(0, 30), st.integers(0, 300), st.integers(0, 20), st.integers(0, 9), st.integers(0, 20),
    st.integers(3, 9), st.integers(1, 4),
)  # fmt: skip
def test_a_message_takes_what_the_encoder_writes(
    ints, value, kind, texts, length, reals, flags, listed, letters, records
):
    if ints + texts + reals + flags + listed == 0:
        return
    held = [(kind, value)] * ints + [("string", json.dumps("x" * length))] * texts + [("double", "12.625")] * reals
    held += [("bool", "true")] * flags + [("repeated double", [12.625] * listed)] * (listed > 0)
    record = "; ".join(f"{of} a{at:0{letters - 1}d} = {at}: {what}" for at, (of, what) in enumerate(held, start=1))
    text = record if records == 1 else f"repeated M {'b' * letters} = 1: [{', '.join([f'{{{record}}}'] * records)}]"
    if len(text) > 20_000:
        return
    shown = model.encode(text)
    said = model.message(ints, value, kind, texts, length, reals, 6, flags, listed, letters, records)
    assert (said.encoded_bytes, said.json_bytes) == (shown.encoded_bytes, shown.json_bytes)
    assert said.tag_bytes == shown.tag_bytes + shown.length_bytes and said.value_bytes == shown.value_bytes


@given(st.floats(1, 1e5), st.floats(1, 1e4), st.floats(2, 50))
def test_longer_texts_bring_both_together(texts, length, letters):
    here = model.message(6, texts=texts, text_bytes=length, name_letters=letters)
    longer = model.message(6, texts=texts, text_bytes=10 * length, name_letters=letters)
    assert here.json_share < longer.json_share < 1 and longer.json_share > 1 - (letters + 8) / length


def test_a_packed_list_of_doubles_against_short_decimals():
    assert model.message(0, texts=0, decimals=0, flags=0, listed=100).encoded_bytes == 1 + 2 + 800
    assert model.message(0, texts=0, decimals=0, flags=0, listed=100, decimal_letters=3).json_share > 1


def test_doubles_are_ieee_754():
    assert model.encode("double a = 1: 25.4").hex == (b"\x09" + struct.pack("<d", 25.4)).hex(" ")
    assert model.encode("float a = 1: 25.4").hex == (b"\x0d" + struct.pack("<f", 25.4)).hex(" ")
    assert math.isclose(struct.unpack("<d", bytes.fromhex(model.encode("double a = 1: 25.4").hex[3:]))[0], 25.4)


@pytest.mark.parametrize("each", model.MODELS, ids=lambda each: each.name)
def test_results_are_numbers_everywhere(each):
    assert_finite_at_corners(each.function)


def test_sentences():
    assert_sentences(model.MODELS)
