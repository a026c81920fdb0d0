"""The answer of an endpoint to each request, over real sockets with both HTTP/2 libraries."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.v1.benchmark_pb2 import AddRequest, Count, GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import CounterBase, GreeterBase
from restate_proto import Endpoint, Limits, Service
from restate_proto.codec.google import google_codec
from restate_proto.endpoint.addresses import parse_address
from restate_proto.http2.client import Http2Client
from restate_proto.http2.exchange import Response
from restate_proto.http2.tls import client_ssl_context, server_ssl_context
from restate_proto.model.kinds import ServiceKind
from restate_proto.model.service import HandlerDescriptor, ServiceDescriptor
from restate_proto.protocol.frames import FrameDecoder, pack_header
from restate_proto.protocol.messages import MessageType
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.certificates import self_signed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from google.protobuf.message import Message

    from restate_proto import Context, ObjectContext

V6 = (b"content-type", b"application/vnd.restate.invocation.v6")


class Greeter(GreeterBase):
    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        return GreetResponse(greeting=f"Hello {request.name}")


class Counter(CounterBase):
    async def add(self, ctx: ObjectContext, request: AddRequest) -> Count:
        return Count(value=request.amount)


class Doctor(Service):
    """A service whose handlers are named like other paths of an endpoint."""

    __restate_service__ = ServiceDescriptor(
        "Doctor",
        ServiceKind.SERVICE,
        tuple(
            HandlerDescriptor(
                service="Doctor",
                name=name,
                method="examine",
                service_kind=ServiceKind.SERVICE,
                kind=None,
                request=google_codec(GreetRequest),
                response=google_codec(GreetResponse),
            )
            for name in ("discover", "health")
        ),
    )

    async def examine(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        return GreetResponse(greeting=f"{request.name} is well")


def ask(
    method: str,
    path: str,
    headers: Sequence[tuple[bytes, bytes]] = (),
    body: bytes = b"",
    *,
    engine: str = "h2",
) -> Response:
    async def go() -> Response:
        async with (
            Endpoint(Greeter(), Counter(), Doctor(), engine=engine).run() as running,
            Http2Client(running.address) as client,
        ):
            return await client.request(method, path, headers, body)

    return asyncio.run(go())


def message_of(response: Response) -> str:
    assert response.headers["content-type"] == "application/json"
    body: dict[str, Any] = json.loads(response.body)
    assert body["code"] == response.status
    return body["message"]


def invocation() -> bytes:
    command = pb.InputCommandMessage()
    command.value.content = GreetRequest(name="Ada").SerializeToString()
    return frame(MessageType.START, pb.StartMessage(id=b"1", known_entries=1)) + frame(
        MessageType.INPUT, command
    )


def frame(type_: int, message: Message) -> bytes:
    payload = message.SerializeToString()
    return pack_header(type_, 0, len(payload)) + payload


def greeting_of(response: Response) -> str:
    assert response.status == 200
    output, end = FrameDecoder().feed(response.body)
    assert (output[0], end[0]) == (MessageType.OUTPUT, MessageType.END)
    result = pb.OutputCommandMessage.FromString(output[1]).value.content
    return GreetResponse.FromString(result).greeting


@pytest.mark.parametrize("engine", ["h2", "ngh2"])
@pytest.mark.parametrize("prefix", ["", "/behind/a/proxy"])
def test_an_invocation_is_answered_in_its_protocol_version(engine: str, prefix: str) -> None:
    response = ask("POST", f"{prefix}/invoke/Greeter/greet", [V6], invocation(), engine=engine)
    assert greeting_of(response) == "Hello Ada"
    assert response.headers["content-type"] == V6[1].decode()
    assert response.headers["x-restate-server"].startswith("restate-proto/")


@pytest.mark.parametrize("prefix", ["", "/behind/a/proxy"])
@pytest.mark.parametrize("name", ["discover", "health"])
def test_a_handler_is_invoked_whatever_its_name(prefix: str, name: str) -> None:
    response = ask("POST", f"{prefix}/invoke/Doctor/{name}", [V6], invocation())
    assert greeting_of(response) == "Ada is well"


@pytest.mark.parametrize("engine", ["h2", "ngh2"])
@pytest.mark.parametrize("prefix", ["", "/behind/a/proxy"])
def test_payloads_are_converted_for_people(engine: str, prefix: str) -> None:
    long = "Ada" * 100_000  # more than one frame
    binary = GreetRequest(name=long).SerializeToString()
    path = f"{prefix}/serdes/Greeter"
    shown = ask("POST", f"{path}/decode/greet/input", (), binary, engine=engine)
    assert (shown.status, shown.headers["content-type"]) == (200, "application/json")
    assert json.loads(shown.body) == {"name": long}
    written = ask("POST", f"{path}/encode/greet/input", (), shown.body, engine=engine)
    assert (written.status, written.headers["content-type"]) == (200, "application/protobuf")
    assert written.body == binary
    assert written.headers["x-restate-server"].startswith("restate-proto/")


def test_what_cannot_be_converted_says_why() -> None:
    refused = ask("POST", "/serdes/Greeter/decode/greet/input", (), b"\xff")
    assert (refused.status, refused.headers["content-type"]) == (422, "application/json")
    assert "GreetRequest" in json.loads(refused.body)["message"]


def test_what_is_too_long_to_convert_is_refused() -> None:
    async def go() -> Response:
        endpoint = Endpoint(Greeter(), limits=Limits(max_inbound_message=1_024))
        async with endpoint.run() as running, Http2Client(running.address) as client:
            path = "/serdes/Greeter/decode/greet/input"
            return await client.request("POST", path, (), bytes(100_000))

    response = asyncio.run(go())
    assert response.status == 413
    assert "max_inbound_message" in message_of(response)


@pytest.mark.parametrize("prefix", ["", "/behind/a/proxy"])
def test_discovery_is_answered_in_the_version_that_is_asked_for(prefix: str) -> None:
    accept = b"application/vnd.restate.endpointmanifest.v3+json"
    response = ask("GET", f"{prefix}/discover", [(b"accept", accept)])
    assert response.status == 200
    assert response.headers["content-type"] == accept.decode()
    assert [service["name"] for service in json.loads(response.body)["services"]] == [
        "Greeter",
        "BenchmarkCounter",
        "Doctor",
    ]


def test_health() -> None:
    response = ask("GET", "/health")
    assert (response.status, json.loads(response.body)) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "says"),
    [
        ("GET", "/", [], 404, "/discover, /invoke/..., /serdes/... and /health"),
        ("POST", "/invoke/Greeter", [V6], 404, "no handler Greeter"),
        ("POST", "/invoke/Greeter/nope", [V6], 404, "no handler Greeter/nope"),
        ("POST", "/invoke/Surgeon/discover", [V6], 404, "no handler Surgeon/discover"),
        ("POST", "/invoke/Surgeon/health", [V6], 404, "no handler Surgeon/health"),
        ("GET", "/invoke/Greeter/greet", [V6], 405, "POST"),
        ("POST", "/discover", [], 405, "GET"),
        ("POST", "/invoke/Greeter/greet", [], 415, "v5 to v7"),
        (
            "POST",
            "/invoke/Greeter/greet",
            [(b"content-type", b"application/vnd.restate.invocation.v8")],
            415,
            "application/vnd.restate.invocation.v8",
        ),
        (
            "POST",
            "/invoke/Greeter/greet",
            [(b"content-type", b"application/vnd.restate.invocation.v6; a=b")],
            415,
            "without parameters",
        ),
        ("GET", "/discover", [(b"accept", b"text/html")], 415, "v4"),
        ("POST", "/serdes/Greeter/decode/bow/input", [], 404, "Greeter/decode/bow/input"),
        ("GET", "/serdes/Greeter/decode/greet/input", [], 405, "POST"),
    ],
)
def test_what_cannot_be_answered_says_why(
    method: str, path: str, headers: list[tuple[bytes, bytes]], status: int, says: str
) -> None:
    response = ask(method, path, headers, invocation() if method == "POST" else b"")
    assert response.status == status
    assert says in (
        response.body.decode()
        if response.headers["content-type"] != "application/json"
        else message_of(response)
    )


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", []),
        ("POST", "/invoke/Greeter", [V6]),
        ("POST", "/invoke/nope", [V6]),
        ("POST", "/invoke/", [V6]),
        ("GET", "/invoke/BenchmarkCounter/greet", [V6]),
        ("POST", "/discover", []),
        ("GET", "/discover", [(b"accept", b"text/html")]),
    ],
)
def test_a_refusal_does_not_tell_which_handlers_there_are(
    method: str, path: str, headers: list[tuple[bytes, bytes]]
) -> None:
    body = ask(method, path, headers).body
    for name in (b"Greeter", b"BenchmarkCounter", b"greet", b"add"):
        assert name.decode() in path or name not in body


@pytest.mark.parametrize("own_context", [False, True])
def test_tls(tmp_path: Path, own_context: bool) -> None:
    certificate, key = self_signed(tmp_path)
    context = server_ssl_context(certificate, key)

    async def go() -> Response:
        endpoint = Endpoint(Greeter(), tls=context if own_context else (certificate, key))
        async with endpoint.run("localhost:0") as running:
            assert running.address.startswith("https://")
            trust = client_ssl_context(certificate)
            async with Http2Client(f"https://localhost:{running.port}", ssl=trust) as client:
                return await client.request("POST", "/invoke/Greeter/greet", [V6], invocation())

    assert greeting_of(asyncio.run(go())) == "Hello Ada"


@pytest.mark.parametrize(
    ("address", "parsed"),
    [
        ("127.0.0.1:9080", ("127.0.0.1", 9080)),
        (":0", ("127.0.0.1", 0)),
        ("[::1]:80", ("::1", 80)),
        ("shop.internal:9080", ("shop.internal", 9080)),
    ],
)
def test_addresses(address: str, parsed: tuple[str, int]) -> None:
    assert parse_address(address) == parsed


@pytest.mark.parametrize(
    "address",
    [
        "",
        "9080",
        "localhost",
        "a:b",
        "a:65536",
        "a:-1",
        "::1",
        "::1:80",
        "[::1:80",
        "[]:80",
        "a:\u0663",
        f"a:{'9' * 5000}",
    ],
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(ValueError, match="is not HOST:PORT"):
        parse_address(address)
