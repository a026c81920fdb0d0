"""What the parsing functions share: the file and the service that they are in."""

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
    """A file of the request.

    Args:
        descriptor: its descriptor.
        descriptors: the files of the request.
        options: reads the options of the request.
        problems: takes what is wrong.
        is_go: whether the file uses the Go SDK's options.
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
    """A service of a file, once it is known what it is.

    Args:
        file: where it is.
        descriptor: its descriptor.
        option: what makes it a Restate service.
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
        """What to call it in a message: `object shop.v1.Cart`."""
        return f"{KIND_WORDS[self.option.kind]} {self.full_name}"

    @property
    def location(self) -> Location:
        """Where the service is."""
        return self.file.descriptors.location(self.descriptor)

    def option_location(self, *inside: int) -> Location:
        """Returns where the option of its kind is, or a field in it; else the service."""
        if not self.option.number:
            return self.location
        return self._locate(_SERVICE_OPTIONS, self.option.number, *inside)

    def go_option_location(self) -> Location:
        """Returns where Go's option beside ours is; else the service."""
        go = self.option.go
        return self.location if go is None else self._locate(_SERVICE_OPTIONS, go.number)

    def method_location(
        self, method: MethodDescriptor, option: int | None = None, *inside: int
    ) -> Location:
        """Returns where a method is, or an option of it, or a field in that."""
        path = () if option is None else (_METHOD_OPTIONS, option, *inside)
        return self.file.descriptors.location(method, *path)

    def report(self, location: Location, text: str) -> None:
        """Notes a problem.

        Args:
            location: the place to look at.
            text: what is wrong; what to write instead.
        """
        self.file.problems.add(location, text)

    def _locate(self, *inside: int) -> Location:
        return self.file.descriptors.location(self.descriptor, *inside)


_SERVICE_OPTIONS = ServiceDescriptorProto.OPTIONS_FIELD_NUMBER
_METHOD_OPTIONS = MethodDescriptorProto.OPTIONS_FIELD_NUMBER
