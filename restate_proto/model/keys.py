"""Typed names: of state, of a workflow's promises, of signals."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast

__all__ = ["PromiseKey", "SignalKey", "StateKey"]

T = TypeVar("T")


class _Key(Generic[T]):
    """A name and the type of what it names."""

    __slots__ = ("name", "type")

    def __init__(self, name: str, type: type[T]) -> None:  # noqa: A002 - reads best at the call
        self.name = name
        self.type = type

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.type.__name__})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Key) or type(self) is not type(cast("_Key[Any]", other)):
            return NotImplemented
        return self.name == other.name and self.type is cast("_Key[Any]", other).type

    def __hash__(self) -> int:
        return hash((type(self), self.name))


class StateKey(_Key[T]):
    """A key of a virtual object's or workflow's state: `StateKey("tickets", TicketList)`."""

    __slots__ = ()


class PromiseKey(_Key[T]):
    """A durable promise of a workflow: `PromiseKey("email-confirmed", Confirmation)`."""

    __slots__ = ()


class SignalKey(_Key[T]):
    """A named signal of an invocation: `SignalKey("approved", Approval)`."""

    __slots__ = ()
