"""restate-server invokes handlers inside TLS, by the ALPN that it and the endpoint negotiate."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import GreeterBase, GreeterClient
from restate_proto import Endpoint
from restate_proto.http2.engines import ENGINES
from restate_proto.testing import RestateServer, restate_environment
from tests.certificates import self_signed

if TYPE_CHECKING:
    from pathlib import Path

    from restate_proto import Context


class Greeter(GreeterBase):
    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        return GreetResponse(greeting=f"Hello {request.name}")


def test_an_invocation_inside_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))  # what the server trusts

    async def test() -> None:
        async with RestateServer() as server:
            for engine in ENGINES:
                endpoint = Endpoint(Greeter(), engine=engine, tls=(certificate, key))
                async with restate_environment(endpoint, server=server) as env:
                    assert env.uri.startswith("https://")
                    greeter = GreeterClient.from_client(env.client)
                    response = await greeter.greet(GreetRequest(name=engine))
                    assert response.greeting == f"Hello {engine}"

    asyncio.run(test())
