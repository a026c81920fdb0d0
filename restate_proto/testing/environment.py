"""An endpoint on a real restate-server, in one process with the test."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, ClassVar, Protocol

from restate_proto.endpoint import Endpoint
from restate_proto.ingress import InvocationNotFoundError
from restate_proto.model.arguments import wrong_type
from restate_proto.testing.failures import HandlerFailures, TestClient
from restate_proto.testing.server import RestateServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from contextlib import AbstractAsyncContextManager

    from restate_proto.ingress import Deployment, IngressClient

__all__ = ["EnvironmentFactory", "TestEnvironment", "restate_environment"]


class TestEnvironment:
    """An endpoint that a restate-server knows, and a client for its services.

    Attributes:
        server: the restate-server.
        client: a client of its ingress and of its admin API, with the endpoint's payload codec.
        uri: where the endpoint listens, such as `http://127.0.0.1:41234`.
        deployment: what the server knows the endpoint as.
    """

    __test__: ClassVar[bool] = False  # pytest collects classes of this name

    def __init__(
        self, server: RestateServer, client: IngressClient, uri: str, deployment: Deployment
    ) -> None:
        self.server = server
        self.client = client
        self.uri = uri
        self.deployment = deployment


class EnvironmentFactory(Protocol):
    """The type of the pytest fixture `restate_environment`."""

    def __call__(
        self,
        endpoint: Endpoint,
        /,
        *,
        retries: bool = False,
        debug: bool = ...,
        replay_check: bool = ...,
    ) -> AbstractAsyncContextManager[TestEnvironment]:
        """Serve an endpoint, registered with the session's server."""
        ...


@asynccontextmanager
async def restate_environment(
    endpoint: Endpoint,
    *,
    server: RestateServer | None = None,
    retries: bool = False,
    debug: bool = True,
    replay_check: bool = True,
) -> AsyncGenerator[TestEnvironment, None]:
    """Serve an endpoint in this event loop and register it with a real restate-server.

    ```python
    async with restate_environment(Endpoint(Cart(payments))) as env:
        cart = CartClient.from_client(env.client, "alice")
        assert await cart.add_ticket(AddTicketRequest(ticket_id="t1")) == ...
    ```

    An exception of a handler that is no `TerminalError` fails the test. Restate does not make
    another attempt, whatever the contract's retry policies say: it ends the invocation, and its
    callers get a `TerminalError` with the exception's text. In the test, the exception with its
    traceback is the `__cause__` of that error. Where no call of `client` gets it (a message was
    sent, or a handler went on after the failure of another), what `client` waits for fails with a
    `HandlerFailedError` after two seconds; at the latest, leaving the environment does. A
    `ctx.run` whose `retry` has a bound is retried as ever.

    The endpoint runs in development mode, as `Endpoint(debug=True)`: what ends or is suspended is
    repeated at once on its own journal, so a handler that is not deterministic fails the test, with
    the line. It takes unsigned requests, whatever its identity keys: the server has no key.

    Args:
        endpoint: the endpoint.
        server: a server that is started, to be shared. It is left as it was found, except for
            the state of virtual objects: the endpoint's invocations that have not ended are
            killed, and it is no longer registered. By default the environment starts a server
            of its own and ends it; pass `RestateServer(...)` in an `async with` for options.
        retries: whether Restate retries what fails, as it does in production: for tests of that.
        debug: whether the endpoint runs in development mode; False for tests of what that would
            disturb, such as how much there is left of the stack.
        replay_check: whether attempts are repeated; False for tests whose handlers count how often
            they run.

    Yields:
        The environment.

    Raises:
        HandlerFailedError: a handler failed, and no call of `client` was told of it.
    """
    if not isinstance(endpoint, Endpoint):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
        expected = "an Endpoint, such as Endpoint(Cart())"
        raise wrong_type("restate_environment", "endpoint", endpoint, expected)
    async with AsyncExitStack() as stack:
        failures = HandlerFailures()
        endpoint = endpoint.without_identity()
        if debug:
            endpoint = endpoint.debugging(replay_check=replay_check)
        if not retries:
            endpoint = endpoint.without_retries(failures.report)
        # The endpoint is left last: when nothing calls it any more, it has nothing to wait for.
        running = await stack.enter_async_context(endpoint.run("127.0.0.1:0"))
        uri = running.address
        if server is None:
            server = await stack.enter_async_context(RestateServer())
            deployment = await server.register(uri)
        else:
            deployment = await server.register(uri)
            stack.push_async_callback(asyncio.to_thread, _end_and_unregister, server, deployment)
        client = TestClient(
            server.ingress_url,
            admin_url=server.admin_url,
            failures=failures,
            payload_codec=endpoint.payload_codec,
        )
        await stack.enter_async_context(client)
        try:
            yield TestEnvironment(server, client, uri, deployment)
        except BaseException as error:
            failures.add_notes(error)
            raise
        failures.raise_untold()


def _end_and_unregister(server: RestateServer, deployment: Deployment) -> None:
    """Leave nothing behind that would call the endpoint when it is gone."""
    names = ", ".join(f"'{name}'" for name in deployment.services)  # names have no quotes
    # The newest first: what waits for its turn on a key is not to get it when the others are gone.
    unfinished = (
        "SELECT id FROM sys_invocation"  # noqa: S608 - see above
        f" WHERE status <> 'completed' AND target_service_name IN ({names})"
        " ORDER BY created_at DESC"
    )
    for _ in range(_ROUNDS):
        rows = server.admin.query(unfinished)
        if not rows:
            break
        for row in rows:
            with suppress(InvocationNotFoundError):  # it has ended since, and nothing is kept of it
                server.admin.kill(row["id"])
    server.admin.remove_deployment(deployment.id)


# What is killed may have called others that the query did not see yet.
_ROUNDS = 5
