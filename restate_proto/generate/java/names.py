"""The names of the Java classes and methods that are generated for a service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.generate.jvm.checks import check_files
from restate_proto.generate.jvm.messages import JvmClass
from restate_proto.generate.jvm.names import (
    JAVA_KEYWORDS,
    NESTED_CLASSES,
    ServiceNames,
    free_name,
    method_name,
    serde_constants,
)
from restate_proto.model.kinds import ServiceKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.contract.problems import Problems
    from restate_proto.contract.schema import FileModel, HandlerModel, ServiceModel
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
        constant: what the names of its constants begin with: `ADD_TICKET`.
        request: the class of its request.
        response: the class of its response.
        key_getter: the method of the request that returns the key; None where it has none.
    """

    model: HandlerModel
    method: str
    async_method: str
    constant: str
    request: JvmClass
    response: JvmClass
    key_getter: str | None


@dataclass(frozen=True, slots=True)
class JavaService:
    """A service and its Java names.

    Args:
        model: the service.
        base: the class that users extend.
        client: the class of its clients.
        requests: the class that makes requests.
        serde: the class of the file's payloads.
        handlers: in the order of the contract.
    """

    model: ServiceModel
    base: JvmClass
    client: JvmClass
    requests: JvmClass
    serde: JvmClass
    handlers: tuple[JavaHandler, ...]

    @property
    def classes(self) -> tuple[JvmClass, ...]:
        """The classes that are the service's alone."""
        return self.base, self.client, self.requests


@dataclass(frozen=True, slots=True)
class JavaFile:
    """A file with Restate services and its Java names.

    Args:
        model: the file.
        file_class: protobuf-java's class for the file.
        serde: the class of its payloads.
        services: in the order of the contract.
    """

    model: FileModel
    file_class: JvmClass
    serde: JvmClass
    services: tuple[JavaService, ...]


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
        own_classes=lambda file: [_serde_class(file, messages)],
        method_name=_method_name,
    )
    return tuple(_file(file, messages) for file in files)


def _file(file: FileModel, messages: JavaMessages) -> JavaFile:
    serde = _serde_class(file, messages)
    services = tuple(_service(service, serde, messages) for service in file.services)
    return JavaFile(file, messages.file_class(file.path), serde, services)


def _serde_class(file: FileModel, messages: JavaMessages) -> JvmClass:
    file_class = messages.file_class(file.path)
    return JvmClass(file_class.package, (f"{file_class.names[0]}Serde",))


def _service(service: ServiceModel, serde: JvmClass, messages: JavaMessages) -> JavaService:
    names = ServiceNames.of(service)
    constants = serde_constants(service)
    methods = {handler.rpc: _method_name(service, handler) for handler in service.handlers}
    taken = set(methods.values())
    return JavaService(
        model=service,
        base=JvmClass(serde.package, (names.base,)),
        client=JvmClass(serde.package, (names.client,)),
        requests=JvmClass(serde.package, (names.handlers,)),
        serde=serde,
        handlers=tuple(
            JavaHandler(
                model=handler,
                method=methods[handler.rpc],
                async_method=free_name(f"{methods[handler.rpc]}Async", taken),
                constant=constants[handler.rpc],
                request=messages.message(handler.request),
                response=messages.message(handler.response),
                key_getter=messages.getter(handler.request, handler.key_field)
                if handler.key_field is not None
                else None,
            )
            for handler in service.handlers
        ),
    )


def _method_name(service: ServiceModel, handler: HandlerModel) -> str:
    is_workflow = service.kind is ServiceKind.WORKFLOW
    return method_name(service, handler, JAVA_KEYWORDS | _ASYNC if is_workflow else JAVA_KEYWORDS)
