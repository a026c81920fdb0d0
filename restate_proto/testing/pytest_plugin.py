"""Pytest fixtures for tests on a real restate-server.

The plugin is there as soon as restate-proto is installed. It starts a server when the first test
asks for one, once a session, and ends it with the session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from restate_proto.testing import RestateServer

# The rest of the package is imported when a fixture is used: this module is loaded by every
# pytest run in an environment that has restate-proto, before coverage starts to measure.


@pytest.fixture(scope="session")
def restate_server_options() -> dict[str, Any]:
    """The arguments of `RestateServer` for `restate_server`; override it in a conftest.py."""
    return {}


@pytest.fixture(scope="session")
def restate_server(restate_server_options: dict[str, Any]) -> Iterator[RestateServer]:
    """A restate-server that the tests of the session share."""
    from restate_proto.testing import RestateServer  # noqa: PLC0415 - see above

    with RestateServer(**restate_server_options) as server:
        yield server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the server's log with a failed test that used it."""
    report = yield
    server = getattr(item, "funcargs", {}).get("restate_server")
    if report.failed and server is not None:
        log = "\n".join(server.log().splitlines()[-40:])
        report.sections.append(("restate-server log (the end of it)", log))
    return report
