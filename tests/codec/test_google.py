"""Messages of google.protobuf to bytes and back; test_libraries.py has what all libraries share."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from typing import Any

import pytest
from google.protobuf import any_pb2, empty_pb2, struct_pb2, timestamp_pb2
from hypothesis import given
from hypothesis import strategies as st

from restate_proto.codec.google import google_codec
from restate_proto.model.codec import CodecError
from tests.codec.messages import (
    OURS,
    Choices,
    Legacy,
    Nothing,
    Scalars,
    Tree,
    WellKnown,
    codec_of,
    json_values,
    messages,
    nearly_right_json,
)

classes = st.sampled_from(OURS)
arbitrary = classes.flatmap(messages)


@given(arbitrary)
def test_binary_round_trip(message: Any) -> None:
    data = codec_of(message).to_binary(message)
    assert codec_of(message).to_binary(codec_of(message).from_binary(data)) == data


@given(arbitrary)
def test_json_round_trip(message: Any) -> None:
    codec = codec_of(message)
    # Compared as bytes: a NaN is not equal to itself.
    assert codec.to_binary(codec.from_json(codec.to_json(message))) == codec.to_binary(message)


@given(arbitrary)
def test_json_is_utf8_and_strict(message: Any) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(codec_of(message).to_json(message).decode(), parse_constant=refuse)


SERIALIZE_MAPS = """
import sys
from google.protobuf import struct_pb2
from restate_proto.codec.google import google_codec
struct = struct_pb2.Struct()
struct.update({str(i): i for i in range(20)})
codec = google_codec(struct_pb2.Struct)
sys.stdout.buffer.write(codec.to_binary(struct) + codec.to_json(struct))
"""
READ_AN_ANY = """
import sys
from google.protobuf import any_pb2, struct_pb2
from restate_proto.codec.google import google_codec
codec = google_codec(any_pb2.Any)
entries = ",".join(f'"{i}":{i}' for i in range(20))
inner = '{"@type":"type.googleapis.com/google.protobuf.Struct","value":{%s}}' % entries
outer = '{"@type":"type.googleapis.com/google.protobuf.ListValue","value":[{%s}]}' % entries
nested = '{"@type":"type.googleapis.com/google.protobuf.Any","value":%s}' % inner
for text in (inner, outer, nested):
    sys.stdout.buffer.write(codec.to_binary(codec.from_json(text.encode())))
"""


@pytest.mark.parametrize("program", [SERIALIZE_MAPS, READ_AN_ANY])
def test_each_process_writes_the_same_bytes(program: str) -> None:
    # Each process hashes map keys with a seed of its own.
    paths = os.pathsep.join(path for path in sys.path if path)
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": paths},
        ).stdout
        for _ in range(4)
    }
    assert len(outputs) == 1
    assert len(outputs.pop()) > 100


def test_anys_anywhere_in_a_message_are_put_in_order() -> None:
    struct = struct_pb2.Struct()
    struct.update({str(i): i for i in range(20)})
    packed = any_pb2.Any()
    packed.Pack(struct, deterministic=True)
    message = WellKnown(any=packed, anys={"a": packed})
    codec = google_codec(WellKnown)
    read = codec.from_json(codec.to_json(message))
    assert read.any.value == packed.value
    assert read.anys["a"].value == packed.value


@given(classes, st.binary())
def test_any_bytes_are_a_message_or_a_codec_error(message_class: Any, data: bytes) -> None:
    codec = google_codec(message_class)
    for read in (codec.from_binary, codec.from_json):
        try:
            message = read(data)
        except CodecError as error:
            assert str(error).startswith(codec.full_name)  # noqa: PT017 - or a message
        else:
            assert type(message) is message_class


@given(classes, json_values())
def test_any_json_is_a_message_or_a_codec_error(message_class: Any, value: Any) -> None:
    codec = google_codec(message_class)
    try:
        message = codec.from_json(json.dumps(value).encode())
    except CodecError:
        return
    codec.to_binary(message)


@given(classes.flatmap(lambda each: st.tuples(st.just(each), nearly_right_json(each))))
def test_nearly_right_json_is_a_message_or_a_codec_error(case: tuple[Any, Any]) -> None:
    message_class, value = case
    codec = google_codec(message_class)
    try:
        message = codec.from_json(json.dumps(value).encode())
    except CodecError:
        return
    codec.to_binary(message)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b'\xef\xbb\xbf{"name":"x"}',
        b'{"name":"x","name":"y"}',
        b'{"name":"\\ud800"}',
        b'{"name":"x"} trailing',
        b"[" * 100_000,
        b'{"children":[' * 5_000,
        b'{"a":' * 150 + b"0" + b"}" * 150 + b"x",
        b'{"children":[' * 150 + b"{}" + b"]}" * 150,
        b"9" * 10_000,
        b"NaN",
        b"null",
        b"true",
    ],
    ids=lambda data: repr(data[:20]),
)
def test_bad_json(data: bytes) -> None:
    with pytest.raises(CodecError, match=r"^codectest.v1.Tree: not valid ProtoJSON: \S"):
        google_codec(Tree).from_json(data)


@pytest.mark.parametrize("text", ["3.4028235e38", "-3.4028235E+38", "3.4028234663852886e38"])
def test_the_largest_float_is_read_as_other_languages_write_it(text: str) -> None:
    largest = math.copysign(2.0**128 - 2.0**104, float(text))
    codec = google_codec(Scalars)
    message = codec.from_json(b'{"aFloat": %s, "aDouble": %s}' % (text.encode(), text.encode()))
    assert (message.a_float, message.a_double) == (largest, float(text))
    assert codec.from_json(codec.to_json(message)) == message
    assert google_codec(struct_pb2.Value).from_json(text.encode()).number_value == float(text)


@pytest.mark.parametrize("text", ["3.4028236e38", "3.403e38", "-1e39"])
def test_a_float_that_is_too_large_is_refused(text: str) -> None:
    with pytest.raises(CodecError, match="Float value too"):
        google_codec(Scalars).from_json(b'{"aFloat": %s}' % text.encode())


@pytest.mark.parametrize("text", ["-0", "-0.0", "-0e0"])
def test_negative_zero_keeps_its_sign(text: str) -> None:
    message = google_codec(Scalars).from_json(
        b'{"aDouble":%s,"aFloat": %s ,"anInt32":%s}' % ((text.encode(),) * 3)
    )
    assert math.copysign(1, message.a_double) == math.copysign(1, message.a_float) == -1
    assert message.an_int32 == 0


def test_nan_in_a_value_is_refused_when_it_is_read() -> None:
    # json_format would take it, and then not write it again.
    with pytest.raises(CodecError, match="NaN is not JSON"):
        google_codec(struct_pb2.Value).from_json(b"NaN")


def test_bad_binary() -> None:
    with pytest.raises(CodecError, match=r"^codectest.v1.Tree: not valid protobuf binary: \S"):
        google_codec(Tree).from_binary(b"\xff")


def test_long_reasons_are_cut() -> None:
    data = json.dumps({"children": "x" * 100_000}).encode()
    with pytest.raises(CodecError) as caught:
        google_codec(Tree).from_json(data)
    assert len(str(caught.value)) < 1_000


def test_extensions_survive_both_encodings() -> None:
    codec = google_codec(Legacy)
    message = codec.from_json(b'{"name":"n","[codectest.v1.note]":"hello"}')
    assert codec.to_json(codec.from_binary(codec.to_binary(message))) == (
        b'{"[codectest.v1.note]":"hello","name":"n"}'
    )


@pytest.mark.parametrize("data", [b"[]", b'""', b"null", b"0", b"false"])
def test_what_is_no_object_is_no_empty_message(data: bytes) -> None:
    with pytest.raises(CodecError, match="expected an object"):
        google_codec(Tree).from_json(data)


def test_a_message_too_deep_for_json() -> None:
    codec = google_codec(Tree)
    top = bottom = Tree()
    for _ in range(2_000):
        bottom = bottom.children.add()
    with pytest.raises(CodecError, match="cannot be written as ProtoJSON"):
        codec.to_json(top)


@pytest.mark.parametrize(
    "message",
    [
        any_pb2.Any(type_url="type.googleapis.com/no.such.Type", value=b"x"),
        any_pb2.Any(type_url="type.googleapis.com/codectest.v1.Tree", value=b"\xff"),
        struct_pb2.Value(number_value=float("nan")),
        timestamp_pb2.Timestamp(seconds=2**62),
    ],
)
def test_messages_without_a_json_form(message: Any) -> None:
    with pytest.raises(CodecError, match="cannot be written as ProtoJSON"):
        codec_of(message).to_json(message)


@pytest.mark.parametrize("write", ["to_binary", "to_json"])
@pytest.mark.parametrize(
    ("message", "got"),
    [
        (Scalars(a_string="x"), "codectest.v1.Scalars"),
        (None, "NoneType"),
        ({"name": "x"}, "dict"),
        (Tree, "GeneratedProtocolMessageType|MessageMeta"),
    ],
)
def test_an_object_of_another_type_is_refused(write: str, message: Any, got: str) -> None:
    with pytest.raises(TypeError, match=rf"^expected a codectest.v1.Tree message, got ({got}): "):
        getattr(google_codec(Tree), write)(message)


def test_what_a_codec_says_of_itself() -> None:
    codec = google_codec(Choices)
    assert codec is google_codec(Choices)
    assert codec.type is Choices
    assert codec.full_name == "codectest.v1.Choices"
    assert not codec.is_empty
    assert not google_codec(Nothing).is_empty
    assert google_codec(empty_pb2.Empty).is_empty
