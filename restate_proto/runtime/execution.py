"""The handler's side of an attempt: the handler runs as far as what has arrived lets it.

Whatever has happened, `_go_on` lets the handler and its tasks run, and notifications take effect,
until nothing can go on. An attempt ends when its machine is closed, which happens in one of five ways:

    the handler has ended                                        output and end, or an error
    all of it waits, and no input is left                        a suspension
    it does something else than the journal says, or is refused  an error
    a run has failed, or the input cannot be read                an error
    the stream is gone                                           nothing

Then what is written is sent. Tasks that have not ended are told by `AttemptEnded` where they wait, the
newest first and the handler last; what they do from there on is their cleanup, which may wait for
nothing.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from restate_proto.errors import TerminalError
from restate_proto.protocol import (
    CANCEL_SIGNAL,
    AttemptEnded,
    AttemptError,
    Await,
    Combinator,
    Phase,
    StateMachine,
)
from restate_proto.runtime.await_point import awaited_by, describe_deadlock
from restate_proto.runtime.cancellation import CancelledError
from restate_proto.runtime.cancelling import Cancellation, spared_calls
from restate_proto.runtime.generators import watch_generators
from restate_proto.runtime.handler_loop import HandlerLoop
from restate_proto.runtime.handler_outcome import (
    end_task,
    fail,
    finish,
    terminal_error,
    unawaited,
    write_outcome,
)
from restate_proto.runtime.handler_task import HandlerTask
from restate_proto.runtime.operations import Completable, Operations
from restate_proto.runtime.runs import Runs
from restate_proto.runtime.task import Resumption, is_interrupt
from restate_proto.runtime.timers import TimerSleep

if TYPE_CHECKING:
    from restate_proto.runtime.byte_stream import ByteStream
    from restate_proto.runtime.futures import DurableFuture
    from restate_proto.runtime.handler import BoundHandler
    from restate_proto.runtime.loop_clock import LoopTimer
    from restate_proto.runtime.runtime import Runtime

__all__ = ["Execution"]

_CLOSED, _PROCESSING = Phase.CLOSED, Phase.PROCESSING

_DONE = Resumption(None)


class Execution:
    """Runs the handler of an attempt, whose stream a subclass serves.

    Notifications take effect one by one, and only while all of the handler waits, so that every
    attempt sees the same order.

    Args:
        handler: the handler to invoke.
        version: the service protocol version of the stream.
        stream: where output goes.
        runtime: what it shares with the other attempts of its endpoint.
    """

    __slots__ = (
        "_answer_encoding",
        "_cancellation",
        "_cause",
        "_handler",
        "_is_going_on",
        "_is_postponed",
        "_journal",
        "_loop",
        "_machine",
        "_operations",
        "_runs",
        "_runtime",
        "_stream",
        "_task",
    )

    _machine_class: ClassVar = StateMachine
    _loop_class: ClassVar = HandlerLoop

    def __init__(
        self,
        handler: BoundHandler,
        version: int,
        stream: ByteStream,
        runtime: Runtime,
    ) -> None:
        self._runtime = runtime
        self._machine = self._machine_class(
            version,
            handler.max_message,
            handler.max_outbound,
            handler.on_mismatch,
            handler.payload_codecs,
        )
        self._journal = self._machine.journal
        self._loop = self._loop_class(self, self._journal, handler.name)
        self._operations = Operations(
            self._machine, self._loop, is_told_of_cancellation=handler.explicit_cancellation
        )
        self._handler = handler
        self._stream = stream
        self._task: HandlerTask | None = None
        self._runs: Runs | None = None
        self._answer_encoding = handler.encoding
        self._cause: BaseException | None = None  # what the attempt fails with, for the log
        self._is_going_on = False
        self._is_postponed = False  # to another turn of the real loop
        self._cancellation: Cancellation | None = None

    # ---- For the subclass ----

    def _flush(self) -> None:
        """Send the output so far."""
        raise NotImplementedError

    def _postpone(self) -> None:
        """Go on in another turn of the real loop; no notification takes effect meanwhile."""
        raise NotImplementedError

    # ---- The handler ----

    def _start(self) -> None:
        handler, machine = self._handler, self._machine
        try:
            input_ = machine.read_input()
            request, self._answer_encoding = handler.read_request(input_, machine)
            context = handler.context_class(self._operations, handler.encoding, input_)
            coroutine = handler.method(context, request)
            task = HandlerTask(self, self._loop, coroutine, handler.name)
        except BaseException as error:  # noqa: BLE001 - told to Restate, whatever it is
            self.handler_ended(None, error)
        else:
            self._task = task
            watch_generators()  # again: a loop that is run once more has hooks of its own
            self._loop.is_stepping = True
            try:
                task.step()
            finally:
                self._loop.is_stepping = False
            self._go_on()

    def _step(self, error: BaseException | None) -> None:
        """Let the handler run from where it waits."""
        loop, task = self._loop, self._task
        if task is not None:
            loop.is_stepping = True
            try:
                task.step(error)
            finally:
                loop.is_stepping = False

    def _go_on(self) -> None:
        """Let the handler and its tasks run until all of them wait, or until the end.

        This is the loop of progress. What is ready runs first; then one notification takes effect;
        where none is left, the attempt waits for more, or is suspended.
        """
        loop, journal, operations = self._loop, self._journal, self._operations
        waiting = self._machine.waiting
        self._is_going_on = True
        try:
            while (task := self._task) is not None:
                if operations.begun_runs:  # each time: a deferred operation may end the replay
                    self._execute_runs()
                if journal.phase is _CLOSED:
                    self._end("the attempt ended while the handler ran")
                    break
                if journal.has_much_output:
                    self._flush()
                if self._stream.above_high_water:
                    break
                if loop.ready or loop.held is not None:
                    try:
                        is_drained = loop.drain()
                    except BaseException as error:  # noqa: BLE001 - of a callback that exits
                        self._fail_with(error)
                        continue
                    if not is_drained and loop.needs_turn:
                        self._postpone()
                        break
                    continue
                awaited = task.waiting
                if (
                    waiting.queue
                    or waiting.cancel_requested
                    or (self._cancellation is not None and self._cancellation.is_untold)
                ):
                    resumption = self.progress(awaited)
                    if resumption is not None:
                        self._step(resumption.error)
                        continue
                    if loop.ready or self._has_runs_to_execute or self._has_closed:
                        continue
                self._park()
                if not (self._has_closed or loop.ready):
                    break
        finally:
            self._is_going_on = False
        self._flush()
        share = self._runtime.turn_share
        if monotonic() > share.ends_at:
            share.end()

    @property
    def _has_closed(self) -> bool:
        return self._journal.phase is _CLOSED

    def progress(self, awaited: DurableFuture[Any] | None) -> Resumption | None:
        """Let notifications take effect, one after the other, until something can go on.

        Each wait of the handler goes through here when it begins, and whenever something has
        happened that may end it.

        Args:
            awaited: what the handler waits for; None where that is one of its tasks, or another
                thing of asyncio's.

        Returns:
            How the handler goes on; None where it has to wait, be it for its own tasks.
        """
        journal, waiting, operations = self._journal, self._machine.waiting, self._operations
        loop = self._loop
        try:
            if journal.phase is _CLOSED:
                journal.refuse()
                return None
            if awaited is not None and awaited.is_done:  # it waits because there is much output
                if journal.has_much_output:
                    self._flush()
                    if self._stream.above_high_water:
                        loop.held = self._task  # nothing else may run before it
                        return None
                return _DONE
            while True:
                if waiting.cancel_requested and not waiting.calls_without_id():
                    waiting.cancel_requested = False
                    operations.commands.cancel_calls(spared_calls(loop))
                    self._cancellation = Cancellation(CancelledError())
                cancellation, task = self._cancellation, self._task
                if cancellation and task and cancellation.can_be_told(task, loop, awaited):
                    return cancellation.tell(task, loop, awaited)
                if awaited is not None and awaited.is_done:
                    return _DONE
                if loop.ready or loop.held is not None:
                    return None
                if operations.begun_runs and journal.phase is _PROCESSING:
                    return None
                notification = waiting.poll()
                if notification is None:
                    return None
                if notification[0] != CANCEL_SIGNAL:
                    loop.callbacks = 0
                    operations.deliver(*notification)
                elif operations.is_told_of_cancellation:
                    waiting.cancel_requested = False
                    self._cancellation = Cancellation(None)
                    operations.deliver(*notification)
        except AttemptEnded as ended:
            return Resumption(ended) if loop.is_over else None
        except BaseException as error:  # noqa: BLE001 - of a deferred operation, whose place is lost
            self._fail_with(error)
        return None

    def _fail_with(self, error: BaseException) -> None:
        """The attempt fails; what a signal handler of the process raises is raised again."""
        self._cause = error
        fail(self._journal, self._handler, self._runtime, error)
        if is_interrupt(error):
            self._end("a signal interrupted it")
            raise error

    def _park(self) -> None:
        """All of the handler waits: wait for input, or suspend.

        After a first cancellation there is no waiting for another: Restate has that signal in the
        journal, and would resume what waits for it at once, for ever.
        """
        waiting, task, loop = self._machine.waiting, self._task, self._loop
        if task is None:
            return
        if waiting.parks_silently and (task.waiting is not None or loop.waits_for_notification):
            return
        awaited: Await | None
        if waiting.cancel_requested:
            awaited = Await(Combinator.ALL_COMPLETED, waiting.calls_without_id())
        else:
            more = self._cancellation is None
            awaited = awaited_by(task, loop, self._operations, cancellation=more)
        try:
            if awaited is None and loop.end_stubborn_tasks():
                return
            if awaited is None:
                text = describe_deadlock(self._handler.name, (task, *loop.tasks.values()))
                self._journal.fail(AttemptError(500, text))
            is_executing = self._runs is not None and bool(self._runs.executing)
            waiting.park(awaited, executing=is_executing)
        except AttemptEnded:
            pass  # `_go_on` ends what still waits

    def start_timer(self, timer: LoopTimer, name: str) -> TimerSleep:
        """Start the durable sleep that fires a timer of the handler's loop."""
        operations = self._operations
        return operations.begin(lambda: TimerSleep(operations, timer, name))

    def loop_spins(self, task: str) -> None:
        """The handler goes round and round in its loop: no input could end that."""
        text = (
            f"{self._handler.name}: {task} runs on and on without waiting for a durable operation"
        )
        self._journal.fail_with(AttemptError(500, text))

    def loop_broken(self, reason: str) -> None:
        """What the handler's tasks wait for was changed from elsewhere."""
        self._runtime.loop.call_soon_threadsafe(self._fail, reason)

    def _fail(self, reason: str) -> None:
        self._journal.fail_with(AttemptError(500, f"{self._handler.name}: {reason}"))
        self._end(reason)

    # ---- Its runs ----

    @property
    def _has_runs_to_execute(self) -> bool:
        return bool(self._operations.begun_runs) and self._journal.phase is _PROCESSING

    def _execute_runs(self) -> None:
        if self._runs is None:
            self._runs = Runs(self._operations, self._handler, self._runtime, self.run_finished)
        self._runs.execute_begun()

    def run_finished(self, error: BaseException | None) -> None:
        """A run's result was proposed, or its failure ended the attempt."""
        if self._journal.phase is _CLOSED:
            self._cause = error
        if self._task is None or self._is_going_on:
            return  # `_go_on` looks at what came of it
        if self._is_postponed and self._journal.phase is not _CLOSED:
            self._flush()
        else:
            self._go_on()

    # ---- The end ----

    def handler_ended(self, result: Any, error: BaseException | None) -> None:
        """The handler returned or raised."""
        operations, runs, loop = self._operations, self._runs, self._loop
        if self._journal.phase is not _CLOSED:
            if error is not None and not isinstance(error, TerminalError):
                error = terminal_error(error)
            may_be_left = (
                loop.tasks
                or loop.generators
                or operations.deferred
                or operations.begun_runs
                or (runs and runs.executing)
            )
            is_final = error is None or isinstance(error, TerminalError)
            if may_be_left and is_final and (loop.is_in_use or self._unawaited()):
                coroutine = finish(loop, self._unawaited, self._description, result, error)
                self._task = task = HandlerTask(self, loop, coroutine, self._handler.name)
                loop.schedule(task.resume, None, None)
                return
            self._cause = write_outcome(
                self._machine, self._handler, self._runtime, self._answer_encoding, result, error
            )
        self._end("the handler has ended")
        # Without reference cycles, memory is given back at once and not by the collector.
        if isinstance(error, AttemptEnded):
            error.__traceback__ = None
        self._task = self._runs = None
        operations.close()

    def _unawaited(self) -> list[Completable]:
        return unawaited(self._operations, self._runs)

    def _end(self, reason: str) -> None:
        """The attempt is over: send what is left, and end whatever still runs."""
        self._flush()
        if self._runs is not None:
            self._runs.cancel()
        loop, task = self._loop, self._task
        if loop.is_over:
            return
        for each in loop.close():
            end_task(each, loop, self._handler, reason)
        if task is not None and not (task.is_done or task.is_running):
            end_task(task, loop, self._handler, reason)
        if loop.generators is not None:
            loop.generators.close()

    @property
    def _description(self) -> str:
        return self._handler.describe(self._journal)
