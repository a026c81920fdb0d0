"""Durable futures, which every durable operation returns."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from restate_proto.errors import TerminalError
from restate_proto.model.arguments import DURATION, wrong_type
from restate_proto.protocol import MUCH_OUTPUT, Await, Combinator, Result, ResultKind
from restate_proto.runtime.failures import to_error
from restate_proto.runtime.future_parents import DoneCallback
from restate_proto.runtime.task import Durable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextvars import Context

    from restate_proto.protocol import NotificationId
    from restate_proto.runtime.future_parents import Parent
    from restate_proto.runtime.operations import Operations

__all__ = ["Combined", "DurableFuture", "Leaf"]

_FAILURE = ResultKind.FAILURE

T = TypeVar("T")
U = TypeVar("U")
# Covariant, because `select` joins futures of several types: a future of T is one of T or None.
T_co = TypeVar("T_co", covariant=True)

_MOST_LEVELS: Final = 200
"""News of the lowest future goes up through all in nested calls, and Python allows 1,000 of these."""


class DurableFuture(Durable, Generic[T_co]):
    """The result of a durable operation.

    Await it, as often as you like, in the handler or in its tasks. Combine it with others, with
    `asyncio`'s functions or with `gather`, `select` and so on. It belongs to the invocation that
    created it.

    The operation started when the future was created; that of a `DurablePromise` starts when it is
    first awaited or combined. A cancelled wait (by `asyncio.timeout`, for example) forgets the
    operation, and never cancels what it has started.
    """

    __slots__ = ("_hash", "_parents", "is_done", "is_used", "operations")

    _hash: int
    level = 0  # how many futures are below this one, one on another

    def __init__(self, operations: Operations) -> None:
        self.operations = operations
        self._parents: list[Parent] | None = None
        self.is_done = False
        self.is_used = False  # awaited or combined, at least once

    def __await__(self) -> Generator[Any, None, T_co]:
        operations = self.operations
        if not self.is_done or operations.journal.output_size > MUCH_OUTPUT:
            loop = operations.loop
            if not loop.is_stepping or get_ident() != loop.thread:
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
        """Mark it as used, because the handler combines it with others."""
        self.is_used = True

    # ---- Futures that are built on this one ----

    def or_timeout(self, duration: timedelta) -> DurableFuture[T_co]:
        """Limit the wait for this future by a durable timer.

        Awaiting the result raises `TimeoutError` if the time passes first. The operation goes on,
        and this future can be awaited again.

        Args:
            duration: how long to wait, from now.

        Raises:
            TypeError: the duration is not a timedelta.
            ValueError: more than 200 futures are built one on another.
        """
        if not isinstance(duration, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_type("or_timeout", "duration", duration, DURATION)
        return self.operations.begin(lambda: _OrTimeout(self, duration))

    def map(self, function: Callable[[T_co], U]) -> DurableFuture[U]:
        """Return a future of this one's result with a function applied; a failure stays as it is.

        Args:
            function: an ordinary function. It is called once, when the result has arrived, and must
                not use the context. If it raises, awaiting the future raises that.

        Raises:
            ValueError: more than 200 futures are built one on another.
        """
        return self.operations.begin(lambda: _Mapped(self, function))

    # ---- As asyncio.wait asks ----

    def done(self) -> bool:
        """Tell whether the operation has ended, as far as the handler may know by now."""
        return self.is_done

    def cancelled(self) -> bool:
        """Return False: a future is never cancelled, because a cancelled wait only forgets it."""
        return False

    def result(self) -> T_co:
        """Return the result of a future that is done; raise the failure of the operation.

        Raises:
            asyncio.InvalidStateError: the future is not done.
        """
        if not self.is_done:
            raise asyncio.InvalidStateError("the durable future is not done: await it")
        return self.outcome()

    def exception(self) -> TerminalError | None:
        """Return the error that the operation failed with; None if it succeeded.

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
        """Call a function with this future once it is done, as `asyncio.Future` does."""
        self.operations.check_caller()
        self.use()
        if self.is_done:
            self.operations.loop.call_soon(callback, self, context=context)
        else:
            self.add_parent(DoneCallback(self, self.operations.loop, callback, context))

    def remove_done_callback(self, callback: Callable[[Any], object]) -> int:
        """Remove a callback; return how often it was registered."""
        callbacks = [
            each
            for each in self._parents or ()
            if isinstance(each, DoneCallback) and each.function == callback
        ]
        for each in callbacks:
            each.forget_parents()
            self.remove_parent(each)
        return len(callbacks)

    # ---- For the runtime ----

    def outcome(self) -> T_co:
        """Return the result of a future that is done; raise the failure of the operation."""
        raise NotImplementedError

    @property
    def has_failed(self) -> bool:
        """Whether a future that is done failed."""
        raise NotImplementedError

    def awaiting(self) -> Await:
        """Return what has to arrive for this future to be done."""
        raise NotImplementedError

    def awaiting_verdict(self) -> Await:
        """Return what has to arrive for a combination that depends on this future's success.

        Restate decides that by the tree alone: a suspended handler stays suspended as long as the
        tree says that the combination goes on. So a future whose verdict may change says so in the
        tree.
        """
        return self.awaiting()

    @property
    def has_parents(self) -> bool:
        """Whether something waits for this."""
        return bool(self._parents)

    def add_parent(self, parent: Parent) -> None:
        """Call `parent.child_done` once this is done."""
        if self._parents is None:
            self._parents = []
        self._parents.append(parent)

    def remove_parent(self, parent: Parent) -> None:
        """Remove a parent, which no longer waits for this."""
        if self._parents is not None:
            self._parents = [each for each in self._parents if each is not parent]

    def forget_parents(self) -> None:
        """Drop all parents: nothing waits for this any more."""
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


class Combined(DurableFuture[T]):
    """A future whose outcome depends on that of others."""

    __slots__ = ("level",)

    def build_on(self, children: tuple[DurableFuture[Any], ...]) -> None:
        """Use the futures that this one is built on.

        Raises:
            ValueError: too many are built one on another.
        """
        level = max([child.level for child in children])
        if level >= _MOST_LEVELS:
            raise ValueError(
                f"at most {_MOST_LEVELS} durable futures may be built one on another: combine many "
                "in one call, or await some of them first"
            )
        self.level = level + 1
        for child in children:
            child.use()

    def child_done(self, child: DurableFuture[Any]) -> None:
        """React to the end of a future that this one depends on."""
        raise NotImplementedError


class Leaf(DurableFuture[T]):
    """A future that one notification completes.

    Args:
        operations: the operations of the attempt that it belongs to.
        read: converts a result (never a failure) into the value; None if `_value` does.
        outcome: what issuing the command returned: the id of the notification to expect, or the
            result itself. None if no command was issued yet; `expect` is called once it is.
    """

    __slots__ = ("_read", "_result", "notification")

    def __init__(
        self,
        operations: Operations,
        read: Callable[[Result], T] | None,
        outcome: NotificationId | Result | None = None,
    ) -> None:
        self.operations = operations
        self._parents = None
        self.is_used = False
        self._read: Any = read
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
        """Take the result that the notification brought."""
        self._result = result
        if self._parents is None:  # `_mark_done`, without the call
            self.is_done = True
        else:
            self._mark_done()

    def outcome(self) -> T:
        """Return the value; a failure is raised as a `TerminalError`."""
        result = self._result
        assert result is not None, "outcome() of a future that is not done"
        if result.kind is _FAILURE:
            raise to_error(result.value)
        return self._read(result) if self._read is not None else self._value(result)

    def _value(self, result: Result) -> T:
        """Return the value; for subclasses that read it themselves."""
        raise NotImplementedError

    @property
    def has_failed(self) -> bool:
        """Whether the result is a failure."""
        return self._result is not None and self._result.kind is _FAILURE

    def awaiting(self) -> Await:
        """Return the await tree of its one notification."""
        id_ = self.notification
        return Await(Combinator.FIRST_COMPLETED, [] if id_ is None else [id_])

    awaiting_verdict = awaiting  # the same function: one call less for each of many futures


class _Mapped(Combined[T]):
    """The result of a future, with a function applied to it."""

    __slots__ = ("_child", "_error", "_function", "_value")

    def __init__(self, child: DurableFuture[Any], function: Callable[[Any], T]) -> None:
        super().__init__(child.operations)
        self._child = child
        self._function = function
        self._error: Exception | None = None
        self._value: Any = None
        self.build_on((child,))
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

    def awaiting_verdict(self) -> Await:
        return self.awaiting().undecided()  # the function may fail


class _OrTimeout(Combined[T]):
    """A future, or a timer, whichever is done first."""

    __slots__ = ("_child", "_duration", "_sleep", "_winner")

    def __init__(self, child: DurableFuture[T], duration: timedelta) -> None:
        operations = child.operations
        super().__init__(operations)
        self._child = child
        self._duration = duration
        self._winner: DurableFuture[Any] | None = None
        self.build_on((child,))
        timer = operations.commands.sleep(operations.after(duration), "or_timeout")
        self._sleep: Leaf[None] = Leaf(operations, lambda _: None, timer)
        self._sleep.is_used = True
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

    def awaiting_verdict(self) -> Await:
        return self.awaiting().undecided()  # a timer that succeeds is a failure
