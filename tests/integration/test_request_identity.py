"""restate-server signs its requests, and an endpoint accepts only those of its own Restate."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from benchmark.v1.benchmark_pb2 import AddRequest, Count, GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import CounterBase, CounterClient, GreeterBase, GreeterClient
from restate_proto import Endpoint, IngressClient, IngressError
from restate_proto.http2.client import Http2Client
from restate_proto.http2.engines import ENGINES
from restate_proto.http2.server import Server
from restate_proto.http2.stream import StreamReceiver
from restate_proto.testing import RestateServer, restate_environment
from tests.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto import Context, ObjectContext
    from restate_proto.http2.stream import ServerStream

SIGNER = Signer()


class Greeter(GreeterBase):
    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        return GreetResponse(greeting=f"Hello {request.name}")


class Counter(CounterBase):
    async def add(self, ctx: ObjectContext, request: AddRequest) -> Count:
        await ctx.sleep(timedelta(0))
        count = Count(value=request.amount + (await ctx.get(self.COUNT) or Count()).value)
        ctx.set(self.COUNT, count)
        return count


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestateServer]:
    """A server with a key pair, which suspends at every wait."""
    file = SIGNER.pem_file(tmp_path_factory.mktemp("identity"))
    with RestateServer(
        config={"request-identity-private-key-pem-file": str(file)},
        inactivity_timeout=timedelta(0),
    ) as server:
        yield server


def test_the_server_logs_the_public_key(server: RestateServer) -> None:
    """The text of the ValueErrors says where to find it."""
    lines = [line for line in server.log().splitlines() if "Loaded request identity key" in line]
    assert lines
    assert all(SIGNER.public_key in line for line in lines)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("prefix", ["", "/", "/behind/a/proxy", "/behind/discover/"])
def test_handlers_are_invoked_by_the_server_with_the_key(
    server: RestateServer, engine: str, prefix: str
) -> None:
    async def test() -> None:
        endpoint = Endpoint(Greeter(), Counter(), engine=engine, identity_keys=[SIGNER.public_key])
        async with endpoint.run() as running, IngressClient(server.ingress_url) as client:
            deployment = await server.register(running.address + prefix)
            try:
                greeter = GreeterClient.from_client(client)
                for name in ("Ada", "Bob"):
                    answer = await greeter.greet(GreetRequest(name=name))
                    assert answer.greeting == f"Hello {name}"
                counter = CounterClient.from_client(client, engine + prefix)
                counts = [await counter.add(AddRequest(amount=2)) for _ in range(3)]
                assert [count.value for count in counts] == [2, 4, 6]
            finally:
                server.admin.remove_deployment(deployment.id)

    asyncio.run(test())


def test_an_endpoint_with_other_keys_is_not_registered(server: RestateServer) -> None:
    async def test() -> None:
        async with Endpoint(Greeter(), identity_keys=[Signer().public_key]).run() as running:
            with pytest.raises(IngressError, match="401"):
                await server.register(running.address)

    asyncio.run(test())


def test_the_test_environment_takes_unsigned_requests(suspending_server: RestateServer) -> None:
    async def test() -> None:
        endpoint = Endpoint(Greeter(), identity_keys=[SIGNER.public_key])
        async with restate_environment(endpoint, server=suspending_server) as env:
            greeter = GreeterClient.from_client(env.client)
            assert (await greeter.greet(GreetRequest(name="Ada"))).greeting == "Hello Ada"

    asyncio.run(test())


class Recorder(StreamReceiver):
    """Receives requests as the server signs them, and answers 404."""

    def __init__(self) -> None:
        self.requests: list[ServerStream] = []

    def accept(self, stream: ServerStream) -> StreamReceiver:
        self.requests.append(stream)
        stream.respond(404, end=True)
        return self

    @override
    def data_received(self, data: bytes) -> None: ...

    @override
    def eof_received(self) -> None: ...

    @override
    def drained(self) -> None: ...

    @override
    def draining(self) -> None: ...

    @override
    def aborted(self, reason: str) -> None: ...

    @override
    def awaited_input(self) -> None: ...


def test_a_token_of_the_server_is_for_the_path_below_the_prefix_of_the_deployment(
    server: RestateServer,
) -> None:
    """Its `nbf` and `exp` are a minute around the time of signing."""

    async def test() -> None:
        recorder = Recorder()
        recording = Server(recorder.accept)
        await recording.start()
        try:
            with pytest.raises(IngressError):
                await server.register(f"http://127.0.0.1:{recording.port}/behind/a/proxy")
        finally:
            await recording.close()
        request = recorder.requests[0]
        assert request.path == "/behind/a/proxy/discover"
        headers = dict(request.headers)
        claims: dict[str, Any] = json.loads(
            urlsafe_b64decode(headers[b"x-restate-jwt-v1"].split(b".")[1] + b"==")
        )
        assert claims.keys() == {"aud", "iat", "nbf", "exp"}
        assert claims["aud"] == "/discover"
        assert (claims["nbf"], claims["exp"]) == (claims["iat"] - 60, claims["iat"] + 60)
        assert claims["nbf"] < time.time() < claims["exp"]
        signed = [field for field in request.headers if field[0].startswith(b"x-restate-")]
        endpoint = Endpoint(Greeter(), identity_keys=[SIGNER.public_key])
        async with endpoint.run() as running, Http2Client(running.address) as client:
            assert (await client.request("GET", "/discover", signed)).status == 200
            answer = await client.request("POST", "/invoke/Greeter/greet", signed)
            assert answer.status == 401

    asyncio.run(test())


@pytest.mark.parametrize("prefix", ["", "/behind/a/proxy"])
def test_payloads_are_shown_to_the_server_with_the_key(server: RestateServer, prefix: str) -> None:
    """Serde preview could otherwise show others what an endpoint has encrypted."""
    request = GreetRequest(name="Ada").SerializeToString()
    path = "/serdes/Greeter/decode/greet/input"

    def ask_server() -> bytes:
        url = f"{server.admin_url}/internal/services/Greeter/serdes/decode/greet/input"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        headers = {"content-type": "application/octet-stream"}
        with opener.open(urllib.request.Request(url, request, headers)) as response:
            return response.read()

    async def test() -> None:
        endpoint = Endpoint(Greeter(), identity_keys=[SIGNER.public_key])
        async with endpoint.run() as running, Http2Client(running.address) as stranger:
            deployment = await server.register(running.address + prefix)
            try:
                assert json.loads(await asyncio.to_thread(ask_server)) == {"name": "Ada"}
                unsigned = await stranger.request("POST", prefix + path, (), request)
                assert unsigned.status == 401
            finally:
                await asyncio.to_thread(server.admin.remove_deployment, deployment.id)

    asyncio.run(test())
