"""An attempt whose last message is held back until a repetition has confirmed it."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING

from restate_proto.protocol import AttemptError, Code
from restate_proto.protocol.frames import pack_header
from restate_proto.protocol.messages import MessageType
from restate_proto.protocol.player import Player
from restate_proto.runtime.debug.repetition import NotRepeatableError, Repetition
from restate_proto.runtime.debug.watched_attempt import WatchedAttempt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto.protocol.player import Difference
    from restate_proto.runtime.byte_stream import ByteStream
    from restate_proto.runtime.debug.watch import Watch
    from restate_proto.runtime.handler import BoundHandler
    from restate_proto.runtime.runtime import Runtime

__all__ = ["CheckedAttempt"]

_ADVICE = (
    "The handler was run again at once, on its own journal, and its code did something else. The "
    "next attempt after a failure or a suspension would do so, too, and fail. Something in the handler "
    "is not deterministic: time, randomness, I/O outside ctx.run, the order of a set, or what another "
    "invocation changes. Use ctx.time(), ctx.random, ctx.uuid(), or record it with ctx.run."
)


class CheckedAttempt:
    """Stands between a stream and an attempt, and sees everything that passes either way.

    Args:
        handler: the handler to invoke.
        version: the service protocol version of the stream.
        stream: where output goes.
        runtime: what the attempts of one endpoint share.
        watch: records what the handler does, and warns of it.
        repetitions: the runtime in which the attempt is repeated; None if it is not repeated.
    """

    def __init__(
        self,
        handler: BoundHandler,
        version: int,
        stream: ByteStream,
        runtime: Runtime,
        watch: Watch,
        repetitions: Runtime | None,
    ) -> None:
        self._handler = handler
        self._version = version
        self._stream = stream
        self._runtime = runtime
        self._repetitions = repetitions
        self._context = copy_context()
        self._is_gone = False
        self._player = Player(handler.payload_codecs)
        self._attempt = WatchedAttempt(handler, version, self, runtime, watch)

    # ---- From the stream ----

    def data_received(self, data: bytes) -> None:
        """Pass on bytes of the request."""
        self._player.given(data)
        self._attempt.data_received(data)

    def eof_received(self) -> None:
        """Pass on the end of the request."""
        self._attempt.eof_received()

    def draining(self) -> None:
        """Pass on that the endpoint stops."""
        self._attempt.draining()

    def drained(self) -> None:
        """Pass on that the buffered output was sent."""
        self._attempt.drained()

    def aborted(self, reason: str) -> None:
        """Pass on that the stream is gone."""
        self._is_gone = True
        self._attempt.aborted(reason)

    def awaited_input(self) -> object:
        """Return what must come before the handler can start or go on."""
        return self._attempt.awaited_input()

    @property
    def is_postponed(self) -> bool:
        """Whether it goes on in another turn of the event loop."""
        return self._attempt.is_postponed

    # ---- From the attempt ----

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        """The headers of the request."""
        return self._stream.headers

    @property
    def above_high_water(self) -> bool:
        """Whether so much output is buffered that the attempt should wait."""
        return self._stream.above_high_water

    def acknowledge(self, amount: int) -> None:
        """Pass on that bytes of input were consumed."""
        self._stream.acknowledge(amount)

    def write(self, data: bytes, *, end: bool = False) -> None:
        """Pass on bytes of the answer; the last ones wait until the attempt was repeated."""
        player, repetitions = self._player, self._repetitions
        player.written(data)
        ending = player.ending
        if end and repetitions and ending and ending[0] != MessageType.ERROR:
            # Not in this call: all of the first attempt has to end first.
            loop, context = self._runtime.loop, self._context
            loop.call_soon(self._repeat, data, repetitions, context=context)
        else:
            self._stream.write(data, end=end)

    def _repeat(self, data: bytes, repetitions: Runtime) -> None:
        if self._is_gone:
            return
        repetition = Repetition(
            self._handler, self._version, repetitions, self._player, self._stream.headers
        )
        repetition.play()
        difference = self._player.difference(repetition.player)
        if difference is not None:
            data = self._refuse(difference, repetition)
        if not self._is_gone:
            self._stream.write(data, end=True)

    def _refuse(self, difference: Difference, repetition: Repetition) -> bytes:
        """Fail the attempt; return the bytes that replace its last ones."""
        now, then = (
            repetition.line_of(difference.command),
            self._attempt.line_of(difference.command),
        )
        text = (
            f"{self._handler.name} does not repeat itself at {now}: {difference.text.rstrip('.')}."
        )
        if then not in now:
            text += f" The first time it was at {then}."
        failure = AttemptError(Code.JOURNAL_MISMATCH, f"{text} {_ADVICE}")
        log = self._runtime.failure_log
        cause = NotRepeatableError(failure.message)
        log.failed(self._attempt.loop, self._handler, failure, cause, None)
        payload = failure.to_message(None, self._version).SerializeToString()
        return pack_header(MessageType.ERROR, 0, len(payload)) + payload
