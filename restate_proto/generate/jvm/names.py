"""Names on the JVM: of the generated classes, methods and constants, and of what the SDK has."""

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
    "awakeables_by_message",
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
"""What no Java name may be."""

KEY = "KEY"
"""The base's constant for a typed key."""

NESTED_CLASSES = frozenset({"ContextClient", "IngressClient", "Metadata", "Send"})
"""The classes inside of generated ones, which hide others of their names."""

# Methods that every class has, so that a method without parameters cannot be called so.
_OBJECT_METHODS = frozenset(
    """
    clone equals finalize getClass hashCode notify notifyAll toString wait
    """.split()  # noqa: SIM905 - a table of words reads better
)

INHERITED_METHODS = _OBJECT_METHODS | {"create", "supports"}
"""Methods that the base has beside those of its handlers."""

# Methods that the clients have beside those of the handlers.
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
        base: what users extend.
        client: its clients.
        handlers: what makes requests.
    """

    base: str
    client: str
    handlers: str

    @classmethod
    def of(cls, service: ServiceModel) -> ServiceNames:
        """Returns those of a service."""
        return cls(f"{service.proto}Base", f"{service.proto}Client", f"{service.proto}Handlers")

    def __iter__(self) -> Iterator[str]:
        yield self.base
        yield self.client
        yield self.handlers


def method_name(
    service: ServiceModel, handler: HandlerModel, reserved: Collection[str] = ()
) -> str:
    """Returns the name of a handler's methods; one that is taken gets a trailing `_`.

    Args:
        service: where the handler is.
        handler: the handler.
        reserved: what it cannot be called in the language, beside what generated code is.
    """
    clients = _WORKFLOW_CLIENT if service.kind is ServiceKind.WORKFLOW else _CLIENT
    taken = {*reserved, *clients, *(_OBJECT_METHODS if handler.request.is_empty else ())}
    return free_name(lower_camel_case(handler.rpc), taken)


def handler_constants(service: ServiceModel) -> dict[str, str]:
    """Returns the name of the constant that stands for each handler, by its rpc: `ADD_TICKET`."""
    names = {handler.rpc: snake_case(handler.rpc).upper() for handler in service.handlers}
    return {rpc: free_name(name, {"_"}) for rpc, name in names.items()}  # a keyword of Java's


def declared_keys(service: ServiceModel) -> tuple[DeclaredKey, ...]:
    """Returns what the base has a constant for, with the SDK's class for it."""
    classes = {"state": "StateKey", "promise": "DurablePromiseKey"}
    return names.declared_keys(service, classes)


def exception_name(error: ErrorModel) -> str:
    """Returns the name of the class of an error: `SoldOutException`."""
    return f"{''.join(error.type.names).removesuffix('Exception')}Exception"


def constants(service: ServiceModel) -> Iterator[str]:
    """Yields the constants of a service's classes.

    Where a constant and a class have one name, an expression means the constant by it.
    """
    yield from ("SERVICE_NAME", "SERDE_FACTORY", "SERVICE")
    yield from handler_constants(service).values()
    yield from (key.constant for key in declared_keys(service))
    if isinstance(service.key, TypedKey):
        yield KEY


def awakeables_by_message(file: FileModel) -> dict[MessageType, list[AwakeableField]]:
    """Returns the fields of a file that hold ids of awakeables, by their messages."""
    found: dict[MessageType, list[AwakeableField]] = {}
    for field in file.awakeables:
        found.setdefault(field.message, []).append(field)
    return found


def awakeables_class(message: MessageType, messages: JavaMessages, file: FileModel) -> JvmClass:
    """Returns the class with the constants for a message's awakeables: `AcquireRequestAwakeables`."""
    return JvmClass(messages.package(file.path), (f"{''.join(message.names)}Awakeables",))


def awakeable_constant(field: AwakeableField) -> str:
    """Returns the constant for a field that holds the id of an awakeable."""
    return free_name(snake_case(field.field).upper(), {"_"})


def lower_camel_case(name: str) -> str:
    """Turns the proto name of a method into a JVM one: `Get_HTTPStatus` to `getHttpStatus`."""
    words = snake_case(name)
    return words[:1] + re.sub("_+(.?)", lambda match: match[1].upper(), words[1:])


def free_name(name: str, taken: Collection[str]) -> str:
    """Returns the name with as many trailing `_` as it takes for it not to be one of `taken`."""
    while name in taken:
        name += "_"
    return name


def handler_type(kind: HandlerKind | None) -> str:
    """Returns the constant of `HandlerType`."""
    return (kind or HandlerKind.SHARED).name  # what the SDK's own generator says of services
