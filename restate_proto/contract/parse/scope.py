"""What the parsing functions share: the file and the service that they are in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.contract.schema import KIND_WORDS

if TYPE_CHECKING:
    from google.protobuf import descriptor_pb2

    from restate_proto.contract.options import KindOption, OptionReader
    from restate_proto.contract.problems import Location, Problems
    from restate_proto.contract.source import Path
    from restate_proto.contract.types import TypeIndex

__all__ = ["FileScope", "ServiceScope"]

# Field numbers of ServiceDescriptorProto and MethodDescriptorProto, for source paths.
_SERVICE_METHOD = 2
_SERVICE_OPTIONS = 3
_METHOD_OPTIONS = 4


@dataclass(frozen=True, slots=True)
class FileScope:
    """A file of the request.

    Args:
        name: its path.
        package: its proto package.
        index: the types of the request.
        options: reads the options of the request.
        problems: takes what is wrong.
        is_go: whether the file uses the Go SDK's options.
        all_services: whether a service without a Restate option becomes a plain service.
        deprecated: whether the file says `option deprecated = true`.
    """

    name: str
    package: str
    index: TypeIndex
    options: OptionReader
    problems: Problems
    is_go: bool
    all_services: bool
    deprecated: bool


@dataclass(frozen=True, slots=True)
class ServiceScope:
    """A service of a file, once it is known what it is.

    Args:
        file: where it is.
        proto: its descriptor.
        path: its source path.
        option: what makes it a Restate service.
        full_name: its full proto name.
    """

    file: FileScope
    proto: descriptor_pb2.ServiceDescriptorProto
    path: Path
    option: KindOption
    full_name: str

    @property
    def title(self) -> str:
        """What to call it in a message: `object shop.v1.Cart`."""
        return f"{KIND_WORDS[self.option.kind]} {self.full_name}"

    def option_path(self, *inner: int) -> Path:
        """Returns the source path of the kind option, or of a field in it."""
        if not self.option.number:
            return self.path
        return (*self.path, _SERVICE_OPTIONS, self.option.number, *inner)

    def go_option_path(self) -> Path:
        """Returns the source path of Go's option beside ours."""
        go = self.option.go
        return self.path if go is None else (*self.path, _SERVICE_OPTIONS, go.number)

    def method_path(self, number: int, option: int | None = None, *inner: int) -> Path:
        """Returns the source path of a method, of an option of it, or of a field in that."""
        path = (*self.path, _SERVICE_METHOD, number)
        return path if option is None else (*path, _METHOD_OPTIONS, option, *inner)

    def report(self, path: Path, text: str) -> None:
        """Notes a problem.

        Args:
            path: the source path of what it is about.
            text: what is wrong; what to write instead.
        """
        self.file.problems.add(self.location(path), text)

    def location(self, path: Path) -> Location:
        """Returns where `path` is in the file."""
        return self.file.index.source(self.file.name).location(path)

    def comment(self, path: Path) -> str | None:
        """Returns the proto comment of `path`."""
        return self.file.index.source(self.file.name).comment(path)
