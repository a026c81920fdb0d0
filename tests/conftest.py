"""Settings for all tests: hypothesis's profile, and the marker of tests on a real server."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

# A busy machine must not fail a test: only pytest-timeout looks at a clock, to end tests that hang.
hypothesis.settings.register_profile(
    "default", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests that need a real server, so that `make test ARGS='-m "not server"'` leaves them out."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        marker = item.get_closest_marker("restate")
        needs_real = "restate_server" in fixtures or (marker and marker.kwargs.get("real"))
        is_real = config.getoption("restate") == "real"
        if "restate_environment" in fixtures and not needs_real:
            item.add_marker(pytest.mark.both)
        if "restate_server" in fixtures or (
            "restate_environment" in fixtures and (needs_real or is_real)
        ):
            item.add_marker(pytest.mark.server)


def pytest_collection_finish() -> None:
    """Exclude modules and tests from garbage collections, so that those of tests stay fast."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def no_garbage_is_left() -> Generator[None]:
    """Collect what the tests of a module leave: tasks in it would write to the log of another's test."""
    yield
    gc.collect()
