"""`restate_environment`: an endpoint in the test's process, on a real restate-server."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, ClassVar, Protocol

from restate_proto.endpoint.endpoint import Endpoint
from restate_proto.ingress.errors import InvocationNotFoundError
from restate_proto.model.arguments import wrong_type
from restate_proto.testing.failures import HandlerFailures, TestClient
from restate_proto.testing.journals.collecting import recorded_of, save_if_asked
from restate_proto.testing.server import RestateServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from contextlib import AbstractAsyncContextManager

    from restate_proto.ingress.admin_answers import Deployment
    from restate_proto.ingress.client import IngressClient

__all__ = [
    "EnvironmentFactory",
    "RestateEnvironment",
    "TestEnvironment",
    "restate_environment",
]


class TestEnvironment:
    """An endpoint that is registered with a restate-server, and a client for its services.

    Attributes:
        server: the restate-server.
        client: a client of its ingress and of its admin API, with the endpoint's payload codec.
        uri: the address of the endpoint, such as `http://127.0.0.1:41234`.
        deployment: the endpoint's registration.
    """

    __test__: ClassVar[bool] = False  # pytest collects classes of this name

    def __init__(
        self, server: RestateServer, client: IngressClient, uri: str, deployment: Deployment
    ) -> None:
        self.server = server
        self.client = client
        self.uri = uri
        self.deployment = deployment


class RestateEnvironment(Protocol):
    """An endpoint on a Restate server: a real one (`TestEnvironment`) or a `VirtualRestate`.

    Attributes:
        client: a client of its services.
    """

    client: IngressClient


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
    ) -> AbstractAsyncContextManager[RestateEnvironment]:
        """Run an endpoint on a server."""
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

    An exception of a handler, other than a `TerminalError`, fails the test. Restate does not make
    another attempt, whatever the contract's retry policies say: it ends the invocation, and its
    callers get a `TerminalError` with the exception's text. In the test, the exception with its
    traceback is the `__cause__` of that error. If no call of `client` gets it (a message was sent,
    or a handler went on after another one's failure), whatever `client` waits for fails with a
    `HandlerFailedError` after two seconds, and otherwise leaving the environment does. A `ctx.run`
    whose `retry` has a bound is retried as usual.

    The endpoint runs in development mode, like `Endpoint(debug=True)`: an attempt that ends or is
    suspended is repeated at once on its own journal, so that a handler that is not deterministic
    fails the test, and the error names the line. Unsigned requests are accepted, whatever the
    endpoint's identity keys, because the server has no key.

    If the environment variable `RESTATE_PROTO_SAVE_JOURNALS` names a folder (pytest's option
    `--save-journals` sets it), the journals of all invocations are saved there at the end, for
    `replay`.

    Args:
        endpoint: the endpoint.
        server: a running server to share. It is left as it was found, except for the state of
            virtual objects: the endpoint's unfinished invocations are killed, and it is no longer
            registered. By default the environment starts and ends a server of its own; for other
            options, pass `RestateServer(...)` from an `async with`.
        retries: whether Restate retries failures, as it does in production; for tests of retries.
        debug: whether the endpoint runs in development mode; False for tests that it would disturb,
            such as those of how deep the stack may get.
        replay_check: whether attempts are repeated; False for tests that count how often handlers
            run.

    Yields:
        The environment.

    Raises:
        HandlerFailedError: a handler failed, and no call of `client` received that failure.
    """
    if not isinstance(endpoint, Endpoint):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
        expected = "an Endpoint, such as Endpoint(Cart())"
        raise wrong_type("restate_environment", "endpoint", endpoint, expected)
    async with AsyncExitStack() as stack:
        failures = HandlerFailures()
        endpoint = failures.watched(
            endpoint.without_identity(), retries=retries, debug=debug, replay_check=replay_check
        )
        # The endpoint is closed last: once nothing calls it any more, it has nothing to wait for.
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
        with failures.told_in_the_end():
            yield TestEnvironment(server, client, uri, deployment)
        await asyncio.to_thread(save_if_asked, lambda: recorded_of(server.admin, deployment))


def _end_and_unregister(server: RestateServer, deployment: Deployment) -> None:
    """End everything that would call the endpoint once it is gone, and unregister it."""
    names = ", ".join(f"'{name}'" for name in deployment.services)  # names have no quotes
    # The newest first: those that wait for a key must not get it when the others are gone.
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
            with suppress(InvocationNotFoundError):  # it has ended since, and was not kept
                server.admin.kill(row["id"])
    server.admin.remove_deployment(deployment.id)


# Killed invocations may have called others that the query did not see yet.
_ROUNDS = 5
