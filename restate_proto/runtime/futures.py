"""Durable futures: what every durable operation returns."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from restate_proto.errors import TerminalError
from restate_proto.model.arguments import DURATION, wrong_type
from restate_proto.protocol import Await, Combinator, Result, ResultKind
from restate_proto.runtime.failures import to_error
from restate_proto.runtime.operations import after
from restate_proto.runtime.task import Durable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextvars import Context

    from restate_proto.protocol import NotificationId
    from restate_proto.runtime.operations import Operations

__all__ = ["Combined", "DurableFuture", "Leaf", "Parent"]

T = TypeVar("T")
U = TypeVar("U")
# A future of a message is a future of a message or None: `select` joins those of its futures.
T_co = TypeVar("T_co", covariant=True)


class Parent(Protocol):
    """What waits for a durable future: a combination, a task or a callback."""

    is_done: bool
    """Whether it waits no more."""

    def child_done(self, child: Any) -> None:
        """The future is done."""
        ...

    def forget_parents(self) -> None:
        """The future will never be done."""
        ...


class DurableFuture(Durable, Generic[T_co]):
    """The result of a durable operation.

    Await it, as often as wanted, in the handler or in tasks of it; combine it with others, by
    `asyncio`'s functions or by `gather`, `select` and their like. It belongs to the invocation that
    created it.

    The operation was started when the future was created; that of a `DurablePromise`, when it is
    first awaited or combined. A wait that is cancelled (by `asyncio.timeout`, say) forgets the
    operation, and never cancels what it has started.
    """

    __slots__ = ("_hash", "_parents", "is_done", "is_used", "operations")

    _hash: int

    def __init__(self, operations: Operations) -> None:
        self.operations = operations
        self._parents: list[Parent] | None = None
        self.is_done = False
        self.is_used = False  # awaited or combined, at least once

    def __await__(self) -> Generator[Any, None, T_co]:
        operations = self.operations
        if not self.is_done or operations.journal.has_much_output:
            operations.check_caller()
            self.is_used = True
            yield self
        return self.outcome()

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            self._hash = self.operations.loop.next_hash()
            return self._hash

    def use(self) -> None:
        """The handler combines this with others."""
        self.is_used = True

    # ---- Futures that are built on this one ----

    def or_timeout(self, duration: timedelta) -> DurableFuture[T_co]:
        """This, but no longer than a duration: the time is kept by a durable timer.

        Awaiting it raises `TimeoutError` where the time has passed first. The operation goes on, and
        can be awaited again.

        Args:
            duration: how long, from now.

        Raises:
            TypeError: the duration is no timedelta.
        """
        if not isinstance(duration, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_type("or_timeout", "duration", duration, DURATION)
        return self.operations.begin(lambda: _OrTimeout(self, duration))

    def map(self, function: Callable[[T_co], U]) -> DurableFuture[U]:
        """The result of this with a function applied to it; a failure stays as it is.

        Args:
            function: an ordinary function; it is called once, when the result is there, and must
                not use the context. What it raises is raised by awaiting the future.
        """
        return self.operations.begin(lambda: _Mapped(self, function))

    # ---- As asyncio.wait asks ----

    def done(self) -> bool:
        """Whether the operation has ended, as far as the handler may know it by now."""
        return self.is_done

    def cancelled(self) -> bool:
        """Whether the future was cancelled: never, for a cancelled wait only forgets it."""
        return False

    def result(self) -> T_co:
        """The result of a future that is done; raises what the operation failed with.

        Raises:
            asyncio.InvalidStateError: the future is not done.
        """
        if not self.is_done:
            raise asyncio.InvalidStateError("the durable future is not done: await it")
        return self.outcome()

    def exception(self) -> TerminalError | None:
        """What the operation failed with; None where it succeeded.

        Raises:
            asyncio.InvalidStateError: the future is not done.
        """
        try:
            self.result()
        except TerminalError as error:
            return error
        return None

    def add_done_callback(
        self, callback: Callable[[Any], object], *, context: Context | None = None
    ) -> None:
        """Have a function called with this future when it is done, as `asyncio.Future` does."""
        self.operations.check_caller()
        self.use()
        if self.is_done:
            self.operations.loop.call_soon(callback, self, context=context)
        else:
            self.add_parent(_Callback(self, callback, context))

    def remove_done_callback(self, callback: Callable[[Any], object]) -> int:
        """Forget a callback; how often it was there."""
        callbacks = [
            each
            for each in self._parents or ()
            if isinstance(each, _Callback) and each.function == callback
        ]
        for each in callbacks:
            each.forget_parents()
            self.remove_parent(each)
        return len(callbacks)

    # ---- For the runtime ----

    def outcome(self) -> T_co:
        """The result of a future that is done; raises what the operation failed with."""
        raise NotImplementedError

    @property
    def has_failed(self) -> bool:
        """Whether a future that is done failed."""
        raise NotImplementedError

    def awaiting(self) -> Await:
        """What has to arrive for this future to be done."""
        raise NotImplementedError

    @property
    def has_parents(self) -> bool:
        """Whether something waits for this."""
        return bool(self._parents)

    def add_parent(self, parent: Parent) -> None:
        """Have `parent.child_done` called when this is done."""
        if self._parents is None:
            self._parents = []
        self._parents.append(parent)

    def remove_parent(self, parent: Parent) -> None:
        """A parent waits for this no more."""
        if self._parents is not None:
            self._parents = [each for each in self._parents if each is not parent]

    def forget_parents(self) -> None:
        """Nobody waits for this any more, whatever becomes of it."""
        if self._parents is not None:
            parents, self._parents = self._parents, None
            for parent in parents:
                parent.forget_parents()

    def _mark_done(self) -> None:
        self.is_done = True
        if self._parents is not None:
            parents, self._parents = self._parents, None
            for parent in parents:
                if not parent.is_done:
                    parent.child_done(self)


class _Callback:
    """A function that waits for a durable future, on behalf of asyncio."""

    __slots__ = ("_context", "_future", "_number", "function", "is_done")

    def __init__(
        self,
        future: DurableFuture[Any],
        function: Callable[[Any], object],
        context: Context | None,
    ) -> None:
        self._future = future
        self.function = function
        self._context = context
        self.is_done = False
        loop = future.operations.loop
        self._number = loop.next_number()
        loop.observed[self._number] = future

    def child_done(self, child: DurableFuture[Any]) -> None:
        loop = child.operations.loop
        if loop.observed.pop(self._number, None) is not None:
            loop.schedule(self.function, child, self._context)

    def forget_parents(self) -> None:
        self.is_done = True
        self._future.operations.loop.observed.pop(self._number, None)


class Combined(DurableFuture[T]):
    """A future that is done by what becomes of others."""

    __slots__ = ()

    def child_done(self, child: DurableFuture[Any]) -> None:
        """One of the futures that this depends on is done."""
        raise NotImplementedError


class Leaf(DurableFuture[T]):
    """A future that one notification completes.

    Args:
        operations: the operations of the attempt that it belongs to.
        read: what turns a result (never a failure) into the value.
        outcome: what the command gave: the notification to expect, or the result itself. None
            where no command is issued yet; `expect` is called when it is.
    """

    __slots__ = ("_read", "_result", "notification")

    def __init__(
        self,
        operations: Operations,
        read: Callable[[Result], T],
        outcome: NotificationId | Result | None = None,
    ) -> None:
        self.operations = operations
        self._parents = None
        self.is_used = False
        self._read = read
        self.notification: NotificationId | None = None
        if isinstance(outcome, Result):
            self._result: Result | None = outcome
            self.is_done = True
        else:
            self._result = None
            self.is_done = False
            if outcome is not None:
                self.notification = outcome
                operations.expect(outcome, self)

    def settle(self, result: Result) -> None:
        """The notification is here."""
        self._result = result
        self._mark_done()

    def outcome(self) -> T:
        """The value; a failure is raised as a `TerminalError`."""
        result = self._result
        assert result is not None, "outcome() of a future that is not done"
        if result.kind is ResultKind.FAILURE:
            raise to_error(result.value)
        return self._read(result)

    @property
    def has_failed(self) -> bool:
        """Whether the result is a failure."""
        return self._result is not None and self._result.kind is ResultKind.FAILURE

    def awaiting(self) -> Await:
        """Its one notification."""
        id_ = self.notification
        return Await(Combinator.FIRST_COMPLETED, [] if id_ is None else [id_])


class _Mapped(Combined[T]):
    """The result of a future, with a function applied to it."""

    __slots__ = ("_child", "_error", "_function", "_value")

    def __init__(self, child: DurableFuture[Any], function: Callable[[Any], T]) -> None:
        super().__init__(child.operations)
        self._child = child
        self._function = function
        self._error: Exception | None = None
        self._value: Any = None
        child.use()
        if child.is_done:
            self.child_done(child)
        else:
            child.add_parent(self)

    def child_done(self, child: DurableFuture[Any]) -> None:
        if not child.has_failed:
            try:
                self._value = self._function(child.outcome())
            except Exception as error:  # noqa: BLE001 - raised where this is awaited
                self._error = error
        self._mark_done()

    def outcome(self) -> T:
        if self._error is not None:
            raise self._error
        return self._child.outcome() if self._child.has_failed else self._value

    @property
    def has_failed(self) -> bool:
        return self._error is not None or self._child.has_failed

    def awaiting(self) -> Await:
        return self._child.awaiting()


class _OrTimeout(Combined[T]):
    """A future, or a timer, whichever is done first."""

    __slots__ = ("_child", "_duration", "_sleep", "_winner")

    def __init__(self, child: DurableFuture[T], duration: timedelta) -> None:
        operations = child.operations
        super().__init__(operations)
        self._child = child
        self._duration = duration
        self._winner: DurableFuture[Any] | None = None
        timer = operations.commands.sleep(after(duration), "or_timeout")
        self._sleep: Leaf[None] = Leaf(operations, lambda _: None, timer)
        self._sleep.is_used = True
        child.use()
        for each in (child, self._sleep):
            if each.is_done:
                self.child_done(each)
                return
        child.add_parent(self)
        self._sleep.add_parent(self)

    def child_done(self, child: DurableFuture[Any]) -> None:
        self._winner = child
        self._mark_done()

    def outcome(self) -> T:
        if self._winner is self._child:
            return self._child.outcome()
        raise TimeoutError(f"it took longer than {self._duration}")

    @property
    def has_failed(self) -> bool:
        return self._winner is self._sleep or self._child.has_failed

    def awaiting(self) -> Await:
        whole = Await(Combinator.FIRST_COMPLETED)
        whole.add(self._child.awaiting())
        whole.add(self._sleep.awaiting())
        return whole
