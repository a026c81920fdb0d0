"""What holds for messages of every library: the same bytes, the same JSON, the same strictness."""

from __future__ import annotations

import json
import math
import random
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import any_pb2, duration_pb2, empty_pb2, struct_pb2, timestamp_pb2
from hypothesis import given
from hypothesis import strategies as st

from restate_proto.model.codec import CodecError
from tests.codec.libraries import BETTERPROTO, BETTERPROTO2, COMMON, GOOGLE, LIBRARIES
from tests.codec.messages import (
    Choices,
    Collections,
    Nothing,
    Old,
    Scalars,
    Tree,
    WellKnown,
    json_values,
    messages,
    nearly_right_json,
)

if TYPE_CHECKING:
    from tests.codec.libraries import Library

every_library = pytest.mark.parametrize("library", LIBRARIES, ids=str)
both = pytest.mark.parametrize("library", [BETTERPROTO, BETTERPROTO2], ids=str)
classes = st.sampled_from(COMMON)
arbitrary = classes.flatmap(messages)


def binary(message: Any) -> bytes:
    """Return google.protobuf's bytes."""
    return message.SerializeToString(deterministic=True)


@every_library
@given(message=arbitrary)
def test_every_library_writes_the_same_bytes(library: Library, message: Any) -> None:
    message = library.held(message)
    codec = library.codec(type(message))
    assert codec.to_binary(codec.from_binary(binary(message))) == binary(message)


@every_library
@given(message=arbitrary)
def test_every_library_writes_the_same_json(library: Library, message: Any) -> None:
    message = library.held(message)
    codec = library.codec(type(message))
    text = GOOGLE.codec(type(message)).to_json(message)
    assert codec.to_json(codec.from_binary(binary(message))) == text
    assert codec.to_binary(codec.from_json(text)) == binary(message)


@every_library
@given(
    entries=st.dictionaries(
        st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8"))
    ),
    rng=st.randoms(),
)
def test_the_order_of_map_entries_does_not_matter(
    library: Library, entries: dict[str, str], rng: random.Random
) -> None:
    first = library.messages.Collections(by_string=entries)
    shuffled = list(entries.items())
    rng.shuffle(shuffled)
    second = library.messages.Collections()
    for key, value in shuffled:
        second.by_string[key] = value
    codec = library.codec(Collections)
    assert codec.to_binary(first) == codec.to_binary(second)
    assert codec.to_json(first) == codec.to_json(second)


@every_library
def test_canonical_json(library: Library) -> None:
    message = library.messages.Scalars(
        an_int64=2**53,
        a_uint64=1,
        a_colour=1,
        some_bytes=b"\xff\xfe",
        a_string="ä",
        a_double=float("inf"),
        maybe_int=0,
        renamed="x",
    )
    assert library.codec(Scalars).to_json(message) == (
        b'{"aColour":"COLOUR_RED","aDouble":"Infinity","aString":"\xc3\xa4","aUint64":"1",'
        b'"anInt64":"9007199254740992","another-name":"x","maybeInt":0,"someBytes":"//4="}'
    )


@every_library
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"an_int64": 5, "anInt32": "7"}', Scalars(an_int64=5, an_int32=7)),
        ('{"aColour": 1}', Scalars(a_colour=1)),
        ('{"aColour": 77}', Scalars(a_colour=77)),
        ('{"aColour": -1}', Scalars(a_colour=-1)),
        ('{"aColour": "FROM_THE_FUTURE", "aBool": true}', Scalars(a_bool=True)),
        ('{"unknown": [{}], "aBool": true}', Scalars(a_bool=True)),
        ('{"aBool": null}', Scalars()),
        ('{"someBytes": "__4"}', Scalars(some_bytes=b"\xff\xfe")),
        (' {"aString": "\\ud83d\\ude00"}\n', Scalars(a_string="😀")),
        ('{"aDouble": "NaN"}', Scalars(a_double=math.nan)),
    ],
)
def test_what_is_read_as_proto_json(library: Library, text: str, expected: Any) -> None:
    codec = library.codec(Scalars)
    assert codec.to_binary(codec.from_json(text.encode())) == binary(expected)


@every_library
@given(message_class=classes, data=st.binary())
def test_any_bytes_are_a_message_or_a_codec_error(
    library: Library, message_class: Any, data: bytes
) -> None:
    codec = library.codec(message_class)
    for read in (codec.from_binary, codec.from_json):
        is_a_message_or_a_codec_error(codec, read, data)


@every_library
@given(message_class=classes, value=json_values())
def test_any_json_is_a_message_or_a_codec_error(
    library: Library, message_class: Any, value: Any
) -> None:
    codec = library.codec(message_class)
    is_a_message_or_a_codec_error(codec, codec.from_json, json.dumps(value).encode())


@every_library
@given(data=st.data())
def test_nearly_right_json_is_a_message_or_a_codec_error(
    library: Library, data: st.DataObject
) -> None:
    message_class = data.draw(classes)
    codec = library.codec(message_class)
    text = json.dumps(data.draw(nearly_right_json(message_class))).encode()
    is_a_message_or_a_codec_error(codec, codec.from_json, text)


def is_a_message_or_a_codec_error(codec: Any, read: Any, data: bytes) -> None:
    try:
        message = read(data)
    except CodecError as error:
        assert str(error).startswith(codec.full_name)  # noqa: PT017 - or a message
    else:
        assert type(message) is codec.type
        if codec.type.__name__ != "Old":  # whose required fields may be missing
            codec.to_binary(message)


@every_library
@pytest.mark.parametrize("data", [b"", b"[]", b'{"name":"\\ud800"}', b"[" * 100_000, b"null"])
def test_bad_json(library: Library, data: bytes) -> None:
    with pytest.raises(CodecError, match=r"^codectest.v1.Tree: not valid ProtoJSON: \S"):
        library.codec(Tree).from_json(data)


@every_library
@pytest.mark.parametrize(
    "data",
    [
        b"\xff",
        b"\n",  # cut off in a tag, a length, a value
        b"\n\x05ab",
        b"\x09\x01",
        b"\n\x02\xff\xfe",  # no UTF-8
        b"\x0c",  # the end of a group
        b"\x07",  # a wire type that there is not
        b"\x12\x03\n\x05a",
    ],
)
def test_bad_binary(library: Library, data: bytes) -> None:
    with pytest.raises(CodecError, match=r"^codectest.v1.Tree: not valid protobuf binary: \S"):
        library.codec(Tree).from_binary(data)


@every_library
def test_messages_nest_a_hundred_deep(library: Library) -> None:
    codec = library.codec(Tree)
    good, bad = Tree(), Tree()
    for tree, depth in ((good, 90), (bad, 2_000)):
        bottom = tree
        for _ in range(depth):
            bottom = bottom.children.add()
    assert codec.to_binary(codec.from_binary(binary(good))) == binary(good)
    with pytest.raises(CodecError, match="not valid protobuf binary"):
        codec.from_binary(binary(bad))


@both
def test_a_message_too_deep(library: Library) -> None:
    top = library.messages.Tree()
    for _ in range(2_000):
        top = library.messages.Tree(children=[top])
    codec = library.codec(Tree)
    for write, form in ((codec.to_binary, "protobuf binary"), (codec.to_json, "ProtoJSON")):
        with pytest.raises(CodecError, match=f"cannot be written as {form}: \\S"):
            write(top)


@every_library
def test_unknown_fields_are_kept(library: Library) -> None:
    later = Scalars(an_int64=3, a_string="later", a_fixed64=5)
    codec = library.codec(Nothing)
    assert codec.to_binary(codec.from_binary(binary(later))) == binary(later)
    # In a group, beside known fields, and inside of another message.
    group = b"\xa3\x06\x08\x05\xa4\x06"
    tree = b"\n\x01x\x12" + bytes([len(group)]) + group + group
    codec = library.codec(Tree)
    message = codec.from_binary(tree)
    assert message.name == "x"
    assert not message.children[0].name
    assert codec.to_binary(message) == tree


@every_library
def test_a_field_of_another_wire_type_is_an_unknown_one(library: Library) -> None:
    data = b"\x08\x05" + b"\x1a\x02hi"  # a double as a varint, an int32 as a string
    codec = library.codec(Scalars)
    message = codec.from_binary(data)
    assert (message.a_double, message.an_int32) == (0, 0)
    assert codec.to_binary(message) == data


@every_library
def test_what_comes_twice_is_merged_or_replaced(library: Library) -> None:
    first, second = Choices(text="a", yes=True), Choices(number=5)
    deep = [Tree.Other(tree=Tree(name="x")), Tree.Other(tree=Tree(children=[Tree()]))]
    data = binary(first) + binary(second)
    merged = Choices(number=5, yes=True)
    assert library.codec(Choices).to_binary(library.codec(Choices).from_binary(data)) == binary(
        merged
    )
    both = b"".join(binary(Tree(other=other)) for other in deep)
    expected = Tree(other=Tree.Other(tree=Tree(name="x", children=[Tree()])))
    codec = library.codec(Tree)
    assert codec.to_binary(codec.from_binary(both)) == binary(expected)


@every_library
@pytest.mark.parametrize("write", ["to_binary", "to_json"])
@pytest.mark.parametrize("what", ["another message", "another library", "None", "a dict", "class"])
def test_an_object_of_another_type_is_refused(library: Library, write: str, what: str) -> None:
    elsewhere = BETTERPROTO if library is GOOGLE else GOOGLE
    message: Any = {
        "another message": library.messages.Scalars(a_string="x"),
        "another library": elsewhere.messages.Tree(),
        "None": None,
        "a dict": {"name": "x"},
        "class": library.messages.Tree,
    }[what]
    with pytest.raises(TypeError, match=r"^expected a codectest.v1.Tree message, got "):
        getattr(library.codec(Tree), write)(message)


@every_library
@pytest.mark.parametrize(
    "message",
    [
        any_pb2.Any(type_url="type.googleapis.com/no.such.Type", value=b"x"),
        any_pb2.Any(type_url="type.googleapis.com/codectest.v1.Tree", value=b"\xff"),
        struct_pb2.Value(number_value=float("nan")),
        timestamp_pb2.Timestamp(seconds=2**62),
        duration_pb2.Duration(seconds=1, nanos=-1),
    ],
    ids=["unknown type", "broken content", "NaN", "year", "signs"],
)
def test_messages_without_a_json_form(library: Library, message: Any) -> None:
    with pytest.raises(CodecError, match="cannot be written as ProtoJSON"):
        library.codec(type(message)).to_json(library.of(message))


@every_library
def test_an_any_of_the_same_contract(library: Library) -> None:
    packed = any_pb2.Any()
    packed.Pack(Collections(by_string={str(i): "x" for i in range(20)}), deterministic=True)
    message = WellKnown(any=packed, anys={"a": packed})
    codec = library.codec(WellKnown)
    text = GOOGLE.codec(WellKnown).to_json(message)
    assert codec.to_json(library.of(message)) == text
    assert codec.to_binary(codec.from_json(text)) == binary(message)


@every_library
def test_what_a_codec_says_of_itself(library: Library) -> None:
    codec = library.codec(Choices)
    assert codec is library.codec(Choices)
    assert codec.type is library.messages.Choices
    assert codec.full_name == "codectest.v1.Choices"
    assert "codectest.v1.Choices" in repr(codec)
    assert codec.json_is_object
    assert not library.codec(Nothing).is_empty
    assert library.codec(empty_pb2.Empty).is_empty
    assert not library.codec(timestamp_pb2.Timestamp).json_is_object
    assert library.codec(Tree.Other).full_name == "codectest.v1.Tree.Other"


@every_library
@pytest.mark.parametrize("message_class", COMMON)
def test_the_json_schema_is_the_same(library: Library, message_class: Any) -> None:
    assert library.codec(message_class).json_schema() == GOOGLE.codec(message_class).json_schema()


@every_library
@pytest.mark.parametrize("message_class", COMMON)
def test_the_empty_message_is_zero_bytes(library: Library, message_class: Any) -> None:
    codec = library.codec(message_class)
    if message_class is not Old:  # which has required fields
        assert codec.to_binary(codec.type()) == b""
        assert codec.to_binary(codec.from_binary(b"")) == b""
