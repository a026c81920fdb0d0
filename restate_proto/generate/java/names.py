"""The names of the Java classes and methods that are generated for a service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.generate.java.source import BYTES
from restate_proto.generate.jvm.checks import check_files
from restate_proto.generate.jvm.messages import JvmClass
from restate_proto.generate.jvm.names import (
    JAVA_KEYWORDS,
    NESTED_CLASSES,
    ServiceNames,
    awakeables_by_message,
    awakeables_class,
    exception_name,
    free_name,
    handler_constants,
    method_name,
)
from restate_proto.model.kinds import ServiceKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.contract.problems import Problems
    from restate_proto.contract.schema import (
        AwakeableField,
        ErrorModel,
        FileModel,
        HandlerModel,
        MessageType,
        ServiceModel,
    )
    from restate_proto.generate.jvm.messages import JavaMessages

__all__ = ["JavaFile", "JavaHandler", "JavaService", "java_files"]

# What the client of a workflow has beside what Kotlin's has.
_ASYNC = frozenset({"submitAsync"})


@dataclass(frozen=True, slots=True)
class JavaHandler:
    """A handler and its Java names.

    Args:
        model: the handler.
        method: the name of its methods.
        async_method: the name of those that return a `CompletableFuture`.
        constant: the name of the constant that stands for it: `ADD_TICKET`.
        request: the class of its request; Void for google.protobuf.Empty, `BYTES` where it is raw.
        response: the class of its response, likewise.
        key_getter: the method of the request that returns the key; None where it has none.
    """

    model: HandlerModel
    method: str
    async_method: str
    constant: str
    request: JvmClass | str
    response: JvmClass | str
    key_getter: str | None


@dataclass(frozen=True, slots=True)
class JavaService:
    """A service and its Java names.

    Args:
        model: the service.
        base: the class that users extend.
        client: the class of its clients.
        constants: the class with the constants of its handlers.
        handlers: in the order of the contract.
    """

    model: ServiceModel
    base: JvmClass
    client: JvmClass
    constants: JvmClass
    handlers: tuple[JavaHandler, ...]

    @property
    def classes(self) -> tuple[JvmClass, ...]:
        """The classes that are the service's alone."""
        return self.base, self.client, self.constants


@dataclass(frozen=True, slots=True)
class JavaAwakeables:
    """A message with fields that hold ids of awakeables.

    Args:
        message: its class.
        fields: the fields.
        constants: the class with the constants for them.
    """

    message: JvmClass
    fields: tuple[AwakeableField, ...]
    constants: JvmClass


@dataclass(frozen=True, slots=True)
class JavaFile:
    """A file of a contract and its Java names.

    Args:
        model: the file.
        file_class: protobuf-java's class for the file.
        services: in the order of the contract.
        awakeables: the classes with constants for fields that hold ids of awakeables.
        errors: the errors of its services with their classes.
    """

    model: FileModel
    file_class: JvmClass
    services: tuple[JavaService, ...]
    awakeables: tuple[JavaAwakeables, ...]
    errors: tuple[tuple[ErrorModel, JvmClass], ...]

    @property
    def package(self) -> str:
        """The Java package of all its classes."""
        return self.file_class.package

    @property
    def classes(self) -> tuple[JvmClass, ...]:
        """The classes that are made of its services and their errors."""
        of_services = (found for service in self.services for found in service.classes)
        return (*of_services, *(found for _, found in self.errors))


def java_files(
    files: Iterable[FileModel], messages: JavaMessages, problems: Problems
) -> tuple[JavaFile, ...]:
    """Chooses the Java names of all files of a request.

    Args:
        files: the files with Restate services.
        messages: the protobuf-java classes of the request.
        problems: takes what cannot be said in Java.
    """
    files = tuple(files)
    check_files(
        files,
        messages,
        problems,
        language="Java",
        nested_classes=NESTED_CLASSES,
        method_name=_method_name,
    )
    return tuple(_file(file, messages) for file in files)


def _file(file: FileModel, messages: JavaMessages) -> JavaFile:
    file_class = messages.file_class(file.path)
    services = tuple(_service(service, file_class, messages) for service in file.services)
    awakeables = tuple(
        JavaAwakeables(
            messages.message(message), tuple(fields), awakeables_class(message, messages, file)
        )
        for message, fields in awakeables_by_message(file).items()
    )
    package = file_class.package
    errors = tuple((error, JvmClass(package, (exception_name(error),))) for error in file.errors)
    return JavaFile(file, file_class, services, awakeables, errors)


def _service(service: ServiceModel, file_class: JvmClass, messages: JavaMessages) -> JavaService:
    names = ServiceNames.of(service)
    constants = handler_constants(service)
    methods = {handler.rpc: _method_name(service, handler) for handler in service.handlers}
    taken = set(methods.values())
    return JavaService(
        model=service,
        base=JvmClass(file_class.package, (names.base,)),
        client=JvmClass(file_class.package, (names.client,)),
        constants=JvmClass(file_class.package, (names.handlers,)),
        handlers=tuple(
            JavaHandler(
                model=handler,
                method=methods[handler.rpc],
                async_method=free_name(f"{methods[handler.rpc]}Async", taken),
                constant=constants[handler.rpc],
                request=_class(handler.request, handler.raw_request, messages),
                response=_class(handler.response, handler.raw_response, messages),
                key_getter=messages.getter(handler.request, handler.key_field)
                if handler.key_field is not None
                else None,
            )
            for handler in service.handlers
        ),
    )


def _class(message: MessageType, raw: str | None, messages: JavaMessages) -> JvmClass | str:
    if raw is not None:
        return BYTES
    return JvmClass("java.lang", ("Void",)) if message.is_empty else messages.message(message)


def _method_name(service: ServiceModel, handler: HandlerModel) -> str:
    is_workflow = service.kind is ServiceKind.WORKFLOW
    return method_name(service, handler, JAVA_KEYWORDS | _ASYNC if is_workflow else JAVA_KEYWORDS)
