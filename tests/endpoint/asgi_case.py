"""Asks an ASGI application as a server does, message by message."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from benchmark.v1.benchmark_pb2 import AddRequest, Count, GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import CounterBase, GreeterBase, GreeterClient
from restate_proto import Endpoint
from restate_proto.endpoint.asgi import AsgiApp
from restate_proto.http2.exchange import Response
from restate_proto.protocol.frames import pack_header
from restate_proto.protocol.messages import MessageType
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.endpoint.test_routes import frame

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from restate_proto import Context, ObjectContext


__all__ = [
    "ADD",
    "DISCONNECT",
    "END",
    "GREET",
    "KIB",
    "Counter",
    "Greeter",
    "Request",
    "add",
    "asgi",
    "ask",
]

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
