"""One attempt of one invocation: the state machine, the handler, and the stream between.

What may happen to an attempt, where that enters, and what follows:

    bytes of the request      data_received     the handler starts, or goes on if they have what
                                                it waits for
    the end of the request    eof_received      as above; from now on a wait is a suspension
    the endpoint stops        draining          as above
    the output was sent       drained           the handler goes on, where it had to wait for that
    the stream is gone        aborted           nothing is written any more
    a run has finished        run_finished      its proposal is sent
    the handler awaits        progress          it goes on at once, or waits
    the handler was stepped   handler_stepped   what it has issued is sent, its runs are executed
    the handler has ended     handler_ended     its outcome is written

An attempt ends when its machine is closed, which happens in one of five ways:

    the handler has ended                                        output and end, or an error
    it waits, and no input is left                               a suspension
    it does something else than the journal says, or is refused  an error
    a run has failed, or the input cannot be read                an error
    the stream is gone                                           nothing

Then what is written is sent, and a handler that has not ended is told once, by `AttemptEnded`, where
it waits. What it does from there on is its cleanup, which is bounded (`Cleanups`).
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from typing_extensions import override

from restate_proto.errors import CancelledError, TerminalError
from restate_proto.logs import get_logger
from restate_proto.protocol import (
    CANCEL_SIGNAL,
    AttemptEnded,
    Await,
    Combinator,
    NotificationId,
    Phase,
    StateMachine,
)
from restate_proto.runtime.futures import DurableFuture
from restate_proto.runtime.handler_outcome import (
    fail,
    finish_unawaited,
    log_failure,
    unawaited,
    write_outcome,
)
from restate_proto.runtime.operations import Completable, Operations
from restate_proto.runtime.runs import Runs
from restate_proto.runtime.runtime import place_of
from restate_proto.runtime.task import EagerTask, Resumption, is_interrupt

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine

    from restate_proto.runtime.handler import BoundHandler
    from restate_proto.runtime.runtime import Runtime

__all__ = ["Attempt", "ByteStream"]

_log = get_logger("restate_proto")

_CLOSED = Phase.CLOSED

_DONE = Resumption(None)

_MOST_STEPS_AFTER_END = 10_000
"""How often a handler may wait for asyncio after its attempt has ended."""


class ByteStream(Protocol):
    """Where an attempt's output goes, and how it says that it has consumed its input."""

    @property
    def above_high_water(self) -> bool:
        """Whether so much output is buffered that the attempt should wait."""
        ...

    def write(self, data: bytes, *, end: bool = False) -> None:
        """Send bytes; never blocks."""
        ...

    def acknowledge(self, amount: int) -> None:
        """Bytes of input were consumed; as many more may come."""
        ...


class HandlerTask(EagerTask):
    """Steps a handler's coroutine, which may await durable futures.

    This class knows how a handler is stepped, and which future it waits for (`waiting`). When that
    wait is over, its attempt decides (`Attempt.progress`).

    Args:
        attempt: the attempt that the handler is run for.
        loop: the running event loop.
        coroutine: the handler's.
        name: the handler's.
    """

    __slots__ = ("_attempt",)

    waits_for: ClassVar[tuple[type[Any], ...]] = (DurableFuture,)

    def __init__(
        self,
        attempt: Attempt,
        loop: asyncio.AbstractEventLoop,
        coroutine: Coroutine[Any, Any, Any],
        name: str,
    ) -> None:
        super().__init__(loop, coroutine, name)
        self._attempt = attempt

    @override
    def _resumption(self, awaited: DurableFuture[Any]) -> Resumption | None:
        return self._attempt.progress(awaited)

    @override
    def resume(self, error: BaseException | None = None) -> None:
        self.step(error)
        self._attempt.handler_stepped()

    @override
    def _finished(self, result: Any, error: BaseException | None) -> None:
        self._attempt.handler_ended(result, error)


class Attempt:
    """Receives the request's bytes, runs the handler on them, and writes the answer's.

    The handler runs inside the call that delivered what it waited for. Notifications take effect
    one by one, and only while the handler waits, so that every attempt sees the same order.

    Args:
        handler: the handler to invoke.
        version: the service protocol version of the stream.
        stream: where output goes.
        runtime: what it shares with the other attempts of its endpoint.
    """

    __slots__ = (
        "_answer_encoding",
        "_cause",
        "_handler",
        "_has_ended",
        "_is_postponed",
        "_is_progressing",
        "_journal",
        "_machine",
        "_operations",
        "_runs",
        "_runtime",
        "_steps_after_end",
        "_stream",
        "_task",
        "_unacknowledged",
        "_was_cancelled",
    )

    def __init__(
        self,
        handler: BoundHandler,
        version: int,
        stream: ByteStream,
        runtime: Runtime,
    ) -> None:
        self._runtime = runtime
        self._machine = StateMachine(version, handler.max_message, handler.max_outbound)
        self._journal = self._machine.journal
        self._operations = Operations(self._machine, runtime.loop)
        self._handler = handler
        self._stream = stream
        self._task: HandlerTask | None = None
        self._runs: Runs | None = None
        self._answer_encoding = handler.encoding
        self._cause: BaseException | None = None  # what the attempt fails with, for the log
        self._unacknowledged = 0
        self._steps_after_end = 0
        self._has_ended = False
        self._is_postponed = False
        self._is_progressing = False
        self._was_cancelled = False

    # ---- What may happen: on the stream ----

    def data_received(self, data: bytes) -> None:
        """Bytes of the request."""
        if self._has_ended:
            self._stream.acknowledge(len(data))
            return
        self._machine.feed(data)
        task = self._task
        if task is not None and task.waiting is None and self._journal.phase is not _CLOSED:
            # The handler waits for something else: what comes meanwhile stays bounded.
            self._unacknowledged += len(data)
            return
        self._stream.acknowledge(len(data))
        self._on_input()

    def eof_received(self) -> None:
        """The request is complete: Restate wants a suspension where the handler has to wait."""
        if not self._has_ended:
            self._machine.close_input()
            self._on_input()

    def draining(self) -> None:
        """The endpoint stops: where the handler waits, or comes to wait, it is suspended."""
        if not self._has_ended:
            self._machine.suspend_at_waits()
            self._on_input()

    def drained(self) -> None:
        """The output that was buffered is sent: the handler may go on."""
        self._advance()

    def aborted(self, reason: str) -> None:
        """The stream is gone; nothing can be written."""
        self._has_ended = True
        self._journal.abandon()
        self._stop(reason)

    def awaited_input(self) -> object:
        """What must come before the handler can start or go on, as a value that changes with it.

        None for a wait of the handler's own, which may take as long as it likes: what it waits for
        may never come, and then Restate says nothing.
        """
        if self._has_ended or self._unacknowledged:
            return None
        return self._machine.awaited_input

    def _on_input(self) -> None:
        if self._journal.phase is _CLOSED:
            self._stop("the stream broke")
        elif self._runtime.turn_share.is_used_up:
            if not self._is_postponed:
                self._is_postponed = True
                self._runtime.turn_share.postpone(self._turn_begins)
        elif self._task is not None:
            self._advance()
        elif self._machine.is_ready:
            self._start()

    def _turn_begins(self) -> None:
        self._is_postponed = False
        if not self._has_ended:
            self._on_input()

    # ---- The handler ----

    def _start(self) -> None:
        handler, machine = self._handler, self._machine
        try:
            input_ = machine.read_input()
            request, self._answer_encoding = handler.read_request(input_, machine)
            context = handler.context_class(self._operations, handler.encoding, input_)
            coroutine = handler.method(context, request)
            task = HandlerTask(self, self._runtime.loop, coroutine, handler.name)
        except BaseException as error:  # noqa: BLE001 - told to Restate, whatever it is
            self.handler_ended(None, error)
        else:
            self._task = self._operations.owner = task
            task.step()
            self.handler_stepped()

    def _advance(self) -> None:
        """What the handler waits for may be there now."""
        task = self._task
        if task is None or task.waiting is None or self._stream.above_high_water:
            return
        resumption = self.progress(task.waiting)
        if resumption is None:
            self._flush()
        else:
            task.step(resumption.error)
            self.handler_stepped()

    def progress(self, future: DurableFuture[Any]) -> Resumption | None:
        """Let notifications take effect, one after the other, until a future is done.

        This is the loop of progress: each wait of the handler goes through it, when it begins and
        whenever something has happened that may end it.

        Args:
            future: what the handler waits for.

        Returns:
            How the handler goes on; None where it has to wait.
        """
        journal, waiting, operations = self._journal, self._machine.waiting, self._operations
        self._is_progressing = True
        try:
            if journal.phase is _CLOSED:
                journal.refuse()
                return None
            if self._unacknowledged:  # the handler is back from elsewhere: more may come again
                self._stream.acknowledge(self._unacknowledged)
                self._unacknowledged = 0
            while True:
                if operations.begun_runs:  # each time: a deferred operation may end the replay
                    self._execute_runs()
                if waiting.cancel_requested:
                    if not waiting.calls_without_id():
                        waiting.cancel_requested = False
                        self._was_cancelled = True
                        operations.commands.cancel_calls()
                        return Resumption(CancelledError())
                elif future.is_done:
                    if journal.has_much_output:
                        self._flush()
                        if self._stream.above_high_water:
                            return None
                    return _DONE
                notification = waiting.poll()
                if notification is None:
                    break
                if notification[0] != CANCEL_SIGNAL:
                    operations.deliver(*notification)
            if not waiting.parks_silently:
                is_executing = self._runs is not None and bool(self._runs.executing)
                waiting.park(self._awaited_for(future), executing=is_executing)
        except AttemptEnded as ended:
            return Resumption(ended)
        except BaseException as error:  # of a deferred operation: its place in the order is lost
            self._cause = error
            fail(journal, self._handler, self._runtime, error)
            if is_interrupt(error):
                self._stop("a signal interrupted it")
                raise
            return Resumption(AttemptEnded("an operation could not be issued"))
        finally:
            self._is_progressing = False
        return None

    def _awaited_for(self, future: DurableFuture[Any]) -> Await:
        """What has to arrive before the attempt has something to do.

        That is the future's, the invocation's cancellation, and the ids that deferred operations
        need: what the future waits for may depend on them. After a first cancellation there is no
        waiting for another: Restate has that signal in the journal, and would resume what waits for
        it at once, for ever.
        """
        waiting = self._machine.waiting
        if waiting.cancel_requested:
            return Await(Combinator.ALL_COMPLETED, waiting.calls_without_id())
        tree = future.awaiting()
        more: list[NotificationId] = [] if self._was_cancelled else [CANCEL_SIGNAL]
        more += self._operations.deferred.values()
        if not more:
            return tree
        if len(tree.ids) == 1 and not tree.nested:
            return Await(Combinator.FIRST_COMPLETED, list(dict.fromkeys(tree.ids + more)))
        return Await(Combinator.FIRST_COMPLETED, list(dict.fromkeys(more)), [tree])

    def handler_stepped(self) -> None:
        """The handler has run until it waits, or until its end.

        Where it waits, the functions that it has asked for are executed, and what it has issued is
        sent.
        """
        if self._task is not None:
            if self._operations.begun_runs:
                self._execute_runs()
            if self._journal.phase is _CLOSED:
                self._goes_on_after_end()
            else:
                self._flush()
        share = self._runtime.turn_share
        if monotonic() > share.ends_at:
            share.end()

    # ---- Its runs ----

    def _execute_runs(self) -> None:
        if self._runs is None:
            self._runs = Runs(self._operations, self._handler, self._runtime, self.run_finished)
        self._runs.execute_begun()

    def run_finished(self, error: BaseException | None) -> None:
        """A run's result was proposed, or its failure ended the attempt."""
        has_failed = self._journal.phase is _CLOSED
        if has_failed:
            self._cause = error
        task = self._task
        if task is None or self._is_progressing:
            return  # `progress` looks at what came of it
        if has_failed:
            self._stop("a ctx.run failed")
        elif task.waiting is not None:
            self._advance()
        else:
            self._flush()

    # ---- The end ----

    def handler_ended(self, result: Any, error: BaseException | None) -> None:
        """The handler returned or raised."""
        operations, runs = self._operations, self._runs
        if self._journal.phase is not _CLOSED:
            may_be_left = operations.deferred or operations.begun_runs or (runs and runs.executing)
            is_final = error is None or isinstance(error, TerminalError)
            if may_be_left and is_final and self._unawaited():
                finish = finish_unawaited(self._unawaited, self._description, result, error)
                task = HandlerTask(self, self._runtime.loop, finish, self._handler.name)
                self._task = operations.owner = task
                task.step()
                return
            self._cause = write_outcome(
                self._machine, self._handler, self._runtime, self._answer_encoding, result, error
            )
        self._stop("the handler has ended")
        if self._steps_after_end and self._task is not None:
            self._runtime.cleanups.discard(self._task)
        # Without reference cycles, memory is given back at once and not by the collector.
        if isinstance(error, AttemptEnded):
            error.__traceback__ = None
        self._task = self._runs = None
        operations.close()

    def _unawaited(self) -> list[Completable]:
        return unawaited(self._operations, self._runs)

    def _stop(self, reason: str) -> None:
        """The attempt is over: send what is left, and end whatever still runs."""
        self._flush()
        if self._runs is not None:
            self._runs.cancel()
        task = self._task
        if task is None or task.is_done or task.is_running:
            return
        if (
            self._journal.times_told_of_end == 0
        ):  # what the handler does then is its cleanup: let it
            self._journal.times_told_of_end = 1
            task.stop(AttemptEnded(reason))

    def _goes_on_after_end(self) -> None:
        """The handler waits for something that is not Restate, though its attempt is over."""
        task = self._task
        if self._steps_after_end > _MOST_STEPS_AFTER_END or task is None:
            return  # it is abandoned already
        self._steps_after_end += 1
        is_first = self._steps_after_end == 1
        self._stop("the attempt ended while the handler ran")
        if task.is_done:
            return
        if self._journal.ignores_its_end or self._steps_after_end > _MOST_STEPS_AFTER_END:
            self._steps_after_end = _MOST_STEPS_AFTER_END + 1
            _log.warning(
                "%s: the handler goes on and on after its attempt has ended, and is left alone in "
                "%s; does it catch BaseException, or with a bare `except:`? Catch Exception.",
                self._description,
                place_of(task),
            )
            task.abandon(AttemptEnded("the handler goes on and on"))
        elif is_first:
            self._runtime.cleanups.add(task, self._description)

    @property
    def _description(self) -> str:
        return self._handler.describe(self._journal)

    def _flush(self) -> None:
        """Send the output so far; the last of it with the end of the stream."""
        journal = self._journal
        is_last = journal.phase is _CLOSED
        output = journal.take_output()
        if self._has_ended:
            return
        if is_last:
            self._has_ended = True
            if journal.error is not None:
                log_failure(journal, self._handler, journal.error, self._cause)
            self._cause = None
            self._stream.write(output, end=True)
        elif output:
            self._stream.write(output)
