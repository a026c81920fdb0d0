"""Log failed attempts: one line for each, and the traceback only when it is a new one."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING

from restate_proto.logs import get_logger
from restate_proto.protocol import ErrorBehavior
from restate_proto.runtime.handler import LastFailure
from restate_proto.runtime.user_code import waits_at

if TYPE_CHECKING:
    from restate_proto.protocol import AttemptError
    from restate_proto.runtime.handler import BoundHandler
    from restate_proto.runtime.handler_loop import HandlerLoop
    from restate_proto.runtime.task import Stepper

__all__ = ["FailureLog"]

_log = get_logger("restate_proto")

_MOST_INVOCATIONS = 10_000
"""The number of invocations whose last failure is remembered."""

_CLAUSE_END = re.compile(r"[:;.] ")

_WHAT_FOLLOWS = {
    ErrorBehavior.RETRY: "Restate will retry it",
    ErrorBehavior.PAUSE: "Restate pauses the invocation",
    ErrorBehavior.FAIL: "Restate ends the invocation",
}


class FailureLog:
    """Logs the failed attempts of one endpoint, and remembers the last failure of each invocation.

    An invocation that is retried usually fails as before. A failure of the same type from the same
    line has the same traceback, which the log has already; only its text may differ. A failure that
    the runtime itself finds has the same text, too, which is cut where it is repeated.
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
        task: Stepper | None,
    ) -> None:
        """Log the failure of an attempt; report it if it ends the invocation.

        Args:
            loop: the loop of the attempt's handler.
            handler: the handler.
            failure: the failure that Restate is told.
            cause: the exception; None if the runtime itself found the failure.
            task: the handler's task; None if it has ended.
        """
        invocation = loop.invocation
        is_repeated = self._is_repeated(invocation.invocation_id, failure, cause)
        report = handler.report_failure if failure.retry_after is None else None
        where, text = "", failure.message
        if is_repeated:
            where = f" again (attempt {invocation.invocation_attempt})"
            text = text if cause is not None else _CLAUSE_END.split(text, maxsplit=1)[0]
        elif cause is None and (line := failure.line or (task and waits_at(task.get_coro()))):
            where = f" at {line}"
        _log.warning(
            "%s: attempt failed%s, %s: [%s] %s",
            handler.describe(loop.journal),
            where,
            _WHAT_FOLLOWS[failure.behavior] if report is None else "and is not retried",
            failure.code,
            text,
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
    """Return the type of an exception and the line that raised it."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return (type(error), str(error))
    return (type(error), traceback.tb_frame.f_code, traceback.tb_lineno)
