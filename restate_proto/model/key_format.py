"""Typed keys: object keys and workflow ids that hold the fields of a message, or that are fixed.

Two messages never give the same key. To ensure that, a field ends at the first occurrence of the
text that follows it, strings that contain this text are refused, and every number has one spelling.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from restate_proto.model.arguments import wrong_type

if TYPE_CHECKING:
    from restate_proto.model.codec import Codec

__all__ = ["FixedKey", "HasKey", "KeyField", "KeyFormat", "KeyText", "KeyType"]

K = TypeVar("K")

Value = str | int | bool
"""The value of a field in a key; an enum is represented by its number."""

_INTEGER = re.compile(r"-?[0-9]+")
_CANONICAL = re.compile(r"0|-?[1-9][0-9]*")
_BOOLS = {"true": True, "false": False}


class KeyType(Enum):
    """The type of a field in a key; the value is the type's name in a contract."""

    STRING = "string"
    BOOL = "bool"
    INT32 = "int32"
    INT64 = "int64"
    UINT32 = "uint32"
    UINT64 = "uint64"
    ENUM = "enum"

    @property
    def bounds(self) -> tuple[int, int] | None:
        """The lowest and the highest number of the type; None if it is not numeric."""
        return _BOUNDS.get(self)


_BOUNDS = {
    KeyType.INT32: (-(2**31), 2**31 - 1),
    KeyType.INT64: (-(2**63), 2**63 - 1),
    KeyType.UINT32: (0, 2**32 - 1),
    KeyType.UINT64: (0, 2**64 - 1),
    KeyType.ENUM: (-(2**31), 2**31 - 1),
}


@dataclass(frozen=True, slots=True)
class KeyField:
    """A field of a key's message, with the text that follows it in the key.

    Args:
        name: its proto name.
        type: its type.
        after: the text that follows; only the last field's may be empty.
        attribute: its name in the message's class, if that is not the proto name.
    """

    name: str
    type: KeyType
    after: str = ""
    attribute: str = ""


class KeyText:
    """A key format without the class of its message: converts values to text and back.

    Args:
        prefix: the text before the first field.
        fields: the fields in the order of the text.
    """

    __slots__ = ("fields", "prefix")

    def __init__(self, prefix: str, fields: Sequence[KeyField]) -> None:
        self.prefix = prefix
        self.fields = tuple(fields)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, KeyText):
            return NotImplemented
        return (self.prefix, self.fields) == (other.prefix, other.fields)

    def __hash__(self) -> int:
        return hash((self.prefix, self.fields))

    def __str__(self) -> str:
        parts = (f"{{{field.name}}}{_escape_braces(field.after)}" for field in self.fields)
        return "".join((_escape_braces(self.prefix), *parts))

    def write(self, values: Sequence[object]) -> str:
        """Write a key.

        Args:
            values: the values of the fields, in their order.

        Raises:
            ValueError: a value does not have its field's type, or the key would be ambiguous or
                empty.
        """
        parts = [self.prefix]
        last = self.fields[-1]
        for field, value in zip(self.fields, values, strict=True):
            text = _field_text(field, value)
            is_middle_text = field.type is KeyType.STRING and field is not last
            if is_middle_text and (text + field.after).find(field.after) != len(text):
                raise ValueError(
                    f"{field.name} is {text!r}, so the {field.after!r} that follows it in the key {self} "
                    "would be found too early; write a value without it"
                )
            parts += text, field.after
        key = "".join(parts)
        if not key:
            raise ValueError(f"{last.name} is empty, and a key must not be")
        return key

    def read(self, key: str) -> tuple[Value, ...]:
        """Read a key that `write` wrote.

        Raises:
            ValueError: the text is not such a key.
        """
        values: list[Value] = []
        start = len(self.prefix) if key.startswith(self.prefix) else -1
        for field in self.fields:
            end = _end_of(field, key, start, is_last=field is self.fields[-1])
            value = _read_value(field.type, key[start:end]) if 0 <= start <= end else None
            if value is None or not key.startswith(field.after, end):
                raise ValueError(f"{key!r} does not have the form {str(self)!r}")
            values.append(value)
            start = end + len(field.after)
        return tuple(values)


class HasKey(Protocol):
    """An object with a key, such as the context of an object's or a workflow's handler."""

    @property
    def key(self) -> str:
        """The key."""
        ...


class KeyFormat(Generic[K]):
    """Converts keys of objects and ids of workflows to messages and back: `QueueBase.KEY`.

    ```python
    async def acquire(self, ctx: ObjectContext, request: AcquireRequest) -> AcquireResponse:
        queue = self.KEY.of(ctx)  # a QueueKey
    ```

    Args:
        codec: the codec of the message.
        prefix: the text before the first field.
        fields: the fields in the order of the text.
    """

    __slots__ = ("_codec", "_text")

    def __init__(self, codec: Codec[K], prefix: str, *fields: KeyField) -> None:
        self._codec = codec
        self._text = KeyText(prefix, fields)

    def __repr__(self) -> str:
        return f"KeyFormat({self._codec.type.__name__}, {str(self._text)!r})"

    def of(self, ctx: HasKey) -> K:
        """Return the key of a context's invocation, as a message."""
        return self.parse(ctx.key)

    def format(self, key: K) -> str:
        """Write a key as text: the form that `Target`, the admin API and the UI use.

        Args:
            key: the message.

        Raises:
            TypeError: the key is not a message of this type.
            ValueError: a field has a value that a key cannot hold: a number out of range, or a
                string that contains the text after the field.
        """
        class_ = self._codec.type
        if not isinstance(key, class_):
            raise wrong_type(self, "key", key, f"a {class_.__name__}")
        fields = self._text.fields
        try:
            return self._text.write([getattr(key, each.attribute or each.name) for each in fields])
        except ValueError as error:
            raise ValueError(f"{self._codec.full_name}: {error}") from None

    def parse(self, text: str) -> K:
        """Read the message that a key was made from.

        Raises:
            ValueError: the text is not a key of this format.
        """
        names = (field.name for field in self._text.fields)
        values: dict[str, Any] = dict(zip(names, self._text.read(text), strict=True))
        return self._codec.from_json(json.dumps(values).encode())

    def check(self, key: str) -> None:
        """Refuse a text that is not a key of this format; see `parse`."""
        self._text.read(key)


class FixedKey:
    """The only key of an object that exists once.

    Args:
        value: the key.
    """

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value

    def check(self, key: str) -> None:
        """Refuse every other key.

        Raises:
            ValueError: the key is another one.
        """
        if key != self.value:
            raise ValueError(f"{key!r} is not {self.value!r}, the only key of this object")


def _field_text(field: KeyField, value: object) -> str:
    bounds = field.type.bounds
    if bounds is not None:
        lowest, highest = bounds
        if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
            return str(int(value))  # enums by their number
        expected = f"an integer of {lowest} to {highest}"
    elif field.type is KeyType.BOOL:
        if isinstance(value, bool):
            return "true" if value else "false"
        expected = "a bool"
    else:
        if isinstance(value, str):
            return value
        expected = "a str"
    raise ValueError(f"{field.name} is {value!r}; it must be {expected}")


def _end_of(field: KeyField, key: str, start: int, *, is_last: bool) -> int:
    """Find the end of a field's text that begins at `start`; less than `start` if it has no end."""
    if is_last:
        return len(key) - len(field.after)
    if field.type is KeyType.STRING:
        return key.find(field.after, start)
    if field.type is KeyType.BOOL:
        return start + len("true" if key.startswith("true", start) else "false")
    found = _INTEGER.match(key, start) if start >= 0 else None
    return found.end() if found else -1


def _read_value(type_: KeyType, text: str) -> Value | None:
    """Read the value of a field; None if the text is not how `write` would spell it."""
    bounds = type_.bounds
    if bounds is None:
        return text if type_ is KeyType.STRING else _BOOLS.get(text)
    # Longer than any number can be; Python itself refuses to parse thousands of digits.
    if len(text) > 20 or not _CANONICAL.fullmatch(text):
        return None
    lowest, highest = bounds
    return number if lowest <= (number := int(text)) <= highest else None


def _escape_braces(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
