"""The clients that are compared: each makes the same call and checks the answer."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from restate_proto import IngressClient, Target
from restate_proto.ingress.sender import HttpSender

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    Call = Callable[[], Awaitable[None]]

__all__ = ["CONTENDERS", "GRPC_METHOD", "Contender"]

GRPC_METHOD: Final = "/benchmark.v1.Greeter/Greet"
_GREET: Final = Target.service("benchmark.v1.Greeter", "Greet")
_REQUEST: Final = GreetRequest(name="Ada")
_RESPONSE: Final = GreetResponse(greeting="Hello Ada")


@dataclass(frozen=True)
class Contender:
    """A client to compare.

    Attributes:
        title: its name in reports.
        ingress: the module of the server that answers its calls.
        connect: opens a client for a host and a port, and yields the function that makes one call.
        calls: the number of calls in a round.
    """

    title: str
    ingress: str
    connect: Callable[[str], AbstractAsyncContextManager[Call]]
    calls: int


def _ours(engine: str) -> Callable[[str], AbstractAsyncContextManager[Call]]:
    @asynccontextmanager
    async def connect(address: str) -> AsyncGenerator[Call]:
        async with IngressClient(f"http://{address}", engine=engine) as client:
            yield _caller(client)

    return connect


def _with_transport(name: str) -> Callable[[str], AbstractAsyncContextManager[Call]]:
    @asynccontextmanager
    async def connect(address: str) -> AsyncGenerator[Call]:
        from bench.clients import transports  # noqa: PLC0415 - for these contenders alone

        async with IngressClient(f"http://{address}") as client:
            transport = getattr(transports, name)(f"http://{address}")
            client.senders = replace(client.senders, ingress=HttpSender(transport))
            yield _caller(client)

    return connect


def _caller(client: IngressClient) -> Call:
    async def call() -> None:
        assert await client.call(_GREET, _REQUEST, GreetResponse) == _RESPONSE

    return call


@asynccontextmanager
async def _official(address: str) -> AsyncGenerator[Call]:
    import restate  # pyright: ignore[reportMissingImports] # noqa: PLC0415 - in .venv-bench

    sdk: Any = restate
    greeter = sdk.Service("Greeter")

    @greeter.handler()
    async def greet(ctx: Any, request: dict[str, Any]) -> dict[str, Any]:
        return request

    async with sdk.create_client(f"http://{address}") as client:

        async def call() -> None:
            answer = await client.service_call(greet, {"name": "Ada"})
            assert answer == {"greeting": "Hello Ada"}

        yield call


@asynccontextmanager
async def _grpc(address: str) -> AsyncGenerator[Call]:
    import grpc  # pyright: ignore[reportMissingTypeStubs] # noqa: PLC0415 - for this contender alone

    library: Any = grpc
    async with library.aio.insecure_channel(address) as channel:
        greet = channel.unary_unary(
            GRPC_METHOD,
            request_serializer=GreetRequest.SerializeToString,
            response_deserializer=GreetResponse.FromString,
        )

        async def call() -> None:
            assert await greet(_REQUEST) == _RESPONSE

        yield call


_HTTP2: Final = "bench.servers.python.ingress"

CONTENDERS: Final = {
    "ngh2": Contender("restate-proto", _HTTP2, _ours("ngh2"), 6_000),
    "h2": Contender("restate-proto on h2", _HTTP2, _ours("h2"), 2_000),
    "grpc": Contender("grpc.aio", "bench.servers.python.ingress_grpc", _grpc, 3_000),
    "sdk": Contender("Python SDK", "bench.servers.python.ingress_http1", _official, 500),
    "httpcore": Contender("httpcore below ours", _HTTP2, _with_transport("Httpcore"), 800),
    "httpx": Contender("httpx below ours", _HTTP2, _with_transport("Httpx"), 600),
}
"""The last two are compared on request alone: docs/decisions/http-client.md."""
