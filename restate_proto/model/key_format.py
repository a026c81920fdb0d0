"""Object keys and workflow ids that are more than any string: the fields of a message, or one text.

A format is injective, so that two messages never address one object: a field in the middle ends where
the text after it begins for the first time, a string that would end elsewhere is refused, and numbers
are written in one way only.
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
"""What a field of a key holds; an enum is its number."""

_INTEGER = re.compile(r"-?[0-9]+")
_CANONICAL = re.compile(r"0|-?[1-9][0-9]*")
_BOOLS = {"true": True, "false": False}


class KeyType(Enum):
    """What a field of a key is; the value is the name of its type in a contract."""

    STRING = "string"
    BOOL = "bool"
    INT32 = "int32"
    INT64 = "int64"
    UINT32 = "uint32"
    UINT64 = "uint64"
    ENUM = "enum"

    @property
    def bounds(self) -> tuple[int, int] | None:
        """The lowest and the highest number of the type; None where it is no number."""
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
    """A field of a key's message, and the text that follows it in the key.

    Args:
        name: its proto name.
        type: what it is.
        after: the text; only that of the last field may be empty.
        attribute: what the message's class calls it, where that is not its proto name.
    """

    name: str
    type: KeyType
    after: str = ""
    attribute: str = ""


class KeyText:
    """A format without the class of its message: between values and text.

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
        parts = (f"{{{field.name}}}{_escaped(field.after)}" for field in self.fields)
        return "".join((_escaped(self.prefix), *parts))

    def write(self, values: Sequence[object]) -> str:
        """Write a key.

        Args:
            values: the values of the fields, in their order.

        Raises:
            ValueError: a value is not of its field's type, or the key would be another's, or empty.
        """
        parts = [self.prefix]
        last = self.fields[-1]
        for field, value in zip(self.fields, values, strict=True):
            text = _written(field, value)
            is_middle_text = field.type is KeyType.STRING and field is not last
            if is_middle_text and (text + field.after).find(field.after) != len(text):
                raise ValueError(
                    f"{field.name} is {text!r}, in which the {field.after!r} that follows it in the "
                    f"key {self} begins too early; write a value without it"
                )
            parts += text, field.after
        key = "".join(parts)
        if not key:
            raise ValueError(f"{last.name} is empty, and a key must not be")
        return key

    def read(self, key: str) -> tuple[Value, ...]:
        """Read a key: what `write` wrote, and no other.

        Raises:
            ValueError: the text is no such key.
        """
        values: list[Value] = []
        start = len(self.prefix) if key.startswith(self.prefix) else -1
        for field in self.fields:
            end = _end_of(field, key, start, is_last=field is self.fields[-1])
            value = _read(field.type, key[start:end]) if 0 <= start <= end else None
            if value is None or not key.startswith(field.after, end):
                raise ValueError(f"{key!r} is no key of the form {str(self)!r}")
            values.append(value)
            start = end + len(field.after)
        return tuple(values)


class HasKey(Protocol):
    """What has a key: the context of an object's or a workflow's handler."""

    @property
    def key(self) -> str:
        """The key."""
        ...


class KeyFormat(Generic[K]):
    """The keys of an object, or the ids of a workflow, as a message: `QueueBase.KEY`.

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
        """The key of the invocation that a context belongs to, as a message."""
        return self.parse(ctx.key)

    def format(self, key: K) -> str:
        """The text of a key: what `Target`, the admin API and the UI know it by.

        Args:
            key: the message.

        Raises:
            TypeError: the key is no such message.
            ValueError: a field has a value that no key can have: a number out of range, or a string
                that contains the text which follows it.
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
        """The message that a key was made of.

        Raises:
            ValueError: the text is no key of this format.
        """
        names = (field.name for field in self._text.fields)
        values: dict[str, Any] = dict(zip(names, self._text.read(text), strict=True))
        return self._codec.from_json(json.dumps(values).encode())

    def check(self, key: str) -> None:
        """Refuse what is no key of this format; see `parse`."""
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
        """Refuse another key.

        Raises:
            ValueError: it is another one.
        """
        if key != self.value:
            raise ValueError(f"{key!r} is not {self.value!r}, the only key that there is")


def _written(field: KeyField, value: object) -> str:
    bounds = field.type.bounds
    if bounds is not None:
        lowest, highest = bounds
        if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
            return str(int(value))  # of an enum, the number
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
    """Where the text of a field ends that begins at `start`; less than that where it does not."""
    if is_last:
        return len(key) - len(field.after)
    if field.type is KeyType.STRING:
        return key.find(field.after, start)
    if field.type is KeyType.BOOL:
        return start + len("true" if key.startswith("true", start) else "false")
    found = _INTEGER.match(key, start) if start >= 0 else None
    return found.end() if found else -1


def _read(type_: KeyType, text: str) -> Value | None:
    """The value that a text stands for; None where it is not written so."""
    bounds = type_.bounds
    if bounds is None:
        return text if type_ is KeyType.STRING else _BOOLS.get(text)
    # Longer than any, and Python refuses to read thousands of digits.
    if len(text) > 20 or not _CANONICAL.fullmatch(text):
        return None
    lowest, highest = bounds
    return number if lowest <= (number := int(text)) <= highest else None


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
