"""Payloads: any bytes are a message or a CodecError, and what is written can be read again."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from hypothesis import given
from hypothesis import strategies as st

from restate_proto import AesGcmSiv, Encoding, TerminalError, Zstd
from restate_proto.codec import payload
from restate_proto.codec.registry import codec_for
from restate_proto.codec.untyped import untyped_json
from restate_proto.contract.metadata import read_contract
from restate_proto.model.codec import CodecError
from restate_proto.model.payload_codec import MARK, PayloadCodecError, payload_codecs
from tests.codec.messages import OURS, json_values, messages
from tests.fuzz.examples import fuzz
from tests.fuzz.mutations import mutated

types = st.sampled_from(OURS)


def read(class_: Any, data: bytes, encoding: Encoding) -> Any:
    """Return the message, or None if the payload is refused; any other error is a fault."""
    try:
        return payload.read(codec_for(class_), data, encoding)[0]
    except CodecError as error:
        text = str(error)
    assert len(text) < 2_000
    assert "\n" not in text
    return None


@fuzz()
@given(types, st.data(), st.sampled_from(list(Encoding)))
def test_bytes_that_were_a_message(class_: Any, data: st.DataObject, encoding: Encoding) -> None:
    codec = codec_for(class_)
    try:
        written = payload.encode(codec, data.draw(messages(class_)), encoding)
    except CodecError:
        return
    found = read(class_, data.draw(mutated(written)), encoding)
    if found is not None:
        for each in Encoding:
            try:
                again = payload.encode(codec, found, each)
            except CodecError:
                continue
            assert payload.decode(codec, again, each) is not None


@fuzz()
@given(types, st.binary(max_size=200), st.sampled_from(list(Encoding)))
def test_any_bytes(class_: Any, data: bytes, encoding: Encoding) -> None:
    read(class_, data, encoding)
    json.loads(untyped_json(data))


@fuzz()
@given(types, json_values())
def test_any_json(class_: Any, value: Any) -> None:
    read(class_, json.dumps(value).encode(), Encoding.JSON)


@fuzz()
@given(types, st.data())
def test_json_whose_values_are_others(class_: Any, data: st.DataObject) -> None:
    """The names are those of the message."""
    fields = [name for each in class_.DESCRIPTOR.fields for name in (each.name, each.json_name)]
    names = st.sampled_from(fields) if fields else st.text()
    value = data.draw(st.dictionaries(names, json_values(), max_size=4))
    read(class_, json.dumps(value).encode(), Encoding.JSON)


CODECS = {
    "Zstd": payload_codecs("Endpoint", Zstd(max_size=10_000, min_size=0)),
    "AES": payload_codecs("Endpoint", AesGcmSiv({"a": bytes(32)})),
    "both": payload_codecs("Endpoint", [Zstd(max_size=10_000), AesGcmSiv({"a": bytes(32)})]),
}


@pytest.mark.parametrize("name", CODECS)
@fuzz()
@given(data=st.data())
def test_payload_codecs(name: str, data: st.DataObject) -> None:
    codecs = CODECS[name]
    assert codecs is not None
    plain = data.draw(st.binary(max_size=400))
    encoded = codecs.encode(plain)
    assert codecs.decode(encoded) == plain
    changed = data.draw(st.one_of(mutated(encoded), st.binary().map(lambda each: MARK + each)))
    try:
        found = codecs.decode(changed)
    except (TerminalError, PayloadCodecError):
        return
    assert len(found) <= 10_000


@fuzz()
@given(st.one_of(st.text(), st.binary().map(lambda each: each.decode("latin-1"))))
def test_any_text_as_the_contract_of_a_service(text: str) -> None:
    read_contract(text)


imports = st.one_of(
    st.text(max_size=8),
    st.text(max_size=8).map(lambda each: f"google/protobuf/{each}.proto"),
    st.sampled_from(["google/protobuf/any.proto", "restatepb/v1/options.proto"]),
)
files = st.lists(
    st.builds(FileDescriptorProto, name=imports, dependency=st.lists(imports, max_size=2)),
    max_size=3,
)


@fuzz()
@given(st.builds(FileDescriptorSet, file=files), st.data())
def test_any_files_as_the_contract_of_a_service(
    found: FileDescriptorSet, data: st.DataObject
) -> None:
    text = base64.b64encode(zlib.compress(found.SerializeToString()))
    read_contract(data.draw(mutated(text)).decode("latin-1"))
