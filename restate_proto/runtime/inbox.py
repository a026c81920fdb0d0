"""Notifications of an attempt, and the futures that wait for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from restate_proto.protocol import NotificationId, Result
    from restate_proto.runtime.futures import Leaf

__all__ = ["Inbox"]


class Inbox:
    """Brings each notification to its future, whichever of the two is there first.

    A named signal may be sent, and waited for, more than once: first come, first served.
    """

    __slots__ = ("_early", "_waiting")

    def __init__(self) -> None:
        self._waiting: dict[NotificationId, list[Leaf[Any]]] = {}
        self._early: dict[NotificationId, list[Result]] = {}

    def deliver(self, id_: NotificationId, result: Result) -> None:
        """A notification takes effect."""
        waiting = self._waiting.get(id_)
        if waiting is None:
            self._early.setdefault(id_, []).append(result)
            return
        leaf = waiting.pop(0)
        if not waiting:
            del self._waiting[id_]
        leaf.settle(result)

    def expect(self, id_: NotificationId, leaf: Leaf[Any]) -> None:
        """Complete a future with a notification."""
        early = self._early.get(id_) if self._early else None
        if early is None:
            self._waiting.setdefault(id_, []).append(leaf)
            return
        leaf.settle(early.pop(0))
        if not early:
            del self._early[id_]

    def waiting_for(self, id_: NotificationId) -> list[Leaf[Any]]:
        """The futures that wait for a notification."""
        return self._waiting.get(id_, [])

    def close(self) -> None:
        """Nothing comes any more: the futures that wait let go of what is built on them."""
        for leaves in self._waiting.values():
            for leaf in leaves:
                leaf.forget_parents()
        self._waiting.clear()
        self._early.clear()
