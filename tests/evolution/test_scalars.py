"""Every ordered pair of scalar types, in both encodings, judged by what protobuf reads."""

from __future__ import annotations

import math
import struct
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from restate_proto.evolution.scalars import (
    CLOSED_ENUM,
    OPEN_ENUM,
    Reading,
    scalar_reading,
)
from restate_proto.model.kinds import Encoding

if TYPE_CHECKING:
    from google.protobuf.message import Message

BINARY, JSON = Encoding.PROTOBUF, Encoding.JSON

INT32 = [-(2**31), -1, 0, 1, 2**31 - 1]
UINT32 = [0, 1, 2**31 - 1, 2**31, 2**32 - 1]
INT64 = [*INT32, -(2**63), 2**32 - 1, 2**53 + 1, 2**63 - 1]
UINT64 = [*UINT32, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1]
DOUBLE = [0.0, 1.0, -1.0, 1.5, 0.1, 2.0**24 + 1, 1e300, math.inf, -math.inf, math.nan]


def as_float(value: float) -> float:
    """Return the nearest value of 32 bits."""
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


VALUES: dict[str, list[Any]] = {
    "bool": [False, True],
    **dict.fromkeys(("int32", "sint32", "sfixed32"), INT32),
    **dict.fromkeys(("uint32", "fixed32"), UINT32),
    **dict.fromkeys(("int64", "sint64", "sfixed64"), INT64),
    **dict.fromkeys(("uint64", "fixed64"), UINT64),
    "float": [as_float(value) for value in DOUBLE if value != 1e300],
    "double": DOUBLE,
    "string": ["", "a", "é", "1", "1.5", "true", "NaN", "QQ==", "A"],
    "bytes": [b"", b"a", "é".encode(), b"1", b"\xff", b"\x00"],
    # Of values A = 0 and B = 1, and others where an enum may have such.
    OPEN_ENUM: [-1, 0, 1, 2, 2**31 - 1],
    CLOSED_ENUM: [0, 1],
}
TYPES = list(VALUES)


@cache
def message_class(type_: str) -> Any:
    """Return a message with one field `x` of a type."""
    file = FileDescriptorProto(name="m.proto", package="p", syntax="proto3")
    message = file.message_type.add(name="M")
    field = message.field.add(name="x", json_name="x", number=1, label=1)
    if type_ in {OPEN_ENUM, CLOSED_ENUM}:
        file.syntax = "proto3" if type_ == OPEN_ENUM else "proto2"
        field.type, field.type_name = FieldDescriptorProto.TYPE_ENUM, ".p.E"
        enum = file.enum_type.add(name="E")
        for number, name in enumerate("AB"):
            enum.value.add(name=name, number=number)
    else:
        field.type = FieldDescriptorProto.Type.Value(f"TYPE_{type_.upper()}")
    pool = DescriptorPool()
    pool.Add(file)  # pyright: ignore[reportUnknownMemberType] - the stubs leave it out
    return GetMessageClass(pool.FindMessageTypeByName("p.M"))


def read(value: Any, written: str, wanted: str, encoding: Encoding) -> Any:
    """Write a value as one type and read it as another; return the result or the error."""
    message: Message = message_class(written)(x=value)
    other = message_class(wanted)()
    try:
        if encoding is JSON:
            json_format.Parse(json_format.MessageToJson(message), other, ignore_unknown_fields=True)
        else:
            other.MergeFromString(message.SerializeToString())
    except (DecodeError, json_format.ParseError) as error:
        return error
    return other.x


def is_same(one: Any, other: Any, *types: str) -> bool:
    if isinstance(one, str) and isinstance(other, bytes):
        return one.encode() == other
    if isinstance(one, bytes) and isinstance(other, str):
        return one == other.encode()
    if "float" in types and isinstance(one, float) and isinstance(other, float):
        one, other = as_float(one), as_float(other)  # ProtoJSON has no more digits than it needs
    if one != one and other != other:  # noqa: PLR0124 - NaN
        return True
    return bool(one == other)


def tried(old: str, new: str, encoding: Encoding) -> Reading:
    """Return what protobuf does with the pair of types."""
    for value in VALUES[old]:
        if not is_same(read(value, old, new, encoding), value, old, new):
            return Reading.ANOTHER
    reading = Reading.SAME
    for value in VALUES[new]:
        fits = any(is_same(value, each) for each in VALUES[old])
        if is_same(read(value, new, old, encoding), value):
            continue
        if fits:  # what both have is misread: they write it in two ways
            return Reading.ANOTHER
        reading = Reading.WIDER
    return reading


# Where an enum happens to have the values for it, it could be more than the table says; another
# value can be added to it at any time.
BY_CHANCE = {
    ("bool", CLOSED_ENUM),
    (CLOSED_ENUM, "bool"),
    (CLOSED_ENUM, "uint32"),
    (CLOSED_ENUM, "uint64"),
}


@pytest.mark.parametrize("encoding", [BINARY, JSON])
@pytest.mark.parametrize("old", TYPES)
def test_each_pair_is_what_protobuf_makes_of_it(old: str, encoding: Encoding) -> None:
    enums = {OPEN_ENUM, CLOSED_ENUM}
    for new in TYPES:
        said = scalar_reading(old, new, is_json=encoding is JSON)
        if {old, new} == enums:  # values of enums are compared one by one
            continue
        if encoding is BINARY and (old, new) in BY_CHANCE:
            assert said is Reading.ANOTHER
            assert tried(old, new, encoding) is not Reading.ANOTHER
            continue
        assert said is tried(old, new, encoding), f"{old} to {new} in {encoding}"


@pytest.mark.parametrize("encoding", [BINARY, JSON])
def test_what_is_wider_one_way_is_narrower_the_other_way(encoding: Encoding) -> None:
    readings = {
        (old, new): scalar_reading(old, new, is_json=encoding is JSON)
        for old in TYPES
        for new in TYPES
    }
    for (old, new), reading in readings.items():
        expected = Reading.SAME if reading is Reading.SAME else Reading.ANOTHER
        if reading is not Reading.ANOTHER:
            assert readings[new, old] is expected


@pytest.mark.parametrize(
    ("value", "old", "new", "encoding", "becomes"),
    [
        (2**32 + 5, "int64", "int32", BINARY, 5),
        (-1, "int64", "uint64", BINARY, 2**64 - 1),
        (-1, "int32", "uint32", BINARY, 2**32 - 1),
        (2**31, "fixed32", "sfixed32", BINARY, -(2**31)),
        (7, "int64", "bool", BINARY, True),
        (5, "uint32", "sint32", BINARY, -3),
        (0.1, "double", "float", JSON, as_float(0.1)),
        (2**53 + 1, "int64", "double", JSON, 2.0**53),
    ],
)
def test_what_a_narrower_type_makes_of_a_value(
    value: Any, old: str, new: str, encoding: Encoding, becomes: Any
) -> None:
    assert read(value, old, new, encoding) == becomes
    assert scalar_reading(old, new, is_json=encoding is JSON) is Reading.ANOTHER


@pytest.mark.parametrize(
    ("value", "old", "new"),
    [
        (2**40, "int64", "int32"),
        (-1, "int64", "uint64"),
        (-1, "int32", "uint32"),
        (True, "bool", "int32"),
    ],
)
def test_what_protojson_refuses(value: Any, old: str, new: str) -> None:
    assert isinstance(read(value, old, new, JSON), json_format.ParseError)
    assert scalar_reading(old, new, is_json=True) is Reading.ANOTHER
