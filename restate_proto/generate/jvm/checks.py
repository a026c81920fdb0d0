"""Report valid contracts that Java or Kotlin cannot express."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.jvm.messages import JvmClass
from restate_proto.generate.jvm.names import (
    KEY,
    ServiceNames,
    awakeable_constant,
    awakeables_class,
    constants,
    declared_keys,
    exception_name,
)
from restate_proto.generate.jvm.support import support_classes
from restate_proto.generate.names import awakeables_by_message, check_keys, check_typed_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from restate_proto.contract.problems import Location, Problems
    from restate_proto.contract.schema import (
        AwakeableField,
        FileModel,
        HandlerModel,
        MessageType,
        ServiceModel,
    )
    from restate_proto.generate.jvm.messages import JavaMessages
    from restate_proto.generate.validation import Validation

__all__ = ["check_files"]


def check_files(
    files: Iterable[FileModel],
    messages: JavaMessages,
    problems: Problems,
    *,
    language: str,
    nested_classes: Collection[str],
    method_name: Callable[[ServiceModel, HandlerModel], str],
    validation: Validation,
) -> None:
    """Check the files of a request, each by itself and against each other.

    Args:
        files: the files that have Restate services.
        messages: the protobuf-java classes of the request.
        problems: collects what is wrong.
        language: the language of the generated code.
        nested_classes: the names of the classes inside of generated ones.
        method_name: returns the name of a handler's methods.
        validation: which handlers have requests that are validated.
    """
    classes = _ClassChecker(messages, problems)
    for file in files:
        classes.add_support(file, validates=validation.of_file(file))
        package = messages.package(file.path)
        for error in file.errors:
            made = [JvmClass(package, (exception_name(error),))]
            classes.add(made, f"error {error.type.full_name}", error.location)
        for service in file.services:
            made = [JvmClass(package, (name,)) for name in ServiceNames.of(service)]
            classes.add(made, f"service {service.full_name}", service.location)
            _check_methods(service, method_name, problems)
            check_keys(service, declared_keys(service), language, problems)
            check_typed_key(service, declared_keys(service), KEY, language, problems)
            for message in dict.fromkeys(service.messages()):
                _check_message(file, service, message, messages, nested_classes, problems)
        for message, fields in awakeables_by_message(file).items():
            origin = f"the awakeables of {message.full_name}"
            classes.add([awakeables_class(message, messages, file)], origin, fields[0].location)
            _check_constants(message, fields, language, problems)


class _ClassChecker:
    """Reports generated classes whose names are taken in their package."""

    def __init__(self, messages: JavaMessages, problems: Problems) -> None:
        self._messages = messages
        self._problems = problems
        self._taken: dict[JvmClass, str] = {}

    def add_support(self, file: FileModel, *, validates: bool) -> None:
        """Report support classes of a file whose names are taken; files of a package share them."""
        package = self._messages.package(file.path)
        for found in support_classes(file, package, validates=validates):
            other = self._messages.top_level(found.package).get(found.names[0])
            if other is not None:
                self._report(other, f"file {file.path}", found, file.location)

    def add(self, classes: Iterable[JvmClass], origin: str, location: Location) -> None:
        """Add classes that will be generated, and report those whose names are taken.

        Args:
            classes: the classes.
            origin: what they are generated for, such as `service shop.v1.Cart`.
            location: where the contract declares it.
        """
        for found in classes:
            other = self._messages.top_level(found.package).get(found.names[0])
            other = other or self._taken.get(found)
            if other is not None and other != origin:  # files of a package may share an error
                self._report(other, origin, found, location)
                return
            self._taken[found] = origin

    def _report(self, one: str, other: str, found: JvmClass, location: Location) -> None:
        self._problems.add(
            location,
            f"{one} and {other} both become the class {found.full_name}; rename one of them, or "
            "write another java_package in the file of one",
        )


def _check_methods(
    service: ServiceModel,
    method_name: Callable[[ServiceModel, HandlerModel], str],
    problems: Problems,
) -> None:
    """Report two methods of a service with the same name."""
    first: dict[str, str] = {}
    for handler in service.handlers:
        name = method_name(service, handler)
        other = first.setdefault(name, handler.rpc)
        if other != handler.rpc:
            problems.add(
                handler.location,
                f'{other} and {handler.rpc} of {service.full_name} both become the method "{name}"; '
                "rename one, and keep its Restate name with option (restatepb.v1.handler).name",
            )


def _check_constants(
    message: MessageType, fields: Sequence[AwakeableField], language: str, problems: Problems
) -> None:
    """Report two fields with ids of awakeables whose constants have the same name."""
    first: dict[str, str] = {}
    for field in fields:
        other = first.setdefault(awakeable_constant(field), field.field)
        if other != field.field:
            problems.add(
                field.location,
                f"{other} and {field.field} of {message.full_name}, awakeables, both become the "
                f'{language} name "{awakeable_constant(field)}"; rename one',
            )


def _check_message(
    file: FileModel,
    service: ServiceModel,
    message: MessageType,
    messages: JavaMessages,
    nested_classes: Collection[str],
    problems: Problems,
) -> None:
    """Report a message in the default package that the code of a service cannot name."""
    found = messages.message(message)
    if found.package:
        return
    if messages.package(file.path):
        reason = "so that code in a package cannot name it"
    elif found.names[0] in nested_classes:
        reason = f"so that the {found.names[0]} inside of generated classes hides it"
    elif found.names[0] in set(constants(service)):
        reason = f"so that the constant {found.names[0]} of generated classes hides it"
    else:
        return
    problems.add(
        service.location,
        f"{service.full_name} uses {message.full_name} of {message.file}, which has no Java "
        f"package, {reason}; write option java_package in {message.file}",
    )
