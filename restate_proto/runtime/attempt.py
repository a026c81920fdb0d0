"""One attempt of one invocation: the state machine, the handler, and the stream between.

What may happen to an attempt, where that enters, and what follows:

    bytes of the request      data_received     the handler starts, or goes on if it has what
                                                it waits for
    the end of the request    eof_received      as above; from now on a wait is a suspension
    the endpoint stops        draining          as above
    the output was sent       drained           the handler goes on, where it had to wait for that
    the stream is gone        aborted           nothing is written any more
    a run has finished        run_finished      its proposal is sent
    the handler awaits        progress          it goes on at once, or waits
    the handler has ended     handler_ended     its outcome is written

The first five are of the stream, and stand here. The others are of the handler: see `Execution`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from restate_proto.protocol import Phase
from restate_proto.runtime.execution import Execution

if TYPE_CHECKING:
    from restate_proto.runtime.byte_stream import ByteStream
    from restate_proto.runtime.handler import BoundHandler
    from restate_proto.runtime.runtime import Runtime

__all__ = ["Attempt"]

_CLOSED = Phase.CLOSED


class Attempt(Execution):
    """Receives the request's bytes, runs the handler on them, and writes the answer's.

    The handler runs inside the call that delivered what it waited for.

    Args:
        handler: the handler to invoke.
        version: the service protocol version of the stream.
        stream: where output goes.
        runtime: what it shares with the other attempts of its endpoint.
    """

    __slots__ = ("_has_ended", "_unacknowledged")

    def __init__(
        self,
        handler: BoundHandler,
        version: int,
        stream: ByteStream,
        runtime: Runtime,
    ) -> None:
        super().__init__(handler, version, stream, runtime)
        self._unacknowledged = 0
        self._has_ended = False

    def data_received(self, data: bytes) -> None:
        """Bytes of the request."""
        if self._has_ended:
            self._stream.acknowledge(len(data))
            return
        self._machine.feed(data)
        if self._is_postponed and self._task is not None and self._journal.phase is not _CLOSED:
            # The handler has not run to where it waits: what comes meanwhile stays bounded.
            self._unacknowledged += len(data)
            return
        self._stream.acknowledge(len(data))
        self._on_input()

    def eof_received(self) -> None:
        """The request is complete: Restate wants a suspension where the handler has to wait."""
        if not self._has_ended:
            self._machine.close_input()
            self._on_input()

    def draining(self) -> None:
        """The endpoint stops: where the handler waits, or comes to wait, it is suspended."""
        if not self._has_ended:
            self._machine.suspend_at_waits()
            self._on_input()

    def drained(self) -> None:
        """The output that was buffered is sent: the handler may go on."""
        if self._task is not None and not self._is_postponed:
            self._go_on()

    def aborted(self, reason: str) -> None:
        """The stream is gone; nothing can be written."""
        self._has_ended = True
        self._journal.abandon()
        self._end(reason)

    def awaited_input(self) -> object:
        """What must come before the handler can start or go on, as a value that changes with it.

        None for a wait of the handler's own, which may take as long as it likes: what it waits for
        may never come, and then Restate says nothing.
        """
        if self._has_ended or self._unacknowledged:
            return None
        return self._machine.awaited_input

    def _on_input(self) -> None:
        if self._journal.phase is _CLOSED:
            self._end("the stream broke")
        elif self._is_postponed:
            pass
        elif self._runtime.turn_share.is_used_up:
            self._is_postponed = True
            self._runtime.turn_share.postpone(self._turn_begins)
        elif self._task is not None:
            self._go_on()
        elif self._machine.is_ready:
            self._start()

    def _turn_begins(self) -> None:
        self._is_postponed = False
        if self._unacknowledged:
            self._stream.acknowledge(self._unacknowledged)
            self._unacknowledged = 0
        if not self._has_ended:
            self._on_input()

    @override
    def _postpone(self) -> None:
        """Go on in another turn of the real loop; no notification takes effect meanwhile."""
        self._is_postponed = True
        self._runtime.loop.call_soon(self._turn_begins)

    @override
    def _flush(self) -> None:
        """Send the output so far; the last of it with the end of the stream."""
        journal = self._journal
        is_last = journal.phase is _CLOSED
        output = journal.take_output()
        if self._has_ended:
            return
        if is_last:
            self._has_ended = True
            if journal.error is not None:
                log = self._runtime.failure_log
                log.failed(self._loop, self._handler, journal.error, self._cause)
            self._cause = None
            self._stream.write(output, end=True)
        elif output:
            self._stream.write(output)
