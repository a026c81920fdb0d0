"""An attempt that calls interceptors' hooks, and counts the bytes in and out for them."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, cast

from typing_extensions import override

from restate_proto.errors import TerminalError
from restate_proto.model.intercepted import AttemptOutcome, EndedAttempt
from restate_proto.protocol import Code, Phase
from restate_proto.runtime.attempt import Attempt
from restate_proto.runtime.failures import to_failure
from restate_proto.runtime.handler_outcome import terminal_error
from restate_proto.runtime.interception import InterceptedMachine, Interception

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto.runtime.byte_stream import ByteStream
    from restate_proto.runtime.handler import BoundHandler
    from restate_proto.runtime.runtime import Runtime

__all__ = ["InterceptedAttempt"]


class _CountingStream:
    """A stream that counts the bytes written to it."""

    __slots__ = ("_stream", "acknowledge", "written")

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self.acknowledge = stream.acknowledge
        self.written = 0

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        return self._stream.headers

    @property
    def above_high_water(self) -> bool:
        return self._stream.above_high_water

    def write(self, data: bytes, *, end: bool = False) -> None:
        self.written += len(data)
        self._stream.write(data, end=end)


class InterceptedAttempt(Attempt):
    """An attempt of a handler whose endpoint has interceptors.

    Args:
        handler: the handler to invoke.
        version: the service protocol version of the stream.
        stream: where output goes.
        runtime: what the attempts of one endpoint share.
    """

    __slots__ = ("_counted", "_error", "_interception", "_is_aborted", "_received", "_started")

    _machine_class = InterceptedMachine
    _is_repetition: ClassVar = False

    def __init__(
        self, handler: BoundHandler, version: int, stream: ByteStream, runtime: Runtime
    ) -> None:
        self._counted = _CountingStream(stream)
        super().__init__(handler, version, self._counted, runtime)
        self._started = monotonic()
        self._received = 0
        self._error: BaseException | None = None
        self._is_aborted = False
        self._interception: Interception | None = None  # None again once the hooks know of its end
        if handler.hooks is not None:
            self._interception = Interception(
                handler.hooks,
                handler.name,
                cast("InterceptedMachine", self._machine),
                stream.headers,
                is_repetition=self._is_repetition,
            )
            self._operations.interception = self._interception

    @override
    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        super().data_received(data)

    @override
    def aborted(self, reason: str) -> None:
        self._is_aborted = self._journal.phase is not Phase.CLOSED
        super().aborted(reason)

    @override
    def handler_ended(self, result: Any, error: BaseException | None) -> None:
        if self._journal.phase is not Phase.CLOSED:
            self._error = error
        super().handler_ended(result, error)

    @override
    def _flush(self) -> None:
        if self._cause is not None:
            self._error = self._cause
        super()._flush()

    @override
    def _end(self, reason: str) -> None:
        super()._end(reason)
        task, interception = self._task, self._interception
        if interception is not None and (task is None or task.is_done):
            self._interception = None
            ended, self._error = self._ended_attempt(interception), None
            interception.ended(ended)

    def _ended_attempt(self, interception: Interception) -> EndedAttempt:
        journal, error = self._journal, self._error
        failure = journal.error
        code, message = None, ""
        if failure is not None:
            code, message = failure.code, failure.message
            is_mismatch = code == Code.JOURNAL_MISMATCH
            outcome = AttemptOutcome.MISMATCH if is_mismatch else AttemptOutcome.ERROR
        elif self._is_aborted:
            outcome, error = AttemptOutcome.ABORTED, None
        elif not journal.has_ended:
            outcome, error = AttemptOutcome.SUSPENDED, None
        elif error is None:
            outcome = AttemptOutcome.COMPLETED
        else:
            outcome = AttemptOutcome.FAILED
            error = terminal_error(error)
            if isinstance(error, TerminalError):
                code, message, _ = to_failure(error)
        return EndedAttempt(
            interception.info,
            outcome,
            error,
            code,
            message,
            monotonic() - self._started,
            self._received,
            self._counted.written,
        )
