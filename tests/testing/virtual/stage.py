"""A virtual server with scripted services, and helpers for its tests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from conformance.v1.conformance_pb2 import Parcel, Script
from conformance.v1.conformance_restate import AccountClient, ClerkClient, JourneyClient
from restate_proto import Endpoint
from restate_proto.testing.virtual import VirtualRestate
from tests.integration.scripted_services import (
    Account,
    Clerk,
    Journey,
    LazyAccount,
    Scripts,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.integration.scripted_services import Body

__all__ = ["Stage", "play"]


class Stage:
    """The server, and clients of its services.

    Args:
        env: the server.
        scripts: the functions that scripted handlers play.
    """

    def __init__(self, env: VirtualRestate, scripts: Scripts) -> None:
        self.env = env
        self.scripts = scripts
        self.clerk = ClerkClient.from_client(env.client)

    def account(self, key: str = "a") -> Any:
        """Return a client of an object."""
        return AccountClient.from_client(self.env.client, key)

    def journey(self, key: str = "j") -> Any:
        """Return a client of a workflow."""
        return JourneyClient.from_client(self.env.client, key)

    def script(self, body: Body, parcel: Parcel | None = None) -> Script:
        """Return a script that plays this function."""
        return Script(name=self.scripts.add(body), input=parcel)


def play(scenario: Callable[[Stage], Awaitable[None]], **options: Any) -> None:
    """Run a test on a virtual server of its own.

    Args:
        scenario: the test.
        **options: those of `VirtualRestate`.
    """

    async def run() -> None:
        scripts = Scripts()
        services = (Clerk(scripts), Account(scripts), LazyAccount(scripts), Journey(scripts))
        async with VirtualRestate(Endpoint(*services), **options) as env:
            await scenario(Stage(env, scripts))

    asyncio.run(run())
