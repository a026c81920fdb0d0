"""An attempt without a network: passes the request to the endpoint, and collects its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.protocol import content_type
from restate_proto.protocol.frames import FrameDecoder, framed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from restate_proto.endpoint.routes import Accept
    from restate_proto.http2.stream import StreamReceiver
    from restate_proto.protocol.frames import Frame
    from restate_proto.testing.virtual.invocation import Invocation

__all__ = ["RunningAttempt"]


class RunningAttempt:
    """One attempt of an invocation: the stream that the endpoint sees.

    Args:
        invocation: the invocation.
        version: the service protocol version.
        on_output: called when there is output, or its end.

    Attributes:
        method: see `RequestStream`.
        path: see `RequestStream`.
        headers: see `RequestStream`.
        frames: the messages that were written and not processed yet.
        has_ended: whether nothing more will be written.
        takes_input: whether the request has not ended yet.
        refusal: the status and body of an answer that is not a success.
    """

    method = "POST"
    above_high_water = False

    def __init__(
        self, invocation: Invocation, version: int, on_output: Callable[[RunningAttempt], None]
    ) -> None:
        handler = invocation.handler
        self.invocation = invocation
        self.version = version
        self.path = f"/invoke/{handler.service}/{handler.name}"
        self.headers: Sequence[tuple[bytes, bytes]] = (
            (b"content-type", content_type(version).encode()),
            (b"x-restate-invocation-id", invocation.id.encode()),
        )
        self.frames: list[Frame] = []
        self.has_ended = False
        self.refusal: tuple[int, bytes] | None = None
        self._on_output = on_output
        self._decoder = FrameDecoder()
        self._receiver: StreamReceiver | None = None
        self.takes_input = True

    # ---- From the server ----

    def begin(self, entrance: Accept, request: bytes, *, ends: bool) -> None:
        """Send the request.

        Args:
            entrance: the endpoint's function that accepts requests.
            request: the start message and the journal.
            ends: whether the request ends with it, so that each wait is a suspension.
        """
        self._receiver = entrance(self)
        self._receiver.data_received(request)
        if ends:
            self.end_input()

    def send(self, message: Frame) -> None:
        """Send another message of the request, if it has not ended."""
        if self._receiver is not None and self.takes_input and not self.has_ended:
            self._receiver.data_received(framed(message))

    def end_input(self) -> None:
        """End the request, so that the handler is suspended where it waits."""
        if self._receiver is not None and self.takes_input and not self.has_ended:
            self.takes_input = False
            self._receiver.eof_received()

    def abort(self, reason: str) -> None:
        """Tell the endpoint that the stream is gone."""
        self.has_ended = True
        if self._receiver is not None:
            self._receiver.aborted(reason)

    @property
    def is_postponed(self) -> bool:
        """Whether it goes on in another turn of the event loop."""
        return not self.has_ended and bool(getattr(self._receiver, "is_postponed", False))

    # ---- From the endpoint, as `RequestStream` ----

    def respond(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Take the status of the answer."""
        del headers
        if status != 200:
            self.refusal = status, b""

    def write(self, data: bytes, *, end: bool = False) -> None:
        """Take a part of the answer."""
        if self.refusal is not None:
            self.refusal = self.refusal[0], self.refusal[1] + data
        else:
            self.frames += self._decoder.feed(data)
        self.has_ended = self.has_ended or end
        self._on_output(self)

    def acknowledge(self, amount: int) -> None:
        """Do nothing: the input is not bounded."""
