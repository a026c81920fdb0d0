"""Which encoding a payload is in."""

from __future__ import annotations

from typing import Any, cast

import pytest
from codec_messages import OURS, Scalars, codec_of, messages
from google.protobuf import duration_pb2, empty_pb2, struct_pb2, timestamp_pb2, wrappers_pb2
from hypothesis import given
from hypothesis import strategies as st

from restate_proto.codec.payload import (
    APPLICATION_JSON,
    APPLICATION_PROTOBUF,
    content_type_of,
    decode,
    encode,
    encoding_of,
)
from restate_proto.codec.registry import codec_for
from restate_proto.model.codec import CodecError
from restate_proto.model.kinds import Encoding

JSON, PROTOBUF = Encoding.JSON, Encoding.PROTOBUF
encodings = st.sampled_from(Encoding)
UNKNOWN = [
    "application/octet-stream",
    "application/x-protobuf-or-json",
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
        ("*/*", JSON),
    ],
)
@pytest.mark.parametrize("default", Encoding)
@pytest.mark.parametrize("data", [b"", b"{}", b"\n\x01x"])
def test_a_known_content_type_decides(
    content_type: str, expected: Encoding, data: bytes, default: Encoding
) -> None:
    assert encoding_of(content_type, data, default) is expected


@pytest.mark.parametrize("content_type", [None, *UNKNOWN])
@pytest.mark.parametrize("default", Encoding)
def test_else_the_first_byte_decides_and_then_the_contract(
    content_type: str | None, default: Encoding
) -> None:
    assert encoding_of(content_type, b'{"a":1}', default) is JSON
    assert encoding_of(content_type, b"\n\x01x", default) is default
    assert encoding_of(content_type, b'"1s"', default) is default
    assert encoding_of(content_type, b"", default) is default
    assert encoding_of(content_type, b"\n\x01x", default, is_object=True) is PROTOBUF
    assert encoding_of(content_type, b'{"a":1}', default, is_object=True) is JSON
    assert encoding_of(content_type, b"", default, is_object=True) is default


@given(st.none() | st.text(), st.binary(), encodings)
def test_any_content_type_gives_an_encoding(
    content_type: str | None, data: bytes, default: Encoding
) -> None:
    assert encoding_of(content_type, data, default) in Encoding


@given(st.sampled_from(OURS).flatmap(messages))
def test_what_is_said_to_be_an_object_is_one(message: Any) -> None:
    codec = codec_of(message)
    assert codec.to_json(message).startswith(b"{") or not codec.json_is_object


@given(st.sampled_from(OURS).flatmap(messages), encodings, encodings, st.booleans())
def test_what_is_written_is_read_again(
    message: Any, encoding: Encoding, default: Encoding, named: bool
) -> None:
    codec = codec_of(message)
    # Without a content type: where it is the contract's encoding, or the type shows which it is.
    if not named and encoding is not default and not codec.json_is_object:
        return
    data = encode(codec, message, encoding)
    content_type = content_type_of(encoding) if named else None
    seen = encoding_of(content_type, data, default, is_object=codec.json_is_object)
    assert codec.to_binary(decode(codec, data, seen)) == codec.to_binary(message)


@given(st.sampled_from(OURS).flatmap(messages))
def test_no_binary_message_begins_with_a_brace(message: Any) -> None:
    assert not codec_of(message).to_binary(message).startswith(b"{")


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
    encoding = encoding_of(content_type, data, default)
    assert decode(codec_for(empty_pb2.Empty), data, encoding) == empty_pb2.Empty()


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
