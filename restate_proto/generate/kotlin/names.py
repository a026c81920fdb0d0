"""How proto names become Kotlin names."""

from __future__ import annotations

import re

from restate_proto.generate.jvm import names
from restate_proto.generate.jvm.names import method_name

__all__ = ["NESTED_CLASSES", "escaped", "method_name"]

NESTED_CLASSES = names.NESTED_CLASSES | {"Companion"}
"""The classes inside of generated ones, which hide others of their names."""

# `yield` is none, but no name that may be called.
_HARD_KEYWORDS = frozenset(
    """
    as break class continue do else false for fun if in interface is null object package return
    super this throw true try typealias typeof val var when while yield
    """.split()  # noqa: SIM905 - a table of words reads better
)
_PLAIN = re.compile(r"_*[A-Za-z0-9][A-Za-z0-9_]*")


def escaped(path: str) -> str:
    """Returns a name, or names with dots between, with backticks where Kotlin asks for them."""
    return ".".join(
        name if _PLAIN.fullmatch(name) and name not in _HARD_KEYWORDS else f"`{name}`"
        for name in path.split(".")
    )
