"""Apply payload codecs to requests of the ingress and their responses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.errors import TerminalError
from restate_proto.ingress.requests import Operation
from restate_proto.model.error_types import received_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restate_proto.ingress.requests import HttpRequest
    from restate_proto.ingress.responses import HttpResponse
    from restate_proto.ingress.sender import Sender
    from restate_proto.model.payload_codec import PayloadCodecs

__all__ = ["EncodingSender"]

_WRITING = (Operation.CALL, Operation.SEND, Operation.RESOLVE)


@dataclass(frozen=True, slots=True)
class _Decoded:
    """A response with its body decoded."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class EncodingSender:
    """Encodes the payloads of requests, and decodes those of responses and the details of errors.

    Args:
        sender: sends the requests.
        codecs: the codecs.
    """

    def __init__(self, sender: Sender, codecs: PayloadCodecs) -> None:
        self._sender = sender
        self._codecs = codecs

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request, like `Sender.send`.

        Raises:
            ValueError: a codec refuses the payload.
            PayloadCodecError: the payload of the response cannot be decoded.
            TerminalError: the payload can never be decoded, or the invocation failed.
            IngressError: the request failed otherwise.
        """
        if request.operation in _WRITING:
            request = request._replace(body=self._codecs.encode(request.body))
        try:
            response = await self._sender.send(request)
        except TerminalError as error:
            raise self._decoded(error) from None
        body = self._codecs.decode(response.body)
        if body is response.body:
            return response
        return _Decoded(response.status, response.headers, body)

    def _decoded(self, error: TerminalError) -> TerminalError:
        """Decode the details of a failure, and return it in the class of its detail."""
        metadata = self._codecs.decode_details(error.metadata.items())
        decoded = received_error(error.message, error.code, dict(metadata))
        for note in error.__notes__:
            decoded.add_note(note)
        return decoded

    async def close(self) -> None:
        """Close all connections."""
        await self._sender.close()
