"""The servers that the session shares, and `world`: a combination of the matrix."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto.testing import RestateServer
from tests.integration.matrix import MATRIX
from tests.integration.world import Combination, Loop, World, encoding_of_contract

if TYPE_CHECKING:
    from collections.abc import Iterator

_SOON = timedelta(milliseconds=5)

# Endpoints that tests kill are away for as long as a busy machine takes to start the next one.
_NEVER_GIVES_UP: Any = {"default-retry-policy": {"max-attempts": 1_000_000}}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs a real server."""
    for item in items:
        if item.path.parent.name == "integration":
            item.add_marker(pytest.mark.server)


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    """The event loop of the endpoints."""
    own = Loop()
    yield own
    own.close()


@pytest.fixture(scope="session")
def patient_server() -> Iterator[RestateServer]:
    """A server that suspends seldom."""
    with RestateServer(protocol_v7=True, retry_interval=_SOON, config=_NEVER_GIVES_UP) as server:
        yield server


@pytest.fixture(scope="session")
def suspending_server() -> Iterator[RestateServer]:
    """A server that suspends at every wait."""
    with RestateServer(
        protocol_v7=True,
        inactivity_timeout=timedelta(0),
        retry_interval=_SOON,
        config=_NEVER_GIVES_UP,
    ) as server:
        yield server


@pytest.fixture(scope="session", params=MATRIX, ids=str)
def session_world(request: pytest.FixtureRequest, loop: Loop) -> Iterator[World]:
    """A combination of the matrix."""
    combination: Combination = request.param
    name = "suspending_server" if combination.suspends else "patient_server"
    yield from World(combination, request.getfixturevalue(name), loop).open()


@pytest.fixture
def world(session_world: World) -> Iterator[World]:
    """A combination of the matrix, and a check after the test that no attempt failed unnoticed."""
    # Other tests may have logged failures of their own meanwhile.
    session_world.take_failures()
    with encoding_of_contract(session_world.encoding):
        yield session_world
        session_world.check()
