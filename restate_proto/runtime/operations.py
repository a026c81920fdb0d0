"""The durable operations that a handler has begun: who may begin one, and which result is whose.

This is all that futures, handles, contexts and clients know of an attempt; it imports none of them.
A handler begins an operation with `begin`, which makes the command and its future, both or neither.
The future is expected under the id of a notification, and `deliver` completes it with the result.
"""

from __future__ import annotations

from threading import get_ident
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from restate_proto.protocol import Phase

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable
    from contextvars import Context
    from datetime import timedelta

    from restate_proto.model.codec import Codec
    from restate_proto.model.kinds import Encoding
    from restate_proto.model.retry import RetryPolicy
    from restate_proto.model.target import Target
    from restate_proto.protocol import NotificationId, Result, StateMachine
    from restate_proto.runtime.handler_loop import HandlerLoop

__all__ = ["Completable", "Operations", "Run", "after"]

T = TypeVar("T")


class Completable(Protocol):
    """A future, as far as it is known here: what a notification completes."""

    is_used: bool
    """Whether the handler has awaited or combined it."""

    @property
    def has_parents(self) -> bool:
        """Whether something waits for it."""
        ...

    def settle(self, result: Result) -> None:
        """The notification is here."""
        ...

    def forget_parents(self) -> None:
        """Nobody waits for this any more, whatever becomes of it."""
        ...

    def __await__(self) -> Generator[Any, None, Any]: ...


class Run(NamedTuple):
    """A function that a handler has given to `ctx.run`, and whose result the journal does not have.

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


class OperationHooks(Protocol):
    """The hooks of interceptors, as far as they are known here; see `Interception`."""

    def call(
        self, target: Target, headers: Iterable[tuple[str, str]], *, is_message: bool
    ) -> Iterable[tuple[str, str]]:
        """The headers of a call or message of the handler."""
        ...

    def handler(
        self, context: Any, request: Any, method: Callable[[Any, Any], Awaitable[Any]]
    ) -> Awaitable[Any]:
        """Run a handler."""
        ...

    def run(
        self, run: Run, function: Callable[[Run], Coroutine[Any, Any, Any]]
    ) -> Coroutine[Any, Any, Any]:
        """Execute the function of a run."""
        ...


class Operations:
    """What the handler of one attempt has begun and has no result of yet.

    Args:
        machine: the attempt's state machine.
        loop: the event loop of the attempt's handler, in the current thread: only code that it
            steps may begin operations.
        is_told_of_cancellation: as the attribute.

    Attributes:
        commands: the machine's: what operations issue.
        is_told_of_cancellation: whether the handler asks if its invocation is cancelled, instead of
            failing where it waits.
        journal: the machine's: what is recorded, and whether the attempt has ended.
        deferred: the operations that cannot be issued before an invocation's id is known, in the
            order in which they were begun; with the notification of that id.
        interception: the hooks of the attempt; None where there are none.
        begun_runs: the functions to execute when the handler next waits. Not at once, for the
            handler may be deep in calls, and a function needs room on the stack, too.
    """

    __slots__ = (
        "_results_before_future",
        "_signals",
        "_waiting",
        "begun_runs",
        "commands",
        "deferred",
        "interception",
        "is_told_of_cancellation",
        "journal",
        "loop",
    )

    def __init__(
        self, machine: StateMachine, loop: HandlerLoop, *, is_told_of_cancellation: bool = False
    ) -> None:
        self.commands = machine.commands
        self.journal = machine.journal
        self.loop = loop
        self.is_told_of_cancellation = is_told_of_cancellation
        self.deferred: dict[Any, NotificationId] = {}
        self.begun_runs: list[Run] = []
        self.interception: OperationHooks | None = None
        self._waiting: dict[NotificationId, Completable] = {}
        self._results_before_future: dict[NotificationId, Result] = {}
        self._signals: dict[str, None] = {}  # the names that were waited for

    # ---- From the handler ----

    def begin(self, operation: Callable[[], T]) -> T:
        """Begin an operation, as a whole or not at all.

        A handler may catch what is raised in its middle, a RecursionError say, and go on. Where the
        command is issued by then and the handler has nothing of it, the attempt ends.

        Args:
            operation: issues a command and makes the future of its result.

        Returns:
            What `operation` returns.

        Raises:
            RuntimeError: as `check_caller`.
            AttemptEnded: the attempt is over.
        """
        if (
            not self.loop.is_stepping or get_ident() != self.loop.thread
        ):  # as `check_caller`: one call less
            self._refuse_caller()
        journal = self.journal
        position = journal.command_index + journal.last_signal_index
        try:
            return operation()
        except BaseException as error:
            if journal.command_index + journal.last_signal_index != position:
                journal.cut_short(error)
            raise

    def check_caller(self) -> None:
        """Refuse a durable operation that another attempt could not repeat in the same order.

        The thread counts as well: another one may run while the handler does.

        Raises:
            RuntimeError: the caller is neither the handler's own code nor a task of it.
        """
        if not self.loop.is_stepping or get_ident() != self.loop.thread:
            self._refuse_caller()

    def _refuse_caller(self) -> None:
        # Of a handler that was left alone, no operation does anything, nor raises.
        if not self.journal.ignores_its_end:
            raise RuntimeError(
                "A durable operation was used outside its handler's own code: it belongs to another "
                "invocation, or this is a thread or the function of a ctx.run. Use it in the handler "
                "itself, or in a task that the handler creates."
            )

    def expect(self, id_: NotificationId, future: Completable) -> None:
        """Complete a future with a notification, whichever of the two is there first.

        An id has one future.
        """
        early = self._results_before_future.get(id_) if self._results_before_future else None
        if early is None:
            self._waiting[id_] = future
        else:
            future.settle(early)

    def expect_signal(self, name: str, future: Completable) -> None:
        """Complete a future with a named signal.

        A second wait for the name could not be suspended: Restate would find the first signal in
        the journal, and resume what waits for its name at once, for ever.

        Raises:
            RuntimeError: a future waits, or has waited, for it.
            AttemptEnded: the attempt is over, as all operations say, though this issues nothing.
        """
        if self.journal.phase is Phase.CLOSED:
            self.journal.refuse()
            return
        if name in self._signals:
            raise RuntimeError(
                f"ctx.signal({name!r}) was called before in this invocation, and Restate keeps one "
                "value for each name of a signal. Keep the future of the first call, which can be "
                "awaited again; for another value, wait for another name, such as "
                f"SignalKey({name + '-2'!r}, ...), or for a ctx.awakeable(...)"
            )
        self.expect(name, future)
        self._signals[name] = None

    # ---- From the attempt ----

    def deliver(self, id_: NotificationId, result: Result) -> None:
        """A notification takes effect. Of a signal that is sent more than once, the first does."""
        future = self._waiting.pop(id_, None)
        if future is None:
            self._results_before_future.setdefault(id_, result)
        else:
            future.settle(result)

    def waiting_for(self, id_: NotificationId) -> Completable | None:
        """The future that waits for a notification."""
        return self._waiting.get(id_)

    def waited_for(self) -> dict[NotificationId, Completable]:
        """The futures that have no result, by the notification that would bring it."""
        return dict(self._waiting)

    def close(self) -> None:
        """The handler has ended: the futures that wait let go of what is built on them."""
        for future in self._waiting.values():
            future.forget_parents()
        self._waiting.clear()
        self._results_before_future.clear()
        self.deferred = {}
        self.begun_runs = []


def after(delay: timedelta) -> int:
    """The point in time after a delay, in milliseconds since the Unix epoch; now if it is negative."""
    return round((time() + max(0.0, delay.total_seconds())) * 1000)
