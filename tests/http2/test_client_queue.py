"""A client's requests that wait for a free stream, or for a connection."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from restate_proto.http2.client import Http2Client
from restate_proto.http2.limits import Http2Settings
from restate_proto.http2.pool_limits import PoolLimits
from restate_proto.http2.server import Server
from tests.http2.support import App, Count, Request, becomes, client_of, engines, run, serving


@engines
def test_requests_wait_for_a_free_stream(engine: str) -> None:
    most = 0

    class Slow(Request):
        open = 0

        def eof_received(self) -> None:
            nonlocal most
            Slow.open += 1
            most = max(most, Slow.open)
            asyncio.get_running_loop().call_soon(self.answer)

        def answer(self) -> None:
            Slow.open -= 1
            self.stream.respond(200, end=True)

    async def test() -> None:
        settings = Http2Settings(max_concurrent_streams=3)
        async with (
            serving(App(Slow), engine=engine, settings=settings) as server,
            client_of(server, engine, limits=PoolLimits(max_connections=1)) as client,
        ):
            await client.request("GET", "/")  # the server's settings are known now
            responses = await asyncio.gather(*(client.request("GET", "/") for _ in range(50)))
            assert [r.status for r in responses] == [200] * 50

    run(test())
    assert most == 3


@engines
def test_more_connections_are_made_when_the_streams_are_used_up(engine: str) -> None:
    app = App()

    async def test() -> None:
        settings = Http2Settings(max_concurrent_streams=2)
        async with (
            serving(app, engine=engine, settings=settings) as server,
            client_of(server, engine, limits=PoolLimits(max_connections=3)) as client,
        ):
            tasks = [asyncio.create_task(client.request("GET", "/")) for _ in range(9)]
            await app.request(5)
            held = [request.stream.connection for request in app.requests]
            assert sorted(held.count(c) for c in set(held)) == [2, 2, 2]
            for index in range(9):
                request: Request = await app.request(index)
                request.stream.respond(200, end=True)
            assert [r.status for r in await asyncio.gather(*tasks)] == [200] * 9
            assert {request.stream.connection for request in app.requests} == set(held)

    run(test())


@engines
def test_a_second_connection_that_fails_is_done_without(engine: str) -> None:
    app = App()

    async def test() -> None:
        server = Server(app, engine=engine, settings=Http2Settings(max_concurrent_streams=1))
        await server.start()
        async with client_of(server, engine) as client:
            first = asyncio.create_task(client.request("GET", "/"))
            request: Request = await app.request(0)
            server._server.close()  # type: ignore[union-attr]
            second = asyncio.create_task(client.request("GET", "/"))
            pool: Any = client._pool  # pyright: ignore[reportPrivateUsage] - nothing else tells
            await becomes(lambda: len(pool._waiting) == 1)
            request.stream.respond(200, end=True)
            request = await app.request(1)
            request.stream.respond(200, end=True)
            assert [r.status for r in await asyncio.gather(first, second)] == [200, 200]
        await server.close()

    run(test())


@engines
def test_a_cancelled_waiter_leaves_its_turn_to_the_next(engine: str) -> None:
    app = App()

    async def test() -> None:
        settings = Http2Settings(max_concurrent_streams=1)
        async with (
            serving(app, engine=engine, settings=settings) as server,
            client_of(server, engine, limits=PoolLimits(max_connections=1)) as client,
        ):
            tasks = [asyncio.create_task(client.request("GET", f"/{i}")) for i in range(2)]
            first: Request = await app.request(0)
            waiting = [asyncio.create_task(client.request("GET", f"/{i}")) for i in range(2, 6)]
            first.stream.respond(200, end=True)
            await tasks[0]
            second: Request = await app.request(1)
            for index in (0, 2):
                waiting[index].cancel()
            second.stream.respond(200, end=True)
            for index in (2, 3):
                request: Request = await app.request(index)
                request.stream.respond(200, end=True)
            results = await asyncio.gather(*waiting, return_exceptions=True)
            cancelled = [isinstance(result, asyncio.CancelledError) for result in results]
            assert cancelled == [True, False, True, False]
            assert [r.stream.path for r in app.requests] == ["/0", "/1", "/3", "/5"]

    run(test())


@engines
def test_a_waiter_that_is_cancelled_as_its_turn_comes_passes_it_on(engine: str) -> None:
    app = App()

    async def test() -> None:
        settings = Http2Settings(max_concurrent_streams=1)
        async with (
            serving(app, engine=engine, settings=settings) as server,
            client_of(server, engine, limits=PoolLimits(max_connections=1)) as client,
        ):
            running = asyncio.create_task(client.request("GET", "/0"))
            request: Request = await app.request(0)
            waiting = [asyncio.create_task(client.request("GET", f"/{i}")) for i in (1, 2)]
            pool: Any = client._pool  # pyright: ignore[reportPrivateUsage] - the moment matters
            await becomes(lambda: len(pool._waiting) == 2)
            wake = pool._wake

            def wake_and_cancel(count: int) -> None:
                wake(count)
                if count:
                    waiting[0].cancel()

            pool._wake = wake_and_cancel
            request.stream.respond(200, end=True)
            await running
            request = await app.request(1)
            assert request.stream.path == "/2"
            request.stream.respond(200, end=True)
            await waiting[1]
            assert waiting[0].cancelled()

    run(test())


@engines
def test_a_failed_connection_that_nobody_waits_for_is_no_error(
    engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        async with serving(App(Count), engine=engine) as server:
            port = server.port
        async with Http2Client(f"http://127.0.0.1:{port}", engine=engine) as client:
            task = asyncio.create_task(client.request("GET", "/"))
            await asyncio.sleep(0)
            task.cancel()
            pool: Any = client._pool  # pyright: ignore[reportPrivateUsage] - nothing else tells
            await becomes(lambda: task.done() and pool._connecting is None)

    run(test())
    assert caplog.records == []
