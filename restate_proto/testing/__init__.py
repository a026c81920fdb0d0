"""Testing of services: virtual and real Restate servers, pytest fixtures, simulation and replay.

The names are imported when they are first used, because every pytest run in an environment with
restate-proto imports this package for the fixtures of `restate_proto.testing.pytest_plugin`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from restate_proto.ingress.admin import AdminClient
    from restate_proto.ingress.admin_answers import Deployment
    from restate_proto.testing.binary import RestateServerNotFoundError, find_restate_server
    from restate_proto.testing.environment import (
        EnvironmentFactory,
        RestateEnvironment,
        TestEnvironment,
        restate_environment,
    )
    from restate_proto.testing.failures import HandlerFailedError
    from restate_proto.testing.journals.files import JournalFileError
    from restate_proto.testing.journals.replayer import replay
    from restate_proto.testing.journals.report import JournalsDifferError, ReplayReport
    from restate_proto.testing.journals.verdict import Outcome, Verdict
    from restate_proto.testing.server import RestateServer, RestateServerError
    from restate_proto.testing.simulation import (
        SimulatedRestate,
        Simulation,
        SimulationError,
        simulate,
    )
    from restate_proto.testing.virtual import (
        ActionError,
        InjectedError,
        InvocationJournal,
        StuckError,
        VirtualRestate,
    )
    from restate_proto.testing.virtual_environment import (
        VirtualEnvironmentFactory,
        virtual_environment,
    )

__all__ = [
    "ActionError",
    "AdminClient",
    "Deployment",
    "EnvironmentFactory",
    "HandlerFailedError",
    "InjectedError",
    "InvocationJournal",
    "JournalFileError",
    "JournalsDifferError",
    "Outcome",
    "ReplayReport",
    "RestateEnvironment",
    "RestateServer",
    "RestateServerError",
    "RestateServerNotFoundError",
    "SimulatedRestate",
    "Simulation",
    "SimulationError",
    "StuckError",
    "TestEnvironment",
    "Verdict",
    "VirtualEnvironmentFactory",
    "VirtualRestate",
    "find_restate_server",
    "replay",
    "restate_environment",
    "simulate",
    "virtual_environment",
]

_MODULES = {
    "ingress.admin": ("AdminClient",),
    "ingress.admin_answers": ("Deployment",),
    "testing.binary": ("RestateServerNotFoundError", "find_restate_server"),
    "testing.environment": (
        "EnvironmentFactory",
        "RestateEnvironment",
        "TestEnvironment",
        "restate_environment",
    ),
    "testing.failures": ("HandlerFailedError",),
    "testing.journals.files": ("JournalFileError",),
    "testing.journals.replayer": ("replay",),
    "testing.journals.report": ("JournalsDifferError", "ReplayReport"),
    "testing.journals.verdict": ("Outcome", "Verdict"),
    "testing.server": ("RestateServer", "RestateServerError"),
    "testing.simulation": ("SimulatedRestate", "Simulation", "SimulationError", "simulate"),
    "testing.virtual": (
        "ActionError",
        "InjectedError",
        "InvocationJournal",
        "StuckError",
        "VirtualRestate",
    ),
    "testing.virtual_environment": ("VirtualEnvironmentFactory", "virtual_environment"),
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
