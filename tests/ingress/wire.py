"""Run a client on a real connection to a scripted ingress."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from google.protobuf.api_pb2 import Mixin

from restate_proto import IngressClient, RetryPolicy, Target
from tests.ingress.fake_ingress import FakeIngress, Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["ADD", "BINARY", "MESSAGE", "SENT", "SOON", "run"]

ADD = Target.object("shop.v1.Cart", "alice", "AddTicket")
MESSAGE = Mixin(name="n")
BINARY = MESSAGE.SerializeToString()
SENT = Reply(202, b'{"invocationId":"inv_1","status":"Accepted"}')
SOON = RetryPolicy(
    max_attempts=10_000, initial_interval=timedelta(0), max_duration=timedelta(seconds=60)
)


def run(
    fake: FakeIngress, test: Callable[[IngressClient], Awaitable[None]], **options: Any
) -> None:
    """Run a test with a client of the fake ingress; its admin API is the same."""

    async def scenario() -> None:
        async with fake.serve() as url, IngressClient(url, admin_url=url, **options) as client:
            await test(client)
        assert not fake.script

    asyncio.run(scenario())
