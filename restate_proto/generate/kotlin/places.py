"""Which files and classes the generated Kotlin code is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.jvm.messages import JvmClass, file_stem

if TYPE_CHECKING:
    from restate_proto.contract.schema import FileModel
    from restate_proto.generate.jvm.messages import JavaMessages

__all__ = ["output", "own_classes", "serde_class"]


def output(file: FileModel, java: JavaMessages) -> str:
    """Returns the path of the generated file: `shop/v1/CartRestate.kt`."""
    package = java.package(file.path)
    folder = f"{package.replace('.', '/')}/" if package else ""
    return f"{folder}{file_stem(file.path)}Restate.kt"


def serde_class(file: FileModel) -> str:
    """Returns the name of the file's private class."""
    return f"{file_stem(file.path)}RestateSerde"


def own_classes(file: FileModel, java: JavaMessages) -> tuple[JvmClass, ...]:
    """Returns the classes of a file beside those of its services.

    Two files that would be written to the same path have the same ones.
    """
    package = java.package(file.path)
    functions = f"{file_stem(file.path)}RestateKt"  # where Kotlin puts the file's functions
    return JvmClass(package, (serde_class(file),)), JvmClass(package, (functions,))
