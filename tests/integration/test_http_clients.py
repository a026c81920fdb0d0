"""Answers as common HTTP clients read them: JSON and binary, for each contract."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import pytest
import requests

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Encoding, Endpoint
from tests.integration.values_services import Handler, Outside, serving, the_service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.testing import RestateServer
    from tests.integration.world import Loop

PARCEL = Parcel(text="größe", number=2**60, data=b"{\xff")
AS_JSON = {"text": "größe", "number": str(2**60), "data": "e/8="}
BINARY = PARCEL.SerializeToString(deterministic=True)
BINARY_TYPE = {"content-type": "application/protobuf"}


@pytest.fixture(scope="module")
def outside(loop: Loop, patient_server: RestateServer) -> Iterator[Outside]:
    async def echo(ctx: Any, request: Any) -> Any:
        return request

    services = (
        the_service(f"clients.v1.{each.value}", each, Echo=Handler(echo, Parcel, Parcel))
        for each in Encoding
    )
    with serving(loop, patient_server, Endpoint(*services)) as found:
        yield found


@pytest.fixture(params=Encoding, ids=lambda each: each.value.lower())
def url(outside: Outside, request: pytest.FixtureRequest) -> str:
    """Return the URL of a handler that echoes its request."""
    return f"{outside.server.ingress_url}/clients.v1.{request.param.value}/Echo"


def test_aiohttp(loop: Loop, url: str) -> None:
    async def scenario() -> None:
        async with aiohttp.ClientSession() as session:
            async with session.post(url, json=AS_JSON) as response:
                assert await response.json() == AS_JSON  # which refuses what is not named JSON
            async with session.post(url, data=BINARY, headers=BINARY_TYPE) as response:
                assert await response.read() == BINARY

    loop.run(scenario())


def test_httpx(loop: Loop, url: str) -> None:
    async def scenario() -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.post(url, json=AS_JSON)).json() == AS_JSON
            answer = await client.post(url, content=BINARY, headers=BINARY_TYPE)
            assert answer.content == BINARY

    loop.run(scenario())


def test_requests(loop: Loop, url: str) -> None:
    def send() -> None:
        with requests.Session() as session:
            session.trust_env = False
            assert session.post(url, json=AS_JSON, timeout=10).json() == AS_JSON
            answer = session.post(url, data=BINARY, headers=BINARY_TYPE, timeout=10)
            assert answer.content == BINARY

    loop.run(asyncio.to_thread(send))


FETCH = """
const [url, json, binary] = process.argv.slice(1);
const post = (body, type) =>
  fetch(url, { method: "POST", headers: { "content-type": type }, body });
const bytes = Buffer.from(binary, "base64");
const results = [
  await (await post(json, "application/json")).json(),
  Buffer.from(await (await post(bytes, "application/protobuf")).arrayBuffer()).toString("hex"),
];
console.log(JSON.stringify(results));
"""


def test_fetch_of_node(loop: Loop, url: str) -> None:
    node = shutil.which("node")
    assert node is not None, "the server comes from npm, so there is a node"

    async def scenario() -> bytes:
        process = await asyncio.create_subprocess_exec(
            *(node, "--input-type=module", "--eval", FETCH, "--"),
            *(url, json.dumps(AS_JSON), base64.b64encode(BINARY).decode()),
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0
        return output

    assert json.loads(loop.run(scenario())) == [AS_JSON, BINARY.hex()]
