"""The server and the services of the chosen configurations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.configurations import CHOSEN, Configuration
from tests.conformance.suite import Suite

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests here as needing a real server."""
    for item in items:
        if item.path.parent.name == "conformance":
            item.add_marker(pytest.mark.server)


@pytest.fixture(scope="session", params=CHOSEN, ids=str)
def configuration(request: pytest.FixtureRequest) -> Configuration:
    """A configuration of Restate."""
    return request.param


@pytest.fixture(scope="session")
def suite(configuration: Configuration) -> Iterator[Suite]:
    """A server of the configuration, and the services."""
    with configuration.nodes() as nodes:
        yield from Suite(configuration, nodes).open()
