"""Operations on an invocation whose id is still on its way: they are issued once it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from restate_proto.protocol.empty_dict import EMPTY_DICT
from restate_proto.runtime.futures import Combined, DurableFuture, Leaf

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto.protocol import Await

__all__ = ["Deferred"]

T = TypeVar("T")


class Deferred(Combined[T]):
    """An operation on an invocation whose id is not known yet; it is issued once the id is known.

    Args:
        invocation_id: the future of the id.
        issue: issues the operation; returns its future, or None if it has no result.
    """

    __slots__ = ("_invocation_id", "_issue", "_issued")

    level = 1

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
            if self.operations.deferred is EMPTY_DICT:
                self.operations.deferred = {}
            self.operations.deferred[self] = notification

    def child_done(self, child: DurableFuture[Any]) -> None:
        """Issue the operation once the id is known; complete this once the operation is done."""
        if child is not self._invocation_id:
            self._mark_done()
            return
        if self.operations.deferred:
            self.operations.deferred.pop(self, None)
        self._issued = self._issue(self._invocation_id.outcome())
        if self._issued is None or self._issued.is_done:
            self._mark_done()
        else:
            self._issued.add_parent(self)

    def outcome(self) -> T:
        """Return the operation's own outcome."""
        return self._issued.outcome() if self._issued is not None else None  # pyright: ignore[reportReturnType] - T is None then

    @property
    def has_failed(self) -> bool:
        """Whether the operation failed."""
        return self._issued is not None and self._issued.has_failed

    def awaiting(self) -> Await:
        """Return the await tree of the id or, once it is known, of the operation's result."""
        return (self._issued or self._invocation_id).awaiting()

    def awaiting_verdict(self) -> Await:
        """Return the same tree; the operation itself says how it may fail."""
        return (self._issued or self._invocation_id).awaiting_verdict()
