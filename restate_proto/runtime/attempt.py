"""One attempt of one invocation: it connects the state machine, the handler and the HTTP stream.

An attempt only reacts. This table lists everything that can happen to it, the method that is called
for it, and what follows:

    bytes of the request      data_received     the handler starts, or goes on if it has what
                                                it waits for
    the end of the request    eof_received      as above; from now on a wait is a suspension
    the endpoint stops        draining          as above
    the output was sent       drained           the handler goes on if it waited for that
    the stream is gone        aborted           nothing is written any more
    a run has finished        run_finished      its proposal is sent
    the handler awaits        progress          it goes on at once, or waits
    the handler has ended     handler_ended     its outcome is written

The stream calls the first five, which this module implements. The others come from the handler; their
base class, `Execution`, implements them.
"""

from __future__ import annotations

from functools import partial
from time import monotonic

from typing_extensions import override

from restate_proto.protocol import Phase
from restate_proto.runtime.execution import Execution

__all__ = ["Attempt"]

_CLOSED, _REPLAYING = Phase.CLOSED, Phase.REPLAYING


class Attempt(Execution):
    """Receives a request's bytes, runs the handler on them, and writes the response's bytes.

    The handler runs inside the call that delivered what it waited for.

    Args:
        handler: the handler to invoke.
        version: the service protocol version of the stream.
        stream: where output goes.
        runtime: what the attempts of one endpoint share.
    """

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        """Take bytes of the request, and run the handler as far as they let it go."""
        if self._has_ended:
            self._stream.acknowledge(len(data))
            return
        self._machine.feed(data)
        if self.is_postponed and self._task is not None and self._journal.phase is not _CLOSED:
            # The handler is still busy. Bytes are acknowledged once it waits, so that no more than
            # the window of flow control piles up.
            self._unacknowledged += len(data)
            return
        self._stream.acknowledge(len(data))
        self._on_input()

    def eof_received(self) -> None:
        """Take the end of the request: Restate now wants a suspension if the handler has to wait."""
        if not self._has_ended:
            self._machine.close_input()
            self._on_input()

    def draining(self) -> None:
        """Suspend the handler where it waits, now or later, because the endpoint stops."""
        if not self._has_ended:
            self._machine.suspend_at_waits()
            self._on_input()

    def drained(self) -> None:
        """Let the handler go on, because the buffered output was sent."""
        if self._task is not None:
            self._on_input()

    def aborted(self, reason: str) -> None:
        """End the attempt without writing anything, because the stream is gone.

        Thousands of streams may go at once, with their connections. So the handler is ended when the
        share of a turn allows it.
        """
        self._has_ended = True
        self._journal.abandon()
        runtime = self._runtime
        if runtime.turn_share.is_used_up:
            runtime.cleanups.expect()
            runtime.turn_share.postpone_end(partial(self._end_later, reason))
        else:
            self._end_aborted(reason)

    def _end_later(self, reason: str) -> None:
        try:
            self._end_aborted(reason)
        finally:
            self._runtime.cleanups.has_come()

    def _end_aborted(self, reason: str) -> None:
        began = monotonic()
        self._end(reason)
        self._runtime.turn_share.spend(monotonic() - began)

    def awaited_input(self) -> object:
        """Return what Restate must send before the handler can go on.

        Returns:
            A value that changes whenever something else is awaited. None while the handler itself
            waits: that may take as long as it likes, and Restate may have nothing to send.
        """
        if self._has_ended or self._unacknowledged:
            return None
        return self._machine.awaited_input

    def _on_input(self) -> None:
        if self._journal.phase is _CLOSED:
            self._end("the stream broke")
        elif self.is_postponed:
            pass
        elif self._runtime.turn_share.is_used_up:
            self.is_postponed = True
            self._runtime.turn_share.postpone(self._turn_begins)
        elif self._task is not None:
            self._go_on()
        elif self._journal.phase is _REPLAYING:
            self._start()

    def _turn_begins(self) -> None:
        self.is_postponed = False
        if self._unacknowledged:
            self._stream.acknowledge(self._unacknowledged)
            self._unacknowledged = 0
        if not self._has_ended:
            self._on_input()

    @override
    def _postpone(self) -> None:
        """Go on in another turn of the real loop; until then, no notification takes effect."""
        self.is_postponed = True
        self._runtime.loop.call_soon(self._turn_begins)

    @override
    def _flush(self) -> None:
        """Send the output so far; end the stream with the last of it."""
        if self._has_ended:
            return
        journal, stream = self._journal, self._stream
        is_last = journal.phase is _CLOSED
        pieces = journal.take_pieces()
        if is_last:
            self._has_ended = True
            if journal.error is not None:
                log = self._runtime.failure_log
                log.failed(self._loop, self._handler, journal.error, self._cause, self._task)
            self._cause = None
            last = pieces.pop() if pieces else b""
            for piece in pieces:
                stream.write(piece)
            stream.write(last, end=True)
        else:
            for piece in pieces:
                stream.write(piece)
