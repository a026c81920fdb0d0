"""The durable operations that a handler has begun, and the futures that wait for their results.

Futures, handles, contexts and clients know nothing else of an attempt, and this module imports none
of them. `Operations.begin` makes the command and the future of an operation, both or neither; it
also refuses callers whose order another attempt could not repeat. `expect` registers the future
under the id of its notification, and `deliver` completes it with the result.
"""

from __future__ import annotations

from functools import partial
from threading import get_ident
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from restate_proto.model.arguments import not_text
from restate_proto.protocol import Phase
from restate_proto.protocol.empty_dict import EMPTY_DICT

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

__all__ = ["Completable", "Operations", "Run", "new_run"]

T = TypeVar("T")


class Completable(Protocol):
    """What this module knows of a future: that a notification completes it."""

    is_used: bool
    """Whether the handler has awaited or combined it."""

    @property
    def has_parents(self) -> bool:
        """Whether something waits for it."""
        ...

    def settle(self, result: Result) -> None:
        """Take the result that the notification brought."""
        ...

    def forget_parents(self) -> None:
        """Drop what waits for this: nothing will come of it."""
        ...

    def __await__(self) -> Generator[Any, None, Any]: ...


class Run(NamedTuple):
    """A function given to `ctx.run` whose result the journal does not have yet.

    Args:
        id: the run's completion id.
        name: the run's name.
        function: a coroutine function, or an ordinary one, which gets a thread.
        args: the function's arguments.
        codec: the codec of its result.
        encoding: the encoding that its result is recorded in.
        retry: how it is retried; None leaves that to Restate, without a bound.
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


_tuple: Any = tuple
new_run: Callable[[tuple[Any, ...]], Run] = partial(_tuple.__new__, Run)
"""Make a run from its fields; faster than the class, whose `__new__` is a Python function."""


class OperationHooks(Protocol):
    """What this module knows of the hooks of interceptors; see `Interception`."""

    def call(
        self, target: Target, headers: Iterable[tuple[str, str]], *, is_message: bool
    ) -> Iterable[tuple[str, str]]:
        """Return the headers of a call or message of the handler."""
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
    """The operations that one attempt's handler has begun, and that have no result yet.

    Args:
        machine: the attempt's state machine.
        loop: the event loop of the attempt's handler. Only code that it steps, in the current
            thread, may begin operations.
        clock: see the attribute.
        is_told_of_cancellation: see the attribute.

    Attributes:
        clock: returns the time of day, in seconds since the Unix epoch.
        commands: the commands of the machine, which operations issue.
        is_told_of_cancellation: whether the handler itself asks if its invocation is cancelled,
            instead of failing where it waits.
        journal: the journal of the machine: what is recorded, and whether the attempt has ended.
        deferred: the operations that cannot be issued before an invocation's id is known, in the
            order in which they were begun, each with the notification of that id.
        interception: the hooks of the attempt; None if there are none.
        begun_runs: the functions to execute when the handler next waits. They are not executed at
            once, because the handler may be deep in calls and a function needs room on the stack,
            too.
    """

    __slots__ = (
        "_results_before_future",
        "_signals",
        "_waiting",
        "begun_runs",
        "clock",
        "commands",
        "deferred",
        "interception",
        "is_told_of_cancellation",
        "journal",
        "loop",
    )

    def __init__(
        self,
        machine: StateMachine,
        loop: HandlerLoop,
        clock: Callable[[], float],
        is_told_of_cancellation: bool,
    ) -> None:
        self.clock = clock
        self.commands = machine.commands
        self.journal = machine.journal
        self.loop = loop
        self.is_told_of_cancellation = is_told_of_cancellation
        self.deferred: dict[Any, NotificationId] = EMPTY_DICT
        self.begun_runs: list[Run] = []
        self.interception: OperationHooks | None = None
        self._waiting: dict[NotificationId, Completable] = {}
        self._results_before_future: dict[NotificationId, Result] | None = None
        self._signals: set[str] | None = None  # the names that were waited for

    # ---- From the handler ----

    def begin(self, operation: Callable[[], T]) -> T:
        """Begin an operation, as a whole or not at all.

        A handler may catch an exception that is raised in the middle of it, such as a
        RecursionError, and go on. If the command has been issued by then and the handler has
        nothing to show for it, the attempt ends.

        Args:
            operation: issues a command and returns the future of its result.

        Returns:
            What `operation` returns.

        Raises:
            RuntimeError: see `check_caller`.
            ValueError: a name, a part of a target or a header has half of a surrogate pair.
            AttemptEnded: the attempt is over.
        """
        if (
            not self.loop.is_stepping or get_ident() != self.loop.thread
        ):  # `check_caller`, without the call
            self._refuse_caller()
        journal = self.journal
        position = journal.command_index + journal.last_signal_index
        try:
            return operation()
        except BaseException as error:
            if journal.command_index + journal.last_signal_index != position:
                journal.cut_short(error)
            elif type(error) is UnicodeEncodeError:  # found here, so that no check comes before
                raise not_text(repr(error.object), error) from error
            raise

    def check_caller(self) -> None:
        """Refuse a durable operation that another attempt could not repeat in the same order.

        Other threads are refused as well, because they run while the handler does.

        Raises:
            RuntimeError: the caller is neither the handler's own code nor one of its tasks.
        """
        if not self.loop.is_stepping or get_ident() != self.loop.thread:
            self._refuse_caller()

    def _refuse_caller(self) -> None:
        # An abandoned handler may go on: its operations do nothing, and do not raise either.
        if not self.journal.ignores_its_end:
            raise RuntimeError(
                "A durable operation was used outside its handler's own code: it belongs to another "
                "invocation, or this is a thread or the function of a ctx.run. Use it in the handler "
                "itself, or in a task that the handler creates."
            )

    def expect(self, id_: NotificationId, future: Completable) -> None:
        """Complete a future with a notification, in whichever order the two arrive.

        An id has one future.
        """
        early = self._results_before_future.get(id_) if self._results_before_future else None
        if early is None:
            self._waiting[id_] = future
        else:
            future.settle(early)

    def expect_signal(self, name: str, future: Completable) -> None:
        """Complete a future with a named signal.

        Only one wait for each name is possible. A second one could not be suspended: Restate would
        find the first signal in the journal, and would resume the invocation at once, for ever.

        Raises:
            RuntimeError: a future waits, or has waited, for this name.
            AttemptEnded: the attempt is over.
        """
        if self.journal.phase is Phase.CLOSED:
            self.journal.refuse()
            return
        if self._signals is None:
            self._signals = set()
        if name in self._signals:
            raise RuntimeError(
                f"ctx.signal({name!r}) was called before in this invocation, and Restate keeps one "
                "value for each name of a signal. Keep the future of the first call, which can be "
                "awaited again; for another value, wait for another name, such as "
                f"SignalKey({name + '-2'!r}, ...), or for a ctx.awakeable(...)"
            )
        self.expect(name, future)
        self._signals.add(name)

    def after(self, delay: timedelta) -> int:
        """Return the time after a delay, at least now, in milliseconds since the Unix epoch."""
        return round((self.clock() + max(0.0, delay.total_seconds())) * 1000)

    # ---- From the attempt ----

    def deliver(self, id_: NotificationId, result: Result) -> None:
        """Complete the future of a notification; of equal signals, only the first counts."""
        future = self._waiting.pop(id_, None)
        if future is not None:
            future.settle(result)
        elif self._results_before_future is None:
            self._results_before_future = {id_: result}
        else:
            self._results_before_future.setdefault(id_, result)

    def waiting_for(self, id_: NotificationId) -> Completable | None:
        """Return the future that waits for a notification."""
        return self._waiting.get(id_)

    def waited_for(self) -> dict[NotificationId, Completable]:
        """Return the futures without a result, by the notification that would bring it."""
        return dict(self._waiting)

    def close(self) -> None:
        """Break the links between unfinished futures, because the handler has ended."""
        if self._waiting:
            for future in self._waiting.values():
                future.forget_parents()
            self._waiting.clear()
        self._results_before_future = None
        self.deferred = EMPTY_DICT
        if self.begun_runs:
            self.begun_runs = []
