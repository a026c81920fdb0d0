"""What a handler began and did not wait for, and which has to be finished before it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restate_proto.errors import CancelledError, TerminalError
from restate_proto.logs import get_logger

if TYPE_CHECKING:
    from restate_proto.runtime.attempt import Attempt
    from restate_proto.runtime.futures import DurableFuture

__all__ = ["finish_unawaited", "unawaited"]

_log = get_logger("restate_proto")


def unawaited(attempt: Attempt) -> list[DurableFuture[Any]]:
    """What would be lost with the handler.

    Operations that could not be issued yet, and side effects in the middle of their execution. One
    that lost a `select` is not among them: there the handler has said that it goes on without.
    """
    left: list[DurableFuture[Any]] = [each.invocation_id for each in attempt.deferred]
    runs = attempt.runs
    if runs is not None and (unfinished := runs.unfinished()):
        leaves = map(attempt.inbox.waiting_for, unfinished)
        left += [leaf for leaf in leaves if leaf is not None and not leaf.is_used]
    return left


async def finish_unawaited(attempt: Attempt, result: Any, error: BaseException | None) -> Any:
    """Wait until nothing is left, then end as the handler did."""
    while left := unawaited(attempt):
        try:
            await left[0]
        except CancelledError:
            continue  # the handler is past the point where it could be told
        except TerminalError as failure:
            _log.warning(
                "%s did not await a ctx.run, which failed: %s", attempt.description, failure
            )
    if error is not None:
        raise error
    return result
