"""The end of attempts on a real server: handlers that clean up, that raise, and that go on."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import GreeterBase, GreeterClient, GreeterIngressClient
from restate_proto import Endpoint
from restate_proto.http2.client import Http2Client
from restate_proto.testing import RestateServer, restate_environment

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator

    from restate_proto import Context

MOMENT = timedelta(milliseconds=50)


class Greeter(GreeterBase):
    """Greets, and does what a test wants if it is asked to greet Eve."""

    def __init__(self, work: Callable[[Context], Awaitable[None]]) -> None:
        self._work = work

    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        if request.name == "Eve":
            await self._work(ctx)
        return GreetResponse(greeting=f"Hello {request.name}")


def play(
    server: RestateServer,
    work: Callable[[Context], Awaitable[None]],
    scenario: Callable[[GreeterIngressClient], Awaitable[None]],
    *,
    expose_tracebacks: bool = False,
) -> None:
    """Run a scenario with an endpoint whose handler does some work."""

    async def main() -> None:
        endpoint = Endpoint(Greeter(work), expose_tracebacks=expose_tracebacks)
        async with restate_environment(endpoint, server=server, retries=True, debug=False) as env:
            await scenario(GreeterClient.from_client(env.client))

    asyncio.run(main())


@pytest.fixture(scope="module")
def server() -> Generator[RestateServer]:
    """A server that suspends at every wait, and kills what fails a second time."""
    give_up = {"initial-interval": "1ms", "max-attempts": 2, "on-max-attempts": "kill"}
    with RestateServer(
        inactivity_timeout=timedelta(0), config={"default-retry-policy": give_up}
    ) as server:
        yield server


def test_a_suspended_handler_gives_its_connection_back(server: RestateServer) -> None:
    free = [1]

    @contextlib.asynccontextmanager
    async def connection() -> AsyncGenerator[None]:
        one = free.pop()
        try:
            yield
        finally:
            await asyncio.sleep(0)
            free.append(one)

    async def work(ctx: Context) -> None:
        async with connection():
            await ctx.sleep(MOMENT)

    async def scenario(greeter: GreeterIngressClient) -> None:
        for _ in range(3):
            await greeter.greet(GreetRequest(name="Eve"))
        assert free == [1]

    play(server, work, scenario)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_handler_that_does_not_listen_stops_nobody_else(server: RestateServer) -> None:
    attempts = 0

    async def work(ctx: Context) -> None:
        nonlocal attempts
        attempts += 1
        while True:
            try:  # noqa: SIM105 - what is tested
                await ctx.sleep(MOMENT)
            except:  # noqa: E722
                pass

    async def scenario(greeter: GreeterIngressClient) -> None:
        await greeter.send().greet(GreetRequest(name="Eve"))
        while attempts < 3:  # which are those after suspensions
            answer = await greeter.greet(GreetRequest(name="Ada"))
            assert answer.greeting == "Hello Ada"

    play(server, work, scenario)
    gc.collect()


@pytest.mark.parametrize("where", ["handler", "run", "thread"])
def test_an_exit_is_a_failed_attempt(server: RestateServer, where: str) -> None:
    attempts = 0

    def leave() -> None:
        if attempts == 1:
            raise SystemExit(3)

    async def leave_soon() -> None:
        leave()

    async def work(ctx: Context) -> None:
        nonlocal attempts
        attempts += 1
        if where == "handler":
            leave()
        else:
            await ctx.run("leave", leave if where == "thread" else leave_soon)

    async def scenario(greeter: GreeterIngressClient) -> None:
        await greeter.greet(GreetRequest(name="Eve"))
        assert attempts >= 2

    play(server, work, scenario)


@pytest.mark.parametrize("exposed", [False, True])
@pytest.mark.parametrize("where", ["handler", "run"])
def test_a_caller_gets_no_traceback(
    server: RestateServer, where: str, exposed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The server passes the error of the last attempt on."""

    async def fail() -> None:
        raise KeyError("a bug")

    async def work(ctx: Context) -> None:
        await (fail() if where == "handler" else ctx.run("fail", fail))

    async def scenario(greeter: GreeterIngressClient) -> None:
        body = b'{"name": "Eve"}'
        headers = [(b"content-type", b"application/json")]
        async with Http2Client(server.ingress_url) as client:
            response = await client.request("POST", "/Greeter/greet", headers, body)
        answer = json.loads(response.body)
        assert response.status == 500
        assert answer["message"].endswith("KeyError: 'a bug'")
        assert ("Traceback" in answer.get("stacktrace", "")) == exposed
        assert (b"in fail" in response.body) == exposed

    play(server, work, scenario, expose_tracebacks=exposed)
    assert "in fail" in caplog.text
