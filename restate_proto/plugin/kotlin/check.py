"""Reports what would meet in Kotlin: methods of one service, classes of one package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.plugin.jvm.checks import ClassChecker, check_methods, check_packages
from restate_proto.plugin.jvm.messages import JvmClass
from restate_proto.plugin.kotlin.names import method_name
from restate_proto.plugin.kotlin.places import ServiceNames, facade_class, serde_class

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.plugin.jvm.messages import JavaMessages
    from restate_proto.plugin.problems import Problems
    from restate_proto.plugin.schema import FileModel

__all__ = ["check_files"]


def check_files(files: Iterable[FileModel], java: JavaMessages, problems: Problems) -> None:
    """Checks the files of a request against each other.

    Args:
        files: the files to generate.
        java: the classes of the messages.
        problems: takes what meets.
    """
    files = tuple(files)
    check_packages(files, java, problems)
    checker = ClassChecker(java, problems)
    for file in files:
        package = java.package(file.path)
        # Two files that would be written to the same path have the same class of serdes.
        own = [JvmClass(package, (name,)) for name in (serde_class(file), facade_class(file))]
        checker.add(own, f"file {file.path}", file.services[0].location)
        for service in file.services:
            classes = [JvmClass(package, (name,)) for name in ServiceNames.of(service)]
            checker.add(classes, f"service {service.full_name}", service.location)
            methods = {handler.rpc: method_name(service, handler) for handler in service.handlers}
            check_methods(service, methods, problems)
