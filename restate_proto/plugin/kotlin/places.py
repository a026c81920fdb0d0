"""Which files and classes the generated Kotlin code is in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.plugin.jvm.messages import file_stem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.plugin.jvm.messages import JavaMessages
    from restate_proto.plugin.schema import FileModel, ServiceModel

__all__ = ["ServiceNames", "facade_class", "output", "serde_class"]


@dataclass(frozen=True, slots=True)
class ServiceNames:
    """The names of what is generated for one service."""

    base: str
    handlers: str
    client: str

    @classmethod
    def of(cls, service: ServiceModel) -> ServiceNames:
        """Returns those of a service."""
        return cls(f"{service.proto}Base", f"{service.proto}Handlers", f"{service.proto}Client")

    def __iter__(self) -> Iterator[str]:
        yield self.base
        yield self.handlers
        yield self.client


def output(file: FileModel, java: JavaMessages) -> str:
    """Returns the path of the generated file: `shop/v1/CartRestate.kt`."""
    package = java.package(file.path)
    folder = f"{package.replace('.', '/')}/" if package else ""
    return f"{folder}{file_stem(file.path)}Restate.kt"


def serde_class(file: FileModel) -> str:
    """Returns the name of the file's private class."""
    return f"{file_stem(file.path)}RestateSerde"


def facade_class(file: FileModel) -> str:
    """Returns the name of the class that Kotlin makes of the file's functions."""
    return f"{file_stem(file.path)}RestateKt"
