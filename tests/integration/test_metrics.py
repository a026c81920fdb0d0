"""Metrics of an endpoint on a real server tell retries, suspensions and replays apart."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import GreeterBase
from restate_proto import Endpoint, IngressClient, Target
from restate_proto.testing import RestateServer
from tests.otel.spans import Measured

if TYPE_CHECKING:
    from restate_proto import Context

pytestmark = pytest.mark.server

GREET = Target.service("Greeter", "greet")


class Greeter(GreeterBase):
    """Is suspended at a call, and has a run that fails once."""

    def __init__(self) -> None:
        self.failures_left = 1

    @override
    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        if not request.name:
            await ctx.call(GREET, GreetRequest(name="inner"), GreetResponse)
            await ctx.run("charge", self.charge)
        return GreetResponse()

    async def charge(self) -> None:
        if self.failures_left:
            self.failures_left -= 1
            raise OSError("unreachable")


def test_attempts_and_runs() -> None:
    measured = Measured()

    async def scenario() -> None:
        async with (
            Endpoint(Greeter(), interceptors=[measured.metrics]).run() as running,
            RestateServer(inactivity_timeout=timedelta(0)) as server,  # suspends at every wait
        ):
            await server.register(running.address)
            async with IngressClient(server.ingress_url, interceptors=[measured.metrics]) as client:
                await client.call(GREET, GreetRequest(), GreetResponse)

    asyncio.run(scenario())
    attempts = {
        attributes["restate.attempt.outcome"]: point.count
        for attributes, point in measured.points("rpc.server.call.duration")
    }
    assert attempts["completed"] == 2
    assert attempts["error"] == 1
    assert attempts["suspended"] >= 1
    runs = {
        attributes.get("error.type"): point.count
        for attributes, point in measured.points("restate.run.duration")
    }
    assert runs == {"OSError": 1, None: 1}
    assert measured.point("restate.run.retries").value == 1
    assert measured.point("restate.invocations.open").value == 0
    replayed = measured.point("restate.attempt.replayed_entries")
    assert replayed.count == sum(attempts.values())
    assert replayed.max >= 4  # the call, its id, its response, the run
    assert measured.point("rpc.client.call.duration").count == 1
