"""Logs of handlers on a real server: each line once, however often a handler is replayed."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import GreeterBase
from restate_proto import Context, Endpoint, IngressClient, InvocationFilter, Target
from restate_proto.testing import RestateServer

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.server

GREET = Target.service("Greeter", "greet")
log = logging.getLogger("somebodys.library")


class Records(logging.Handler):
    """Keeps records, with the filter."""

    def __init__(self) -> None:
        super().__init__()
        self.addFilter(InvocationFilter())
        self.records: list[Any] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(("somebodys", "Greeter", "restate_proto")):
            self.records.append(record)


@pytest.fixture
def records() -> Iterator[Records]:
    handler = Records()
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel("INFO")
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


class Greeter(GreeterBase):
    """Waits often, and fails twice at its end."""

    def __init__(self) -> None:
        self.failures_left = 2

    @override
    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        if request.name:
            return GreetResponse(greeting=request.name)
        log.info("begins")
        for number in range(2):
            name = f"{number}"
            await ctx.call(GREET, GreetRequest(name=name), GreetResponse)
            ctx.logger.info("called %s", number)
            await ctx.run(f"run {number}", self.in_a_thread)
        if self.failures_left:
            self.failures_left -= 1
            raise ValueError("not yet")
        return GreetResponse()

    def in_a_thread(self) -> None:
        log.info("in a run")


def test_each_line_once(records: Records) -> None:
    async def scenario() -> None:
        async with (
            Endpoint(Greeter()).run() as running,
            RestateServer(inactivity_timeout=timedelta(0)) as server,  # suspends at every wait
        ):
            await server.register(running.address)
            async with IngressClient(server.ingress_url) as client:
                await client.call(GREET, GreetRequest(), GreetResponse)

    asyncio.run(scenario())
    said = [record for record in records.records if not record.name.startswith("restate_proto")]
    assert [record.getMessage() for record in said] == [
        *("begins", "called 0", "in a run", "called 1", "in a run"),
    ]
    (id_,) = {record.invocation_id for record in said}
    assert id_.startswith("inv_")
    assert {record.invocation_target for record in said} == {"Greeter/greet"}

    failures = [record for record in records.records if "attempt failed" in record.getMessage()]
    assert [record.exc_info is not None for record in failures] == [True, False]
    assert {record.invocation_id for record in failures} == {id_}
    assert "attempt failed again (attempt 2)" in failures[1].getMessage()
