"""Pytest fixtures for tests on a real restate-server.

The plugin is there as soon as restate-proto is installed. It starts a server when the first test
asks for one, once a session, and ends it with the session. No asyncio plugin is needed, and any
will do, because the fixtures run no event loop:

```python
def test_add(restate_environment):                       # without a plugin
    async def scenario():
        async with restate_environment(Endpoint(Cart())) as env:
            cart = CartClient.from_client(env.client, "alice")
            assert (await cart.show()).total == 0

    asyncio.run(scenario())


@pytest_asyncio.fixture                                  # pytest-asyncio
async def env(restate_environment):
    async with restate_environment(Endpoint(Cart())) as env:
        yield env


@pytest.fixture                                          # anyio, on its asyncio backend
async def env(restate_environment):
    async with restate_environment(Endpoint(Cart())) as env:
        yield env
```

The server is shared, and so is the state of its virtual objects and the ids of its workflows:
give each test keys of its own (`uuid.uuid4().hex`), or a `RestateServer` of its own.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from restate_proto.testing import EnvironmentFactory, RestateServer

# The rest of the package is imported when a fixture is used: this module is loaded by every
# pytest run in an environment that has restate-proto, before coverage starts to measure.


@pytest.fixture(scope="session")
def restate_server_options() -> dict[str, Any]:
    """The arguments of the session's `RestateServer`; override it in a conftest.py."""
    return {}


@pytest.fixture(scope="session")
def restate_server(restate_server_options: dict[str, Any]) -> Iterator[RestateServer]:
    """A restate-server that the tests of the session share."""
    from restate_proto.testing import RestateServer  # noqa: PLC0415 - see above

    with RestateServer(**restate_server_options) as server:
        yield server


@pytest.fixture
def restate_environment(
    restate_server: RestateServer, request: pytest.FixtureRequest
) -> EnvironmentFactory:
    """`restate_proto.testing.restate_environment` on the session's server.

    `async with restate_environment(Endpoint(Cart())) as env:` serves the endpoint in the test's
    event loop; `env.client` is a client for it. A handler's exception fails the test, where it
    does not ask for `retries=True`; and so does a handler that is not deterministic, where neither
    `replay_check=False` nor `@pytest.mark.restate(replay_check=False)` says that its runs count.
    """
    from restate_proto.testing import restate_environment  # noqa: PLC0415 - see above

    marker = request.node.get_closest_marker("restate")  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    options = dict(marker.kwargs) if isinstance(marker, pytest.Mark) else {}
    return partial(restate_environment, server=restate_server, **options)


def pytest_configure(config: pytest.Config) -> None:
    """Make the plugin's marker known."""
    config.addinivalue_line(
        "markers",
        "restate(replay_check=True): whether attempts of handlers are repeated at once, to see that "
        "they are deterministic; False for tests that count how often handlers run",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the server's log with a failed test that used it."""
    report = yield
    server: RestateServer | None = getattr(item, "funcargs", {}).get("restate_server")
    if report.failed and server is not None:
        log = "\n".join(server.log().splitlines()[-40:])
        report.sections.append(("restate-server log (the end of it)", log))
    return report
