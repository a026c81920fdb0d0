"""How proto names become Kotlin names, and what they must not meet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from restate_proto.model.kinds import ServiceKind
from restate_proto.plugin.jvm.names import (
    OBJECT_METHODS,
    lower_camel_case,
    unique_method_name,
)

if TYPE_CHECKING:
    from restate_proto.plugin.schema import HandlerModel, ServiceModel

__all__ = ["NESTED_CLASSES", "escaped", "method_name"]

_HARD_KEYWORDS = frozenset(
    """
    as break class continue do else false for fun if in interface is null object package return
    super this throw true try typealias typeof val var when while
    """.split()  # noqa: SIM905 - a table of words reads better
)
_PLAIN = re.compile(r"_*[A-Za-z0-9][A-Za-z0-9_]*")

NESTED_CLASSES = frozenset({"ContextClient", "IngressClient", "Metadata", "Send", "Serde"})
"""The classes inside of generated ones, which hide others of their names."""

# Methods that the clients have beside those of the handlers.
_CLIENT = frozenset({"send"})
_WORKFLOW_CLIENT = _CLIENT | {"submit", "workflowHandle"}


def escaped(path: str) -> str:
    """Returns a name, or names with dots between, with backticks where Kotlin asks for them."""
    return ".".join(
        name if _PLAIN.fullmatch(name) and name not in _HARD_KEYWORDS else f"`{name}`"
        for name in path.split(".")
    )


def method_name(service: ServiceModel, handler: HandlerModel) -> str:
    """Returns the Kotlin name of a handler, without backticks.

    A name that the generated clients use gets a trailing `_`.
    """
    taken = _WORKFLOW_CLIENT if service.kind is ServiceKind.WORKFLOW else _CLIENT
    if handler.request.is_empty:  # a call without arguments would mean the method of Any
        taken |= OBJECT_METHODS
    return unique_method_name(lower_camel_case(handler.rpc), taken)
