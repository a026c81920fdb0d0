"""What may be right in a contract and still cannot be said on the JVM."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from restate_proto.plugin.jvm.messages import JavaMessages, JvmClass
    from restate_proto.plugin.problems import Location, Problems
    from restate_proto.plugin.schema import FileModel, ServiceModel

__all__ = ["ClassChecker", "check_methods", "check_packages"]


class ClassChecker:
    """Finds generated classes that something else in their package is called like.

    Args:
        messages: the protobuf-java classes of the request.
        problems: takes what is wrong.
    """

    def __init__(self, messages: JavaMessages, problems: Problems) -> None:
        self._messages = messages
        self._problems = problems
        self._taken: dict[JvmClass, str] = {}

    def add(self, classes: Iterable[JvmClass], origin: str, location: Location) -> None:
        """Notes classes that are about to be generated; one that is taken is reported.

        Args:
            classes: the classes.
            origin: what they are made of: `service shop.v1.Cart`.
            location: where the contract has that.
        """
        for found in classes:
            other = self._messages.top_level(found.package).get(found.names[0])
            other = other or self._taken.get(found)
            if other is not None:
                self._problems.add(
                    location,
                    f"{other} and {origin} both give the class {found.full_name}; rename one of "
                    "them, or write another java_package in the file of one",
                )
                return
            self._taken[found] = origin


def check_methods(service: ServiceModel, methods: Mapping[str, str], problems: Problems) -> None:
    """Finds two methods of a service that are called the same.

    Args:
        service: the service.
        methods: the name of the generated method of each of its handlers, by the proto name.
        problems: takes what is wrong.
    """
    first: dict[str, str] = {}
    for handler in service.handlers:
        name = methods[handler.rpc]
        other = first.setdefault(name, handler.rpc)
        if other != handler.rpc:
            problems.add(
                handler.location,
                f'{other} and {handler.rpc} of {service.full_name} both become the method "{name}"; '
                "rename one, and keep its Restate name with option (restatepb.v1.handler).name",
            )


def check_packages(files: Iterable[FileModel], messages: JavaMessages, problems: Problems) -> None:
    """Finds messages without a package, which code in a package cannot name.

    Args:
        files: the files of the request that have Restate services.
        messages: the protobuf-java classes of the request.
        problems: takes what is wrong.
    """
    for file in files:
        if not messages.package(file.path):
            continue
        for service in file.services:
            for message in service.messages():
                if not messages.package(message.file):
                    problems.add(
                        service.location,
                        f"{service.full_name} uses {message.full_name} of {message.file}, which "
                        "has no Java package, so that code in a package cannot name it; write "
                        f"option java_package in {message.file}",
                    )
