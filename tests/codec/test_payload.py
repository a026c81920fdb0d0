"""Detection of a payload's encoding."""

from __future__ import annotations

from typing import Any, cast

import pytest
from google.protobuf import duration_pb2, empty_pb2, struct_pb2, timestamp_pb2, wrappers_pb2
from hypothesis import given
from hypothesis import strategies as st

from restate_proto.codec.payload import (
    APPLICATION_JSON,
    APPLICATION_PROTOBUF,
    decode,
    encode,
    named_encoding,
    read,
    seen_encoding,
)
from restate_proto.codec.registry import codec_for
from restate_proto.model.codec import CodecError
from restate_proto.model.kinds import Encoding
from tests.codec.messages import OURS, Brace, Scalars, codec_of, messages

JSON, PROTOBUF = Encoding.JSON, Encoding.PROTOBUF
encodings = st.sampled_from(Encoding)
UNKNOWN = [
    "*/*",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "",
    "json",
    ";",
]


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/protobuf", PROTOBUF),
        ("application/x-protobuf", PROTOBUF),
        ("application/proto", PROTOBUF),
        ("application/protobuf; proto=shop.v1.Cart", PROTOBUF),
        ("Application/Protobuf", PROTOBUF),
        ("application/json", JSON),
        ("application/json; charset=utf-8", JSON),
        ("application/json;charset=utf-8", JSON),
        (" application/json ", JSON),
        ("application/problem+json", JSON),
        ("application/vnd.shop.v1+JSON; q=1", JSON),
        ("application/protobuf+json", JSON),
    ],
)
def test_a_known_content_type_decides(content_type: str, expected: Encoding) -> None:
    assert named_encoding(content_type) is expected


@pytest.mark.parametrize("content_type", UNKNOWN)
def test_another_content_type_says_nothing(content_type: str) -> None:
    assert named_encoding(content_type) is None


@given(st.text())
def test_any_content_type_is_one_of_them_or_none(content_type: str) -> None:
    assert named_encoding(content_type) in {*Encoding, None}


@pytest.mark.parametrize("default", Encoding)
def test_zero_bytes_are_in_the_encoding_of_the_contract(default: Encoding) -> None:
    for message_class in OURS:
        assert seen_encoding(codec_for(message_class), b"", default) is default


@given(st.sampled_from(OURS), st.binary(), encodings)
def test_any_bytes_are_in_one_of_the_encodings(
    message_class: Any, data: bytes, default: Encoding
) -> None:
    assert seen_encoding(codec_for(message_class), data, default) in Encoding


@given(st.sampled_from(OURS).flatmap(messages))
def test_what_is_said_to_be_an_object_is_one(message: Any) -> None:
    codec = codec_of(message)
    assert codec.to_json(message).startswith(b"{") or not codec.json_is_object


@given(st.sampled_from(OURS).flatmap(messages), encodings)
def test_what_is_written_is_read_again(message: Any, encoding: Encoding) -> None:
    codec = codec_of(message)
    again = decode(codec, encode(codec, message, encoding), encoding)
    assert codec.to_binary(again) == codec.to_binary(message)


@given(st.sampled_from(OURS).flatmap(messages), encodings, encodings)
def test_what_is_written_is_read_without_a_content_type_and_in_any_contract(
    message: Any, encoding: Encoding, default: Encoding
) -> None:
    codec = codec_of(message)
    data = encode(codec, message, encoding)
    again, seen = read(codec, data, default)
    assert codec.to_binary(again) == codec.to_binary(message)
    assert seen is (encoding if data else default)


@given(st.sampled_from(OURS).flatmap(messages), encodings, st.text(" \t\r\n", min_size=1))
def test_white_space_before_json(message: Any, default: Encoding, space: str) -> None:
    codec = codec_of(message)
    data = space.encode() + codec.to_json(message)
    try:
        codec.from_binary(data)
    except CodecError:
        again, seen = read(codec, data, default)
        assert seen is JSON
        assert codec.to_binary(again) == codec.to_binary(message)


def value(**fields: Any) -> struct_pb2.Value:
    return struct_pb2.Value(**fields)


def values(*items: struct_pb2.Value) -> struct_pb2.Value:
    return value(list_value=struct_pb2.ListValue(values=items))


@pytest.mark.parametrize("default", Encoding)
@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize(
    "message",
    [
        wrappers_pb2.StringValue(value="x" * 33 + '"'),  # as binary it is JSON after a line break
        wrappers_pb2.StringValue(value=" " * 30 + "12"),
        wrappers_pb2.StringValue(value='{"a": 1}'),
        wrappers_pb2.BytesValue(value=b'"QUJD"'),
        wrappers_pb2.BoolValue(value=True),
        wrappers_pb2.DoubleValue(value=-1.5),
        values(),
        values(value(bool_value=True)),
        values(value(number_value=2)),
        values(values(values(values(value(bool_value=False))))),
        values(value(string_value="2" * 46)),
        value(number_value=2e50),
        value(number_value=22),
        value(string_value="2"),
        value(null_value=struct_pb2.NULL_VALUE),
        value(bool_value=True),
        Brace(inner={"text": "2|}"}),
        Brace(inner={"text": '"'}),
    ],
    ids=lambda message: message.SerializeToString()[:12].hex(),
)
def test_what_looks_like_the_other_encoding(
    message: Any, encoding: Encoding, default: Encoding
) -> None:
    codec = codec_of(message)
    assert read(codec, encode(codec, message, encoding), default) == (message, encoding)


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize(
    "message_class",
    [
        Scalars,
        empty_pb2.Empty,
        timestamp_pb2.Timestamp,
        duration_pb2.Duration,
        wrappers_pb2.StringValue,
        struct_pb2.Value,
    ],
)
def test_zero_bytes_are_the_empty_message(message_class: Any, encoding: Encoding) -> None:
    assert decode(codec_for(message_class), b"", encoding) == message_class()


@pytest.mark.parametrize("default", Encoding)
@pytest.mark.parametrize("content_type", [None, APPLICATION_JSON, APPLICATION_PROTOBUF])
@pytest.mark.parametrize("data", [b"", b"{}"])
def test_nothing_may_be_zero_bytes_or_an_empty_object(
    data: bytes, content_type: str | None, default: Encoding
) -> None:
    if data and content_type == APPLICATION_PROTOBUF:
        return  # then it is what it says it is
    codec = codec_for(empty_pb2.Empty)
    named = None if content_type is None else named_encoding(content_type)
    message = read(codec, data, default)[0] if named is None else decode(codec, data, named)
    assert message == empty_pb2.Empty()


@pytest.mark.parametrize("encoding", Encoding)
def test_zero_bytes_of_what_cannot_be_empty(encoding: Encoding) -> None:
    with pytest.raises(CodecError, match="int: not valid JSON: "):
        decode(codec_for(int), b"", encoding)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [(JSON, "codectest.v1.Scalars: not valid ProtoJSON: ."), (PROTOBUF, "Scalars: .*binary: .")],
)
def test_errors_say_type_encoding_and_reason(encoding: Encoding, text: str) -> None:
    with pytest.raises(CodecError, match=text):
        decode(codec_for(Scalars), b"\xff\xff", encoding)


def test_plain_values_are_the_same_in_both_encodings() -> None:
    codec = codec_for(cast("Any", dict))
    assert encode(codec, {"a": 1}, JSON) == encode(codec, {"a": 1}, PROTOBUF) == b'{"a":1}'
    assert decode(codec, b'{"a":1}', PROTOBUF) == {"a": 1}
