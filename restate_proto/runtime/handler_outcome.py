"""The end of an attempt: what must be finished first, and what Restate is told."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from restate_proto.codec.payload import encode
from restate_proto.errors import TerminalError
from restate_proto.logs import get_logger
from restate_proto.protocol import AttemptEnded, AttemptError
from restate_proto.runtime.cancellation import CancelledError
from restate_proto.runtime.failures import describe_error, is_group, to_attempt_error, to_failure
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
"""How often a task may wait after its attempt has ended, each time in vain."""

_MOST_ROUNDS_AFTER_END = 100
"""How often tasks are cancelled that others have made while they ended, before they are ended."""


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
        left_now: gives what is `unawaited` now.
        description: the handler and the invocation, for the log.
        result: what the handler returned.
        error: what it raised.
    """
    if loop.tasks:
        names = ", ".join(f"{task.get_name()} in {place_of(task)}" for task in loop.tasks.values())
        _log.warning("%s ended while tasks of it ran, which are cancelled: %s", description, names)
    cancelled: set[ChildTask] = set()
    rounds = 0
    while loop.tasks and rounds < _MOST_ROUNDS_AFTER_END:
        rounds += 1
        tasks = list(loop.tasks.values())
        for task in tasks:
            if task not in cancelled:
                cancelled.add(task)
                task.cancel_at_end()
        with suppress(CancelledError):  # the handler is past the point where it could be told
            await asyncio.wait(cast("list[asyncio.Task[Any]]", tasks))
    for task in list(loop.tasks.values()):
        _log.warning("%s: %s, made by tasks that it left, is ended", description, task.get_name())
        task.abandon(AttemptEnded("the handler has ended"))
    for generator in loop.generators.open() if loop.generators is not None else ():
        try:
            await generator.aclose()
        except CancelledError:
            pass
        except Exception as failure:  # noqa: BLE001 - as asyncio, which only logs it at the end
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
    """Tell a task, where it waits, that its attempt is over, until it has ended.

    Args:
        task: the handler's own, or one that it has created.
        loop: its loop, which runs nothing any more.
        handler: the handler.
        reason: why the attempt is over.
    """
    with loop.stepping():
        is_told = loop.journal.times_told_of_end > 0
        for number in range(_MOST_WAITS_AFTER_END):
            if task.is_done:
                return
            if task.waits_for_turn and number % 10 != (9 if is_told else 0):
                task.step()  # after an asyncio.sleep(0), which a cleanup may have
            else:
                task.stop(AttemptEnded(reason))
        if not task.is_done:
            _log.warning(
                "%s: %s goes on and on after its attempt has ended, and is left alone in %s; does "
                "it catch BaseException, or with a bare `except:`? Catch Exception.",
                handler.describe(loop.journal),
                task.get_name(),
                place_of(task),
                extra=loop.invocation._asdict(),
            )
            task.abandon(AttemptEnded("it goes on and on"))


def terminal_error(error: BaseException) -> BaseException:
    """What ends the invocation, of an exception that is no `TerminalError`; else the exception.

    A group of nothing but `TerminalError`s is the first of them. A `TimeoutError` of a durable
    timer is one with code 408: every replay of the journal would raise it again.
    """
    if is_group(error):
        ends = [terminal_error(member) for member in error.exceptions]
        if all(isinstance(end, TerminalError) for end in ends):
            return ends[0]
    elif isinstance(error, TimeoutError) and _raised_by_timer(error):
        return TerminalError(str(error) or "a timeout of the handler has passed", code=408)
    return error


def _raised_by_timer(error: TimeoutError) -> bool:
    """Whether it is asyncio that raised it, whose timers are durable in a handler."""
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
