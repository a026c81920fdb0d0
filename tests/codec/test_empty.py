"""`google.protobuf.Empty` as None."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty

from restate_proto.codec.empty import NOTHING
from restate_proto.codec.google import google_codec
from restate_proto.codec.payload import encode, read
from restate_proto.model.codec import CodecError
from restate_proto.model.kinds import Encoding

EMPTY = google_codec(Empty)
UNKNOWN_FIELD = b"\x08\x01"


@pytest.mark.parametrize("encoding", Encoding)
def test_it_is_written_as_an_empty_message(encoding: Encoding) -> None:
    assert encode(NOTHING, None, encoding) == encode(EMPTY, Empty(), encoding)


@pytest.mark.parametrize("data", [b"", b"{}", b'{"new": [1]}', UNKNOWN_FIELD])
@pytest.mark.parametrize("default", Encoding)
def test_it_is_read_as_an_empty_message(data: bytes, default: Encoding) -> None:
    assert read(NOTHING, data, default) == (None, read(EMPTY, data, default)[1])


@pytest.mark.parametrize("data", [b"\xff", b"{", b"[]", b"null"])
def test_what_is_no_empty_message_is_refused(data: bytes) -> None:
    with pytest.raises(CodecError) as expected:
        read(EMPTY, data, Encoding.JSON)
    with pytest.raises(CodecError) as found:
        read(NOTHING, data, Encoding.JSON)
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize("encoding", Encoding)
def test_a_message_is_not_nothing(encoding: Encoding) -> None:
    wrong: Any = Empty()
    with pytest.raises(TypeError, match=r"expected None, which stands for google\.protobuf\.Empty"):
        encode(NOTHING, wrong, encoding)


def test_what_is_known_of_the_type_is_that_of_the_message() -> None:
    for name in ("full_name", "is_empty", "json_is_object", "brace_begins_binary"):
        assert getattr(NOTHING, name) == getattr(EMPTY, name)
    assert NOTHING.json_schema() == EMPTY.json_schema()
