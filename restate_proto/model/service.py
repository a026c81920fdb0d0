"""Descriptors of services and handlers, and the base classes of generated services."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass, field
from functools import cached_property
from types import NoneType
from typing import Any, ClassVar, Generic, TypeVar

from restate_proto.model.codec import Codec
from restate_proto.model.config import Config
from restate_proto.model.error_types import DetailedError
from restate_proto.model.key_format import FixedKey, KeyFormat
from restate_proto.model.keys import PromiseKey, SignalKey, StateKey
from restate_proto.model.kinds import Encoding, HandlerKind, ServiceKind
from restate_proto.model.target import Target

__all__ = ["HandlerDescriptor", "Service", "ServiceDescriptor", "VirtualObject", "Workflow"]

_SERVICE = ServiceKind.SERVICE

Q = TypeVar("Q")
R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class HandlerDescriptor(Generic[Q, R]):
    """One handler of a service, as the contract declares it.

    Args:
        service: the Restate name of the service, such as `shop.v1.Cart`.
        name: the Restate name of the handler, such as `AddTicket`.
        method: the name of the Python method that implements it.
        service_kind: the kind of the service.
        kind: how the handler runs; None for the handlers of a plain service.
        request: the codec of its request message; it reads None for `google.protobuf.Empty`, and
            bytes for a raw request.
        response: the codec of its response message, likewise.
        encoding: the encoding that clients of the contract write, and that state and results are
            stored in.
        config: the handler's own configuration.
        documentation: the proto comment.
        key_field: the request's attribute that holds the object key or workflow id, if any.
        explicit_cancellation: whether the handler checks for itself if it is cancelled, instead of
            failing where it waits.
        errors: the errors that it may fail with, in addition to those of its service.
    """

    service: str
    name: str
    method: str
    service_kind: ServiceKind
    kind: HandlerKind | None
    request: Codec[Q]
    response: Codec[R]
    encoding: Encoding = Encoding.PROTOBUF
    config: Config = field(default_factory=Config)
    documentation: str | None = None
    key_field: str | None = None
    explicit_cancellation: bool = False
    errors: tuple[type[DetailedError[Any]], ...] = ()

    @property
    def takes_request(self) -> bool:
        """Whether there is a request at all: `google.protobuf.Empty` means that there is none."""
        return self.request.type is not NoneType

    @cached_property
    def _address(self) -> Target:
        """The address of a plain service's handler without a scope: one object for all calls."""
        return Target(self.service, self.name)

    def target(self, request: Q, key: str | None, scope: str | None) -> Target:
        """Return the address of a call to this handler.

        Args:
            request: the request; its key field, if it has one, is used if the client has no key.
            key: the client's key.
            scope: the client's scope.

        Raises:
            ValueError: there is no key, or the client's differs from the request's.
        """
        if self.service_kind is _SERVICE:
            return self._address if scope is None else Target(self.service, self.name, None, scope)
        found = key
        if self.key_field is not None:
            # The default is for betterproto: it has no attribute for the unset fields of a oneof.
            found = getattr(request, self.key_field, None) or key
            if key is not None and found != key:
                raise ValueError(
                    f"{self.service}/{self.name}: the client is for the key {key!r}, but the "
                    f"request's field {self.key_field!r} says {found!r}"
                )
        if not found:
            where = f" or set the request's field {self.key_field!r}" if self.key_field else ""
            raise ValueError(
                f"{self.service}/{self.name} needs a key, which must not be empty: pass it to the "
                f"client{where}"
            )
        return Target(self.service, self.name, found, scope)


@dataclass(frozen=True, eq=False)
class ServiceDescriptor:
    """One service, as the contract declares it.

    Args:
        name: the Restate name of the service.
        kind: the kind of the service.
        handlers: its handlers in the order of the contract.
        encoding: as in `HandlerDescriptor`.
        config: the service's configuration; a handler's own wins over it.
        documentation: the proto comment.
        state: the declared state keys.
        promises: the declared promises of a workflow.
        signals: the declared signals.
        errors: the errors that all its handlers may fail with.
        key: the format of its key or id; None for any string.
    """

    name: str
    kind: ServiceKind
    handlers: tuple[HandlerDescriptor[Any, Any], ...]
    encoding: Encoding = Encoding.PROTOBUF
    config: Config = field(default_factory=Config)
    documentation: str | None = None
    state: tuple[StateKey[Any], ...] = ()
    promises: tuple[PromiseKey[Any], ...] = ()
    signals: tuple[SignalKey[Any], ...] = ()
    errors: tuple[type[DetailedError[Any]], ...] = ()
    key: KeyFormat[Any] | FixedKey | None = None


class ServiceBase(ABC):
    """Common base of the generated base classes; subclass one of those instead."""

    __restate_service__: ClassVar[ServiceDescriptor]


class Service(ServiceBase):
    """Base of the generated base classes of plain services."""


class VirtualObject(ServiceBase):
    """Base of the generated base classes of virtual objects."""


class Workflow(ServiceBase):
    """Base of the generated base classes of workflows."""
