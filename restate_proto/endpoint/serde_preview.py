"""Serde preview: payloads as JSON for the Restate UI, and JSON that people write there as payloads.

The UI asks the server, and the server asks the deployment that an invocation runs on:

    POST /serdes/{service}/decode/{name}    a payload in, JSON out
    POST /serdes/{service}/encode/{name}    JSON in, a payload out

`name` says what the payload is to the service: `AddTicket/input`, `AddTicket/output`, or, of what
belongs to no handler, the kind of the journal's entry in lower case (`setstate`, `getpromise`). The UI
asks for those names that the service's metadata has as `dev.restate.serde.preview.{name}`. It does not
say which state key or which promise it asks about: each type is tried that the contract has for them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from restate_proto.codec import strict_json
from restate_proto.codec.payload import content_type_of, encode, read
from restate_proto.codec.raw import RawCodec
from restate_proto.codec.registry import codec_for
from restate_proto.codec.untyped import untyped_json
from restate_proto.model.codec import CodecError
from restate_proto.model.kinds import Encoding, ServiceKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from restate_proto.model.codec import Codec
    from restate_proto.model.keys import PromiseKey, SignalKey, StateKey
    from restate_proto.model.service import ServiceDescriptor

__all__ = ["SerdePreview"]

_PREFIX = "dev.restate.serde.preview."

_STATE = ("getstate", "geteagerstate", "getlazystate", "setstate")
_PROMISES = ("getpromise", "peekpromise", "completepromise")
_SIGNALS = ("signal",)
_UNTYPED = ("run", "awakeable", "completeawakeable", "sendsignal")
"""Of these the contract does not say the type."""


class PreviewResponse(NamedTuple):
    """An HTTP response.

    Args:
        status: the status code.
        content_type: the content type of the body.
        body: its body.
    """

    status: int
    content_type: str
    body: bytes


class _Serde(NamedTuple):
    """What payloads of one name are.

    Args:
        codecs: the codecs of the types that they may have.
        encoding: what they are written in.
        is_known: whether they have the one type; else it is guessed, and may be no type of the
            contract's at all.
    """

    codecs: tuple[Codec[Any], ...]
    encoding: Encoding
    is_known: bool = False


class SerdePreview:
    """The payloads of services that people can look at and write.

    Those of services whose contract says `encoding: JSON` are JSON as they are, and raw ones are
    shown by nobody: they have no preview.

    Args:
        services: the services of the endpoint.
        max_size: the bytes of the longest payload, or of the longest JSON, that is taken.
    """

    def __init__(self, services: Iterable[ServiceDescriptor], max_size: int) -> None:
        self.max_size = max_size
        self._serdes = {service.name: dict(_serdes(service)) for service in services}

    def advertised(self, service: ServiceDescriptor) -> ServiceDescriptor:
        """The service, with metadata that says what has a preview."""
        preview = {f"{_PREFIX}{name}": "true" for name in self._serdes[service.name]}
        metadata = {**service.config.metadata, **preview}
        return replace(service, config=replace(service.config, metadata=metadata))

    def find(self, path: str) -> Callable[[bytes], PreviewResponse] | None:
        """What answers a request at a path; None where nothing does.

        Args:
            path: `{service}/{decode or encode}/{name}`.
        """
        service, _, rest = path.partition("/")
        operation, _, name = rest.partition("/")
        serde = self._serdes.get(service, {}).get(name)
        if serde is None:
            return None
        match operation:
            case "decode":
                return lambda data: _answer("application/json", _decode, serde, data)
            case "encode":
                type_ = content_type_of(serde.encoding)
                return lambda data: _answer(type_, _encode, serde, data)
            case _:
                return None


def _serdes(service: ServiceDescriptor) -> Iterator[tuple[str, _Serde]]:
    """What of a service has a preview, by name."""
    for handler in service.handlers:
        if handler.encoding is Encoding.JSON:
            continue
        for what, codec in (("input", handler.request), ("output", handler.response)):
            if not (codec.is_empty or isinstance(codec, RawCodec)):
                yield f"{handler.name}/{what}", _Serde((codec,), handler.encoding, is_known=True)
    if service.encoding is Encoding.JSON:
        return
    kind = service.kind
    entries: list[
        tuple[tuple[str, ...], Iterable[StateKey[Any] | PromiseKey[Any] | SignalKey[Any]]]
    ]
    entries = [(_SIGNALS, service.signals), (_UNTYPED, ())]
    if kind is not ServiceKind.SERVICE:
        entries.append((_STATE, service.state))
    if kind is ServiceKind.WORKFLOW:
        entries.append((_PROMISES, service.promises))
    for names, keys in entries:
        codecs = tuple(dict.fromkeys(codec_for(key.type) for key in keys))
        yield from ((name, _Serde(codecs, service.encoding)) for name in names)


def _answer(
    content_type: str, convert: Callable[[_Serde, bytes], bytes], serde: _Serde, data: bytes
) -> PreviewResponse:
    try:
        return PreviewResponse(200, content_type, convert(serde, data))
    except (CodecError, strict_json.JsonError) as error:
        text = json.dumps({"message": str(error)})
        return PreviewResponse(422, "application/json", text.encode())


def _decode(serde: _Serde, data: bytes) -> bytes:
    """A payload as JSON.

    Where the type is not known, those count that lose nothing of the payload. Where none does, be it
    because a newer contract wrote it, all those count that can read it as binary: JSON is readable as
    it is.

    Raises:
        CodecError: it is not of its type.
    """
    if serde.is_known:
        codec = serde.codecs[0]
        return codec.to_json(read(codec, data, serde.encoding)[0])
    whole: dict[bytes, str] = {}
    partial: dict[bytes, str] = {}
    for codec in serde.codecs:
        try:
            message, encoding = read(codec, data, serde.encoding)
            text = codec.to_json(message)
            if encode(codec, codec.from_json(text), encoding) == data:
                whole.setdefault(text, codec.full_name)
            elif encoding is Encoding.PROTOBUF:
                partial.setdefault(text, codec.full_name)
        except CodecError:
            continue
    found = whole or partial
    if not found:
        return untyped_json(data)
    if len(found) == 1:
        return next(iter(found))
    return strict_json.dumps(
        {"one of": {name: strict_json.loads(text) for text, name in found.items()}}
    )


def _encode(serde: _Serde, text: bytes) -> bytes:
    """JSON as a payload.

    Raises:
        CodecError: it is of none of the types that it can have, or of several.
        JsonError: it is no JSON.
    """
    value = strict_json.loads(text)
    if not serde.codecs:
        return text
    if len(serde.codecs) == 1:
        codec = serde.codecs[0]
        return encode(codec, codec.from_json(text), serde.encoding)
    found: dict[bytes, str] = {}
    for codec in serde.codecs:
        try:
            message = codec.from_json(text)
            if strict_json.loads(codec.to_json(message)) == value:  # no field was ignored
                found.setdefault(encode(codec, message, serde.encoding), codec.full_name)
        except CodecError:
            continue
    if len(found) == 1:
        return next(iter(found))
    names = ", ".join(found.values() if found else (codec.full_name for codec in serde.codecs))
    problem = "it could be any of these types" if found else "it is of none of these types"
    raise CodecError(f"the JSON cannot be written, for {problem}: {names}")
