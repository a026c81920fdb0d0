"""Serde preview: payloads as JSON in the Restate UI, and JSON written there as payloads.

The UI asks the server, and the server asks the deployment that an invocation runs on:

    POST /serdes/{service}/decode/{name}    a payload in, JSON out
    POST /serdes/{service}/encode/{name}    JSON in, a payload out

`name` says what the payload is: `AddTicket/input`, `AddTicket/output`, or, for payloads that belong
to no handler, the kind of the journal entry in lower case (`setstate`, `getpromise`). The UI asks
for the names that the service's metadata lists as `dev.restate.serde.preview.{name}`. It does not
say which state key or promise it means, so each type that the contract declares for them is tried.
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
from restate_proto.errors import RestateError
from restate_proto.model.codec import CodecError
from restate_proto.model.kinds import Encoding, ServiceKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from restate_proto.model.codec import Codec
    from restate_proto.model.keys import PromiseKey, SignalKey, StateKey
    from restate_proto.model.payload_codec import PayloadCodecs
    from restate_proto.model.service import ServiceDescriptor

__all__ = ["SerdePreview"]

_PREFIX = "dev.restate.serde.preview."

_STATE = ("getstate", "geteagerstate", "getlazystate", "setstate")
_PROMISES = ("getpromise", "peekpromise", "completepromise")
_SIGNALS = ("signal",)
_UNTYPED = ("run", "awakeable", "completeawakeable", "sendsignal")
"""Payloads whose type the contract does not say."""


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
    """How to read and write the payloads of one name.

    Args:
        codecs: the codecs of the types that they may have.
        encoding: the encoding that they are written in.
        is_known: whether they have exactly one type; if not, the type is guessed, and it may be
            one that the contract does not have.
    """

    codecs: tuple[Codec[Any], ...]
    encoding: Encoding
    is_known: bool = False


class SerdePreview:
    """Converts the payloads of services for people who look at them or write them.

    Services with `encoding: JSON` need no preview, and raw payloads can be anything. So neither has
    one, unless payload codecs encode them.

    Args:
        services: the services of the endpoint.
        max_size: the size of the longest payload or JSON that is accepted, in bytes.
        payload_codecs: what encodes payloads; None if they are stored as they are.
    """

    def __init__(
        self,
        services: Iterable[ServiceDescriptor],
        max_size: int,
        payload_codecs: PayloadCodecs | None = None,
    ) -> None:
        self.max_size = max_size
        self._payload_codecs = payload_codecs
        has_codecs = payload_codecs is not None
        self._serdes = {
            service.name: dict(_serdes(service, of_all=has_codecs)) for service in services
        }

    def advertised(self, service: ServiceDescriptor) -> ServiceDescriptor:
        """Return the service's descriptor, with metadata that lists the previews."""
        preview = {f"{_PREFIX}{name}": "true" for name in self._serdes[service.name]}
        metadata = {**service.config.metadata, **preview}
        return replace(service, config=replace(service.config, metadata=metadata))

    def find(self, path: str) -> Callable[[bytes], PreviewResponse] | None:
        """Return what answers a request at a path, or None.

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
                return lambda data: _answer(self._decode, serde, data)
            case "encode":
                return lambda data: _answer(self._encode, serde, data)
            case _:
                return None

    def _decode(self, serde: _Serde, data: bytes) -> tuple[str, bytes]:
        codecs = self._payload_codecs
        plain = data if codecs is None else codecs.decode(data)
        return "application/json", _decode(serde, plain)

    def _encode(self, serde: _Serde, text: bytes) -> tuple[str, bytes]:
        data, codecs = _encode(serde, text), self._payload_codecs
        if codecs is None:
            return content_type_of(serde.encoding), data
        return "application/octet-stream", codecs.encode(data)


def _serdes(service: ServiceDescriptor, *, of_all: bool) -> Iterator[tuple[str, _Serde]]:
    """Return the payloads of a service that have a preview, by name.

    Args:
        service: the service.
        of_all: whether all payloads are encoded, so that people cannot read any as it is.
    """
    for handler in service.handlers:
        encoding = handler.encoding
        for what, codec in (("input", handler.request), ("output", handler.response)):
            if isinstance(codec, RawCodec):
                serde = _Serde((), encoding) if of_all else None
            elif codec.is_empty or not (of_all or encoding is Encoding.PROTOBUF):
                serde = None
            else:
                serde = _Serde((codec,), encoding, is_known=True)
            if serde is not None:
                yield f"{handler.name}/{what}", serde
    if not (of_all or service.encoding is Encoding.PROTOBUF):
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
    convert: Callable[[_Serde, bytes], tuple[str, bytes]], serde: _Serde, data: bytes
) -> PreviewResponse:
    try:
        return PreviewResponse(200, *convert(serde, data))
    except (RestateError, ValueError) as error:  # of codecs, or invalid JSON
        text = json.dumps({"message": str(error)})
        return PreviewResponse(422, "application/json", text.encode())


def _decode(serde: _Serde, data: bytes) -> bytes:
    """Convert a payload to JSON.

    If the type is not known, it may be any type that reads the payload without losing a part of it.
    If there is none, perhaps because a newer contract wrote the payload, it may be any type that
    can read it as binary; JSON is then returned unchanged.

    Raises:
        CodecError: the payload does not have its type.
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
    """Convert JSON to a payload.

    Raises:
        CodecError: it fits none of the possible types, or several.
        JsonError: it is not valid JSON.
    """
    if not serde.codecs:
        return text
    value = strict_json.loads(text)
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
    problem = "it fits all of these types" if found else "it fits none of these types"
    raise CodecError(f"the JSON cannot be written, because {problem}: {names}")
