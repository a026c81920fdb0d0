"""The handler's side of an attempt: runs the handler as far as what has arrived allows.

Whatever happens, `_go_on` lets the handler and its tasks run, and lets notifications take effect,
until nothing can go on. An attempt ends when its machine is closed, in one of five ways:

    the handler has ended                                        output and end, or an error
    handler and tasks wait, and no input is left                 a suspension
    it does something else than the journal says, or is refused  an error
    a run has failed, or the input cannot be read                an error
    the stream is gone                                           nothing

Then everything that was written is sent. In tasks that have not ended, `AttemptEnded` is raised where
they wait, the newest first and the handler's own last. What they do after that is their cleanup, which
may not wait for durable operations.
"""

from __future__ import annotations

from sys import get_asyncgen_hooks
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from restate_proto.errors import TerminalError
from restate_proto.protocol import CANCEL_SIGNAL, MUCH_OUTPUT, AttemptEnded, AttemptError, Phase
from restate_proto.runtime.await_point import park
from restate_proto.runtime.cancelling import Cancellation, cancel
from restate_proto.runtime.generators import FirstIteration, watch_generators
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
from restate_proto.runtime.located_journal import LocatedMachine
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

    Notifications take effect one by one, and only while the handler and all its tasks wait, so that
    every attempt sees the same order.

    Args:
        handler: the handler to invoke.
        version: the service protocol version of the stream.
        stream: where output goes.
        runtime: what the attempts of one endpoint share.

    Attributes:
        is_postponed: whether it goes on in another turn of the real loop.
    """

    __slots__ = (
        "_answer_encoding",
        "_cancellation",
        "_cause",
        "_handler",
        "_has_ended",
        "_is_going_on",
        "_journal",
        "_loop",
        "_machine",
        "_operations",
        "_runs",
        "_runtime",
        "_stream",
        "_task",
        "_unacknowledged",
        "is_postponed",
    )

    _machine_class: ClassVar = LocatedMachine
    _loop_class: ClassVar = HandlerLoop

    def __init__(
        self, handler: BoundHandler, version: int, stream: ByteStream, runtime: Runtime
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
        self._loop = self._loop_class(self, self._journal, handler.name, runtime.thread)
        self._operations = Operations(
            self._machine,
            self._loop,
            runtime.clock,
            handler.explicit_cancellation,
        )
        self._handler = handler
        self._stream = stream
        self._task: HandlerTask | None = None
        self._runs: Runs | None = None
        self._answer_encoding = handler.encoding
        self._cause: BaseException | None = None  # the exception that it fails with, for the log
        self._is_going_on = False
        self.is_postponed = False
        self._has_ended = False  # the end was sent, or the stream is gone
        self._unacknowledged = 0  # bytes that came while it was postponed
        self._cancellation: Cancellation | None = None

    # ---- For the subclass ----

    def _flush(self) -> None:
        """Send the output so far."""
        raise NotImplementedError

    def _postpone(self) -> None:
        """Go on in another turn of the real loop; until then, no notification takes effect."""
        raise NotImplementedError

    # ---- The handler ----

    def _start(self) -> None:
        began = monotonic()
        handler, machine = self._handler, self._machine
        try:
            input_ = machine.read_input()
            request, self._answer_encoding = handler.read_request(input_, machine)
            context = handler.context_class(self._operations, handler.encoding, input_)
            coroutine = handler.method(context, request)
            task = HandlerTask(self, self._loop, coroutine, handler.name)
        except BaseException as error:  # noqa: BLE001 - Restate is told of it
            self.handler_ended(None, error)
        else:
            self._task = task
            # Checked each time, because a loop that is run again installs hooks of its own.
            if type(get_asyncgen_hooks().firstiter) is not FirstIteration:
                watch_generators()
            self._loop.is_stepping = True
            try:
                task.step()
            finally:
                self._loop.is_stepping = False
            self._go_on(began)

    def _go_on(self, began: float | None = None) -> None:
        """Let the handler and its tasks run until all of them wait, or until the end.

        This is the loop of progress. Whatever is ready runs first; then one notification takes
        effect. When none is left, the attempt waits for more input or is suspended.

        Args:
            began: when it began to run, for its share of the turn; None if it begins now.
        """
        if began is None:
            began = monotonic()
        loop, journal, operations = self._loop, self._journal, self._operations
        waiting = self._machine.waiting
        self._is_going_on = True
        try:
            while (task := self._task) is not None:
                # Checked each time: a deferred operation may end the replay.
                if operations.begun_runs:
                    self._execute_runs()
                if journal.phase is _CLOSED:
                    self._end("the attempt ended while the handler ran")
                    break
                if journal.output_size > MUCH_OUTPUT:
                    self._flush()
                if self._stream.above_high_water:
                    break
                if loop.ready or loop.held is not None:
                    try:
                        is_drained = loop.drain()
                    except BaseException as error:  # noqa: BLE001 - a callback may call sys.exit
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
                        loop.is_stepping = True
                        try:
                            task.step(resumption.error)
                        finally:
                            loop.is_stepping = False
                        continue
                    phase = self._journal.phase
                    has_runs = operations.begun_runs and phase is _PROCESSING
                    if loop.ready or has_runs or phase is _CLOSED:
                        continue
                self._park()
                if not (self._journal.phase is _CLOSED or loop.ready):
                    break
        finally:
            self._is_going_on = False
        if self._task is not None:  # otherwise `_end` has done it
            self._flush()
        self._runtime.turn_share.spend(monotonic() - began)

    def progress(self, awaited: DurableFuture[Any] | None) -> Resumption | None:
        """Let notifications take effect, one after the other, until something can go on.

        Each wait of the handler passes through here when it begins, and again whenever something
        happens that may end it.

        Args:
            awaited: the durable future that the handler waits for; None if it waits for one of its
                tasks, or for something else of asyncio's.

        Returns:
            How the handler goes on; None if it has to wait, for example for its own tasks.
        """
        journal, waiting, operations = self._journal, self._machine.waiting, self._operations
        loop = self._loop
        try:
            if journal.phase is _CLOSED:
                journal.refuse()
                return None
            if awaited is not None and awaited.is_done:  # it waits only to let output drain
                is_held_back = journal.output_size > MUCH_OUTPUT and self._is_held_back()
                return None if is_held_back else _DONE
            while True:
                if waiting.cancel_requested and not waiting.calls_without_id():
                    self._cancellation = cancel(waiting, operations.commands, loop)
                cancellation, task = self._cancellation, self._task
                if cancellation and task and cancellation.can_be_told(task, loop, awaited):
                    return cancellation.tell(task, loop, awaited)
                if awaited is not None and awaited.is_done:
                    # With more in the queue, it may soon wait for something that has arrived.
                    if (
                        waiting.queue
                        and journal.output_size > MUCH_OUTPUT
                        and journal.phase is _PROCESSING
                        and self._is_held_back()
                    ):
                        return None
                    return _DONE
                if loop.ready or loop.held is not None:
                    return None
                if operations.begun_runs and journal.phase is _PROCESSING:
                    return None
                notification = waiting.poll()
                if notification is None:
                    return None
                id_, result = notification
                if id_ != CANCEL_SIGNAL:
                    loop.callbacks = 0
                    operations.deliver(id_, result)
                elif operations.is_told_of_cancellation:
                    waiting.cancel_requested = False
                    self._cancellation = Cancellation(None)
                    operations.deliver(id_, result)
        except AttemptEnded as ended:
            return Resumption(ended) if loop.is_over else None
        except BaseException as error:  # noqa: BLE001 - from a deferred operation, whose place is lost
            self._fail_with(error)
        return None

    def _is_held_back(self) -> bool:
        """Send the output; hold the handler back if the peer does not take it."""
        self._flush()
        if not self._stream.above_high_water:
            return False
        self._loop.held = self._task  # nothing else may run before it
        return True

    def _fail_with(self, error: BaseException) -> None:
        """Fail the attempt; raise again what a signal handler of the process raised."""
        self._cause = error
        fail(self._journal, self._handler, self._runtime, error)
        if is_interrupt(error):
            self._end("a signal interrupted it")
            raise error

    def _park(self) -> None:
        """Wait for input or suspend, because the handler and all its tasks wait."""
        waiting, task, loop = self._machine.waiting, self._task, self._loop
        if task is None:
            return
        if waiting.parks_silently and (task.waiting is not None or loop.waits_for_notification):
            return
        is_executing = self._runs is not None and bool(self._runs.executing)
        more = self._cancellation is None
        park(task, loop, waiting, self._operations, cancellation=more, executing=is_executing)

    def start_timer(self, timer: LoopTimer, name: str) -> TimerSleep:
        """Start the durable sleep that fires a timer of the handler's loop."""
        operations = self._operations
        return operations.begin(lambda: TimerSleep(operations, timer, name))

    def loop_broken(self, reason: str) -> None:
        """Fail the attempt, because code outside changed what its tasks wait for."""
        self._runtime.loop.call_soon_threadsafe(self._fail, reason)

    def _fail(self, reason: str) -> None:
        self._journal.fail_with(AttemptError(500, f"{self._handler.name}: {reason}"))
        self._end(reason)

    # ---- Its runs ----

    def _execute_runs(self) -> None:
        if self._runs is None:
            self._runs = Runs(self._operations, self._handler, self._runtime, self.run_finished)
        self._runs.execute_begun()

    def run_finished(self, error: BaseException | None) -> None:
        """Go on, because a run's result was proposed, or its failure ended the attempt."""
        if self._journal.phase is _CLOSED:
            self._cause = error
        if self._task is None or self._is_going_on:
            return  # `_go_on` deals with the result
        if self.is_postponed and self._journal.phase is not _CLOSED:
            self._flush()
        else:
            self._go_on()

    # ---- The end ----

    def handler_ended(self, result: Any, error: BaseException | None) -> None:
        """Write the outcome of the handler, which has returned or raised."""
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
        # Without reference cycles, memory is freed at once instead of by the garbage collector.
        if error is not None and isinstance(error, AttemptEnded):
            error.__traceback__ = None
        self._task = self._runs = None
        operations.close()

    def _unawaited(self) -> list[Completable]:
        return unawaited(self._operations, self._runs)

    def _end(self, reason: str) -> None:
        """End the attempt: send the rest of the output, and end everything that still runs."""
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
