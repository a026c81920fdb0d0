"""Convert values between Python and the fields of google.protobuf messages.

A `Write` sets a message from a Python value, and a `Read` makes the value from the message. A `Put`
and a `Take` do the same for a field of a message, be it singular, repeated or a map. A Read or Take
that is None leaves values as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

__all__ = [
    "NATIVE",
    "Put",
    "Read",
    "Take",
    "Values",
    "Write",
    "always",
    "put_list",
    "put_map",
    "put_message",
    "put_message_map",
    "put_messages",
    "put_optional",
    "put_value",
    "take_list",
    "take_map",
]

Write = Callable[[Any, Any], None]  # a Python value, the message to set
Read = Callable[[Any], Any]
Put = Callable[[Any, Any], None]  # a Python value, the message whose field it is
Take = Callable[[Any], Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MICROSECONDS = 1_000_000  # in a second


class Values(NamedTuple):
    """How the values of one message type are converted.

    Args:
        write: sets a message from a value.
        read: makes a value from a message.
        is_set: tells whether a value is more than the default of a field that always has a value.
    """

    write: Write
    read: Read
    is_set: Callable[[Any], bool]


def _write_timestamp(value: Any, message: Any) -> None:
    offset = value - _EPOCH  # raises TypeError without a time zone
    message.seconds = offset.days * 24 * 60 * 60 + offset.seconds
    message.nanos = offset.microseconds * 1000


def _read_timestamp(message: Any) -> datetime:
    return _EPOCH + timedelta(seconds=message.seconds, microseconds=message.nanos // 1000)


def _is_not_epoch(value: Any) -> bool:
    return value != _EPOCH


def _is_not_zero(value: Any) -> bool:
    return value != timedelta()  # any other type is refused when it is written


def _write_duration(value: Any, message: Any) -> None:
    microseconds = value // _MICROSECOND
    sign = -1 if microseconds < 0 else 1
    seconds, rest = divmod(abs(microseconds), _MICROSECONDS)
    message.seconds = sign * seconds
    message.nanos = sign * rest * 1000


def _read_duration(message: Any) -> timedelta:
    sign = -1 if message.nanos < 0 else 1
    return timedelta(seconds=message.seconds, microseconds=sign * (abs(message.nanos) // 1000))


def _write_wrapper(value: Any, message: Any) -> None:
    message.value = value


def _read_wrapper(message: Any) -> Any:
    return message.value


def always(value: object) -> bool:
    """Count any value as set."""
    return True


_WRAPPER = Values(_write_wrapper, _read_wrapper, always)

NATIVE = {
    "google.protobuf.Timestamp": Values(_write_timestamp, _read_timestamp, _is_not_epoch),
    "google.protobuf.Duration": Values(_write_duration, _read_duration, _is_not_zero),
    **{
        f"google.protobuf.{name}Value": _WRAPPER
        for name in (
            *("Bool", "Bytes", "Double", "Float", "Int32"),
            *("Int64", "String", "UInt32", "UInt64"),
        )
    },
}
"""The message types that become Python's own types, by their full names."""


def put_value(name: str) -> Put:
    """Make the Put of a singular field that is not a message."""

    def put(value: Any, message: Any) -> None:
        setattr(message, name, value)

    return put


def put_optional(name: str) -> Put:
    """Make the Put of a singular field that is not a message, if defaults are not set."""

    def put(value: Any, message: Any) -> None:
        if value:
            setattr(message, name, value)

    return put


def put_list(name: str) -> Put:
    """Make the Put of a repeated field of scalars."""

    def put(value: Any, message: Any) -> None:
        _check_list(value)
        getattr(message, name).extend(value)

    return put


def _check_list(value: object) -> None:
    # Other iterables are mistakes: a str would be split, an iterator can be read once, and a set
    # has no fixed order.
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"expected a list, got {type(value).__name__}")


def put_map(name: str) -> Put:
    """Make the Put of a map of scalars."""

    def put(value: Any, message: Any) -> None:
        target = getattr(message, name)
        for key, item in value.items():
            target[key] = item

    return put


def put_message(name: str, write: Write, is_set: Callable[[Any], bool]) -> Put:
    """Make the Put of a singular message field."""

    def put(value: Any, message: Any) -> None:
        if is_set(value):
            target = getattr(message, name)
            target.SetInParent()
            write(value, target)

    return put


def put_messages(name: str, write: Write) -> Put:
    """Make the Put of a repeated message field."""

    def put(value: Any, message: Any) -> None:
        _check_list(value)
        add = getattr(message, name).add
        for item in value:
            write(item, add())

    return put


def put_message_map(name: str, write: Write) -> Put:
    """Make the Put of a map of messages."""

    def put(value: Any, message: Any) -> None:
        target = getattr(message, name)
        for key, item in value.items():
            write(item, target[key])

    return put


def take_list(read: Read | None) -> Take:
    """Make the Take of a repeated field."""
    if read is None:
        return list
    return lambda value: [read(item) for item in value]


def take_map(read: Read | None) -> Take:
    """Make the Take of a map. It sorts, so that handlers iterate alike in every process."""
    if read is None:
        return lambda value: {key: value[key] for key in sorted(value)}
    return lambda value: {key: read(value[key]) for key in sorted(value)}
