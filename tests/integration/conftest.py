"""The servers that the session shares, and `world`: a combination of the matrix."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto.testing import RestateServer
from tests.integration.matrix import MATRIX
from tests.integration.world import Combination, Loop, World, encoding_of_contract

if TYPE_CHECKING:
    from collections.abc import Iterator

_SOON = timedelta(milliseconds=5)
_REPLAYED = pytest.StashKey[Counter[str]]()
"""How many journals had which outcome."""

# Endpoints that tests kill are away for as long as a busy machine takes to start the next one.
_NEVER_GIVES_UP: Any = {"default-retry-policy": {"max-attempts": 1_000_000}}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark all tests as needing a real server, except those of a virtual `world`."""
    is_virtual = config.getoption("restate") == "virtual"
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "world" in fixtures:
            item.add_marker(pytest.mark.both)
        if item.path.parent.name == "integration" and not (is_virtual and "world" in fixtures):
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
    if request.config.getoption("restate") == "virtual":
        yield from World(combination, None, loop).open()
        return
    name = "suspending_server" if combination.suspends else "patient_server"
    yield from World(combination, request.getfixturevalue(name), loop).open()


@pytest.fixture
def world(session_world: World, request: pytest.FixtureRequest) -> Iterator[World]:
    """Yield a combination of the matrix; after the test, check that no attempt failed unnoticed.

    So is that the handlers do again what the server has recorded of them.
    """
    # Other tests may have logged failures of their own meanwhile.
    session_world.take_failures()
    with encoding_of_contract(session_world.encoding):
        yield session_world
        report = session_world.check()
        request.config.stash.setdefault(_REPLAYED, Counter[str]()).update(report.counts)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send this process's counts to the process of xdist that started it."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["replayed"] = dict(session.config.stash.get(_REPLAYED, Counter[str]()))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Receive the counts of another process."""
    counts = getattr(node, "workeroutput", {}).get("replayed", {})
    node.config.stash.setdefault(_REPLAYED, Counter[str]()).update(counts)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print how many journals of the server the tests' handlers were run on."""
    counts = config.stash.get(_REPLAYED, Counter[str]())
    if counts:
        parts = ", ".join(f"{number} {outcome}" for outcome, number in counts.items())
        terminalreporter.write_line(f"replayed {counts.total()} journals: {parts}")
