"""restate-server invokes endpoints under ASGI servers and on AWS Lambda, each in processes of its own."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import GreeterClient
from restate_proto import IngressClient
from restate_proto.testing import RestateServer
from tests.asgi_servers import SERVERS, AsgiServer
from tests.lambda_service import ARN, LambdaService
from tests.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPS = "tests.integration.hosted_app"
SIGNER = Signer()
ENVIRON = {"RESTATE_PROTO_IDENTITY_KEYS": SIGNER.public_key}
LARGE = "x" * 2**21


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("identity")


@pytest.fixture(scope="module")
def aws() -> Iterator[LambdaService]:
    with LambdaService() as aws:
        yield aws


@pytest.fixture(scope="module")
def server(directory: Path, aws: LambdaService) -> Iterator[RestateServer]:
    """A server that signs its requests, and finds the functions of AWS Lambda."""
    with RestateServer(
        config={
            "request-identity-private-key-pem-file": str(SIGNER.pem_file(directory)),
            "request-compression-threshold": "1MiB",
        },
        retry_interval=timedelta(milliseconds=50),
        env=aws.environ,
    ) as server:
        yield server


async def greet_all(server: RestateServer, prefix: str) -> list[str]:
    """Call a handler many times at once; return the names that it was called with."""
    names = [f"{prefix} {number}" for number in range(20)] + [f"{prefix} {LARGE}"]
    async with IngressClient(server.ingress_url) as client:
        greeter = GreeterClient.from_client(client)
        greeting = (greeter.greet(GreetRequest(name=name)) for name in names)
        for name, answer in zip(names, await asyncio.gather(*greeting), strict=True):
            assert answer.greeting == f"Hello {name} 2"
    return names


def check_output(output: str, names: list[str]) -> None:
    """Check that each effect was executed once, between the start and the end of the lifespan."""
    names = [name[:100] for name in names]
    said = [line for line in output.splitlines() if line in ("set up", "torn down", *names)]
    assert said[0] == "set up"
    assert said[-1] == "torn down"
    assert sorted(said[1:-1]) == sorted(names)


@pytest.mark.parametrize(("app", "prefix"), [("asgi", ""), ("mounted", "/restate")])
@pytest.mark.parametrize("host", SERVERS)
def test_an_asgi_server(server: RestateServer, host: str, app: str, prefix: str) -> None:
    served = AsgiServer(host, f"{APPS}:{app}", environ=ENVIRON)

    async def test() -> list[str]:
        address = served.address + prefix
        deployment = await server.register(address, use_http_11=served.is_http1)
        try:
            return await greet_all(server, f"{host} {app}")
        finally:
            server.admin.remove_deployment(deployment.id)

    try:
        names = asyncio.run(test())
    finally:
        served.end(signal.SIGTERM)
    check_output(served.output, names)


@pytest.mark.parametrize("host", SERVERS)
def test_an_asgi_server_that_stops_has_waiting_handlers_suspended(
    server: RestateServer, host: str
) -> None:
    """They are neither waited for nor aborted, and go on when the server is back."""

    async def test(served: AsgiServer) -> None:
        deployment = await server.register(served.address, use_http_11=served.is_http1)
        try:
            async with IngressClient(server.ingress_url) as client:
                greeter = GreeterClient.from_client(client)
                handle = await greeter.send().greet(GreetRequest(name=f"wait {host}"))
                while not (id_ := re.search("^sign_1.*$", served.said(), re.MULTILINE)):  # noqa: ASYNC110 - it is another process
                    await asyncio.sleep(0.05)
                await asyncio.to_thread(served.end, signal.SIGTERM)
                sql = "SELECT status, last_failure FROM sys_invocation WHERE id = '{}'"
                query = sql.format(await handle.invocation_id())
                while True:
                    (row,) = await asyncio.to_thread(server.admin.query, query)
                    if row["status"] == "suspended":
                        break
                    assert row["status"] == "running"
                assert not row.get("last_failure")
                await asyncio.to_thread(served.start)
                await client.resolve_awakeable(id_[0], GreetResponse(greeting="at last"))
                assert (await handle.attach()).greeting == "at last"
        finally:
            server.admin.remove_deployment(deployment.id)

    served = AsgiServer(host, f"{APPS}:asgi", environ=ENVIRON)
    try:
        asyncio.run(test(served))
    finally:
        served.end(signal.SIGTERM)


@pytest.mark.parametrize("by_url", [False, True])
def test_aws_lambda(server: RestateServer, aws: LambdaService, by_url: bool) -> None:
    """Amazon's own runtime runs the function, invoked directly or by its URL."""
    aws.events.clear()

    async def test() -> None:
        if by_url:
            deployment = await server.register(aws.url, use_http_11=True)
        else:
            deployment = await asyncio.to_thread(server.admin.register, ARN)
        try:
            await greet_all(server, f"lambda {by_url}")
        finally:
            server.admin.remove_deployment(deployment.id)

    with aws.function(f"{APPS}.handler", instances=2, environ=ENVIRON):
        asyncio.run(test())
    events: list[dict[str, Any]] = [json.loads(event) for event in aws.events]
    paths = [event["rawPath" if by_url else "path"] for event in events]
    assert paths[0] == "/discover"
    assert set(paths[1:]) == {"/invoke/Greeter/greet", "/invoke/BenchmarkCounter/add"}
    # Of what is invoked, Restate compresses what is large.
    encodings = {event["headers"].get("content-encoding") for event in events}
    assert encodings == ({None} if by_url else {None, "zstd"})
