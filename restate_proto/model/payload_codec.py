"""`PayloadCodec`: encodes payloads before Restate stores them, and decodes them afterwards.

An encoded payload begins with `MARK`. Nothing else that Restate stores begins like this: `MARK` is
not valid JSON, text or protobuf binary. So plain payloads remain readable: those that were written
before a codec was configured, and those of callers that have none. Empty payloads are not encoded.

The details of errors are payloads too: messages in base64, in the metadata of an error.
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
"""The first bytes of encoded payloads. As a protobuf tag, 7 would mean the invalid field number
0."""


class PayloadCodecError(RestateError):
    """A payload cannot be decoded here and now, for example because its key is missing.

    Restate retries the invocation, which goes on once there is an endpoint that can decode the
    payload.
    """


class PayloadCodec(Protocol):
    """Encodes payloads before Restate stores them, and decodes them.

    Both methods are called in the event loop, several times in an attempt, so a slow one holds up
    other invocations. Load what a codec needs, such as keys, before passing it to an `Endpoint`.

    A later version of a codec must decode what an earlier one encoded, for as long as Restate may
    store it. Encoding the same payload twice may give different bytes.
    """

    def encode(self, data: bytes, /) -> bytes:
        """Encode a payload.

        Args:
            data: the payload; never zero bytes.

        Raises:
            ValueError: the payload could not be decoded again. The handler fails at the line that
                writes it.
        """
        ...

    def decode(self, data: bytes, /) -> bytes:
        """Decode what `encode` has returned.

        Raises:
            TerminalError: nobody can ever decode it.
            Exception: any other exception: it cannot be decoded now, and Restate retries.
        """
        ...


class PayloadCodecs:
    """The codecs of an endpoint or a client, combined into one.

    Args:
        codecs: in the order in which they encode.
    """

    __slots__ = ("_codecs",)

    def __init__(self, codecs: Iterable[PayloadCodec]) -> None:
        self._codecs = tuple(codecs)

    def encode(self, data: bytes) -> bytes:
        """Encode a payload for Restate to store.

        Raises:
            ValueError: a codec refuses it.
        """
        if not data:
            return data
        for codec in self._codecs:
            data = codec.encode(data)
        return MARK + data

    def decode(self, data: bytes) -> bytes:
        """Decode a stored payload; one that is not encoded is returned as it is.

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
        """Encode the details in the metadata of an error.

        Raises:
            ValueError: a codec refuses one.
        """
        return convert_details(metadata, self.encode)

    def decode_details(self, metadata: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Decode the details in the metadata of an error.

        Raises:
            PayloadCodecError: one cannot be decoded here and now.
            TerminalError: one never can.
        """
        return convert_details(metadata, self.decode)


def payload_codecs(where: str, codec: object) -> PayloadCodecs | None:
    """Read the option `payload_codec`: one codec, several in a list, or None.

    Raises:
        TypeError: it is something else.
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
