"""Show payloads as text: by their type in the contract, or else by their bytes."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from google.protobuf.message import DecodeError

from restate_proto.codec.payload import read
from restate_proto.codec.raw import RawCodec
from restate_proto.codec.registry import codec_for
from restate_proto.contract.paths import printable
from restate_proto.errors import TerminalError
from restate_proto.ingress.introspection import PayloadRole
from restate_proto.model.codec import CodecError
from restate_proto.model.error_types import DetailedError, received_error
from restate_proto.model.payload_codec import MARK, PayloadCodecError, payload_codecs
from restate_proto.protobuf import unknown_fields

if TYPE_CHECKING:
    from restate_proto.cli.service_types import ServiceTypes
    from restate_proto.ingress.introspection import Payload
    from restate_proto.model.codec import Codec
    from restate_proto.model.kinds import Encoding
    from restate_proto.protocol import Failure

__all__ = [
    "payload_json",
    "plain_to_stored",
    "show_bytes",
    "show_error",
    "show_failure",
    "show_payload",
]


def show_payload(types: ServiceTypes, payload: Payload) -> str:
    """Write a payload on one line, as ProtoJSON if the contract knows its type."""
    try:
        plain = payload._replace(data=_stored_to_plain(types, payload.data))
    except (PayloadCodecError, TerminalError) as error:
        return f"({printable(str(error))})"
    found = _read_json(types, plain)
    if found is None and plain.data.startswith(MARK):
        return "(encoded by a payload codec; --endpoint knows it)"
    return found if found is not None else show_bytes(plain.data)


def payload_json(types: ServiceTypes, payload: Payload) -> Any:
    """Return a payload as a JSON value: its ProtoJSON, its own JSON, or a string that shows it."""
    text = show_payload(types, payload)
    try:
        return json.loads(text)
    except ValueError:
        return text


def _stored_to_plain(types: ServiceTypes, data: bytes) -> bytes:
    """Decode a stored payload with the endpoint's payload codec, if it has one.

    Raises:
        PayloadCodecError: its codec cannot decode it here.
        TerminalError: it never can.
    """
    codecs = payload_codecs(types.source, types.payload_codec)
    return data if codecs is None else codecs.decode(data)


def plain_to_stored(types: ServiceTypes, data: bytes) -> bytes:
    """Encode a payload with the endpoint's payload codec, if it has one.

    Raises:
        ValueError: a payload codec refuses it.
    """
    codecs = payload_codecs(types.source, types.payload_codec)
    return data if codecs is None else codecs.encode(data)


def _read_json(types: ServiceTypes, payload: Payload) -> str | None:
    """Return the ProtoJSON of a payload; None if the contract does not know its type."""
    found = _codec(types, payload)
    if found is None:
        return None
    codec, encoding = found
    try:
        return codec.to_json(read(codec, payload.data, encoding)[0]).decode()
    except (CodecError, NotImplementedError):
        return None


def show_bytes(data: bytes) -> str:
    """Write bytes as they look: JSON, text between quotes, or hexadecimal."""
    if not data:
        return "(empty)"
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return _show_binary(data)
    if _is_json(text):
        return printable(" ".join(text.splitlines()))
    # Binary messages are often ASCII with a few control characters.
    return json.dumps(text, ensure_ascii=False) if text.isprintable() else _show_binary(data)


def _show_binary(data: bytes) -> str:
    """Write the fields of a binary message by number, or else the bytes in hexadecimal."""
    try:
        fields = unknown_fields(data)
    except DecodeError:
        return f"0x{data.hex()}"
    texts = (f"{field.field_number}: {_show_field(field.data)}" for field in fields)
    return f"{{{', '.join(texts)}}}"


def _show_field(value: Any) -> str:
    if isinstance(value, bytes):
        return show_bytes(value) if value else '""'
    if isinstance(value, int):
        return str(value)
    return f"{{{', '.join(f'{each.field_number}: {_show_field(each.data)}' for each in value)}}}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def show_failure(types: ServiceTypes, failure: Failure) -> str:
    """Write a failure, with its typed detail if the contract knows the type."""
    metadata = failure.metadata
    codecs = payload_codecs(types.source, types.payload_codec)
    if codecs is not None:
        with suppress(PayloadCodecError, TerminalError):  # the detail is left out
            metadata = codecs.decode_details(metadata)
    return show_error(received_error(failure.message, failure.code, dict(metadata)))


def show_error(error: TerminalError) -> str:
    """Write the error that an invocation ended with on one line, with its typed detail."""
    text = f"[{error.code}] {printable(error.message)}"
    if isinstance(error, DetailedError):
        described = error.__restate_error__
        detail = cast("Any", error.detail)  # pyright: ignore[reportUnknownMemberType]
        text += f" ({described.full_name} {described.codec.to_json(detail).decode()})"
    return text


def _codec(types: ServiceTypes, payload: Payload) -> tuple[Codec[Any], Encoding] | None:
    """Return the codec of a payload, and the encoding of its contract."""
    service = types.services.get(payload.service)
    if service is None:
        return None
    codec: Codec[Any] | None = None
    handler = types.find_handler(payload.service, payload.name)
    if payload.role is PayloadRole.REQUEST and handler is not None:
        codec = handler.request
    elif payload.role is PayloadRole.RESPONSE and handler is not None:
        codec = handler.response
    else:
        declared = {
            PayloadRole.STATE: service.state,
            PayloadRole.PROMISE: service.promises,
            PayloadRole.SIGNAL: service.signals,
        }
        keys = declared.get(payload.role, ())
        codec = next((codec_for(key.type) for key in keys if key.name == payload.name), None)
    if codec is None or isinstance(codec, RawCodec):
        return None
    return codec, service.encoding
