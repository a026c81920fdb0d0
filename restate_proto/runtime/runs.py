"""Executes the functions of `ctx.run` and proposes their results."""

from __future__ import annotations

import asyncio
import inspect
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from restate_proto.codec.payload import encode, read
from restate_proto.errors import RetryableError, TerminalError
from restate_proto.logs import get_logger
from restate_proto.model.codec import CodecError
from restate_proto.model.retry import GiveUp, RetryPolicy
from restate_proto.protocol import AttemptError, Failure, Phase
from restate_proto.runtime.failures import describe_error, format_traceback, to_failure
from restate_proto.runtime.task import EagerTask
from restate_proto.runtime.threads import ThreadStartError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

    from restate_proto.model.codec import Codec
    from restate_proto.model.kinds import Encoding
    from restate_proto.runtime.attempt import Attempt

__all__ = ["Run", "Runs"]

_log = get_logger("restate_proto")

_DEEP_AT_LEAST = 200
"""The bytes of the shortest payload that nests too deep to be read: 100 levels of two bytes each."""


class Run(NamedTuple):
    """A function to execute.

    Args:
        id: the run's completion id.
        name: its name.
        function: a coroutine function, or an ordinary one, which gets a thread.
        args: its arguments.
        codec: the codec of its result.
        encoding: what its result is recorded in.
        retry: how it is retried; None leaves that to Restate, without bounds.
        context: the context variables that the function sees.
    """

    id: int
    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    codec: Codec[Any]
    encoding: Encoding
    retry: RetryPolicy | None
    context: Context


class Runs:
    """The runs of one attempt whose results the journal does not have."""

    __slots__ = ("_attempt", "_postponed", "executing")

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self.executing: set[_RunTask] = set()
        self._postponed: list[Run] = []

    def add(self, run: Run) -> None:
        """Execute a run with the next `start`."""
        self._postponed.append(run)

    def start(self) -> None:
        """Execute what was added, if the replay is over: only then can its result be stored."""
        machine = self._attempt.machine
        if not self._postponed or machine.journal.phase is not Phase.PROCESSING:
            return
        postponed, self._postponed = self._postponed, []
        for run in postponed:
            if machine.journal.phase is Phase.PROCESSING:  # one before may have failed
                self._execute(run)

    def unfinished(self) -> list[int]:
        """The completion ids of the runs that are executed, or will be."""
        if not (self.executing or self._postponed):
            return []
        return [task.run.id for task in self.executing] + [run.id for run in self._postponed]

    def cancel(self) -> None:
        """The attempt is over: results are of no use any more."""
        self._postponed.clear()
        executing, self.executing = self.executing, set()
        attempt = self._attempt
        for task in executing:
            task.cancel()
            if not task.is_done:
                name = f"{attempt.description}: ctx.run({task.run.name!r})"
                attempt.runtime.cleanups.add(task, name)

    def _execute(self, run: Run) -> None:
        task = _RunTask(self._attempt, self, run)
        self.executing.add(task)
        task.step()

    def finished(self, task: _RunTask, result: Any, error: BaseException | None) -> None:
        """A function returned or raised: propose what came of it."""
        self.executing.discard(task)
        attempt = self._attempt
        machine = attempt.machine
        if machine.journal.phase is Phase.CLOSED:
            attempt.runtime.cleanups.discard(task)
            return
        try:
            outcome = self._outcome(task, result, error)
            if outcome is not None:
                machine.commands.propose_run(task.run.id, outcome)
        except BaseException as wrong:  # noqa: BLE001 - such as a RetryableError with parts of wrong types
            text = f"ctx.run({task.run.name!r}) failed: {describe_error(wrong)}"
            machine.journal.fail_with(AttemptError(500, text))
        attempt.run_finished(error)

    def _outcome(
        self, task: _RunTask, result: Any, error: BaseException | None
    ) -> bytes | Failure | None:
        """What is to be recorded; None where the attempt ended instead."""
        if error is None:
            return self._recordable(task.run, result)
        if isinstance(error, TerminalError):
            return to_failure(error)
        return self._failed(task, error)

    def _recordable(self, run: Run, result: Any) -> bytes | Failure:
        """The payload of a result, or the failure that is recorded in its place.

        The effect has happened. Another attempt would repeat it and come to the same result, so a
        result that cannot be recorded is never a reason to retry.
        """
        try:
            data = encode(run.codec, result, run.encoding)
            if len(data) < _DEEP_AT_LEAST:
                return data
            reason = _why_unreadable(run, data, self._attempt.machine.journal.max_payload)
        except BaseException as wrong:  # noqa: BLE001 - a codec of any library, on an object of any class
            data, reason = b"", describe_error(wrong)
        if reason is None:
            return data
        text = (
            f"ctx.run({run.name!r}) in {self._attempt.handler.name}: the function has done its work, "
            f"but its result ({type(result).__qualname__}) cannot be recorded: {reason}. It is not "
            "executed again. Return None, bool, int, float, str, or lists and dicts of those, or "
            "declare the result's type: ctx.run(..., type=...)."
        )
        _log.error("%s", text)
        return Failure(500, text)

    def _failed(self, task: _RunTask, error: BaseException) -> Failure | None:
        """What becomes of a failure: a result where retries are used up; else the attempt ends."""
        run = task.run
        machine = self._attempt.machine
        text = f"ctx.run({run.name!r}) failed: {describe_error(error)}"
        code = error.code if isinstance(error, RetryableError) else 500
        delay = error.retry_after if isinstance(error, RetryableError) else None
        if run.retry is not None and not isinstance(error, ThreadStartError):
            attempts, since = machine.commands.run_history()
            elapsed = since + timedelta(seconds=task.elapsed())
            next_delay = run.retry.next_delay(attempts + 1, elapsed)
            if isinstance(next_delay, GiveUp):
                return Failure(code, text)
            delay = delay if delay is not None else next_delay
        if self._attempt.handler.report_failure is not None and not (run.retry and run.retry.ends):
            delay = None  # Restate makes an attempt after the delay it is told, whatever its bounds
        expose_traceback = self._attempt.runtime.expose_tracebacks
        machine.commands.fail_run(
            run.id,
            text,
            code=code,
            stacktrace=format_traceback(error) if expose_traceback else "",
            retry_after=delay,
        )
        return None


class _RunTask(EagerTask):
    """One execution of a run's function."""

    __slots__ = ("_runs", "_started", "run")

    def __init__(self, attempt: Attempt, runs: Runs, run: Run) -> None:
        if inspect.iscoroutinefunction(run.function):
            coroutine = _in_loop(run)
        else:
            coroutine = self._in_thread(attempt, run)
        super().__init__(attempt.loop, coroutine, run.name, run.context)
        self._runs = runs
        self._started = monotonic()
        self.run = run

    def elapsed(self) -> float:
        """Seconds since the function was called."""
        return monotonic() - self._started

    async def _in_thread(self, attempt: Attempt, run: Run) -> Any:
        threads = attempt.handler.threads
        call = threads.submit(attempt.loop, f"ctx.run {run.name}", run.function, run.args)
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

    def _finished(self, result: Any, error: BaseException | None) -> None:
        self._runs.finished(self, result, error)


def _why_unreadable(run: Run, data: bytes, max_payload: int) -> str | None:
    """Why a payload could not be read when the journal is replayed; None where it could."""
    if len(data) >= max_payload:
        return f"it is {len(data)} bytes long, and Restate stores less than {max_payload}"
    try:
        read(run.codec, data, run.encoding)
    except CodecError as error:
        return f"it could not be read again: {error}"
    return None


async def _in_loop(run: Run) -> Any:
    return await run.function(*run.args)  # called here: wrong arguments are a failure of the run
