"""The names of attributes, events and instruments.

Names of `rpc.*` and `error.*` follow OpenTelemetry's semantic conventions, stable since version
1.45. Names of `restate.*` are those of restate-server and of the integrations of the Java and
TypeScript SDKs, as far as these have them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from restate_proto.model.target import Target

__all__ = [
    "ATTEMPT_NUMBER",
    "ATTEMPT_OUTCOME",
    "ERROR_TYPE",
    "INVOCATION_ID",
    "INVOCATION_TARGET",
    "IO_DIRECTION",
    "REPLAYED_ENTRIES",
    "RPC_METHOD",
    "RPC_STATUS",
    "RPC_SYSTEM",
    "RUN_NAME",
    "RUN_RETRIES",
    "SYSTEM",
    "error_type",
    "method_of",
]

RPC_SYSTEM: Final = "rpc.system.name"
RPC_METHOD: Final = "rpc.method"
RPC_STATUS: Final = "rpc.response.status_code"
ERROR_TYPE: Final = "error.type"
IO_DIRECTION: Final = "network.io.direction"
INVOCATION_ID: Final = "restate.invocation.id"
INVOCATION_TARGET: Final = "restate.invocation.target"
RUN_NAME: Final = "restate.run.name"
RUN_RETRIES: Final = "restate.run.retries"
ATTEMPT_NUMBER: Final = "restate.attempt.number"
ATTEMPT_OUTCOME: Final = "restate.attempt.outcome"
REPLAYED_ENTRIES: Final = "restate.attempt.replayed_entries"

SYSTEM: Final = "restate"
"""The value of `rpc.system.name`."""


def method_of(target: Target) -> str:
    """Name a handler without its key, because there may be many keys: `shop.v1.Cart/AddTicket`."""
    return f"{target.service_name}/{target.handler_name}"


def error_type(error: BaseException | None, code: int | None) -> str:
    """Return the `error.type` of a failure: the exception's class, or the code without one."""
    if error is None:
        return "_OTHER" if code is None else str(code)
    class_ = type(error)
    is_builtin = class_.__module__ == "builtins"
    return class_.__qualname__ if is_builtin else f"{class_.__module__}.{class_.__qualname__}"
