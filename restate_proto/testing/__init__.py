"""A real restate-server for tests, and pytest fixtures for it.

The names are loaded when they are first used: every pytest run of an environment that has
restate-proto imports this package, for the fixtures of `restate_proto.testing.pytest_plugin`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from restate_proto.ingress import AdminClient, Deployment
    from restate_proto.testing.binary import RestateServerNotFoundError, find_restate_server
    from restate_proto.testing.environment import (
        EnvironmentFactory,
        TestEnvironment,
        restate_environment,
    )
    from restate_proto.testing.failures import HandlerFailedError
    from restate_proto.testing.server import RestateServer, RestateServerError

__all__ = [
    "AdminClient",
    "Deployment",
    "EnvironmentFactory",
    "HandlerFailedError",
    "RestateServer",
    "RestateServerError",
    "RestateServerNotFoundError",
    "TestEnvironment",
    "find_restate_server",
    "restate_environment",
]

_MODULES = {
    "ingress": ("AdminClient", "Deployment"),
    "testing.binary": ("RestateServerNotFoundError", "find_restate_server"),
    "testing.environment": ("EnvironmentFactory", "TestEnvironment", "restate_environment"),
    "testing.failures": ("HandlerFailedError",),
    "testing.server": ("RestateServer", "RestateServerError"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"restate_proto.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
