"""`virtual_environment`: an endpoint on a virtual server; a failing handler fails the test."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

from restate_proto.testing.failures import HandlerFailures, watching
from restate_proto.testing.virtual import VirtualRestate

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from contextlib import AbstractAsyncContextManager

    from restate_proto.endpoint.endpoint import Endpoint

__all__ = ["VirtualEnvironmentFactory", "virtual_environment"]


class VirtualEnvironmentFactory(Protocol):
    """The type of the pytest fixture `virtual_restate`."""

    def __call__(
        self,
        endpoint: Endpoint,
        /,
        *,
        retries: bool = False,
        debug: bool = ...,
        replay_check: bool = ...,
        **options: Any,
    ) -> AbstractAsyncContextManager[VirtualRestate]:
        """Run an endpoint on a virtual server."""
        ...


@asynccontextmanager
async def virtual_environment(
    endpoint: Endpoint,
    *,
    retries: bool = False,
    debug: bool = True,
    replay_check: bool = True,
    **options: Any,
) -> AsyncGenerator[VirtualRestate]:
    """Run an endpoint on a `VirtualRestate`, as `restate_environment` does on a real server.

    ```python
    async with virtual_environment(Endpoint(Cart(payments))) as env:
        cart = CartClient.from_client(env.client, "alice")
        assert await cart.add_ticket(AddTicketRequest(ticket_id="t1")) == ...
    ```

    An exception of a handler, other than a `TerminalError`, fails the test, and the endpoint runs
    in development mode; `restate_environment` says more about both.

    Args:
        endpoint: the endpoint.
        retries: whether Restate retries failures, as it does in production; for tests of retries.
        debug: whether the endpoint runs in development mode.
        replay_check: whether attempts are repeated; False for tests that count how often handlers
            run.
        **options: the options of `VirtualRestate`.

    Yields:
        The server.

    Raises:
        HandlerFailedError: a handler failed, and no call of `client` received that failure.
    """
    failures = HandlerFailures()
    endpoint = failures.watched(endpoint, retries=retries, debug=debug, replay_check=replay_check)
    async with VirtualRestate(endpoint, **options) as env:
        env.client.senders = watching(env.client.senders, failures)
        with failures.told_in_the_end():
            yield env
