"""One attempt of one invocation: the state machine, the handler, and the stream between."""

from __future__ import annotations

from threading import get_ident
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

from restate_proto.errors import CancelledError, TerminalError
from restate_proto.logs import get_logger
from restate_proto.protocol import (
    CANCEL_SIGNAL,
    AttemptEnded,
    Await,
    Combinator,
    NotificationId,
    Phase,
    Result,
    StateMachine,
)
from restate_proto.runtime.cleanups import place_of
from restate_proto.runtime.failures import used_elsewhere
from restate_proto.runtime.futures import Deferred, DurableFuture, Leaf
from restate_proto.runtime.handler_task import HandlerTask
from restate_proto.runtime.inbox import Inbox
from restate_proto.runtime.outcome import fail, log_failure, write_outcome
from restate_proto.runtime.runs import Run, Runs
from restate_proto.runtime.task import current_task
from restate_proto.runtime.unawaited import finish_unawaited, unawaited

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto.protocol import Commands
    from restate_proto.runtime.handler import BoundHandler
    from restate_proto.runtime.runtime import Runtime
    from restate_proto.runtime.stream import ByteStream

__all__ = ["Attempt"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_log = get_logger("restate_proto")

_CLOSED = Phase.CLOSED

_MOST_STEPS_AFTER_END = 10_000
"""How often a handler may wait for asyncio after its attempt has ended."""


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
        "_has_ended",
        "_is_postponed",
        "_steps_after_end",
        "_task",
        "_thread",
        "_unacknowledged",
        "_was_cancelled",
        "answer_encoding",
        "cause",
        "deferred",
        "handler",
        "inbox",
        "loop",
        "machine",
        "runs",
        "runtime",
        "stream",
    )

    def __init__(
        self,
        handler: BoundHandler,
        version: int,
        stream: ByteStream,
        runtime: Runtime,
    ) -> None:
        self.handler = handler
        self.machine = StateMachine(version, handler.max_message, handler.max_outbound)
        self.stream = stream
        self.runtime = runtime
        self.loop = runtime.loop
        self.runs: Runs | None = None
        # Operations that wait for another invocation's id before they can be issued.
        self.deferred: dict[Deferred[Any], None] = {}
        self.inbox = Inbox()
        self._task: HandlerTask | None = None
        self._thread = get_ident()
        self.answer_encoding = handler.encoding
        self.cause: BaseException | None = None  # what the attempt fails with, for the log
        self._unacknowledged = 0
        self._steps_after_end = 0
        self._has_ended = False
        self._is_postponed = False
        self._was_cancelled = False

    # ---- From the stream ----

    def data_received(self, data: bytes) -> None:
        """Bytes of the request."""
        if self._has_ended:
            self.stream.acknowledge(len(data))
            return
        machine = self.machine
        machine.feed(data)
        task = self._task
        if task is not None and task.waiting is None and machine.journal.phase is not _CLOSED:
            # The handler waits for something else: what comes meanwhile stays bounded.
            self._unacknowledged += len(data)
            return
        self.stream.acknowledge(len(data))
        self._on_input()

    def eof_received(self) -> None:
        """The request is complete: Restate wants a suspension where the handler has to wait."""
        if not self._has_ended:
            self.machine.close_input()
            self._on_input()

    def draining(self) -> None:
        """The endpoint stops: where the handler waits, or comes to wait, it is suspended."""
        if not self._has_ended:
            self.machine.suspend_at_waits()
            self._on_input()

    def aborted(self, reason: str) -> None:
        """The stream is gone; nothing can be written."""
        self._has_ended = True
        self.machine.journal.abandon()
        self._stop(reason)

    def drained(self) -> None:
        """The output that was buffered is sent: the handler may go on."""
        if self._task is not None and self._task.waiting is not None:
            self._advance()

    def awaited_input(self) -> object:
        """What must come before the handler can start or go on, as a value that changes with it.

        None for a wait of the handler's own, which may take as long as it likes: what it waits for
        may never come, and then Restate says nothing.
        """
        if self._has_ended or self._unacknowledged:
            return None
        return self.machine.awaited_input

    def _on_input(self) -> None:
        machine = self.machine
        if machine.journal.phase is _CLOSED:
            self._stop("the stream broke")
        elif self.runtime.turn_share.is_used_up:
            if not self._is_postponed:
                self._is_postponed = True
                self.runtime.turn_share.postpone(self)
        elif self._task is None:
            if machine.is_ready:
                self._start()
        elif self._task.waiting is not None:
            self._advance()

    def resume(self) -> None:
        """It is the turn of this attempt, which had to wait for one."""
        self._is_postponed = False
        if not self._has_ended:
            self._on_input()

    # ---- The handler ----

    def _start(self) -> None:
        handler = self.handler
        try:
            input_ = self.machine.read_input()
            request, self.answer_encoding = handler.read_request(input_, self.machine)
            context = handler.context_class(self, input_)
            self._task = task = HandlerTask(self, handler.method(context, request))
        except BaseException as error:  # noqa: BLE001 - told to Restate, whatever it is
            self.finish(None, error)
        else:
            task.step()

    def _advance(self) -> None:
        """The handler waits for a durable future: go on if that is done now."""
        task = self._task
        if task is None or self.stream.above_high_water:
            return
        outcome = self._progress(task.waiting)
        if outcome is True:
            task.step()
        elif outcome is False:
            self.flush()
        else:
            task.step(outcome)

    def wait_for(self, future: DurableFuture[Any]) -> BaseException | bool:
        """The handler awaits a durable future: as `EagerTask._waits_for`."""
        journal = self.machine.journal
        if journal.phase is _CLOSED:
            try:
                journal.refuse()
            except AttemptEnded as ended:
                return ended
            return False
        outcome = self._progress(future)
        if outcome is True and journal.has_much_output:
            self.flush()
            return not self.stream.above_high_water
        return outcome

    def _progress(self, future: DurableFuture[Any]) -> BaseException | bool:
        """Let notifications take effect until the future is done.

        Returns:
            True when it is, False when it has to wait, an error to raise where it is awaited.
        """
        waiting = self.machine.waiting
        runs = self.runs
        if self._unacknowledged:  # the handler is back from elsewhere: more may come again
            self.stream.acknowledge(self._unacknowledged)
            self._unacknowledged = 0
        try:
            while True:
                if runs is not None:  # each time: a deferred operation may have ended the replay
                    runs.start()
                if waiting.cancel_requested:
                    missing = waiting.calls_without_id()
                    if not missing:
                        waiting.cancel_requested = False
                        self._was_cancelled = True
                        self.machine.commands.cancel_calls()
                        return CancelledError()
                elif future.is_done:
                    return True
                notification = waiting.poll()
                if notification is None:
                    break
                if notification[0] != CANCEL_SIGNAL:
                    self.inbox.deliver(*notification)
            if not waiting.is_silent:
                if waiting.cancel_requested:
                    tree = Await(Combinator.ALL_COMPLETED, waiting.calls_without_id())
                else:
                    tree = self._or_more(future.awaiting())
                waiting.park(tree, executing=runs is not None and bool(runs.executing))
        except AttemptEnded as ended:
            return ended
        except Exception as error:  # noqa: BLE001 - of a deferred operation: its place is lost
            self.cause = error
            fail(self, error)
            return AttemptEnded("an operation could not be issued")
        return False

    def _or_more(self, tree: Await) -> Await:
        """The tree, or what else gives the attempt something to do.

        That is the invocation's cancellation, and the ids that deferred operations need: what is
        waited for may depend on them. After a first cancellation there is no waiting for another:
        Restate has that signal in the journal, and would resume what waits for it at once, for ever.
        """
        more: list[NotificationId] = [] if self._was_cancelled else [CANCEL_SIGNAL]
        for deferred in self.deferred:
            more += deferred.invocation_id.awaiting().ids
        if not more:
            return tree
        if len(tree.ids) == 1 and not tree.nested:
            return Await(Combinator.FIRST_COMPLETED, list(dict.fromkeys(tree.ids + more)))
        return Await(Combinator.FIRST_COMPLETED, list(dict.fromkeys(more)), [tree])

    @property
    def commands(self) -> Commands:
        """The machine's commands, for what the handler issues now.

        Raises:
            RuntimeError: as `check_caller`.
        """
        task = self._task  # as `check_caller`, which would be one call more
        if get_ident() != self._thread or task is None or current_task(self.loop) is not task:
            self._refuse_caller()
        return self.machine.commands

    def check_caller(self) -> None:
        """Refuse a durable operation that another attempt could not repeat in the same order.

        The thread counts as well: another one may run while the handler does, and would take part
        in what the event loop believes that the handler's task does.

        Raises:
            RuntimeError: the caller is not the handler's own code.
        """
        task = self._task
        if get_ident() != self._thread or task is None or current_task(self.loop) is not task:
            self._refuse_caller()

    def _refuse_caller(self) -> None:
        # Of a handler that was left alone, no operation does anything, nor raises.
        if not self.machine.journal.is_unheard:
            raise used_elsewhere()

    def issue(
        self,
        read: Callable[[Result], T],
        operation: Callable[[*Ts], NotificationId | Result],
        *args: *Ts,
        future: type[Leaf[Any]] = Leaf,
    ) -> Leaf[T]:
        """Issue a command, and make the future of its result; both or neither.

        Args:
            read: what turns the result into the value.
            operation: the method of `commands` that issues it, and returns the notification of the
                result, or the result.
            *args: its arguments.
            future: the class of the future.
        """
        journal = self.machine.journal
        index = journal.command_index
        try:
            outcome = operation(*args)
            if isinstance(outcome, Result):
                return Leaf(self, None, read, outcome)
            leaf = future(self, outcome, read)
            self.inbox.expect(outcome, leaf)
        except BaseException as error:
            if journal.command_index != index:
                journal.cut_short(error)
            raise
        return leaf

    def leaf(self, id_: NotificationId, read: Callable[[Result], T]) -> Leaf[T]:
        """The future of a notification.

        Args:
            id_: the notification.
            read: what turns its result into the value.
        """
        leaf = Leaf(self, id_, read)
        self.inbox.expect(id_, leaf)
        return leaf

    def execute(self, run: Run) -> None:
        """Execute the function of a `ctx.run` when the handler next waits.

        Not at once, for the handler may be deep in calls, and its function needs room, too.
        """
        if self.runs is None:
            self.runs = Runs(self)
        self.runs.add(run)

    def run_finished(self, error: BaseException | None) -> None:
        """A run's result was proposed, or its failure ended the attempt."""
        has_failed = self.machine.journal.phase is _CLOSED
        if has_failed:
            self.cause = error
        task = self._task
        if task is None or task.is_running:
            return  # the handler is on its way to an await
        if has_failed:
            self._stop("a ctx.run failed")
        elif task.waiting is not None:
            self._advance()
        else:
            self.flush()

    def paused(self) -> None:
        """The handler waits: execute the functions that it has asked for, and send what it has issued."""
        if self.runs is not None:
            self.runs.start()
        if self.machine.journal.phase is _CLOSED:
            self._goes_on_after_end()
        else:
            self.flush()

    # ---- The end ----

    def finish(self, result: Any, error: BaseException | None) -> None:
        """The handler returned or raised."""
        if self.machine.journal.phase is not _CLOSED:
            if (
                (self.deferred or self.runs is not None)
                and (error is None or isinstance(error, TerminalError))
                and unawaited(self)
            ):
                self._task = HandlerTask(self, finish_unawaited(self, result, error))
                self._task.step()
                return
            write_outcome(self, result, error)
        self._stop("the handler has ended")
        if self._steps_after_end and self._task is not None:
            self.runtime.cleanups.discard(self._task)
        # Without reference cycles, memory is given back at once and not by the collector.
        if isinstance(error, AttemptEnded):
            error.__traceback__ = None
        self._task = self.runs = None
        self.inbox.close()
        self.deferred.clear()

    def _stop(self, reason: str) -> None:
        """The attempt is over: send what is left, and end whatever still runs."""
        self.flush()
        if self.runs is not None:
            self.runs.cancel()
        task = self._task
        if task is None or task.is_done or task.is_running:
            return
        if self.machine.journal.ends_told == 0:  # what the handler does then is its cleanup: let it
            self.machine.journal.ends_told = 1
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
        if self.machine.journal.is_unheard or self._steps_after_end > _MOST_STEPS_AFTER_END:
            self._steps_after_end = _MOST_STEPS_AFTER_END + 1
            _log.warning(
                "%s: the handler goes on and on after its attempt has ended, and is left alone in "
                "%s; does it catch BaseException, or with a bare `except:`? Catch Exception.",
                self.description,
                place_of(task),
            )
            task.abandon(AttemptEnded("the handler goes on and on"))
        elif is_first:
            self.runtime.cleanups.add(task, self.description)

    @property
    def description(self) -> str:
        """The handler and the invocation, for the log."""
        return (
            f"{self.handler.name}, invocation {self.machine.journal.start.debug_id or '(unknown)'}"
        )

    def flush(self) -> None:
        """Send the output so far; the last of it with the end of the stream."""
        journal = self.machine.journal
        is_last = journal.phase is _CLOSED
        output = journal.take_output()
        if self._has_ended:
            return
        if is_last:
            self._has_ended = True
            if journal.error is not None:
                log_failure(self, journal.error)
            self.cause = None
            self.stream.write(output, end=True)
        elif output:
            self.stream.write(output)
