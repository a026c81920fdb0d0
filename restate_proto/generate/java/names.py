"""Choose the names of the Java classes and methods that are generated for a service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.generate.java.source import BYTES, VOID
from restate_proto.generate.jvm.checks import check_files
from restate_proto.generate.jvm.messages import JvmClass
from restate_proto.generate.jvm.names import (
    JAVA_KEYWORDS,
    NESTED_CLASSES,
    ServiceNames,
    awakeables_class,
    exception_name,
    free_name,
    handler_constants,
    method_name,
)
from restate_proto.generate.jvm.support import support_classes
from restate_proto.generate.names import awakeables_by_message
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
    from restate_proto.generate.validation import Validation

__all__ = ["JavaFile", "JavaHandler", "JavaService", "java_files"]

# The methods that a workflow's client has in Java and not in Kotlin.
_ASYNC = frozenset({"submitAsync"})


@dataclass(frozen=True, slots=True)
class JavaHandler:
    """A handler and its Java names.

    Args:
        model: the handler.
        method: the name of its methods.
        async_method: the name of its methods that return a `CompletableFuture`.
        constant: the name of the constant that stands for it: `ADD_TICKET`.
        request: the class of its request; Void for google.protobuf.Empty, `BYTES` for raw bytes.
        response: the class of its response, in the same way.
        key_getter: the method of the request that returns the key; None if it has none.
        is_validated: whether its requests are validated.
    """

    model: HandlerModel
    method: str
    async_method: str
    constant: str
    request: JvmClass | str
    response: JvmClass | str
    key_getter: str | None
    is_validated: bool


@dataclass(frozen=True, slots=True)
class JavaService:
    """A service and its Java names.

    Args:
        model: the service.
        base: the class that users extend.
        client: the class with its clients.
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
        """The classes that only this service has."""
        return self.base, self.client, self.constants


@dataclass(frozen=True, slots=True)
class JavaAwakeables:
    """A message with fields that hold ids of awakeables.

    Args:
        message: the class of the message.
        fields: the fields that hold ids.
        constants: the class with the constants for these fields.
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
        support: the classes of its package that its code needs.
    """

    model: FileModel
    file_class: JvmClass
    services: tuple[JavaService, ...]
    awakeables: tuple[JavaAwakeables, ...]
    errors: tuple[tuple[ErrorModel, JvmClass], ...]
    support: tuple[JvmClass, ...]

    @property
    def package(self) -> str:
        """The Java package of all classes of the file."""
        return self.file_class.package

    @property
    def classes(self) -> tuple[JvmClass, ...]:
        """The classes that are generated for the file's services and their errors."""
        of_services = (found for service in self.services for found in service.classes)
        return (*of_services, *(found for _, found in self.errors))


def java_files(
    files: Iterable[FileModel],
    messages: JavaMessages,
    validation: Validation,
    problems: Problems,
) -> tuple[JavaFile, ...]:
    """Choose the Java names of all files of a request.

    Args:
        files: the files with Restate services.
        messages: the protobuf-java classes of the request.
        validation: which handlers have requests that are validated.
        problems: collects what Java cannot express.
    """
    files = tuple(files)
    check_files(
        files,
        messages,
        problems,
        language="Java",
        nested_classes=NESTED_CLASSES,
        method_name=_method_name,
        validation=validation,
    )
    return tuple(_file(file, messages, validation) for file in files)


def _file(file: FileModel, messages: JavaMessages, validation: Validation) -> JavaFile:
    file_class = messages.file_class(file.path)
    services = tuple(
        _service(service, file_class, messages, validation) for service in file.services
    )
    awakeables = tuple(
        JavaAwakeables(
            messages.message(message), tuple(fields), awakeables_class(message, messages, file)
        )
        for message, fields in awakeables_by_message(file).items()
    )
    package = file_class.package
    errors = tuple((error, JvmClass(package, (exception_name(error),))) for error in file.errors)
    support = tuple(support_classes(file, package, validates=validation.of_file(file)))
    return JavaFile(file, file_class, services, awakeables, errors, support)


def _service(
    service: ServiceModel, file_class: JvmClass, messages: JavaMessages, validation: Validation
) -> JavaService:
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
                is_validated=validation.of_handler(handler),
            )
            for handler in service.handlers
        ),
    )


def _class(message: MessageType, raw: str | None, messages: JavaMessages) -> JvmClass | str:
    if raw is not None:
        return BYTES
    return VOID if message.is_empty else messages.message(message)


def _method_name(service: ServiceModel, handler: HandlerModel) -> str:
    is_workflow = service.kind is ServiceKind.WORKFLOW
    return method_name(service, handler, JAVA_KEYWORDS | _ASYNC if is_workflow else JAVA_KEYWORDS)
