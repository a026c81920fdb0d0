"""Reports what would meet in Kotlin: methods of one service, classes of one package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.plugin.kotlin.names import method_name
from restate_proto.plugin.kotlin.places import ServiceNames, facade_class, output, serde_class
from restate_proto.plugin.problems import Location

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.plugin.jvm.messages import JavaMessages
    from restate_proto.plugin.problems import Problems
    from restate_proto.plugin.schema import FileModel, ServiceModel

__all__ = ["check_files"]


def check_files(files: Iterable[FileModel], java: JavaMessages, problems: Problems) -> None:
    """Checks the files of a request against each other.

    Args:
        files: the files to generate.
        java: the classes of the messages.
        problems: takes what meets.
    """
    checker = _Checker(java, problems)
    for file in files:
        checker.file(file)


class _Checker:
    def __init__(self, java: JavaMessages, problems: Problems) -> None:
        self._problems = problems
        self._java = java
        self._classes: dict[str, dict[str, str]] = {}  # by package: class to what it is of
        self._outputs: dict[str, str] = {}

    def file(self, file: FileModel) -> None:
        start = Location(file.path)
        path = output(file, self._java)
        first = self._outputs.setdefault(path, file.path)
        if first != file.path:
            self._problems.add(
                start, f"{first} and this file both become {path}; rename one, or its java_package"
            )
            return
        for name in (serde_class(file), facade_class(file)):
            self._class(file, name, f"file {file.path}", start)
        for service in file.services:
            for name in ServiceNames.of(service):
                self._class(file, name, f"service {service.full_name}", service.location)
            self._methods(service)
            self._packages(file, service)

    def _class(self, file: FileModel, name: str, owner: str, location: Location) -> None:
        package = self._java.package(file.path)
        if package not in self._classes:
            self._classes[package] = self._java.top_level(package)
        first = self._classes[package].setdefault(name, owner)
        if first != owner:
            self._problems.add(
                location,
                f"{owner} generates the Kotlin class {name}, and {first} is a class of that name "
                "in the same package; rename one of them, or write another java_package",
            )

    def _methods(self, service: ServiceModel) -> None:
        seen: dict[str, str] = {}
        for handler in service.handlers:
            name = method_name(service, handler)
            first = seen.setdefault(name, handler.rpc)
            if first != handler.rpc:
                self._problems.add(
                    handler.location,
                    f"methods {first} and {handler.rpc} of {service.full_name} both become the "
                    f'Kotlin method "{name}"; rename one of them',
                )

    def _packages(self, file: FileModel, service: ServiceModel) -> None:
        if not self._java.package(file.path):
            return
        for message in service.messages():
            if not self._java.package(message.file):
                self._problems.add(
                    service.location,
                    f"{service.full_name} uses {message.full_name} of {message.file}, which has no "
                    "package and no java_package, so that Kotlin cannot import it; write one there",
                )
