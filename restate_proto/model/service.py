"""What a service is: its descriptor, its handlers' descriptors, and the bases of handlers."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass, field
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

Q = TypeVar("Q")
R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class HandlerDescriptor(Generic[Q, R]):
    """One handler of a service, as the contract has it.

    Args:
        service: the Restate name of the service, such as `shop.v1.Cart`.
        name: the Restate name of the handler, such as `AddTicket`.
        method: the name of the Python method that implements it.
        service_kind: what the service is.
        kind: how the handler runs; None for the handlers of a plain service.
        request: the codec of its request message; of None where that is `google.protobuf.Empty`,
            of bytes where it is raw.
        response: the codec of its response message, likewise.
        encoding: what a client of the contract writes, and what state and results are kept in.
        config: the handler's own configuration.
        documentation: the proto comment.
        key_field: the request's attribute that holds the object key or workflow id, if any.
        explicit_cancellation: whether the handler asks if it is cancelled, instead of failing where
            it waits.
        errors: what it may fail with, beside the errors of its service.
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
        """Whether there is a request at all: that of `google.protobuf.Empty` is None."""
        return self.request.type is not NoneType

    def target(self, request: Q, key: str | None, scope: str | None) -> Target:
        """Where a call of this handler goes.

        Args:
            request: the request; its key field, if it has one, counts where the client has no key.
            key: the client's key.
            scope: the client's scope.

        Raises:
            ValueError: there is no key, or the client's and the request's are different.
        """
        if self.service_kind is ServiceKind.SERVICE:
            return Target(self.service, self.name, None, scope)
        found = key
        if self.key_field is not None:
            # Without a value: betterproto has no attribute for what a oneof is not.
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
    """One service, as the contract has it.

    Args:
        name: the Restate name of the service.
        kind: what the service is.
        handlers: its handlers in the order of the contract.
        encoding: as in `HandlerDescriptor`.
        config: the service's configuration; a handler's own wins over it.
        documentation: the proto comment.
        state: the declared state keys.
        promises: the declared promises of a workflow.
        signals: the declared signals.
        errors: what all its handlers may fail with.
        key: what its key or id is; None for any string.
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
    """What generated bases have in common; subclass one of those."""

    __restate_service__: ClassVar[ServiceDescriptor]


class Service(ServiceBase):
    """Base of the generated bases of plain services."""


class VirtualObject(ServiceBase):
    """Base of the generated bases of virtual objects."""


class Workflow(ServiceBase):
    """Base of the generated bases of workflows."""
