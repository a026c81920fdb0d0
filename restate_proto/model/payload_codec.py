"""The seam to payload codecs: what payloads become before Restate stores them, and back.

What a codec has encoded begins with `MARK`, which nothing else does that Restate stores: it is no
JSON, no text, and no protobuf binary, whose first byte would be the tag of a field. So what is plain is
read as well: what was written before there was a codec, and what callers send that have none. A payload
of zero bytes stays as it is.

The details of errors are payloads, too: messages in base64, in the metadata of an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeGuard, cast

from restate_proto.errors import RestateError, TerminalError, convert_details
from restate_proto.model.arguments import wrong_type

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MARK", "PayloadCodec", "PayloadCodecError", "PayloadCodecs", "payload_codecs"]

MARK: Final = b"\x07pc1"
"""What encoded payloads begin with. As a tag, 7 would be of a field with the number 0."""


class PayloadCodecError(RestateError):
    """A payload cannot be decoded here and now, as its key is missing.

    Restate retries what fails so: it goes on when there is an endpoint that can decode it.
    """


class PayloadCodec(Protocol):
    """Encodes payloads before Restate stores them, and decodes them.

    Both are called in the event loop, several times in an attempt: what takes long holds up others.
    What a codec needs, such as keys, is there before it is passed to an `Endpoint`.

    What one of its versions has encoded, later ones decode, for as long as Restate may have it. Two
    encodings of one payload may differ.
    """

    def encode(self, data: bytes, /) -> bytes:
        """Encode a payload.

        Args:
            data: the payload; never zero bytes.

        Raises:
            ValueError: it cannot be encoded so that it could be decoded again. That fails the
                handler at the line that writes it.
        """
        ...

    def decode(self, data: bytes, /) -> bytes:
        """Decode what `encode` has returned.

        Raises:
            TerminalError: nobody can ever decode it.
            Exception: any other one; it cannot be decoded now, and Restate retries.
        """
        ...


class PayloadCodecs:
    """The codecs of an endpoint or a client, as one.

    Args:
        codecs: in the order in which they encode.
    """

    __slots__ = ("_codecs",)

    def __init__(self, codecs: Iterable[PayloadCodec]) -> None:
        self._codecs = tuple(codecs)

    def encode(self, data: bytes) -> bytes:
        """The payload as Restate stores it.

        Raises:
            ValueError: a codec refuses it.
        """
        if not data:
            return data
        for codec in self._codecs:
            data = codec.encode(data)
        return MARK + data

    def decode(self, data: bytes) -> bytes:
        """The payload of what Restate stores; what is not encoded is returned as it is.

        Raises:
            PayloadCodecError: it cannot be decoded here and now.
            TerminalError: it never can.
        """
        if not data.startswith(MARK):
            return data
        data = data[len(MARK) :]
        try:
            for codec in reversed(self._codecs):
                data = codec.decode(data)
        except TerminalError:
            raise
        except Exception as error:
            reason = str(error) or type(error).__name__
            raise PayloadCodecError(f"the payload cannot be decoded: {reason}") from error
        return data

    def encode_details(self, metadata: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """The metadata of an error, with its details encoded.

        Raises:
            ValueError: a codec refuses one.
        """
        return convert_details(metadata, self.encode)

    def decode_details(self, metadata: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """The metadata of an error, with its details decoded.

        Raises:
            PayloadCodecError: one cannot be decoded here and now.
            TerminalError: one never can.
        """
        return convert_details(metadata, self.decode)


def payload_codecs(where: str, codec: object) -> PayloadCodecs | None:
    """What the option `payload_codec` means: one codec, several in a list, or None.

    Raises:
        TypeError: it is none of these.
    """
    if codec is None:
        return None
    codecs = (codec,) if not isinstance(codec, Sequence) else cast("Sequence[object]", codec)
    if not codecs or not _are_codecs(codecs):
        expected = "a PayloadCodec, or several in a list, in the order in which they encode"
        raise wrong_type(where, "payload_codec", cast("object", codec), expected)
    return PayloadCodecs(codecs)


def _are_codecs(codecs: Sequence[Any]) -> TypeGuard[Sequence[PayloadCodec]]:
    return all(
        callable(getattr(codec, name, None)) and not isinstance(codec, type)
        for codec in codecs
        for name in ("encode", "decode")
    )
