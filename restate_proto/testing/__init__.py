"""A real restate-server for tests, and pytest fixtures for it."""

from __future__ import annotations

from restate_proto.testing.admin import AdminApi, AdminError, Deployment
from restate_proto.testing.binary import RestateServerNotFoundError, find_restate_server
from restate_proto.testing.environment import (
    RunnableEndpoint,
    RunningEndpoint,
    TestEnvironment,
    restate_environment,
)
from restate_proto.testing.server import RestateServer, RestateServerError

__all__ = [
    "AdminApi",
    "AdminError",
    "Deployment",
    "RestateServer",
    "RestateServerError",
    "RestateServerNotFoundError",
    "RunnableEndpoint",
    "RunningEndpoint",
    "TestEnvironment",
    "find_restate_server",
    "restate_environment",
]
