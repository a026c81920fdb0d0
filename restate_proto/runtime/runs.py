"""Execute the functions that handlers give to `ctx.run`, and propose their results."""

from __future__ import annotations

import asyncio
import inspect
from datetime import timedelta
from time import monotonic
from types import FunctionType
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from restate_proto.codec.payload import encode, read
from restate_proto.errors import PauseError, RetryableError, TerminalError
from restate_proto.logs import get_logger, invocation_of_run
from restate_proto.model.codec import CodecError
from restate_proto.model.retry import GiveUp
from restate_proto.protocol import AttemptError, ErrorBehavior, Failure, Phase
from restate_proto.runtime.eager_task import EagerTask
from restate_proto.runtime.failures import (
    describe_error,
    first_of,
    format_traceback,
    terminal_group,
    to_failure,
)
from restate_proto.runtime.threads import ThreadStartError

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto.runtime.handler import BoundHandler
    from restate_proto.runtime.operations import Operations, Run
    from restate_proto.runtime.runtime import Runtime

__all__ = ["Runs"]

_log = get_logger("restate_proto")

_CLOSED, _PROCESSING = Phase.CLOSED, Phase.PROCESSING

_DEEP_AT_LEAST = 200
"""The length in bytes of the shortest payload nested too deep to read: 100 levels of two bytes."""


class Runs:
    """The runs of one attempt whose functions are being executed.

    Args:
        operations: the durable operations that the attempt's handler has begun.
        handler: the handler that the attempt runs.
        runtime: the runtime that executes the functions.
        finished: called with None when a result is proposed, and with the error when a failure has
            ended the attempt.
    """

    __slots__ = (
        "_finished",
        "_handler",
        "_operations",
        "executing",
        "interception",
        "runtime",
        "scope",
    )

    def __init__(
        self,
        operations: Operations,
        handler: BoundHandler,
        runtime: Runtime,
        finished: Callable[[BaseException | None], None],
    ) -> None:
        self._operations = operations
        self._handler = handler
        self._finished = finished
        self.runtime = runtime
        self.interception = operations.interception
        self.scope = operations.loop  # names the invocation in log records
        self.executing: set[_RunTask] = set()

    def execute_begun(self) -> None:
        """Execute the functions that the handler has begun, unless it replays.

        During the replay no result could be stored.
        """
        operations = self._operations
        journal = operations.journal
        if journal.phase is not _PROCESSING:
            return
        begun, operations.begun_runs = operations.begun_runs, []
        for run in begun:
            if journal.phase is _PROCESSING:  # an earlier run may have failed
                task = _RunTask(self, run)
                self.executing.add(task)
                task.step()

    def cancel(self) -> None:
        """Cancel all functions because the attempt is over and their results are useless."""
        executing, self.executing = self.executing, set()
        for task in executing:
            task.cancel("the attempt has ended, and nothing waits for this function any more")
            if not task.is_done:
                name = f"{self._handler.describe(self._operations.journal)}: ctx.run({task.run.name!r})"
                self.runtime.cleanups.add(task, name)

    def finished(self, task: _RunTask, result: Any, error: BaseException | None) -> None:
        """Propose the outcome of a function that has returned or raised."""
        self.executing.discard(task)
        journal = self._operations.journal
        if journal.phase is _CLOSED:
            self.runtime.cleanups.discard(task)
            return
        try:
            outcome = self._outcome(task, result, error)
            if outcome is not None:
                self._operations.commands.propose_run(task.run.id, outcome)
        except BaseException as wrong:  # noqa: BLE001 - such as a RetryableError whose attributes have wrong types
            text = f"ctx.run({task.run.name!r}) failed: {describe_error(wrong)}"
            journal.fail_with(AttemptError(500, text))
        self._finished(error)

    def _outcome(
        self, task: _RunTask, result: Any, error: BaseException | None
    ) -> bytes | Failure | None:
        """Return the outcome to record; None if the attempt has ended instead."""
        if error is None:
            return self._encode_result(task.run, result)
        end = terminal_group(error, lambda member: member)
        if isinstance(end, TerminalError):
            return to_failure(end)
        return self._failed(task, error)

    def _encode_result(self, run: Run, result: Any) -> bytes | Failure:
        """Return the payload of a result, or the failure to record in its place.

        The effect has happened, and another attempt would repeat it with the same result. So a
        result that cannot be recorded is never a reason to retry.
        """
        try:
            data = encode(run.codec, result, run.encoding)
            journal = self._operations.journal
            if len(data) < _DEEP_AT_LEAST and journal.payloads is None:
                return data
            reason = _why_unreadable(run, data)
            if reason is None and journal.payloads is not None:
                data = journal.payloads.encode(data)
            if len(data) >= journal.max_payload:
                reason = f"it is {len(data)} bytes long, and Restate stores less than {journal.max_payload}"
        except BaseException as wrong:  # noqa: BLE001 - any codec, on an object of any class
            data, reason = b"", describe_error(wrong)
        if reason is None:
            return data
        text = (
            f"ctx.run({run.name!r}) in {self._handler.name}: the function has done its work, "
            f"but its result ({type(result).__qualname__}) cannot be recorded: {reason}. It is not "
            "executed again. Return None, bool, int, float, str, or lists and dicts of those, or "
            "declare the result's type: ctx.run(..., type=...)."
        )
        _log.error("%s", text, extra=self.scope.invocation._asdict())
        return Failure(500, text)

    def _failed(self, task: _RunTask, error: BaseException) -> Failure | None:
        """Return the failure to record once no retry is left; else None: the attempt has ended."""
        run, policy = task.run, task.run.retry
        commands = self._operations.commands
        text = f"ctx.run({run.name!r}) failed: {describe_error(error)}"
        says_when, pause = first_of(RetryableError, error), first_of(PauseError, error)
        coded = says_when or pause
        code = 500 if coded is None else coded.code
        delay = says_when.retry_after if says_when else None
        pauses = pause is not None and self._operations.journal.version >= 7
        if policy is not None and not pauses and not isinstance(error, ThreadStartError):
            attempts, since = commands.run_history()
            elapsed = since + timedelta(seconds=task.elapsed())
            next_delay = policy.next_delay(attempts + 1, elapsed)
            if not isinstance(next_delay, GiveUp):
                delay = delay if delay is not None else next_delay
            elif policy.on_max_attempts is None:
                return Failure(code, text)
            else:
                pauses, delay = True, None
        # No other attempt follows, and nobody resumes it.
        if self._handler.report_failure is not None:
            pauses = False
            if not (policy and policy.ends):
                delay = (
                    None  # Restate makes an attempt after the delay it is told, whatever its bounds
                )
        expose_traceback = self.runtime.expose_tracebacks
        commands.fail_run(
            run.id,
            text,
            code=code,
            stacktrace=format_traceback(error) if expose_traceback else "",
            retry_after=delay,
            behavior=ErrorBehavior.PAUSE if pauses else ErrorBehavior.RETRY,
        )
        return None


class _RunTask(EagerTask):
    """One execution of a run's function."""

    __slots__ = ("_runs", "_started", "run")

    def __init__(self, runs: Runs, run: Run) -> None:
        call = self._in_loop if _is_coroutine_function(run.function) else self._in_thread
        interception = runs.interception
        coroutine = call(run) if interception is None else interception.run(run, call)
        # As in HandlerTask, super().__init__ is not used: that saves two calls.
        self._loop = runs.runtime.loop
        self._begin(coroutine, run.name, run.context)
        self._runs = runs
        self._started = monotonic()
        self.run = run

    def elapsed(self) -> float:
        """Seconds since the function was called."""
        return monotonic() - self._started

    async def _in_loop(self, run: Run) -> Any:
        invocation_of_run.set(self._runs.scope)
        return await run.function(
            *run.args
        )  # called here, so that wrong arguments are a failure of the run

    async def _in_thread(self, run: Run) -> Any:
        invocation_of_run.set(self._runs.scope)
        runtime = self._runs.runtime
        threads = runtime.threads
        call = threads.submit(runtime.loop, f"ctx.run {run.name}", run.function, run.args)
        try:
            result = await call.future
        except asyncio.CancelledError:
            threads.withdraw(call)
            raise
        finally:
            if call.started is not None:  # else the call was never made
                self._started = call.started
        # The function may be a lambda around a coroutine function, or return an awaitable.
        return await result if inspect.isawaitable(result) else result

    @override
    def _finished(self, result: Any, error: BaseException | None) -> None:
        self._runs.finished(self, result, error)


def _is_coroutine_function(function: Callable[..., Any]) -> bool:
    """Tell whether calling a function returns a coroutine.

    `inspect.iscoroutinefunction` does the same, but first unwraps everything that a function may be
    wrapped in.
    """
    if type(function) is FunctionType and function.__code__.co_flags & inspect.CO_COROUTINE:
        return True
    return inspect.iscoroutinefunction(function)


def _why_unreadable(run: Run, data: bytes) -> str | None:
    """Return why a payload could not be read in a replay; None if it could."""
    try:
        read(run.codec, data, run.encoding)
    except CodecError as error:
        return f"it could not be read again: {error}"
    return None
