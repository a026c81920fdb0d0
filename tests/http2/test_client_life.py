"""Clients that are never closed, or not in the event loop that they were used in."""

from __future__ import annotations

import asyncio
import gc

import pytest

from restate_proto.http2.client import Http2Client
from tests.http2.support import (
    App,
    Count,
    Request,
    becomes,
    client_of,
    engines,
    run,
    serving,
)


@engines
def test_a_client_that_is_never_closed_warns_and_closes_its_connections(engine: str) -> None:
    app = App(Count)

    async def test() -> None:
        async with serving(app, engine=engine) as server:
            client = client_of(server, engine)
            await client.request("GET", "/")
            url = f"http://127.0.0.1:{server.port}"
            with pytest.warns(ResourceWarning, match=rf"unclosed <Http2Client of {url}>.*close\("):
                del client
            connection = app.requests[0].stream.connection
            await becomes(lambda: connection.transport is None)

    run(test())


@engines
def test_what_still_runs_of_it_goes_on(engine: str) -> None:
    app = App(Request)

    class Receiver:
        def __init__(self) -> None:
            self.ended = asyncio.Event()

        def response_received(self, status: int, headers: object) -> None: ...
        def data_received(self, data: bytes) -> None: ...
        def drained(self) -> None: ...
        def aborted(self, error: Exception) -> None:
            raise AssertionError(error)

        def eof_received(self) -> None:
            self.ended.set()

    async def test() -> None:
        async with serving(app, engine=engine) as server:
            client = client_of(server, engine)
            receiver = Receiver()
            await client.open("GET", "/", (), receiver, end=True)
            request: Request = await app.request(0)
            with pytest.warns(ResourceWarning, match="unclosed"):
                del client
            await asyncio.sleep(0)
            request.stream.respond(200, end=True)
            await receiver.ended.wait()

    run(test())


@engines
@pytest.mark.filterwarnings("error")
def test_a_client_that_was_closed_or_never_used_does_not_warn(engine: str) -> None:
    async def test() -> None:
        async with serving(App(Count), engine=engine) as server:
            client = client_of(server, engine)
            await client.request("GET", "/")
            await client.close()
            del client
            client_of(server, engine)
            gc.collect()

    run(test())


@engines
def test_a_client_is_closed_in_its_own_loop(engine: str) -> None:
    async def test() -> None:
        async with (
            serving(App(Count), engine=engine) as server,
            client_of(server, engine) as client,
        ):
            await client.request("GET", "/")

            def elsewhere() -> None:
                with asyncio.Runner() as runner:
                    for use in (client.close, lambda: client.request("GET", "/")):
                        with pytest.raises(RuntimeError, match="first used in, which is not this"):
                            runner.run(use())

            await asyncio.to_thread(elsewhere)
            assert (await client.request("GET", "/")).status == 200

    run(test())


@engines
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_client_whose_loop_has_ended_says_so(engine: str) -> None:
    clients: list[Http2Client] = []

    async def first() -> None:
        async with serving(App(Count), engine=engine) as server:
            clients.append(client_of(server, engine))
            await clients[0].request("GET", "/")

    async def second() -> None:
        for use in (lambda: clients[0].request("GET", "/"), clients[0].close):
            with pytest.raises(RuntimeError, match="first used in, which has ended; make a client"):
                await use()

    run(first())
    run(second())
    clients.clear()
    gc.collect()


@engines
def test_a_client_that_was_never_used_can_be_closed_anywhere(engine: str) -> None:
    client = Http2Client("http://127.0.0.1:1", engine=engine)
    for _ in range(2):
        run(client.close())


@engines
def test_header_fields_that_no_server_takes_are_refused(engine: str) -> None:
    async def test() -> None:
        async with (
            serving(App(Count), engine=engine) as server,
            client_of(server, engine) as client,
        ):
            assert (await client.request("GET", "/", [(b"x-a", b"x" * 60_000)])).status == 200
            with pytest.raises(ValueError, match="have 70036 bytes, but at most 65536 are allowed"):
                await client.request("GET", "/", [(b"x-a", b"x" * 70_000)])
            with pytest.raises(ValueError, match="have 70001 bytes"):
                await client.request("GET", "/" + "x" * 70_000)

    run(test())


@engines
def test_no_proxy_of_the_environment_is_used(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async def test() -> None:
        async with (
            serving(App(Count), engine=engine) as server,
            client_of(server, engine) as client,
        ):
            assert (await client.request("GET", "/")).status == 200

    run(test())
