"""What an attempt tells Restate when its handler has ended, and what it tells the log."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from restate_proto.codec.payload import encode
from restate_proto.errors import TerminalError
from restate_proto.logs import get_logger
from restate_proto.protocol import AttemptEnded, AttemptError
from restate_proto.runtime.failures import describe_error, to_attempt_error, to_failure
from restate_proto.runtime.handler import LastFailure

if TYPE_CHECKING:
    from restate_proto.runtime.attempt import Attempt

__all__ = ["fail", "log_failure", "write_outcome"]

_log = get_logger("restate_proto")


def write_outcome(attempt: Attempt, result: Any, error: BaseException | None) -> None:
    """Write what the handler returned or raised; the attempt is over then."""
    machine = attempt.machine
    attempt.cause = error
    try:
        if error is None:
            machine.commands.write_output(
                encode(attempt.handler.response, result, attempt.answer_encoding)
            )
            machine.journal.end()
        elif isinstance(error, TerminalError):
            machine.commands.write_output(to_failure(error))
            machine.journal.end()
        else:
            fail(attempt, error)
    except AttemptEnded:
        pass  # the journal does not end here
    except BaseException as wrong:  # noqa: BLE001 - its parts are not what they should be
        did = "returned" if error is None else "raised"
        attempt.cause = wrong
        text = f"{attempt.handler.name} {did} what cannot be recorded: {describe_error(wrong)}"
        machine.journal.fail_with(AttemptError(500, text))


def fail(attempt: Attempt, error: BaseException) -> None:
    """Have an attempt fail with an exception, which Restate answers with a retry."""
    failure = to_attempt_error(error, expose_traceback=attempt.runtime.expose_tracebacks)
    if attempt.handler.report_failure is not None:
        failure = replace(failure, retry_after=None)  # which outdoes any bound
    attempt.machine.journal.fail_with(failure)


def log_failure(attempt: Attempt, failure: AttemptError) -> None:
    """Log what an attempt has failed with; report it where it is the invocation's end."""
    handler = attempt.handler
    report = handler.report_failure if failure.retry_after is None else None
    _log.warning(
        "%s: attempt failed, %s: [%s] %s",
        attempt.description,
        "Restate will retry it" if report is None else "and is not retried",
        failure.code,
        failure.message,
        exc_info=attempt.cause,
    )
    if report is not None:
        invocation_id = attempt.machine.journal.start.debug_id or "(unknown)"
        code, message = failure.code, failure.message
        report(LastFailure(handler.name, invocation_id, code, message, attempt.cause))
