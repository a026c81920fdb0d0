"""Notifications of an attempt, and the futures that wait for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from restate_proto.protocol import NotificationId, Result
    from restate_proto.runtime.futures import Leaf

__all__ = ["Inbox"]


class Inbox:
    """Brings each notification to its future, whichever of the two is there first.

    An id has one future. A named signal may be sent more than once; the first is taken.
    """

    __slots__ = ("_early", "_signals", "_waiting")

    def __init__(self) -> None:
        self._waiting: dict[NotificationId, Leaf[Any]] = {}
        self._early: dict[NotificationId, Result] = {}
        self._signals: set[str] | None = None

    def deliver(self, id_: NotificationId, result: Result) -> None:
        """A notification takes effect."""
        leaf = self._waiting.pop(id_, None)
        if leaf is None:
            self._early.setdefault(id_, result)
        else:
            leaf.settle(result)

    def expect(self, id_: NotificationId, leaf: Leaf[Any]) -> None:
        """Complete a future with a notification."""
        early = self._early.get(id_) if self._early else None
        if early is None:
            self._waiting[id_] = leaf
        else:
            leaf.settle(early)

    def expect_signal(self, name: str, leaf: Leaf[Any]) -> None:
        """Complete a future with a named signal.

        A second wait for the name could not be suspended: Restate would find the first signal in
        the journal, and resume what waits for its name at once, for ever.

        Raises:
            RuntimeError: a future waits, or has waited, for it.
        """
        if self._signals is None:
            self._signals = set()
        if name in self._signals:
            raise RuntimeError(
                f"ctx.signal({name!r}) was called before in this invocation, and Restate keeps one "
                "value for each name of a signal. Keep the future of the first call, which can be "
                "awaited again; for another value, wait for another name, such as "
                f"SignalKey({name + '-2'!r}, ...), or for a ctx.awakeable(...)"
            )
        self.expect(name, leaf)
        self._signals.add(name)

    def waiting_for(self, id_: NotificationId) -> Leaf[Any] | None:
        """The future that waits for a notification."""
        return self._waiting.get(id_)

    def close(self) -> None:
        """Nothing comes any more: the futures that wait let go of what is built on them."""
        for leaf in self._waiting.values():
            leaf.forget_parents()
        self._waiting.clear()
        self._early.clear()
