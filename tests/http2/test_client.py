"""The client: requests as they are sent, responses as they come, limits, cancelling and closing."""

from __future__ import annotations

import asyncio

import pytest

from restate_proto.http2.client import Http2Client
from restate_proto.http2.errors import (
    ConnectionLostError,
    ResponseTooLargeError,
)
from tests.http2.support import (
    LOOPS,
    App,
    Count,
    Echo,
    Firehose,
    Request,
    client_of,
    engines,
    run,
    serving,
)


@engines
def test_one_connection_serves_many_requests(engine: str) -> None:
    app = App(Count)

    async def test() -> None:
        async with serving(app, engine=engine) as server, client_of(server, engine) as client:
            await asyncio.gather(*(client.request("GET", "/") for _ in range(5)))
            await client.request("GET", "/")
        assert len({id(request.stream.connection) for request in app.requests}) == 1

    run(test())


@engines
def test_the_request_arrives_as_it_was_given(engine: str) -> None:
    app = App(Count)

    async def test() -> None:
        async with serving(app, engine=engine) as server:
            url = f"http://127.0.0.1:{server.port}/base/"
            async with Http2Client(url, engine=engine) as client:
                await client.request("PATCH", "/a%20b?c=d", [(b"x-one", b"1"), (b"x-one", b"2")])
        stream = app.requests[0].stream
        assert (stream.method, stream.path, stream.query) == ("PATCH", "/base/a%20b", "c=d")
        assert list(stream.headers) == [(b"x-one", b"1"), (b"x-one", b"2")]

    run(test())


@engines
def test_the_response_arrives_as_it_was_given(engine: str) -> None:
    class Teapot(Request):
        def eof_received(self) -> None:
            self.stream.respond(418, [(b"x-a", b"1"), (b"x-a", b"2")])
            self.stream.write(b"short", end=True)

    async def test() -> None:
        async with (
            serving(App(Teapot), engine=engine) as server,
            client_of(server, engine) as client,
        ):
            response = await client.request("GET", "/")
            assert (response.status, response.body) == (418, b"short")
            assert list(response.fields) == [(b"x-a", b"1"), (b"x-a", b"2")]
            assert response.headers["X-A"] == "1, 2"
            assert response.headers.get("x-b") is None
            head = await client.request("HEAD", "/")
            assert (head.status, head.body) == (418, b"")

    run(test())


@engines
def test_cancelling_resets_the_stream(engine: str) -> None:
    app = App()

    async def test() -> None:
        async with serving(app, engine=engine) as server, client_of(server, engine) as client:
            task = asyncio.create_task(client.request("POST", "/", (), b"x"))
            request: Request = await app.request(0)
            await request.eof.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await request.gone.wait()
            assert request.reason == "the peer reset the stream: CANCEL"

    run(test())


@engines
def test_cancelling_one_of_those_that_connect_leaves_the_others(engine: str) -> None:
    async def test() -> None:
        async with (
            serving(App(Count), engine=engine) as server,
            client_of(server, engine) as client,
        ):
            tasks = [asyncio.create_task(client.request("GET", "/")) for _ in range(3)]
            await asyncio.sleep(0)
            tasks[0].cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert isinstance(results[0], asyncio.CancelledError)
            assert [r.status for r in results[1:] if not isinstance(r, BaseException)] == [200] * 2

    run(test())


@engines
def test_a_response_above_the_limit_is_refused(engine: str) -> None:
    app = App(Echo)

    async def test() -> None:
        async with (
            serving(app, engine=engine) as server,
            client_of(server, engine, max_response_bytes=100_000) as client,
        ):
            assert len((await client.request("POST", "/", (), bytes(100_000))).body) == 100_000
            with pytest.raises(ResponseTooLargeError, match="larger than 100000 bytes"):
                await client.request("POST", "/", (), bytes(100_001))
            with pytest.raises(ResponseTooLargeError):
                await client.request("POST", "/", (), bytes(11), max_response_bytes=10)
            assert (await client.request("POST", "/", (), b"x")).body == b"x"

    run(test())


@engines
def test_a_response_above_the_limit_is_not_read_on(engine: str) -> None:
    app = App(Firehose)

    async def test() -> None:
        async with serving(app, engine=engine) as server, client_of(server, engine) as client:
            with pytest.raises(ResponseTooLargeError):
                await client.request("GET", "/", max_response_bytes=1_000_000)
            hose = app.requests[0]
            await hose.gone.wait()
            assert hose.reason == "the peer reset the stream: CANCEL"
            assert hose.written < 10_000_000

    run(test())


@engines
def test_an_answer_before_the_end_of_the_request_is_enough(engine: str) -> None:
    class TooLarge(Request):
        def data_received(self, data: bytes) -> None:
            if not self.body:
                self.stream.respond(413, end=True)
            super().data_received(data)

    app = App(TooLarge)

    async def test() -> None:
        async with serving(app, engine=engine) as server, client_of(server, engine) as client:
            response = await client.request("POST", "/", (), bytes(20_000_000))
            assert response.status == 413
            await app.requests[0].gone.wait()
            assert len(app.requests[0].body) < 20_000_000

    run(test())


@engines
@pytest.mark.parametrize("loop", LOOPS)
def test_close_fails_what_still_runs(engine: str, loop: str) -> None:
    app = App()

    async def test() -> None:
        async with serving(app, engine=engine) as server:
            client = client_of(server, engine)
            task = asyncio.create_task(client.request("GET", "/"))
            request: Request = await app.request(0)
            await client.close()
            with pytest.raises(ConnectionLostError, match="the client was closed"):
                await task
            await request.gone.wait()
            with pytest.raises(RuntimeError, match="the client is closed"):
                await client.request("GET", "/")
            await client.close()

    run(test(), loop=loop)


@engines
def test_close_while_connecting(engine: str) -> None:
    async def test() -> None:
        async with serving(App(Count), engine=engine) as server:
            client = client_of(server, engine)
            task = asyncio.create_task(client.request("GET", "/"))
            await asyncio.sleep(0)
            await client.close()
            with pytest.raises(RuntimeError, match="the client is closed"):
                await task

    run(test())


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GE T", "/", []),
        ("", "/", []),
        ("GET", "", []),
        ("GET", "a", []),
        ("GET", "/a b", []),
        ("GET", "/a\r\n", []),
        ("GET", "/ü", []),
        ("GET", "/", [(b"X-Upper", b"1")]),
        ("GET", "/", [(b":path", b"/other")]),
        ("GET", "/", [(b"x-a", b"1\r\nx-b: 2")]),
        ("GET", "/", [(b"x-a", b"\0")]),
        ("GET", "/", [(b"", b"1")]),
    ],
)
def test_what_http_does_not_allow_is_not_sent(
    method: str, path: str, headers: list[tuple[bytes, bytes]]
) -> None:
    async def test() -> None:
        async with Http2Client("http://127.0.0.1:1") as client:
            with pytest.raises(ValueError, match="not a"):
                await client.request(method, path, headers)

    run(test())
