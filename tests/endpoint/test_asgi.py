"""An endpoint as an ASGI application, message by message."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from typing_extensions import override

from benchmark.v1.benchmark_pb2 import AddRequest, Count, GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import CounterBase, GreeterBase, GreeterClient
from restate_proto import Endpoint, LifespanError
from restate_proto.endpoint.asgi import AsgiApp
from restate_proto.endpoint.discovery import Discovery
from restate_proto.http2.exchange import Response
from restate_proto.http2.stream import StreamReceiver
from restate_proto.protocol.frames import FrameDecoder, pack_header
from restate_proto.protocol.messages import MessageType
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.endpoint.test_routes import V6, frame, greeting_of, invocation
from tests.signing import Signer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from restate_proto import Context, ObjectContext
    from restate_proto.endpoint.routes import RequestStream

GREET = "/invoke/Greeter/greet"
ADD = "/invoke/BenchmarkCounter/add"
DISCONNECT = {"type": "http.disconnect"}
KIB = 1 << 10
END = pack_header(MessageType.END, 0, 0)


class Greeter(GreeterBase):
    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        return GreetResponse(greeting=f"Hello {request.name}")


class Counter(CounterBase):
    """Waits for an awakeable, or sends as many large messages as it is told to."""

    def __init__(self) -> None:
        self.sent = 0
        self.waits = asyncio.Event()
        self.cleaned_up = asyncio.Event()

    async def add(self, ctx: ObjectContext, request: AddRequest) -> Count:
        greeter = GreeterClient.from_context(ctx).send()
        try:
            for _ in range(request.amount):
                greeter.greet(GreetRequest(name="x" * 64 * KIB))
                await ctx.get(self.COUNT)
                self.sent += 1
            if not request.amount:
                self.waits.set()
                await ctx.awakeable(Count)
        finally:
            self.cleaned_up.set()
        return Count(value=self.sent)


def add(amount: int) -> bytes:
    command = pb.InputCommandMessage()
    command.value.content = AddRequest(amount=amount).SerializeToString()
    start = pb.StartMessage(id=b"1", known_entries=1, key="ada")
    return frame(MessageType.START, start) + frame(MessageType.INPUT, command)


class Request:
    """A request as a server hands it over, and its answer.

    Args:
        app: the application that is asked.
        version: of HTTP.
        may_send: the server takes pieces of the answer while this is set.
    """

    def __init__(
        self,
        app: Any,
        method: str,
        path: str,
        headers: Sequence[tuple[bytes, bytes]] = (),
        *,
        version: str = "2",
    ) -> None:
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": version,
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": list(headers),
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        self.app = app
        self.received = 0
        self.may_send = asyncio.Event()
        self.may_send.set()
        self.sent: list[dict[str, Any]] = []
        self._input: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._news = asyncio.Condition()

    def start(self) -> asyncio.Task[None]:
        """Serve the request in a task of its own."""
        return asyncio.get_running_loop().create_task(
            self.app(self.scope, self._receive, self._send)
        )

    def body(self, data: bytes, *, more: bool = False) -> None:
        """A piece of the body arrives."""
        self._input.put_nowait({"type": "http.request", "body": data, "more_body": more})

    def disconnect(self) -> None:
        """The client goes."""
        self._input.put_nowait(DISCONNECT)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for news of the kind."""
        async with self._news:
            await self._news.wait_for(holds)

    async def _receive(self) -> dict[str, Any]:
        message = await self._input.get()
        self.received += 1
        async with self._news:
            self._news.notify_all()
        return message

    async def _send(self, message: dict[str, Any]) -> None:
        await self.may_send.wait()
        self.sent.append(message)
        async with self._news:
            self._news.notify_all()

    @property
    def output(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)

    @property
    def response(self) -> Response:
        start, *pieces = self.sent
        assert [piece["more_body"] for piece in pieces[:-1]] == [True] * (len(pieces) - 1)
        assert not pieces[-1]["more_body"]
        return Response(start["status"], start["headers"], self.output)


async def ask(
    app: Any,
    method: str,
    path: str,
    headers: Sequence[tuple[bytes, bytes]] = (),
    body: bytes = b"",
    *,
    version: str = "2",
) -> Response:
    request = Request(app, method, path, headers, version=version)
    request.body(body)
    await request.start()
    return request.response


def asgi(*services: Any, **options: Any) -> AsgiApp:
    return Endpoint(*(services or (Greeter(),)), **options).asgi()


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


# ---- Its life ----


class Life:
    """A lifespan as a server runs it."""

    def __init__(self, app: Any) -> None:
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        self.task = asyncio.get_running_loop().create_task(
            app(scope, self._to_app.get, self._from_app.put)
        )

    async def tell(self, stage: str) -> dict[str, Any]:
        await self._to_app.put({"type": f"lifespan.{stage}"})
        return await self._from_app.get()


class Pool:
    """What a lifespan sets up; so many times before that, it fails."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.open = 0
        self.opened = 0

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        if self.failures:
            self.failures -= 1
            raise OSError("no database")
        self.open += 1
        self.opened += 1
        try:
            async with asyncio.timeout(None):  # such a thing has to be left where it was entered
                yield
        finally:
            self.open -= 1


def test_it_lives_as_long_as_its_server() -> None:
    async def test() -> None:
        pool = Pool()
        app = asgi(lifespan=pool.lifespan)
        life = Life(app)
        assert await life.tell("startup") == {"type": "lifespan.startup.complete"}
        assert pool.open == 1
        assert greeting_of(await ask(app, "POST", GREET, [V6], invocation())) == "Hello Ada"
        assert await life.tell("shutdown") == {"type": "lifespan.shutdown.complete"}
        await life.task
        assert (pool.open, pool.opened) == (0, 1)

    asyncio.run(test())


def test_a_start_that_fails_is_told() -> None:
    async def test() -> None:
        life = Life(asgi(lifespan=Pool(failures=1).lifespan))
        message = "LifespanError: cannot set up the endpoint's lifespan: OSError: no database"
        assert await life.tell("startup") == {"type": "lifespan.startup.failed", "message": message}
        with pytest.raises(LifespanError):
            await life.task

    asyncio.run(test())


def test_an_end_that_fails_is_told() -> None:
    @asynccontextmanager
    async def lifespan() -> AsyncGenerator[None]:
        yield
        raise OSError("no database")

    async def test() -> None:
        life = Life(asgi(lifespan=lifespan))
        await life.tell("startup")
        message = "OSError: no database"
        assert await life.tell("shutdown") == {
            "type": "lifespan.shutdown.failed",
            "message": message,
        }
        with pytest.raises(OSError, match="no database"):
            await life.task

    asyncio.run(test())


def test_without_a_lifespan_of_its_server_the_first_request_sets_it_up() -> None:
    pool = Pool()
    app = asgi(lifespan=pool.lifespan)

    async def test() -> None:
        asking = (ask(app, "POST", GREET, [V6], invocation()) for _ in range(3))
        for response in await asyncio.gather(*asking):
            assert greeting_of(response) == "Hello Ada"
        assert pool.open == 1

    for number in (1, 2):  # once in each event loop, and for as long as that runs
        asyncio.run(test())
        assert (pool.open, pool.opened) == (0, number)


def test_what_cannot_be_set_up_is_tried_again_with_the_next_request() -> None:
    async def test() -> None:
        app = asgi(lifespan=Pool(failures=2).lifespan)
        for _ in range(2):
            with pytest.raises(LifespanError, match="no database"):
                await ask(app, "GET", "/discover")
        assert (await ask(app, "GET", "/discover")).status == 200

    asyncio.run(test())


def test_who_waits_when_the_process_is_told_to_stop_is_suspended() -> None:
    """And who comes to wait after that; what need not wait is answered."""

    async def test() -> None:
        counter = Counter()
        app = asgi(counter, Greeter())
        told: list[int] = []
        before = signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
        life = Life(app)
        try:
            await life.tell("startup")
            requests = [Request(app, "POST", ADD, [V6]) for _ in range(2)]
            serving = [requests[0].start()]
            requests[0].body(add(0), more=True)
            await counter.waits.wait()
            os.kill(os.getpid(), signal.SIGTERM)
            await requests[0].until(lambda: bool(requests[0].output))
            serving.append(requests[1].start())
            requests[1].body(add(0), more=True)
            for request, task in zip(requests, serving, strict=True):
                await request.until(lambda request=request: bool(request.output))
                assert FrameDecoder().feed(request.output)[-1][0] == MessageType.SUSPENSION
                request.body(b"")
                await task
            assert greeting_of(await ask(app, "POST", GREET, [V6], invocation())) == "Hello Ada"
            assert told == [signal.SIGTERM]
            await life.tell("shutdown")
        finally:
            signal.signal(signal.SIGTERM, before)

    asyncio.run(test())


@pytest.mark.parametrize("framework", [Starlette, FastAPI])
@pytest.mark.parametrize("passes_lifespan_on", [False, True])
def test_mounted_in_another_application(
    framework: type[Starlette], passes_lifespan_on: bool
) -> None:
    """Which asks it for nothing at its start and end, unless it is told to."""

    async def test() -> None:
        pool = Pool()
        restate = asgi(lifespan=pool.lifespan)
        app = framework(lifespan=restate.lifespan if passes_lifespan_on else None)
        app.mount("/restate", restate)
        life = Life(app)
        await life.tell("startup")
        assert pool.open == int(passes_lifespan_on)
        response = await ask(app, "POST", "/restate" + GREET, [V6], invocation())
        assert greeting_of(response) == "Hello Ada"
        assert (await ask(app, "GET", "/restate/discover")).status == 200
        assert pool.opened == 1
        await life.tell("shutdown")
        assert pool.open == int(not passes_lifespan_on)

    asyncio.run(test())
