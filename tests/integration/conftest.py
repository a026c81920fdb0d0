"""The matrix: every test that asks for a `world` runs in each of its combinations.

Two servers serve the session: one suspends an invocation a minute after its last progress, the
other one at every wait. Both speak service protocol v7 when they may, and v5 and v6 when the
endpoint's manifest goes no further, so that a version needs no server of its own.

A combination is a new endpoint, registered over the one before as a new revision of the same
services; pytest runs all tests of one combination before the next. Versions, encodings and servers
are crossed in full, for each of them changes what is written and when. The HTTP/2 engine is below
all that and sees none of it: each engine meets every value of every other dimension, and half of
the full product is left out. Request-response mode is what the suspending server does, only by the
endpoint's choice: two combinations of opposite values.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from world import Combination, Loop, World

from restate_proto import Encoding
from restate_proto.testing import RestateServer

if TYPE_CHECKING:
    from collections.abc import Iterator

_BINARY, _JSON = Encoding.PROTOBUF, Encoding.JSON

MATRIX = (
    Combination(5, _BINARY, "h2"),
    Combination(5, _JSON, "ngh2"),
    Combination(6, _BINARY, "ngh2"),
    Combination(6, _JSON, "h2"),
    Combination(7, _BINARY, "h2"),
    Combination(7, _JSON, "ngh2"),
    Combination(5, _JSON, "h2", bidirectional=False),
    Combination(7, _BINARY, "ngh2", bidirectional=False),
    Combination(5, _BINARY, "ngh2", suspends=True),
    Combination(5, _JSON, "h2", suspends=True),
    Combination(6, _BINARY, "h2", suspends=True),
    Combination(6, _JSON, "ngh2", suspends=True),
    Combination(7, _BINARY, "ngh2", suspends=True),
    Combination(7, _JSON, "h2", suspends=True),
)


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
    with RestateServer(protocol_v7=True) as server:
        yield server


@pytest.fixture(scope="session")
def suspending_server() -> Iterator[RestateServer]:
    """A server that suspends at every wait."""
    with RestateServer(protocol_v7=True, inactivity_timeout=timedelta(0)) as server:
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
    yield session_world
    session_world.check()
