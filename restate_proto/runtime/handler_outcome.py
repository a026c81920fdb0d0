"""The end of an attempt: what must finish first, and what Restate is told."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from restate_proto.codec.payload import encode
from restate_proto.errors import TerminalError
from restate_proto.logs import get_logger
from restate_proto.protocol import AttemptEnded, AttemptError
from restate_proto.runtime.cancelled_error import CancelledError
from restate_proto.runtime.failures import (
    describe_error,
    terminal_group,
    to_attempt_error,
    to_failure,
)
from restate_proto.runtime.runtime import place_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto.model.kinds import Encoding
    from restate_proto.protocol import StateMachine
    from restate_proto.protocol.journal import Journal
    from restate_proto.runtime.child_task import ChildTask
    from restate_proto.runtime.handler import BoundHandler
    from restate_proto.runtime.handler_loop import HandlerLoop
    from restate_proto.runtime.operations import Completable, Operations
    from restate_proto.runtime.runs import Runs
    from restate_proto.runtime.runtime import Runtime
    from restate_proto.runtime.task import Stepper

__all__ = [
    "end_task",
    "fail",
    "finish",
    "terminal_error",
    "unawaited",
    "write_outcome",
]

_log = get_logger("restate_proto")

_MOST_WAITS_AFTER_END = 100
"""How often a task may still wait, in vain, after its attempt has ended."""

_MOST_ROUNDS_AFTER_END = 100
"""How often new tasks, made by tasks that are ending, are cancelled before they are abandoned."""


def unawaited(operations: Operations, runs: Runs | None) -> list[Completable]:
    """Return what a handler began without waiting for it, and what would be lost at its end.

    That is, operations that could not be issued yet and side effects that are being executed. The
    losers of a `select` are not included: with it, the handler chose to go on without them.
    """
    waiting_for = operations.waiting_for
    unfinished = [] if runs is None else [task.run.id for task in runs.executing]
    unfinished += [run.id for run in operations.begun_runs]
    left = [future for future in map(waiting_for, operations.deferred.values()) if future]
    left += [future for future in map(waiting_for, unfinished) if future and not future.is_used]
    return left


async def finish(
    loop: HandlerLoop,
    left_now: Callable[[], list[Completable]],
    description: str,
    result: Any,
    error: BaseException | None,
) -> Any:
    """Cancel the tasks of a handler that has ended, wait until nothing is left, then end as it did.

    Args:
        loop: the handler's loop.
        left_now: returns what is `unawaited` at the moment.
        description: the handler and the invocation, for the log.
        result: what the handler returned.
        error: what it raised; None if it returned.
    """
    if loop.tasks:
        names = ", ".join(f"{task.get_name()} in {place_of(task)}" for task in loop.tasks.values())
        _log.warning(
            "%s ended while its tasks were running; they are cancelled: %s", description, names
        )
    cancelled: set[ChildTask] = set()
    rounds = 0
    while loop.tasks and rounds < _MOST_ROUNDS_AFTER_END:
        rounds += 1
        tasks = list(loop.tasks.values())
        for task in tasks:
            if task not in cancelled:
                cancelled.add(task)
                task.cancel_at_end()
        with suppress(CancelledError):  # the handler has ended: too late to tell it
            await asyncio.wait(cast("list[asyncio.Task[Any]]", tasks))
    for task in list(loop.tasks.values()):
        _log.warning("%s: %s, made by tasks that it left, is ended", description, task.get_name())
        task.abandon(AttemptEnded("the handler has ended"))
    for generator in loop.generators.open() if loop.generators is not None else ():
        try:
            await generator.aclose()
        except CancelledError:
            pass
        except Exception as failure:  # noqa: BLE001 - as in asyncio, it is only logged
            text = "%s left an asynchronous generator open, %s, which failed when it was closed"
            _log.warning(text, description, generator.__qualname__, exc_info=failure)
    while left := left_now():
        try:
            await left[0]
        except CancelledError:
            continue
        except TerminalError as failure:
            _log.warning("%s did not await a ctx.run, which failed: %s", description, failure)
    if error is not None:
        raise error
    return result


def end_task(task: Stepper, loop: HandlerLoop, handler: BoundHandler, reason: str) -> None:
    """Raise `AttemptEnded` in a task where it waits, until the task has ended.

    Args:
        task: the handler's own task, or one that it has created.
        loop: the handler's loop, which runs nothing any more.
        handler: the handler.
        reason: why the attempt is over.
    """
    with loop.stepping():
        is_told = loop.journal.times_told_of_end > 0
        for number in range(_MOST_WAITS_AFTER_END):
            if task.is_done:
                return
            if task.waits_for_turn and number % 10 != (9 if is_told else 0):
                task.step()  # a cleanup may contain an asyncio.sleep(0)
            else:
                task.stop(AttemptEnded(reason))
        if not task.is_done:
            _log.warning(
                "%s: %s keeps running after its attempt has ended, and is abandoned in %s; if it "
                "catches BaseException, or has a bare `except:`, catch Exception instead",
                handler.describe(loop.journal),
                task.get_name(),
                place_of(task),
                extra=loop.invocation._asdict(),
            )
            task.abandon(AttemptEnded("the task keeps running after the end of the attempt"))


def terminal_error(error: BaseException) -> BaseException:
    """Return the terminal error that an exception ends the invocation with; else the exception.

    A group that contains only `TerminalError`s counts as the first of them. A `TimeoutError` of a
    durable timer counts as a `TerminalError` with code 408, because every replay of the journal
    would raise it again.
    """
    return terminal_group(error, _timed_out)


def _timed_out(error: BaseException) -> BaseException:
    if isinstance(error, TimeoutError) and _raised_by_timer(error):
        return TerminalError(str(error) or "a timeout of the handler has passed", code=408)
    return error


def _raised_by_timer(error: TimeoutError) -> bool:
    """Tell whether asyncio raised the error, whose timers are durable in a handler."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return False
    module = str(traceback.tb_frame.f_globals.get("__name__", ""))
    return module.startswith(("asyncio.", "restate_proto.runtime."))


def write_outcome(
    machine: StateMachine,
    handler: BoundHandler,
    runtime: Runtime,
    encoding: Encoding,
    result: Any,
    error: BaseException | None,
) -> BaseException | None:
    """Write what the handler returned or raised; that ends the attempt.

    Args:
        machine: the attempt's state machine.
        handler: the handler.
        runtime: the runtime that it ran in.
        encoding: the encoding of the response.
        result: what it returned.
        error: what it raised; None if it returned.

    Returns:
        The exception that the attempt fails with, for the log; None if it does not fail.
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
        pass  # the invocation goes on in another attempt
    except BaseException as wrong:  # noqa: BLE001 - attributes of the error may be anything
        did = "returned" if error is None else "raised"
        text = f"{handler.name} {did} what cannot be recorded: {describe_error(wrong)}"
        machine.journal.fail_with(AttemptError(500, text))
        return wrong
    return error


def fail(journal: Journal, handler: BoundHandler, runtime: Runtime, error: BaseException) -> None:
    """Have an attempt fail with an exception, which Restate answers with a retry."""
    failure = to_attempt_error(error, expose_traceback=runtime.expose_tracebacks)
    if handler.report_failure is not None:
        failure = replace(failure, retry_after=None)  # a delay would override any bound on attempts
    journal.fail_with(failure)
