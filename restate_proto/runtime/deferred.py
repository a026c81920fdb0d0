"""Operations on an invocation whose id the handler does not know yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from restate_proto.runtime.futures import Combined, DurableFuture, Leaf

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto.protocol import Await

__all__ = ["Deferred"]

T = TypeVar("T")


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
