"""Turn proto names into Kotlin names, and name the generated files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from restate_proto.generate.jvm import names
from restate_proto.generate.jvm.messages import file_stem
from restate_proto.generate.jvm.names import method_name

if TYPE_CHECKING:
    from restate_proto.contract.schema import FileModel
    from restate_proto.generate.jvm.messages import JavaMessages

__all__ = ["NESTED_CLASSES", "escaped", "method_name", "output"]

NESTED_CLASSES = names.NESTED_CLASSES | {"Companion"}
"""The classes inside of generated ones, which hide others of their names."""

# `yield` is not a keyword, but a function of that name cannot be called without backticks.
_HARD_KEYWORDS = frozenset(
    """
    as break class continue do else false for fun if in interface is null object package return
    super this throw true try typealias typeof val var when while yield
    """.split()  # noqa: SIM905 - a table of words reads better
)
_PLAIN = re.compile(r"_*[A-Za-z0-9][A-Za-z0-9_]*")


def escaped(path: str) -> str:
    """Return a name, or names with dots between, with backticks where Kotlin needs them."""
    return ".".join(
        name if _PLAIN.fullmatch(name) and name not in _HARD_KEYWORDS else f"`{name}`"
        for name in path.split(".")
    )


def output(file: FileModel, java: JavaMessages) -> str:
    """Return the path of the generated file: `shop/v1/CartRestate.kt`."""
    package = java.package(file.path)
    folder = f"{package.replace('.', '/')}/" if package else ""
    return f"{folder}{file_stem(file.path)}Restate.kt"
