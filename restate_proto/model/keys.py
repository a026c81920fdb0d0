"""Typed keys of state, promises and signals, and typed ids of awakeables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

from restate_proto.model.arguments import check_string, wrong_type

__all__ = [
    "AwakeableId",
    "AwakeableKey",
    "PromiseKey",
    "SendsSignal",
    "SetsState",
    "SignalKey",
    "StateKey",
]

# Covariant, so that a key of a message also serves where a message or None is expected. mypy infers
# the type from where a result goes, and would refuse correct code otherwise.
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)
M_contra = TypeVar("M_contra", contravariant=True)

_CLASS = type


class _Key(Generic[T_co]):
    """A name with the type of the value that it names."""

    __slots__ = ("name", "type")

    def __init__(self, name: str, type: type[T_co]) -> None:  # noqa: A002 - reads best at the call
        self.name = name
        self.type = type
        check_string(self.__class__.__name__, "name", name)
        if not isinstance(type, _CLASS | None):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_type(f"{self.__class__.__name__} {name!r}", "type", type, "a class")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.type.__name__})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Key) or type(self) is not type(cast("_Key[Any]", other)):
            return NotImplemented
        return self.name == other.name and self.type is cast("_Key[Any]", other).type

    def __hash__(self) -> int:
        return hash((type(self), self.name))


class StateKey(_Key[T_co]):
    """A key of a virtual object's or workflow's state: `StateKey("tickets", TicketList)`."""

    __slots__ = ()

    if TYPE_CHECKING:

        def sets_state(self, value: T_co) -> None:  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues] - see SetsState
            """Only for type checkers."""


class PromiseKey(_Key[T_co]):
    """A durable promise of a workflow: `PromiseKey("email-confirmed", Confirmation)`."""

    __slots__ = ()


class SignalKey(_Key[T_co]):
    """A named signal of an invocation: `SignalKey("approved", Approval)`."""

    __slots__ = ()

    if TYPE_CHECKING:

        def sends_signal(self, value: T_co) -> None:  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues] - see SetsState
            """Only for type checkers."""


class AwakeableId(Generic[T_contra]):
    """The id of an awakeable and the type of its value: `KEY.of(request)`.

    Attributes:
        id: the id, as a string.
        type: the class of the messages that resolve it.
    """

    __slots__ = ("id", "type")

    def __init__(self, id: str, type: type[Any]) -> None:  # noqa: A002 - as users see them
        self.id = id
        self.type = type

    def __repr__(self) -> str:
        return f"AwakeableId({self.id!r}, {self.type.__name__})"

    if TYPE_CHECKING:

        def resolved_with(self, value: T_contra) -> None:
            """Only for type checkers."""


class AwakeableKey(Generic[M_contra, T_co]):
    """A field of a message that holds the id of an awakeable: `ACQUIRE_REQUEST_DONE`.

    The handler that waits creates the awakeable with it, `done =
    ctx.awakeable(ACQUIRE_REQUEST_DONE)`, and sends the message with `done.id` in the field. The
    receiver of the message resolves the awakeable,
    `ctx.resolve_awakeable(ACQUIRE_REQUEST_DONE.of(request), ...)`, or rejects it.

    Args:
        message: the class of the message.
        field: the name of the field in that class.
        type: the class of the messages that resolve the awakeable.
    """

    __slots__ = ("field", "message", "type")

    def __init__(self, message: type[M_contra], field: str, type: type[T_co]) -> None:  # noqa: A002 - reads best at the call
        self.message = message
        self.field = field
        self.type = type

    def __repr__(self) -> str:
        return f"AwakeableKey({self.message.__name__}, {self.field!r}, {self.type.__name__})"

    def of(self, message: M_contra) -> AwakeableId[T_co]:  # type: ignore[type-var]  # pyright: ignore[reportGeneralTypeIssues] - see SetsState
        """Return the id that a message holds.

        Raises:
            TypeError: the message is of another type.
            ValueError: the field is empty, so nobody is waiting.
        """
        if not isinstance(message, self.message):
            raise wrong_type(self, "message", message, f"a {self.message.__name__}")
        id_ = getattr(message, self.field)
        if not id_:
            raise ValueError(
                f"the field {self.field!r} of {self.message.__name__} is empty: its sender does "
                "not wait for an awakeable"
            )
        return AwakeableId(id_, self.type)


class _Named(Protocol):
    @property
    def name(self) -> str:
        """The name."""
        ...

    @property
    def type(self) -> type[Any]:
        """The type of the value."""
        ...


class SetsState(_Named, Protocol[T_contra]):
    """A `StateKey` as a parameter of functions that write, for type checkers.

    Keys are covariant, because that is right for reading. For writing it is not: in
    `set(key: StateKey[T], value: T)`, a type checker would choose a T that fits both arguments and
    accept any value. This protocol is invariant, so that a key of T accepts a T and nothing else.
    """

    def sets_state(self, value: T_contra) -> None:
        """Only for type checkers."""
        ...


class SendsSignal(_Named, Protocol[T_contra]):
    """A `SignalKey` as a parameter of functions that send; see `SetsState`."""

    def sends_signal(self, value: T_contra) -> None:
        """Only for type checkers."""
        ...
