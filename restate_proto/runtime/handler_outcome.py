"""The end of an attempt: what must be finished first, what Restate is told, and what the log."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from restate_proto.codec.payload import encode
from restate_proto.errors import CancelledError, TerminalError
from restate_proto.logs import get_logger
from restate_proto.protocol import AttemptEnded, AttemptError
from restate_proto.runtime.failures import describe_error, to_attempt_error, to_failure
from restate_proto.runtime.handler import LastFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto.model.kinds import Encoding
    from restate_proto.protocol import StateMachine
    from restate_proto.protocol.journal import Journal
    from restate_proto.runtime.handler import BoundHandler
    from restate_proto.runtime.operations import Completable, Operations
    from restate_proto.runtime.runs import Runs
    from restate_proto.runtime.runtime import Runtime

__all__ = ["fail", "finish_unawaited", "log_failure", "unawaited", "write_outcome"]

_log = get_logger("restate_proto")


def unawaited(operations: Operations, runs: Runs | None) -> list[Completable]:
    """What a handler began and did not wait for, and which would be lost with it.

    Operations that could not be issued yet, and side effects in the middle of their execution. One
    that lost a `select` is not among them: there the handler has said that it goes on without.
    """
    waiting_for = operations.waiting_for
    unfinished = [] if runs is None else [task.run.id for task in runs.executing]
    unfinished += [run.id for run in operations.begun_runs]
    left = [future for future in map(waiting_for, operations.deferred.values()) if future]
    left += [future for future in map(waiting_for, unfinished) if future and not future.is_used]
    return left


async def finish_unawaited(
    left_now: Callable[[], list[Completable]],
    description: str,
    result: Any,
    error: BaseException | None,
) -> Any:
    """Wait until nothing is left, then end as the handler did.

    Args:
        left_now: gives what is `unawaited` now.
        description: the handler and the invocation, for the log.
        result: what the handler returned.
        error: what it raised.
    """
    while left := left_now():
        try:
            await left[0]
        except CancelledError:
            continue  # the handler is past the point where it could be told
        except TerminalError as failure:
            _log.warning("%s did not await a ctx.run, which failed: %s", description, failure)
    if error is not None:
        raise error
    return result


def write_outcome(
    machine: StateMachine,
    handler: BoundHandler,
    runtime: Runtime,
    encoding: Encoding,
    result: Any,
    error: BaseException | None,
) -> BaseException | None:
    """Write what the handler returned or raised; the attempt is over then.

    Args:
        machine: the attempt's state machine.
        handler: the handler.
        runtime: where it ran.
        encoding: what to answer in.
        result: what it returned.
        error: what it raised.

    Returns:
        What the attempt fails with, if it does; for the log.
    """
    try:
        if error is None:
            machine.commands.write_output(encode(handler.response, result, encoding))
            machine.journal.end()
        elif isinstance(error, TerminalError):
            machine.commands.write_output(to_failure(error))
            machine.journal.end()
        else:
            fail(machine.journal, handler, runtime, error)
    except AttemptEnded:
        pass  # the journal does not end here
    except BaseException as wrong:  # noqa: BLE001 - its parts are not what they should be
        did = "returned" if error is None else "raised"
        text = f"{handler.name} {did} what cannot be recorded: {describe_error(wrong)}"
        machine.journal.fail_with(AttemptError(500, text))
        return wrong
    return error


def fail(journal: Journal, handler: BoundHandler, runtime: Runtime, error: BaseException) -> None:
    """Have an attempt fail with an exception, which Restate answers with a retry."""
    failure = to_attempt_error(error, expose_traceback=runtime.expose_tracebacks)
    if handler.report_failure is not None:
        failure = replace(failure, retry_after=None)  # which outdoes any bound
    journal.fail_with(failure)


def log_failure(
    journal: Journal,
    handler: BoundHandler,
    failure: AttemptError,
    cause: BaseException | None,
) -> None:
    """Log what an attempt has failed with; report it where it is the invocation's end."""
    report = handler.report_failure if failure.retry_after is None else None
    _log.warning(
        "%s: attempt failed, %s: [%s] %s",
        handler.describe(journal),
        "Restate will retry it" if report is None else "and is not retried",
        failure.code,
        failure.message,
        exc_info=cause,
    )
    if report is not None:
        invocation_id = journal.start.debug_id or "(unknown)"
        report(LastFailure(handler.name, invocation_id, failure.code, failure.message, cause))
