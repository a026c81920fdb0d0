"""Executes the functions that handlers give to `ctx.run`, and proposes their results."""

from __future__ import annotations

import asyncio
import inspect
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from restate_proto.codec.payload import encode, read
from restate_proto.errors import PauseError, RetryableError, TerminalError
from restate_proto.logs import get_logger, invocation_of_run
from restate_proto.model.codec import CodecError
from restate_proto.model.retry import GiveUp
from restate_proto.protocol import AttemptError, ErrorBehavior, Failure, Phase
from restate_proto.runtime.eager_task import EagerTask
from restate_proto.runtime.failures import describe_error, format_traceback, to_failure
from restate_proto.runtime.threads import ThreadStartError

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto.runtime.handler import BoundHandler
    from restate_proto.runtime.operations import Operations, Run
    from restate_proto.runtime.runtime import Runtime

__all__ = ["Runs"]

_log = get_logger("restate_proto")

_DEEP_AT_LEAST = 200
"""The bytes of the shortest payload that nests too deep to be read: 100 levels of two bytes each."""


class Runs:
    """The runs of one attempt whose functions are being executed.

    Args:
        operations: what the attempt's handler has begun.
        handler: the handler that the attempt runs.
        runtime: where functions are executed.
        finished: called when a result is proposed, with None, or when a failure has ended the
            attempt, with the error.
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
        self.scope = operations.loop  # what the log says of their invocation
        self.executing: set[_RunTask] = set()

    def execute_begun(self) -> None:
        """Execute what the handler has begun, if the replay is over: else no result can be stored."""
        operations = self._operations
        journal = operations.journal
        if journal.phase is not Phase.PROCESSING:
            return
        begun, operations.begun_runs = operations.begun_runs, []
        for run in begun:
            if journal.phase is Phase.PROCESSING:  # one before may have failed
                task = _RunTask(self, run)
                self.executing.add(task)
                task.step()

    def cancel(self) -> None:
        """The attempt is over: results are of no use any more, and coroutine functions are told so."""
        executing, self.executing = self.executing, set()
        for task in executing:
            task.cancel("the attempt has ended, and nobody waits for this function")
            if not task.is_done:
                name = f"{self._handler.describe(self._operations.journal)}: ctx.run({task.run.name!r})"
                self.runtime.cleanups.add(task, name)

    def finished(self, task: _RunTask, result: Any, error: BaseException | None) -> None:
        """A function returned or raised: propose what came of it."""
        self.executing.discard(task)
        journal = self._operations.journal
        if journal.phase is Phase.CLOSED:
            self.runtime.cleanups.discard(task)
            return
        try:
            outcome = self._outcome(task, result, error)
            if outcome is not None:
                self._operations.commands.propose_run(task.run.id, outcome)
        except BaseException as wrong:  # noqa: BLE001 - such as a RetryableError with parts of wrong types
            text = f"ctx.run({task.run.name!r}) failed: {describe_error(wrong)}"
            journal.fail_with(AttemptError(500, text))
        self._finished(error)

    def _outcome(
        self, task: _RunTask, result: Any, error: BaseException | None
    ) -> bytes | Failure | None:
        """What is to be recorded; None where the attempt ended instead."""
        if error is None:
            return self._encode_result(task.run, result)
        if isinstance(error, TerminalError):
            return to_failure(error)
        return self._failed(task, error)

    def _encode_result(self, run: Run, result: Any) -> bytes | Failure:
        """The payload of a result, or the failure that is recorded in its place.

        The effect has happened. Another attempt would repeat it and come to the same result, so a
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
        except BaseException as wrong:  # noqa: BLE001 - a codec of any library, on an object of any class
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
        """What becomes of a failure: a result where retries are used up; else the attempt ends."""
        run, policy = task.run, task.run.retry
        commands = self._operations.commands
        text = f"ctx.run({run.name!r}) failed: {describe_error(error)}"
        code = error.code if isinstance(error, RetryableError | PauseError) else 500
        delay = error.retry_after if isinstance(error, RetryableError) else None
        pauses = isinstance(error, PauseError) and self._operations.journal.version >= 7
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
        if self._handler.report_failure is not None:  # no attempt is to follow, nor a person
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
        is_asynchronous = inspect.iscoroutinefunction(run.function)
        call = self._in_loop if is_asynchronous else self._in_thread
        interception = runs.interception
        coroutine = call(run) if interception is None else interception.run(run, call)
        super().__init__(runs.runtime.loop, coroutine, run.name, run.context)
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
        )  # called here: wrong arguments are a failure of the run

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
            if call.started is not None:  # it may have waited for its turn
                self._started = call.started
        # A lambda around a coroutine function, or another callable that gives an awaitable.
        return await result if inspect.isawaitable(result) else result

    @override
    def _finished(self, result: Any, error: BaseException | None) -> None:
        self._runs.finished(self, result, error)


def _why_unreadable(run: Run, data: bytes) -> str | None:
    """Why a payload could not be read when the journal is replayed; None where it could."""
    try:
        read(run.codec, data, run.encoding)
    except CodecError as error:
        return f"it could not be read again: {error}"
    return None
