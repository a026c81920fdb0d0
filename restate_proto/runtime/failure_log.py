"""What the log says of an attempt that has failed: one line, and the traceback of each failure once."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from restate_proto.logs import get_logger
from restate_proto.protocol import ErrorBehavior
from restate_proto.runtime.handler import LastFailure

if TYPE_CHECKING:
    from restate_proto.protocol import AttemptError
    from restate_proto.runtime.handler import BoundHandler
    from restate_proto.runtime.handler_loop import HandlerLoop

__all__ = ["FailureLog"]

_log = get_logger("restate_proto")

_MOST_INVOCATIONS = 10_000
"""The failures of how many invocations are remembered."""

_WHAT_FOLLOWS = {
    ErrorBehavior.RETRY: "Restate will retry it",
    ErrorBehavior.PAUSE: "Restate pauses the invocation",
    ErrorBehavior.FAIL: "Restate ends the invocation",
}


class FailureLog:
    """Logs the failures of one endpoint's attempts, and remembers the last of each invocation.

    An invocation that is retried mostly fails as before. What has the same type and was raised at the
    same line has the same traceback, so the log has it already; only its text may be another.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: OrderedDict[str, int] = OrderedDict()  # by invocation, the oldest first

    def failed(
        self,
        loop: HandlerLoop,
        handler: BoundHandler,
        failure: AttemptError,
        cause: BaseException | None,
    ) -> None:
        """Log what an attempt has failed with; report it where it is the invocation's end.

        Args:
            loop: the loop of the attempt's handler.
            handler: the handler.
            failure: what Restate is told.
            cause: the exception; None where the runtime itself has found the failure.
        """
        invocation = loop.invocation
        is_repeated = self._is_repeated(invocation.invocation_id, failure, cause)
        report = handler.report_failure if failure.retry_after is None else None
        again = f" again, attempt {invocation.invocation_attempt}" if is_repeated else ""
        _log.warning(
            "%s: attempt failed%s, %s: [%s] %s",
            handler.describe(loop.journal),
            again,
            _WHAT_FOLLOWS[failure.behavior] if report is None else "and is not retried",
            failure.code,
            failure.message,
            exc_info=None if is_repeated else cause,
            extra=invocation._asdict(),
        )
        if report is not None:
            id_ = invocation.invocation_id or "(unknown)"
            report(LastFailure(handler.name, id_, failure.code, failure.message, cause))

    def _is_repeated(
        self, invocation_id: str, failure: AttemptError, cause: BaseException | None
    ) -> bool:
        if not invocation_id:
            return False
        failed = hash((failure.code, failure.message) if cause is None else _origin(cause))
        is_repeated = self._last.get(invocation_id) == failed
        self._last[invocation_id] = failed
        self._last.move_to_end(invocation_id)
        if len(self._last) > _MOST_INVOCATIONS:
            self._last.popitem(last=False)
        return is_repeated


def _origin(error: BaseException) -> tuple[object, ...]:
    """The type of an exception, and the line that has raised it."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return (type(error), str(error))
    return (type(error), traceback.tb_frame.f_code, traceback.tb_lineno)
