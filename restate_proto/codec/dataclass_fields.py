"""Copy betterproto's and betterproto2's dataclasses to google.protobuf messages and back.

Both libraries describe the fields of a message class in the same way; `Flavour` covers what differs
between them.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Protocol

from google.protobuf.unknown_fields import UnknownFieldSet

from restate_proto.codec import field_values as values
from restate_proto.protobuf import is_repeated, is_required, map_entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.descriptor import Descriptor

__all__ = ["FieldCopier", "Flavour"]


class Flavour(Protocol):
    """What differs between the two libraries."""

    @property
    def unset(self) -> object:
        """The value of a field that was never set, for fields where that is not None."""
        ...

    def is_set(self, message: Any) -> bool:
        """Tell whether a message in a field that is never None counts as set."""
        ...

    def enum(self, class_: Any, number: int) -> object:
        """Return the member of an enum for a number, which the enum may not know."""
        ...

    def maker(self, class_: Any) -> Callable[[dict[str, Any], bytes], Any]:
        """Return a function that makes messages from attributes and unknown fields."""
        ...


class FieldCopier:
    """Copies messages of one class.

    Args:
        flavour: the class's library.
        class_: the class.
        descriptor: its descriptor.
        known: the copiers of the classes through whose fields this one was reached.

    Raises:
        ValueError: the class has a field that the descriptor does not have.
    """

    # The classes are only known at run time, hence all the Any.
    def __init__(
        self,
        flavour: Flavour,
        class_: Any,
        descriptor: Descriptor,
        known: dict[type, FieldCopier] | None = None,
    ) -> None:
        self._flavour = flavour
        self._unset = flavour.unset
        self._make = flavour.maker(class_)
        self._class = class_
        self._known = {} if known is None else known
        self._known[class_] = self  # before the fields, one of which may have this class
        self._puts: list[tuple[str, values.Put]] = []
        self._takes: dict[int, tuple[str, values.Take | None]] = {}
        fields: Any = descriptor.fields_by_number
        for own in dataclasses.fields(class_):
            meta = own.metadata["betterproto"]
            if meta.number not in fields:
                raise ValueError(
                    f"{class_.__name__} has a field {own.name} = {meta.number}, and "
                    f"{descriptor.full_name} does not"
                )
            put, take = self._field(
                fields[meta.number], own.name, bool(meta.group or meta.optional)
            )
            self._puts.append((own.name, put))
            self._takes[meta.number] = (own.name, take)

    def write(self, message: Any, twin: Any) -> None:
        """Copy the set fields of a message to an empty twin; may raise any exception."""
        if type(message) is not self._class:
            raise TypeError(f"expected {self._class.__name__}, got {type(message).__name__}")
        attributes = object.__getattribute__(message, "__dict__")
        unset = self._unset
        attribute = ""
        try:
            for attribute, put in self._puts:
                value = attributes[attribute]
                if value is not None and value is not unset:
                    put(value, twin)
        except RecursionError:
            raise
        except Exception as error:
            raise ValueError(f"{attribute}: {error}") from error
        unknown = attributes["_unknown_fields"]
        if unknown:
            twin.MergeFromString(unknown)

    def read(self, twin: Any) -> Any:
        """Make a message with the set fields of a twin; may raise any exception."""
        attributes: dict[str, Any] = {}
        is_all = not len(UnknownFieldSet(twin))
        for field, value in twin.ListFields():
            known = self._takes.get(field.number)
            if known is None:  # an extension, or new in the descriptor
                is_all = False
                continue
            attribute, take = known
            attributes[attribute] = value if take is None else take(value)
        return self._make(attributes, b"" if is_all else self._unknown_to_class(twin))

    def is_set(self, message: Any) -> bool:
        """Tell whether a message in a field that is never None counts as set."""
        # A value of another class is refused when it is written.
        return type(message) is not self._class or self._flavour.is_set(message)

    def _unknown_to_class(self, twin: Any) -> bytes:
        """Return the fields of a twin that the class does not have."""
        rest = type(twin)()
        rest.CopyFrom(twin)
        for field, _ in twin.ListFields():
            if field.number in self._takes:
                rest.ClearField(field.name)
        return rest.SerializePartialToString(deterministic=True)

    def _field(
        self, field: Any, attribute: str, has_presence: bool
    ) -> tuple[values.Put, values.Take | None]:
        """Return how a field is written and read.

        Args:
            field: the field's descriptor.
            attribute: the field's name in the class.
            has_presence: whether the class distinguishes the default from an unset field.
        """
        name = field.name
        entry: Any = map_entry(field)
        if entry is not None:
            value, class_ = entry.fields_by_name["value"], self._class_of(f"{attribute}.value")
            if value.message_type is None:
                return values.put_map(name), values.take_map(self._scalar(value, class_))
            found = self._message(value.message_type, class_)
            return values.put_message_map(name, found.write), values.take_map(found.read)
        class_ = self._class_of(attribute)
        if field.message_type is None:
            read = self._scalar(field, class_)
            if is_repeated(field):
                return values.put_list(name), values.take_list(read)
            # These libraries do not distinguish an unset field of proto2 from one with the default.
            is_optional = field.has_presence and not has_presence and not is_required(field)
            return (values.put_optional if is_optional else values.put_value)(name), read
        found = self._message(field.message_type, class_)
        if is_repeated(field):
            return values.put_messages(name, found.write), values.take_list(found.read)
        is_set = values.always if has_presence else found.is_set
        return values.put_message(name, found.write, is_set), found.read

    def _class_of(self, attribute: str) -> Any:
        return self._class._betterproto.cls_by_field[attribute]  # noqa: SLF001 - nothing else has it

    def _scalar(self, field: Any, class_: Any) -> values.Read | None:
        if field.enum_type is None:
            return None
        enum = self._flavour.enum
        return lambda number: enum(class_, number)

    def _message(self, descriptor: Any, class_: Any) -> values.Values:
        if not hasattr(class_, "_betterproto"):
            return values.NATIVE[descriptor.full_name]
        copier = self._known.get(class_) or FieldCopier(
            self._flavour, class_, descriptor, self._known
        )
        return values.Values(copier.write, copier.read, copier.is_set)
