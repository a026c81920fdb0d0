"""What holds for all tests."""

from __future__ import annotations

import gc

import hypothesis
import pytest

# A busy machine must not fail a test: pytest-timeout ends what hangs, nothing else looks at a clock.
hypothesis.settings.register_profile(
    "default", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that ask for a real server: `make test ARGS='-m "not server"'` leaves them out."""
    for item in items:
        if "restate_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.server)


def pytest_collection_finish() -> None:
    """Tests that collect garbage look for their own: not at all tests and modules, each time."""
    gc.collect()
    gc.freeze()
