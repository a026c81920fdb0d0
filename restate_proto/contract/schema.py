"""The model of a contract: checked, with defaults applied, and independent of target languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.model.kinds import ServiceKind
from restate_proto.protobuf import names_in_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.protobuf.descriptor import Descriptor

    from restate_proto.contract.problems import Location
    from restate_proto.model.config import Config
    from restate_proto.model.key_format import KeyText
    from restate_proto.model.kinds import Encoding, HandlerKind

__all__ = [
    "KIND_WORDS",
    "AwakeableField",
    "Declaration",
    "ErrorModel",
    "FileModel",
    "FixedKey",
    "HandlerModel",
    "MessageType",
    "ServiceModel",
    "TypedKey",
]

KIND_WORDS = {
    ServiceKind.SERVICE: "service",
    ServiceKind.VIRTUAL_OBJECT: "object",
    ServiceKind.WORKFLOW: "workflow",
}
"""What the kinds of services are called in options and error texts."""


@dataclass(frozen=True, order=True, slots=True)
class MessageType:
    """A message type.

    file: the path of the .proto file that defines it.
    names: its names inside that file: `("Outer", "Inner")`.
    full_name: its full proto name: `shop.v1.Outer.Inner`.
    """

    file: str
    names: tuple[str, ...]
    full_name: str

    @classmethod
    def of(cls, descriptor: Descriptor) -> MessageType:
        """Return the type that a descriptor describes."""
        return cls(descriptor.file.name, names_in_file(descriptor), descriptor.full_name)

    @property
    def is_empty(self) -> bool:
        """Whether it is `google.protobuf.Empty`."""
        return self.full_name == "google.protobuf.Empty"


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declared piece of state, promise or signal.

    Args:
        name: its Restate name, such as `email-confirmed`.
        type: the message that is its value.
        location: the place of the declaration.
    """

    name: str
    type: MessageType
    location: Location


@dataclass(frozen=True, slots=True)
class ErrorModel:
    """An error that a contract declares.

    Args:
        type: the message that carries its details.
        code: its HTTP status code.
        comment: the proto comment of the message.
        location: the place of the declaration.
    """

    type: MessageType
    code: int
    comment: str | None
    location: Location


@dataclass(frozen=True, slots=True)
class AwakeableField:
    """A message field that holds the id of an awakeable.

    Args:
        message: the message that has the field.
        field: its proto name.
        type: the message that resolves the awakeable.
        location: the place of the option.
    """

    message: MessageType
    field: str
    type: MessageType
    location: Location


@dataclass(frozen=True, slots=True)
class FixedKey:
    """The only key that an object has.

    Args:
        value: the key.
        location: the place of the option.
    """

    value: str
    location: Location


@dataclass(frozen=True, slots=True)
class TypedKey:
    """A typed key of an object or id of a workflow: a message whose fields make it up.

    Args:
        type: the message.
        text: the format.
        numbers: the numbers of the fields, in the order of the format.
        location: the place of the option.
    """

    type: MessageType
    text: KeyText
    numbers: tuple[int, ...]
    location: Location


@dataclass(frozen=True, slots=True)
class HandlerModel:
    """One handler of a service.

    Args:
        rpc: the proto name of the method.
        name: the Restate name.
        kind: how it runs; None in a plain service.
        request: the message that it takes.
        response: the message that it returns.
        raw_request: the content type of a request of raw bytes; None if it is a message.
        raw_response: the content type of a response of raw bytes; None if it is a message.
        config: its own configuration.
        comment: the proto comment.
        deprecated: whether the contract says `option deprecated = true`.
        key_field: the proto name of the request's key field; None in a plain service.
        errors: the errors that it may fail with, in addition to those of its service.
        explicit_cancellation: whether the contract says `CANCELLATION_EXPLICIT`.
        location: the place of the method.
    """

    rpc: str
    name: str
    kind: HandlerKind | None
    request: MessageType
    response: MessageType
    raw_request: str | None
    raw_response: str | None
    config: Config
    comment: str | None
    deprecated: bool
    key_field: str | None
    errors: tuple[ErrorModel, ...]
    explicit_cancellation: bool
    location: Location


@dataclass(frozen=True, slots=True)
class ServiceModel:
    """One Restate service.

    Args:
        proto: its name in the contract: `Cart`.
        full_name: the name with the package: `shop.v1.Cart`.
        name: the Restate name.
        kind: its kind.
        encoding: how its payloads are encoded.
        config: the configuration of all its handlers.
        comment: the proto comment.
        deprecated: whether it or its file says `option deprecated = true`.
        handlers: the handlers, in the order of the contract.
        state: the declared state keys.
        promises: the declared promises.
        signals: the declared signals.
        errors: the errors that all its handlers may fail with.
        key: the format of its key or id; None for any string.
        location: the place of the service.
    """

    proto: str
    full_name: str
    name: str
    kind: ServiceKind
    encoding: Encoding
    config: Config
    comment: str | None
    deprecated: bool
    handlers: tuple[HandlerModel, ...]
    state: tuple[Declaration, ...]
    promises: tuple[Declaration, ...]
    signals: tuple[Declaration, ...]
    errors: tuple[ErrorModel, ...]
    key: FixedKey | TypedKey | None
    location: Location

    @property
    def title(self) -> str:
        """Its name in messages: `object shop.v1.Cart`."""
        return f"{KIND_WORDS[self.kind]} {self.full_name}"

    @property
    def is_keyed(self) -> bool:
        """Whether it is called with an object key or a workflow id."""
        return self.kind is not ServiceKind.SERVICE

    @property
    def has_key_field(self) -> bool:
        """Whether a request carries the key, so that a client can be made without one."""
        return any(handler.key_field is not None for handler in self.handlers)

    def errors_of(self, handler: HandlerModel) -> tuple[ErrorModel, ...]:
        """Return the errors that a handler may fail with, each type once."""
        return _each_type_once((*self.errors, *handler.errors))

    def messages(self) -> Iterator[MessageType]:
        """Yield the types of all messages that it refers to; a type may come more than once."""
        for handler in self.handlers:
            if handler.raw_request is None:
                yield handler.request
            if handler.raw_response is None:
                yield handler.response
            for error in handler.errors:
                yield error.type
        for declaration in (*self.state, *self.promises, *self.signals, *self.errors):
            yield declaration.type
        if isinstance(self.key, TypedKey):
            yield self.key.type


@dataclass(frozen=True, slots=True)
class FileModel:
    """A .proto file that has Restate services, or fields that hold ids of awakeables.

    Args:
        path: its proto path: `shop/v1/cart.proto`.
        services: its Restate services.
        awakeables: its fields that hold ids of awakeables.
    """

    path: str
    services: tuple[ServiceModel, ...]
    awakeables: tuple[AwakeableField, ...] = ()

    @property
    def location(self) -> Location:
        """The place of the first service or field."""
        return [*self.services, *self.awakeables][0].location

    def messages(self) -> Iterator[MessageType]:
        """Yield the types of all messages that it refers to; a type may come more than once."""
        for service in self.services:
            yield from service.messages()
        for found in self.awakeables:
            yield from (found.message, found.type)

    @property
    def errors(self) -> tuple[ErrorModel, ...]:
        """The errors that its handlers may fail with, each type once."""
        return _each_type_once(
            error
            for service in self.services
            for errors in (service.errors, *(handler.errors for handler in service.handlers))
            for error in errors
        )


def _each_type_once(errors: Iterable[ErrorModel]) -> tuple[ErrorModel, ...]:
    found: dict[str, ErrorModel] = {}
    for error in errors:
        found.setdefault(error.type.full_name, error)
    return tuple(found.values())
