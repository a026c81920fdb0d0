"""An endpoint as an ASGI application, message by message."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from restate_proto.endpoint.asgi import AsgiApp
from restate_proto.endpoint.discovery import Discovery
from restate_proto.http2.stream import StreamReceiver
from tests.endpoint.asgi_case import ADD, END, GREET, KIB, Counter, Request, add, asgi, ask
from tests.endpoint.test_routes import V6, greeting_of, invocation
from tests.signing import Signer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from restate_proto.endpoint.routes import RequestStream


@pytest.mark.parametrize(
    ("version", "mode"),
    [("2", "BIDI_STREAM"), ("1.1", "REQUEST_RESPONSE"), ("1.0", "REQUEST_RESPONSE")],
)
def test_the_manifest_says_what_the_version_of_http_allows(version: str, mode: str) -> None:
    response = asyncio.run(ask(asgi(), "GET", "/behind/discover", version=version))
    assert response.status == 200
    assert json.loads(response.body)["protocolMode"] == mode


def test_an_endpoint_that_is_not_bidirectional_says_so() -> None:
    response = asyncio.run(ask(asgi(bidirectional=False), "GET", "/discover"))
    assert json.loads(response.body)["protocolMode"] == "REQUEST_RESPONSE"


@pytest.mark.parametrize("version", ["1.1", "2"])
@pytest.mark.parametrize("path", [GREET, "/behind/a/proxy" + GREET])
def test_an_invocation(version: str, path: str) -> None:
    response = asyncio.run(ask(asgi(), "POST", path, [V6], invocation(), version=version))
    assert greeting_of(response) == "Hello Ada"


def test_health_and_what_there_is_not() -> None:
    async def test() -> None:
        app = asgi()
        assert (await ask(app, "GET", "/health")).body == b'{"status":"ok"}'
        assert (await ask(app, "HEAD", "/health")).body == b""
        assert (await ask(app, "GET", "/no")).status == 404
        assert (await ask(app, "POST", GREET, body=invocation())).status == 415

    asyncio.run(test())


def test_signed_requests_alone_are_answered() -> None:
    async def test() -> None:
        signer = Signer()
        app = asgi(identity_keys=[signer.public_key])
        assert (await ask(app, "GET", "/x/discover")).status == 401
        signed = signer.headers("/discover", time.time())
        assert (await ask(app, "GET", "/x/discover", signed)).status == 200

    asyncio.run(test())


def test_over_http2_the_answer_streams_while_the_request_does() -> None:
    async def test() -> None:
        counter = Counter()
        request = Request(asgi(counter), "POST", ADD, [V6])
        serving = request.start()
        request.body(add(8), more=True)
        await request.until(lambda: request.output.endswith(END))
        assert len(request.output) > 8 * 64 * KIB
        assert all(message.get("more_body", True) for message in request.sent)
        request.body(b"")
        await serving
        assert request.response.status == 200

    asyncio.run(test())


def test_over_http1_the_answer_begins_when_the_request_has_ended() -> None:
    async def test() -> None:
        counter = Counter()
        request = Request(asgi(counter), "POST", ADD, [V6], version="1.1")
        serving = request.start()
        request.body(add(0), more=True)
        await counter.waits.wait()
        for _ in range(10):
            await asyncio.sleep(0)
        assert request.sent == []
        request.body(b"")
        await serving
        # It is suspended, for nothing can come.
        assert request.response.status == 200
        assert await counter.cleaned_up.wait()

    asyncio.run(test())


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_a_handler_waits_until_its_output_is_taken(version: str) -> None:
    async def test() -> None:
        counter = Counter()
        request = Request(asgi(counter), "POST", ADD, [V6], version=version)
        request.may_send.clear()
        serving = request.start()
        request.body(add(50))
        await request.until(lambda: request.received == 1)
        for _ in range(10):
            await asyncio.sleep(0)
        assert 1 <= counter.sent < 30
        request.may_send.set()
        await serving
        assert counter.sent == 50
        assert len(request.output) > 50 * 64 * KIB

    asyncio.run(test())


class Hoarder(StreamReceiver):
    """Takes a request, and says of nothing that it is used."""

    def __init__(self) -> None:
        self.taken = 0
        self.reason = ""
        self.stream: RequestStream

    def accept(self, stream: RequestStream) -> StreamReceiver:
        self.stream = stream
        stream.respond(200, [])
        return self

    @override
    def data_received(self, data: bytes) -> None:
        self.taken += len(data)
        if data == b"broken":
            raise ValueError(data)

    @override
    def eof_received(self) -> None:
        self.stream.write(b"", end=True)

    @override
    def drained(self) -> None: ...

    @override
    def draining(self) -> None: ...

    @override
    def aborted(self, reason: str) -> None:
        self.reason = reason

    @override
    def awaited_input(self) -> None: ...


def hoarding(hoarder: Hoarder) -> AsgiApp:
    class Routes:
        entrance = hoarder.accept

        def describing(self, discovery: Discovery) -> Routes:
            return self

    @asynccontextmanager
    async def open_() -> AsyncGenerator[Any]:
        yield Routes()

    discovery = Discovery((), min_protocol_version=5, max_protocol_version=7, bidirectional=True)
    return AsgiApp(open_, discovery, 1)


def test_the_server_is_asked_for_more_when_what_came_is_used() -> None:
    async def test() -> None:
        hoarder = Hoarder()
        request = Request(hoarding(hoarder), "POST", "/")
        serving = request.start()
        for _ in range(40):
            request.body(bytes(64 * KIB), more=True)
        request.body(b"")
        await request.until(lambda: request.received == 17)
        for _ in range(10):
            await asyncio.sleep(0)
        assert request.received == 17  # a little more than 1 MiB
        while not serving.done():
            hoarder.stream.acknowledge(hoarder.taken)
            hoarder.taken = 0
            await asyncio.sleep(0)
        assert request.received == 41
        assert request.response.status == 200

    asyncio.run(test())


def test_a_client_that_goes_ends_the_attempt() -> None:
    async def test() -> None:
        counter = Counter()
        request = Request(asgi(counter), "POST", ADD, [V6])
        serving = request.start()
        request.body(add(0), more=True)
        await counter.waits.wait()
        request.disconnect()
        await serving
        assert counter.cleaned_up.is_set()
        assert [message["type"] for message in request.sent] == ["http.response.start"]

    asyncio.run(test())


def test_a_server_that_gives_a_request_up_ends_the_attempt() -> None:
    async def test() -> None:
        counter = Counter()
        request = Request(asgi(counter), "POST", ADD, [V6])
        serving = request.start()
        request.body(add(0), more=True)
        await counter.waits.wait()
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert counter.cleaned_up.is_set()

    asyncio.run(test())


def test_a_failure_reaches_the_server() -> None:
    """Which then does not end the answer as if it were complete."""

    async def test() -> None:
        hoarder = Hoarder()
        request = Request(hoarding(hoarder), "POST", "/")
        request.body(b"broken", more=True)
        with pytest.raises(ExceptionGroup) as raised:
            await request.start()
        assert raised.group_contains(ValueError, match="broken")
        assert hoarder.reason
        assert all(message.get("more_body", True) for message in request.sent)

    asyncio.run(test())


def test_websockets_are_refused() -> None:
    async def test() -> None:
        request = Request(asgi(), "GET", "/")
        request.scope["type"] = "websocket"
        await request.start()
        assert request.sent == [{"type": "websocket.close"}]

    asyncio.run(test())
