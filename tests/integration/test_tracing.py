"""One trace from the caller through restate-server and the handlers that call each other."""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from typing_extensions import override

from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import GreeterBase
from restate_proto import Context, Endpoint, IngressClient, Target
from restate_proto.testing import RestateServer
from tests.otel.spans import Traced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import ReadableSpan

pytestmark = pytest.mark.server

GREET = Target.service("Greeter", "greet")


class Span(NamedTuple):
    """A span of ours or of the server's."""

    name: str
    trace: str
    id: str
    parent: str
    links: tuple[str, ...] = ()


class Collector(grpc.GenericRpcHandler):
    """Receives the spans that restate-server sends."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.arrived = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    @override
    def service(self, handler_call_details: object) -> Any:
        return grpc.unary_unary_rpc_method_handler(
            self._take,
            ExportTraceServiceRequest.FromString,
            ExportTraceServiceResponse.SerializeToString,
        )

    def _take(self, request: Any, context: object) -> ExportTraceServiceResponse:
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
                    links = tuple(link.trace_id.hex() for link in span.links)
                    self.spans.append(Span(span.name, *ids, links))
        self._loop.call_soon_threadsafe(self.arrived.set)
        return ExportTraceServiceResponse()

    async def until_ended(self, invocations: int) -> None:
        """Wait until the server has reported the end of so many invocations."""
        while sum(span.name.startswith("invocation-end") for span in self.spans) < invocations:
            self.arrived.clear()
            await self.arrived.wait()


@pytest.fixture
def grpc_server() -> Iterator[grpc.Server]:
    server = grpc.server(ThreadPoolExecutor(2))
    yield server
    server.stop(None)


class Greeter(GreeterBase):
    """Calls itself, fails once, and sends itself a message."""

    def __init__(self) -> None:
        self.attempts: Counter[str] = Counter()

    @override
    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        self.attempts[request.name] += 1
        if request.name == "outer":
            await ctx.run("prepare", lambda: None)
            await ctx.call(GREET, GreetRequest(name="inner"), GreetResponse)
            if self.attempts["outer"] == 1:
                raise ValueError("once")
            ctx.send(GREET, GreetRequest(name="sent"))
        return GreetResponse(greeting=request.name)


def ours(span: ReadableSpan) -> Span:
    context: Any = span.context
    parent = "" if span.parent is None else f"{span.parent.span_id:016x}"
    links = tuple(f"{link.context.span_id:016x}" for link in span.links)
    return Span(span.name, f"{context.trace_id:032x}", f"{context.span_id:016x}", parent, links)


def test_one_trace(grpc_server: grpc.Server) -> None:
    traced = Traced()

    async def scenario() -> list[Span]:
        collector = Collector()
        grpc_server.add_generic_rpc_handlers((collector,))
        port = grpc_server.add_insecure_port("127.0.0.1:0")
        grpc_server.start()
        config = {"tracing-services-endpoint": f"http://127.0.0.1:{port}"}
        environ = {"OTEL_BSP_SCHEDULE_DELAY": "50"}
        endpoint = Endpoint(Greeter(), interceptors=[traced.tracing])
        async with (
            endpoint.run() as running,
            RestateServer(config=config, env=environ) as server,
        ):
            await server.register(running.address)
            async with IngressClient(server.ingress_url, interceptors=[traced.tracing]) as client:
                await client.call(GREET, GreetRequest(name="outer"), GreetResponse)
            await collector.until_ended(3)
        return collector.spans

    servers = asyncio.run(scenario())
    spans = [ours(span) for span in traced.spans()]
    (client,) = (span for span in spans if span.name == "Greeter/greet")
    runs = [span for span in spans if span.name == "run (prepare)"]
    attempts = [span for span in spans if span.name == "attempt Greeter/greet"]
    by_id = {span.id: span for span in [*servers, *spans]}

    def path(span: Span) -> list[str]:
        """Return the names of a span and of all spans above it."""
        parent = by_id.get(span.parent)
        return [span.name] if parent is None else [span.name, *path(parent)]

    below_client = [
        *("attempt Greeter/greet", "invocation-attempt Greeter/greet"),
        *("invocation-start Greeter/greet", "ingress Greeter/greet", "Greeter/greet"),
    ]
    outer = [span for span in attempts if path(span) == below_client]
    assert len(outer) == 2  # the first failed
    (inner,) = (span for span in attempts if path(span)[3:] == below_client[1:])
    assert path(inner)[:3] == below_client[:3]
    (sent,) = (span for span in attempts if span not in {*outer, inner})

    assert {span.trace for span in (*outer, inner, *runs)} == {client.trace}
    assert (
        sent.trace != client.trace
    )  # a message begins a trace, which the server links to the first
    start = by_id[by_id[sent.parent].parent]
    assert start.links == (client.trace,)

    (run,) = runs  # replayed in the second attempt
    assert run.parent == outer[0].id
    assert outer[0].links == ()
    assert outer[1].links == (outer[0].id,)


def test_a_server_that_does_not_trace() -> None:
    """It sends no span of its own, so an attempt is below the caller's span."""
    traced = Traced()

    async def scenario() -> None:
        endpoint = Endpoint(Greeter(), interceptors=[traced.tracing])
        async with endpoint.run() as running, RestateServer() as server:
            await server.register(running.address)
            async with IngressClient(server.ingress_url, interceptors=[traced.tracing]) as client:
                await client.call(GREET, GreetRequest(name="simple"), GreetResponse)

    asyncio.run(scenario())
    attempt, client = map(ours, traced.spans())
    assert (attempt.name, client.name) == ("attempt Greeter/greet", "Greeter/greet")
    assert (attempt.trace, attempt.parent) == (client.trace, client.id)
