"""Pytest fixtures for tests on a virtual or a real Restate server.

The plugin is active as soon as restate-proto is installed. It needs no asyncio plugin and works
with any, because the fixtures run no event loop:

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

`pytest --save-journals DIR` writes the journals of all invocations in these environments to files,
one for each; `restate_proto.testing.replay(endpoint, DIR)` runs the code of later versions on them.

`pytest --restate=real` runs the same tests on a real server. It is started once per session, when
the first test asks for it, and ended with the session. Tests share that server, including the state
of its virtual objects and the ids of its workflows: give each test keys of its own
(`uuid.uuid4().hex`), or a `RestateServer` of its own.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from restate_proto.testing import (
        EnvironmentFactory,
        RestateServer,
        VirtualEnvironmentFactory,
    )

_SERVER: pytest.StashKey[RestateServer] = pytest.StashKey()
"""The real server that a test used, so that its log can be shown."""

_WITH_HANDLERS = {"restate_environment", "virtual_restate"}

# The rest of the package is imported when a fixture is used, because every pytest run in an
# environment with restate-proto loads this module, before coverage begins to measure.


@pytest.fixture(scope="session")
def restate_server_options() -> dict[str, Any]:
    """Return the arguments of the session's `RestateServer`; override it in a conftest.py."""
    return {}


@pytest.fixture(scope="session")
def restate_server(restate_server_options: dict[str, Any]) -> Iterator[RestateServer]:
    """Yield a restate-server that the tests of the session share."""
    from restate_proto.testing import RestateServer  # noqa: PLC0415 - see above

    with RestateServer(**restate_server_options) as server:
        yield server


@pytest.fixture
def restate_environment(request: pytest.FixtureRequest) -> EnvironmentFactory:
    """Return a factory of endpoints on a virtual server, or the session's real one.

    The latter is used with `--restate=real`.

    `async with restate_environment(Endpoint(Cart())) as env:` serves the endpoint in the test's
    event loop; `env.client` is a client for it. A handler's exception fails the test, unless
    `retries=True`. A handler that is not deterministic fails the test as well, unless
    `replay_check=False` or `@pytest.mark.restate(replay_check=False)` is given because the test
    counts how often handlers run.
    """
    from restate_proto.testing import restate_environment, virtual_environment  # noqa: PLC0415 - see above

    options = _options_of(request.node)
    is_real = options.pop("real", False) or request.config.getoption("restate") == "real"
    if not is_real:
        return partial(virtual_environment, **options)
    server = request.node.stash[_SERVER] = request.getfixturevalue("restate_server")
    return partial(restate_environment, server=server, **options)


@pytest.fixture
def virtual_restate(request: pytest.FixtureRequest) -> VirtualEnvironmentFactory:
    """Return a factory like `restate_environment`, always with a virtual server.

    It also takes the options of `VirtualRestate`: `virtual_restate(endpoint, seed=7)`.
    """
    from restate_proto.testing import virtual_environment  # noqa: PLC0415 - see above

    options = _options_of(request.node)
    options.pop("real", None)
    return partial(virtual_environment, **options)


def _options_of(node: Any) -> dict[str, Any]:
    """Return the options in the marker of a test."""
    marker = node.get_closest_marker("restate")
    return dict(marker.kwargs) if isinstance(marker, pytest.Mark) else {}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's options."""
    group = parser.getgroup("restate")
    group.addoption(
        "--restate",
        choices=("virtual", "real"),
        default="virtual",
        help="the server of the fixture restate_environment: in this process, with time that skips, "
        "or a real restate-server",
    )
    group.addoption(
        "--save-journals",
        metavar="DIR",
        help="save the journals of what tests run on a server, real or virtual, for "
        "restate_proto.testing.replay",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin's marker, and pass on its options."""
    folder = config.getoption("--save-journals", None)
    if folder:
        os.environ["RESTATE_PROTO_SAVE_JOURNALS"] = str(Path(folder).absolute())
    config.addinivalue_line(
        "markers",
        "restate(replay_check=True, real=False): whether attempts of handlers are repeated at once, to "
        "see that they are deterministic; False for tests that count how often handlers run. Whether "
        "the test needs a real server in any case",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a failed test with its own lines, and with the end of the server's log if it used one."""
    if call.excinfo is not None and _hides_internals(item):
        from restate_proto.testing.tracebacks import hide_internals  # noqa: PLC0415 - see above

        error = call.excinfo.value
        hide_internals(error)
        call.excinfo = pytest.ExceptionInfo[BaseException].from_exception(error)
    report = yield
    server: RestateServer | None = getattr(item, "funcargs", {}).get("restate_server")
    server = item.stash.get(_SERVER, server)
    if report.failed and server is not None:
        log = "\n".join(server.log().splitlines()[-40:])
        report.sections.append(("restate-server log (the end of it)", log))
    return report


def _hides_internals(item: pytest.Item) -> bool:
    """Return whether the test has handlers, and nobody asks for the whole traceback."""
    asked = item.config.getoption("fulltrace") or item.config.getoption("usepdb")
    fixtures: list[str] = getattr(item, "fixturenames", [])
    return not asked and not _WITH_HANDLERS.isdisjoint(fixtures)
