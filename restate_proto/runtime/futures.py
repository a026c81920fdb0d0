"""Durable futures: what every durable operation returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from restate_proto.protocol import Await, Combinator, Result, ResultKind
from restate_proto.runtime.failures import to_error

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from restate_proto.protocol import NotificationId
    from restate_proto.runtime.operations import Operations

__all__ = ["Combined", "Deferred", "DurableFuture", "Leaf"]

T = TypeVar("T")
# A future of a message is a future of a message or None: `select` joins those of its futures.
T_co = TypeVar("T_co", covariant=True)


class DurableFuture(Generic[T_co]):
    """The result of a durable operation.

    Await it, as often as wanted, or combine it with others (`gather`, `select`). It belongs to
    the invocation that created it, and only the handler's own code can wait for it: not an
    `asyncio` task or `asyncio.gather`, whose order Restate could not repeat.

    The operation was started when the future was created; that of a `DurablePromise`, when it is
    first awaited or combined.
    """

    __slots__ = ("_parents", "is_done", "is_used", "operations")

    def __init__(self, operations: Operations) -> None:
        self.operations = operations
        self._parents: list[Combined[Any]] | None = None
        self.is_done = False
        self.is_used = False  # awaited or combined, at least once

    def __await__(self) -> Generator[Any, None, T_co]:
        operations = self.operations
        if not self.is_done or operations.journal.has_much_output:
            operations.check_caller()
            self.is_used = True
            yield self
        return self.outcome()

    def use(self) -> None:
        """The handler combines this with others."""
        self.is_used = True

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

    def add_parent(self, parent: Combined[Any]) -> None:
        """Have `parent.child_done` called when this is done."""
        if self._parents is None:
            self._parents = []
        self._parents.append(parent)

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


class Deferred(Combined[T]):
    """An operation on an invocation whose id is not known yet: issued when the id is there.

    Args:
        invocation_id: the future of the id.
        issue: issues the operation; returns its future, or None where it has no result.
    """

    __slots__ = ("_invocation_id", "_issue", "_issued")

    def __init__(
        self, invocation_id: Leaf[str], issue: Callable[[str], DurableFuture[T] | None]
    ) -> None:
        super().__init__(invocation_id.operations)
        self._invocation_id = invocation_id
        self._issue = issue
        self._issued: DurableFuture[T] | None = None
        notification = invocation_id.notification
        if invocation_id.is_done or notification is None:
            self.child_done(invocation_id)
        else:
            invocation_id.add_parent(self)
            self.operations.deferred[self] = notification

    def child_done(self, child: DurableFuture[Any]) -> None:
        """The id is known, or the operation is done."""
        if child is not self._invocation_id:
            self._mark_done()
            return
        self.operations.deferred.pop(self, None)
        self._issued = self._issue(self._invocation_id.outcome())
        if self._issued is None or self._issued.is_done:
            self._mark_done()
        else:
            self._issued.add_parent(self)

    def outcome(self) -> T:
        """The operation's own outcome."""
        return self._issued.outcome() if self._issued is not None else None  # pyright: ignore[reportReturnType] - T is None then

    @property
    def has_failed(self) -> bool:
        """Whether the operation failed."""
        return self._issued is not None and self._issued.has_failed

    def awaiting(self) -> Await:
        """The id, then the operation's result."""
        return (self._issued or self._invocation_id).awaiting()
