"""An endpoint on a real restate-server, in one process with the test."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, ClassVar, Protocol

from restate_proto.ingress import IngressClient
from restate_proto.testing.server import RestateServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from contextlib import AbstractAsyncContextManager

    from restate_proto.testing.admin import Deployment

__all__ = ["RunnableEndpoint", "RunningEndpoint", "TestEnvironment", "restate_environment"]


class RunningEndpoint(Protocol):
    """An endpoint that serves."""

    @property
    def address(self) -> str:
        """Where it listens: `127.0.0.1:41234`, or a URL."""
        ...


class RunnableEndpoint(Protocol):
    """What can serve in the running event loop: `restate_proto.endpoint.Endpoint`."""

    def run(self, address: str, /) -> AbstractAsyncContextManager[RunningEndpoint]:
        """Serve while the context is open."""
        ...


class TestEnvironment:
    """An endpoint that a restate-server knows, and a client for its services.

    Attributes:
        server: the restate-server.
        client: a client of its ingress and of its admin API.
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


@asynccontextmanager
async def restate_environment(
    endpoint: RunnableEndpoint, *, server: RestateServer | None = None
) -> AsyncGenerator[TestEnvironment, None]:
    """Serve an endpoint in this event loop and register it with a real restate-server.

    ```python
    async with restate_environment(Endpoint(Cart(payments))) as env:
        cart = CartClient.from_client(env.client, "alice")
        assert await cart.add_ticket(AddTicketRequest(ticket_id="t1")) == ...
    ```

    Args:
        endpoint: the endpoint.
        server: a server that is started, to be shared. It is left as it was found, except for
            the state of virtual objects: the endpoint's invocations that have not ended are
            killed, and it is no longer registered. By default the environment starts a server
            of its own and ends it; pass `RestateServer(...)` in an `async with` for options.

    Yields:
        The environment.
    """
    async with AsyncExitStack() as stack:
        # The endpoint is left last: when nothing calls it any more, it has nothing to wait for.
        running = await stack.enter_async_context(endpoint.run("127.0.0.1:0"))
        uri = running.address if "://" in running.address else f"http://{running.address}"
        if server is None:
            server = await stack.enter_async_context(RestateServer())
            deployment = await server.register(uri)
        else:
            deployment = await server.register(uri)
            stack.push_async_callback(asyncio.to_thread, _forget, server, deployment)
        client = IngressClient(server.ingress_url, admin_url=server.admin_url)
        await stack.enter_async_context(client)
        yield TestEnvironment(server, client, uri, deployment)


def _forget(server: RestateServer, deployment: Deployment) -> None:
    """Leaves nothing behind that would call the endpoint when it is gone."""
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
            server.admin.kill(row["id"])
    server.admin.remove_deployment(deployment.id)


# What is killed may have called others that the query did not see yet.
_ROUNDS = 5
