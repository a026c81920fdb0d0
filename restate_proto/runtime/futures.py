"""Durable futures: what every durable operation returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from restate_proto.model.codec import CodecError
from restate_proto.protocol import Await, Combinator, Failure, NotificationId, Result, ResultKind
from restate_proto.runtime.failures import to_error

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from restate_proto.runtime.attempt import Attempt

__all__ = ["Combined", "Deferred", "DurableFuture", "FromOutside", "Leaf"]

T = TypeVar("T")
# A future of a message is a future of a message or None: `select` joins those of its futures.
T_co = TypeVar("T_co", covariant=True)


class DurableFuture(Generic[T_co]):
    """The result of a durable operation, which was started when this was created.

    Await it, as often as wanted, or combine it with others (`gather`, `select`). It belongs to
    the invocation that created it, and only the handler's own code can wait for it: not an
    `asyncio` task or `asyncio.gather`, whose order Restate could not repeat.
    """

    __slots__ = ("_parents", "attempt", "is_done", "is_used")

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self._parents: list[Combined[Any]] | None = None
        self.is_done = False
        self.is_used = False  # awaited or combined, at least once

    def __await__(self) -> Generator[Any, None, T_co]:
        if not self.is_done or self.attempt.machine.journal.has_much_output:
            self.attempt.check_caller()
            self.is_used = True
            yield self
        return self.outcome()

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
        self.is_used = True
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
        attempt: the attempt that it belongs to.
        id_: the notification; None where the result is known already.
        read: what turns a result (never a failure) into the value.
        result: the result, where it is known already.
    """

    __slots__ = ("_id", "_read", "_result")

    def __init__(
        self,
        attempt: Attempt,
        id_: NotificationId | None,
        read: Callable[[Result], T],
        result: Result | None = None,
    ) -> None:
        self.attempt = attempt
        self._parents = None
        self.is_used = False
        self._id = id_
        self._read = read
        self._result = result
        self.is_done = result is not None

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
        return Await(Combinator.FIRST_COMPLETED, [] if self._id is None else [self._id])


class FromOutside(Leaf[T]):
    """A value that somebody outside gave: what an awakeable, a signal or a promise waits for.

    One that cannot be read is a failure of the operation, as if it had been rejected: waiting for
    another would last for ever. `read` raises `CodecError` for it.
    """

    __slots__ = ()

    def settle(self, result: Result) -> None:
        """The notification is here."""
        if result.kind is ResultKind.VALUE:
            try:
                self._read(result)
            except CodecError as error:
                result = Result(ResultKind.FAILURE, Failure(400, f"bad value: {error}"))
        super().settle(result)


class Deferred(Combined[T]):
    """An operation on an invocation whose id is not known yet: issued when the id is there.

    Args:
        attempt: the attempt that it belongs to.
        invocation_id: the future of the id.
        issue: issues the operation; returns its future, or None where it has no result.
    """

    __slots__ = ("_issue", "_issued", "invocation_id")

    def __init__(
        self,
        attempt: Attempt,
        invocation_id: DurableFuture[str],
        issue: Callable[[str], DurableFuture[T] | None],
    ) -> None:
        super().__init__(attempt)
        self.invocation_id = invocation_id
        self._issue = issue
        self._issued: DurableFuture[T] | None = None
        if invocation_id.is_done:
            self.child_done(invocation_id)
        else:
            invocation_id.add_parent(self)
            attempt.deferred[self] = None

    def child_done(self, child: DurableFuture[Any]) -> None:
        """The id is known, or the operation is done."""
        if child is not self.invocation_id:
            self._mark_done()
            return
        self.attempt.deferred.pop(self, None)
        self._issued = self._issue(self.invocation_id.outcome())
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
        return (self._issued or self.invocation_id).awaiting()
