"""Make the names of generated classes, methods and constants for Java and Kotlin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.contract.schema import TypedKey
from restate_proto.generate import names
from restate_proto.generate.jvm.messages import JvmClass
from restate_proto.generate.names import snake_case
from restate_proto.model.kinds import HandlerKind, ServiceKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from restate_proto.contract.schema import (
        AwakeableField,
        ErrorModel,
        FileModel,
        HandlerModel,
        MessageType,
        ServiceModel,
    )
    from restate_proto.generate.jvm.messages import JavaMessages
    from restate_proto.generate.names import DeclaredKey

__all__ = [
    "CONTEXTS",
    "INHERITED_METHODS",
    "JAVA_KEYWORDS",
    "KEY",
    "NESTED_CLASSES",
    "ServiceNames",
    "awakeable_constant",
    "awakeables_class",
    "constants",
    "declared_keys",
    "exception_name",
    "free_name",
    "handler_constants",
    "handler_type",
    "lower_camel_case",
    "method_name",
]

JAVA_KEYWORDS = frozenset(
    """
    _ abstract assert boolean break byte case catch char class const continue default do double else
    enum extends false final finally float for goto if implements import instanceof int interface
    long native new null package private protected public return short static strictfp super switch
    synchronized this throw throws transient true try void volatile while
    """.split()  # noqa: SIM905 - a table of words reads better
)
"""The words that Java reserves, so that they cannot be names."""

KEY = "KEY"
"""The constant of the base class for a typed key."""

NESTED_CLASSES = frozenset({"ContextClient", "IngressClient", "Metadata", "Send"})
"""The classes inside of generated ones, which hide others of their names."""

# Every class has these methods, so that a method without parameters cannot have their names.
_OBJECT_METHODS = frozenset(
    """
    clone equals finalize getClass hashCode notify notifyAll toString wait
    """.split()  # noqa: SIM905 - a table of words reads better
)

INHERITED_METHODS = _OBJECT_METHODS | {"create", "supports"}
"""The methods of the base class that do not belong to a handler."""

# The methods of clients that do not belong to a handler.
_CLIENT = frozenset({"send"})
_WORKFLOW_CLIENT = _CLIENT | {"submit", "workflowHandle"}


CONTEXTS: dict[tuple[ServiceKind, HandlerKind | None], str] = {
    (ServiceKind.SERVICE, None): "Context",
    (ServiceKind.VIRTUAL_OBJECT, HandlerKind.EXCLUSIVE): "ObjectContext",
    (ServiceKind.VIRTUAL_OBJECT, HandlerKind.SHARED): "SharedObjectContext",
    (ServiceKind.WORKFLOW, HandlerKind.WORKFLOW): "WorkflowContext",
    (ServiceKind.WORKFLOW, HandlerKind.SHARED): "SharedWorkflowContext",
}
"""The class of the context that a handler gets."""


@dataclass(frozen=True, slots=True)
class ServiceNames:
    """The names of the classes that are generated for one service.

    Args:
        base: the class that users extend.
        client: the class with its clients.
        handlers: the class with the constants of its handlers, which make requests.
    """

    base: str
    client: str
    handlers: str

    @classmethod
    def of(cls, service: ServiceModel) -> ServiceNames:
        """Return the names for a service."""
        return cls(f"{service.proto}Base", f"{service.proto}Client", f"{service.proto}Handlers")

    def __iter__(self) -> Iterator[str]:
        yield self.base
        yield self.client
        yield self.handlers


def method_name(
    service: ServiceModel, handler: HandlerModel, reserved: Collection[str] = ()
) -> str:
    """Return the name of a handler's methods; a name that is taken gets a trailing `_`.

    Args:
        service: the service of the handler.
        handler: the handler.
        reserved: the names that the language reserves, in addition to those of generated code.
    """
    clients = _WORKFLOW_CLIENT if service.kind is ServiceKind.WORKFLOW else _CLIENT
    taken = {*reserved, *clients, *(_OBJECT_METHODS if handler.request.is_empty else ())}
    return free_name(lower_camel_case(handler.rpc), taken)


def handler_constants(service: ServiceModel) -> dict[str, str]:
    """Return the constant of each handler, such as `ADD_TICKET`, by the name of its rpc."""
    names = {handler.rpc: snake_case(handler.rpc).upper() for handler in service.handlers}
    return {rpc: free_name(name, {"_"}) for rpc, name in names.items()}  # `_` is a keyword


def declared_keys(service: ServiceModel) -> tuple[DeclaredKey, ...]:
    """Return what the base class has constants for, each with its SDK class."""
    classes = {"state": "StateKey", "promise": "DurablePromiseKey"}
    return names.declared_keys(service, classes)


def exception_name(error: ErrorModel) -> str:
    """Return the name of the class of an error: `SoldOutException`."""
    return f"{''.join(error.type.names).removesuffix('Exception')}Exception"


def constants(service: ServiceModel) -> Iterator[str]:
    """Yield the constants of a service's classes.

    If a constant and a class have the same name, that name means the constant in expressions.
    """
    yield from ("SERVICE_NAME", "SERDE_FACTORY", "SERVICE")
    yield from handler_constants(service).values()
    yield from (key.constant for key in declared_keys(service))
    if isinstance(service.key, TypedKey):
        yield KEY


def awakeables_class(message: MessageType, messages: JavaMessages, file: FileModel) -> JvmClass:
    """Return the class of the constants for awakeables: `AcquireRequestAwakeables`."""
    return JvmClass(messages.package(file.path), (f"{''.join(message.names)}Awakeables",))


def awakeable_constant(field: AwakeableField) -> str:
    """Return the constant for a field that holds the id of an awakeable."""
    return free_name(snake_case(field.field).upper(), {"_"})


def lower_camel_case(name: str) -> str:
    """Turn the proto name of a method into a JVM one: `Get_HTTPStatus` to `getHttpStatus`."""
    words = snake_case(name)
    return words[:1] + re.sub("_+(.?)", lambda match: match[1].upper(), words[1:])


def free_name(name: str, taken: Collection[str]) -> str:
    """Return the name with as many trailing `_` as it needs to differ from all in `taken`."""
    while name in taken:
        name += "_"
    return name


def handler_type(kind: HandlerKind | None) -> str:
    """Return the constant of `HandlerType`."""
    return (kind or HandlerKind.SHARED).name  # as the SDK's own generator has it for services
