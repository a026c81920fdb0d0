"""Messages without reported differences are read alike by protobuf itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import hypothesis.strategies as st
from google.protobuf import (
    json_format,
)
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from hypothesis import assume, given, settings

from restate_proto.contract.descriptors import Descriptors
from restate_proto.evolution.compare_messages import PayloadComparison
from restate_proto.evolution.version import ContractVersion
from restate_proto.model.kinds import Encoding

if TYPE_CHECKING:
    from google.protobuf.message import Message


BINARY, JSON = Encoding.PROTOBUF, Encoding.JSON


class Drawn(NamedTuple):
    """A field."""

    number: int
    name: str
    type: str
    is_list: bool

    @property
    def json_name(self) -> str:
        return self.name.replace("_c", "C")

    @property
    def value(self) -> Any:
        """Return a value that all compatible types can hold."""
        match self.type:
            case "bool":
                value = True
            case "float" | "double":
                value = 1.5
            case "string":
                value = f"text {self.number}"
            case "bytes":
                value = f"text {self.number}".encode()
            case _:
                value = 1
        return [value, value] if self.is_list else value


NUMBERS = st.integers(1, 4)
FIELD_NAMES = st.sampled_from(("a", "b_c", "bC", "d"))
TYPE_NAMES = st.sampled_from(
    [
        "int32",
        "int64",
        "uint32",
        "bool",
        "sint32",
        "fixed32",
        "sfixed32",
        "float",
        "double",
        "string",
        "bytes",
    ]
)
FIELDS = st.builds(Drawn, NUMBERS, FIELD_NAMES, TYPE_NAMES, st.booleans())


def _is_message(fields: list[Drawn]) -> bool:
    return len({f.number for f in fields}) == len({f.json_name for f in fields}) == len(fields)


MESSAGES = st.lists(FIELDS, min_size=1, max_size=3).filter(_is_message)


@st.composite
def evolved(draw: st.DrawFn) -> tuple[list[Drawn], list[Drawn]]:
    """A message, and the same with a change or two."""
    old = draw(MESSAGES)
    new = list(old)
    for index in draw(st.lists(st.integers(0, len(old) - 1), max_size=2)):
        change = draw(st.sampled_from(("number", "name", "type", "is_list")))
        strategies = {"number": NUMBERS, "name": FIELD_NAMES, "type": TYPE_NAMES}
        value: Any = draw(strategies.get(change, st.booleans()))
        new[index] = new[index]._replace(**{change: value})
    if len(new) > 1 and draw(st.booleans()):
        one, other = new[0], new[1]
        new[:2] = [one._replace(name=other.name), other._replace(name=one.name)]
    new += draw(st.lists(FIELDS, max_size=1))
    assume(_is_message(new))
    return old, new


def version_of(file: FileDescriptorProto) -> ContractVersion:
    return ContractVersion((), Descriptors([file]))


def _file(drawn: list[Drawn]) -> FileDescriptorProto:
    file = FileDescriptorProto(name="m.proto", package="shop.v1", syntax="proto3")
    message = file.message_type.add(name="M")
    for field in drawn:
        message.field.add(
            name=field.name,
            json_name=field.json_name,
            number=field.number,
            type=FieldDescriptorProto.Type.Value(f"TYPE_{field.type.upper()}"),
            label=3 if field.is_list else 1,
        )
    return file


def _class(file: FileDescriptorProto) -> type[Message]:
    pool = DescriptorPool()
    pool.Add(file)  # pyright: ignore[reportUnknownMemberType] - the stubs leave it out
    return GetMessageClass(pool.FindMessageTypeByName("shop.v1.M"))


def _through(message: Message, class_: Any, encoding: Encoding) -> Any:
    """Read a message as one of another class, as the codecs do, and forget the ignored fields."""
    other: Message = class_()
    if encoding is JSON:
        text = json.dumps(json_format.MessageToDict(message))
        json_format.Parse(text, other, ignore_unknown_fields=True)
    else:
        other.MergeFromString(message.SerializeToString())
        other.DiscardUnknownFields()  # pyright: ignore[reportAttributeAccessIssue] - likewise
    return other


@settings(max_examples=500)
@given(evolved(), st.sampled_from([BINARY, JSON]))
def test_what_is_not_reported_reads_the_same(
    messages: tuple[list[Drawn], list[Drawn]], encoding: Encoding
) -> None:
    old, new = messages
    before, after = _file(old), _file(new)
    comparison = PayloadComparison(version_of(before), version_of(after))
    assume(not comparison.differences("shop.v1.M", "shop.v1.M", encoding))
    written = _class(before)(**{field.name: field.value for field in old})
    read = _through(written, _class(after), encoding)
    assert _through(read, type(written), encoding) == written
    for name in {field.name for field in old} & {field.name for field in new}:
        assert getattr(read, name) == getattr(written, name)


@given(MESSAGES, st.sampled_from([BINARY, JSON]))
def test_the_same_message_reads_the_same(drawn: list[Drawn], encoding: Encoding) -> None:
    version = version_of(_file(drawn))
    assert not PayloadComparison(version, version).differences("shop.v1.M", "shop.v1.M", encoding)
