"""The file or service that is being parsed, with what is needed to read it and report problems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from google.protobuf.descriptor_pb2 import MethodDescriptorProto, ServiceDescriptorProto

from restate_proto.contract.schema import KIND_WORDS

if TYPE_CHECKING:
    from google.protobuf.descriptor import FileDescriptor, MethodDescriptor, ServiceDescriptor

    from restate_proto.contract.descriptors import Descriptors
    from restate_proto.contract.option_reader import KindOption, OptionReader
    from restate_proto.contract.problems import Location, Problems

__all__ = ["FileScope", "ServiceScope"]


@dataclass(frozen=True, slots=True)
class FileScope:
    """A file of the request that is being parsed.

    Args:
        descriptor: its descriptor.
        descriptors: the files of the request.
        options: reads the options of the request.
        problems: collects the problems.
        is_go: whether the file uses options of the Go SDK.
        all_services: whether a service without a Restate option becomes a plain service.
    """

    descriptor: FileDescriptor
    descriptors: Descriptors
    options: OptionReader
    problems: Problems
    is_go: bool
    all_services: bool


@dataclass(frozen=True, slots=True)
class ServiceScope:
    """A service that is being parsed, and whose kind is known.

    Args:
        file: the file that has it.
        descriptor: its descriptor.
        option: the option that makes it a Restate service.
    """

    file: FileScope
    descriptor: ServiceDescriptor
    option: KindOption

    @property
    def full_name(self) -> str:
        """Its full proto name."""
        return self.descriptor.full_name

    @property
    def title(self) -> str:
        """Its name in messages: `object shop.v1.Cart`."""
        return f"{KIND_WORDS[self.option.kind]} {self.full_name}"

    @property
    def location(self) -> Location:
        """The place of the service."""
        return self.file.descriptors.location(self.descriptor)

    def option_location(self, *inside: int) -> Location:
        """Return the place of the option of its kind, or of a field in it; else of the service."""
        if not self.option.number:
            return self.location
        return self._locate(_SERVICE_OPTIONS, self.option.number, *inside)

    def go_option_location(self) -> Location:
        """Return the place of Go's option next to ours; else of the service."""
        go = self.option.go
        return self.location if go is None else self._locate(_SERVICE_OPTIONS, go.number)

    def method_location(
        self, method: MethodDescriptor, option: int | None = None, *inside: int
    ) -> Location:
        """Return the place of a method, of one of its options, or of a field in that option."""
        path = () if option is None else (_METHOD_OPTIONS, option, *inside)
        return self.file.descriptors.location(method, *path)

    def report(self, location: Location, text: str) -> None:
        """Report a problem.

        Args:
            location: the place of the problem.
            text: what is wrong, and what to write instead.
        """
        self.file.problems.add(location, text)

    def _locate(self, *inside: int) -> Location:
        return self.file.descriptors.location(self.descriptor, *inside)


_SERVICE_OPTIONS = ServiceDescriptorProto.OPTIONS_FIELD_NUMBER
_METHOD_OPTIONS = MethodDescriptorProto.OPTIONS_FIELD_NUMBER
