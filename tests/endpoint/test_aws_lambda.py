"""An endpoint as the handler of an AWS Lambda function, event by event."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import GreeterBase
from restate_proto import Endpoint
from restate_proto.codec.zstd import zstd_module
from restate_proto.endpoint import aws_lambda
from restate_proto.http2.exchange import Response
from restate_proto.protocol.frames import FrameDecoder
from restate_proto.protocol.messages import MessageType
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.endpoint.test_routes import V6, frame, greeting_of, invocation
from tests.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from restate_proto import Context

ROOT = Path(__file__).parents[2]
GREET = "/invoke/Greeter/greet"
zstd = zstd_module()
V4 = (b"accept", b"application/vnd.restate.endpointmanifest.v4+json")
MIB = 1 << 20
Headers: TypeAlias = "Sequence[tuple[bytes, bytes]]"


class Greeter(GreeterBase):
    """Greets, as often as the name says."""

    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        name, _, times = request.name.partition(" ")
        return GreetResponse(greeting=f"Hello {name}" * int(times or 1))


def invoked(method: str, path: str, headers: Headers = (), body: bytes = b"") -> dict[str, Any]:
    """Return the event of an invocation, as restate-server 1.7 makes it."""
    return {
        "path": path,
        "httpMethod": method,
        "headers": {name.decode(): value.decode() for name, value in headers},
        "body": b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def called(method: str, path: str, headers: Headers = (), body: bytes = b"") -> dict[str, Any]:
    """Return the event of a request to a function's URL, as in Amazon's reference."""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {name.decode(): value.decode() for name, value in headers},
        "requestContext": {
            "accountId": "anonymous",
            "domainName": "id.lambda-url.us-east-1.on.aws",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1"},
            "requestId": "id",
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
    if body:
        event |= {"body": b64encode(body).decode(), "isBase64Encoded": True}
    return event


KINDS = pytest.mark.parametrize("event", [invoked, called])


def answer(handler: Any, event: dict[str, Any]) -> Response:
    """Return the answer to an event, passed through JSON."""
    context = object()
    returned = json.loads(json.dumps(handler(json.loads(json.dumps(event)), context)))
    assert returned.keys() == {"statusCode", "headers", "body", "isBase64Encoded"}
    assert returned["isBase64Encoded"] is True
    fields = [(name.encode(), value.encode()) for name, value in returned["headers"].items()]
    return Response(returned["statusCode"], fields, b64decode(returned["body"], validate=True))


def greeting(name: str) -> bytes:
    command = pb.InputCommandMessage()
    command.value.content = GreetRequest(name=name).SerializeToString()
    start = pb.StartMessage(id=b"1", known_entries=1)
    return frame(MessageType.START, start) + frame(MessageType.INPUT, command)


@KINDS
def test_the_manifest(event: Callable[..., dict[str, Any]]) -> None:
    response = answer(Endpoint(Greeter()).aws_lambda(), event("GET", "/discover", [V4]))
    assert response.headers["content-type"] == V4[1].decode()
    manifest = json.loads(response.body)
    assert manifest["protocolMode"] == "REQUEST_RESPONSE"
    assert manifest["lambdaCompression"] == "zstd"
    assert [service["name"] for service in manifest["services"]] == ["Greeter"]


def test_an_older_manifest_has_no_compression() -> None:
    accept = (b"accept", b"application/vnd.restate.endpointmanifest.v3+json")
    response = answer(Endpoint(Greeter()).aws_lambda(), invoked("GET", "/discover", [accept]))
    assert "lambdaCompression" not in json.loads(response.body)


def test_without_a_module_for_it_there_is_no_compression(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> ModuleType:
        raise ImportError

    monkeypatch.setattr(aws_lambda, "zstd_module", missing)
    handler = Endpoint(Greeter()).aws_lambda()
    response = answer(handler, invoked("GET", "/discover", [V4]))
    assert "lambdaCompression" not in json.loads(response.body)
    large = greeting(f"Ada {MIB}")
    response = answer(handler, invoked("POST", GREET, [V6, (b"accept-encoding", b"zstd")], large))
    assert "content-encoding" not in response.headers


@KINDS
def test_invocations(event: Callable[..., dict[str, Any]]) -> None:
    handler = Endpoint(Greeter()).aws_lambda()
    for _ in range(3):
        response = answer(handler, event("POST", GREET, [V6], invocation()))
        assert greeting_of(response) == "Hello Ada"
        assert response.headers["content-type"] == V6[1].decode()


def test_the_stage_of_an_api_before_the_path_is_a_prefix() -> None:
    response = answer(Endpoint(Greeter()).aws_lambda(), called("GET", "/prod/discover"))
    assert response.status == 200


@KINDS
def test_what_there_is_not(event: Callable[..., dict[str, Any]]) -> None:
    handler = Endpoint(Greeter()).aws_lambda()
    assert answer(handler, event("GET", "/health")).body == b'{"status":"ok"}'
    assert answer(handler, event("GET", "/no")).status == 404
    assert answer(handler, event("POST", GREET, body=invocation())).status == 415


@pytest.mark.parametrize("headers", [None, {"Content-Type": V6[1].decode()}])
def test_headers_as_a_proxy_may_have_them(headers: dict[str, str] | None) -> None:
    event = invoked("POST", GREET, body=invocation()) | {"headers": headers}
    assert answer(Endpoint(Greeter()).aws_lambda(), event).status == (
        415 if headers is None else 200
    )


def test_a_body_that_is_text() -> None:
    event = invoked("POST", GREET, [V6]) | {"body": "no frames", "isBase64Encoded": False}
    response = answer(Endpoint(Greeter()).aws_lambda(), event)
    assert response.status == 200  # and an error of the protocol, as from any endpoint
    assert int.from_bytes(response.body[:2], "big") == MessageType.ERROR


def test_a_wait_is_a_suspension() -> None:
    """Nothing can arrive later, so there is no waiting either."""

    class Waits(GreeterBase):
        async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
            return await ctx.awakeable(GreetResponse)

    response = answer(Endpoint(Waits()).aws_lambda(), invoked("POST", GREET, [V6], invocation()))
    assert int.from_bytes(response.body[:2], "big") == MessageType.SUSPENSION


def test_a_handler_may_use_the_event_loop() -> None:
    class Waits(GreeterBase):
        async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
            async def effect() -> str:
                await asyncio.sleep(0)
                return await asyncio.to_thread(lambda: "done")

            return GreetResponse(greeting=await ctx.run("effect", effect, type=str))

    response = answer(Endpoint(Waits()).aws_lambda(), invoked("POST", GREET, [V6], invocation()))
    written = [type_ for type_, _ in FrameDecoder().feed(response.body)]
    proposal = MessageType.PROPOSE_RUN_COMPLETION
    assert written == [MessageType.RUN, proposal, MessageType.SUSPENSION]


# ---- Compression ----


@pytest.mark.parametrize(("accepted", "is_compressed"), [(b"zstd", True), (b"gzip", False)])
def test_a_large_answer_is_compressed_as_the_request_accepts_it(
    accepted: bytes, is_compressed: bool
) -> None:
    handler = Endpoint(Greeter()).aws_lambda()
    headers = [V6, (b"accept-encoding", accepted)]
    response = answer(handler, invoked("POST", GREET, headers, greeting(f"Ada {MIB}")))
    assert response.headers.get("content-encoding") == ("zstd" if is_compressed else None)
    if is_compressed:
        assert len(response.body) < MIB // 100
        response = Response(200, (), zstd.decompress(response.body))
    assert greeting_of(response) == "Hello Ada" * MIB


def test_a_small_answer_is_not_compressed() -> None:
    headers = [V6, (b"accept-encoding", b"zstd")]
    handler = Endpoint(Greeter()).aws_lambda()
    response = answer(handler, invoked("POST", GREET, headers, invocation()))
    assert greeting_of(response) == "Hello Ada"


def compressed(body: bytes) -> dict[str, Any]:
    return invoked("POST", GREET, [V6, (b"content-encoding", b"zstd")], body)


@pytest.mark.parametrize("name", ["Ada", "Ada" * MIB])
def test_a_compressed_request(name: str) -> None:
    handler = Endpoint(Greeter()).aws_lambda()
    assert (
        greeting_of(answer(handler, compressed(zstd.compress(greeting(name))))) == f"Hello {name}"
    )


def test_a_request_that_is_compressed_in_two_frames() -> None:
    body = greeting("Ada")
    event = compressed(zstd.compress(body[:9]) + zstd.compress(body[9:]))
    assert greeting_of(answer(Endpoint(Greeter()).aws_lambda(), event)) == "Hello Ada"


def test_the_name_of_an_encoding_has_no_case() -> None:
    event = invoked(
        "POST", GREET, [V6, (b"content-encoding", b"ZStd")], zstd.compress(greeting("A"))
    )
    assert greeting_of(answer(Endpoint(Greeter()).aws_lambda(), event)) == "Hello A"


@pytest.mark.parametrize("kept", [slice(-10), slice(0)], ids=["all but the end", "nothing"])
def test_a_compressed_request_that_is_cut_off(kept: slice) -> None:
    body = zstd.compress(greeting("Ada" * MIB))[kept]
    with pytest.raises(ValueError, match="the compressed body of the request is cut off"):
        Endpoint(Greeter()).aws_lambda()(compressed(body))


def test_a_request_that_is_no_base64() -> None:
    event = compressed(b"") | {"body": "AAA!A", "isBase64Encoded": True}
    with pytest.raises(ValueError, match="base64"):
        Endpoint(Greeter()).aws_lambda()(event)


def test_a_request_that_is_no_zstd() -> None:
    with pytest.raises(zstd.ZstdError):
        Endpoint(Greeter()).aws_lambda()(compressed(b"no zstd"))


def test_a_request_in_an_encoding_that_restate_does_not_use() -> None:
    event = invoked("POST", GREET, [V6, (b"content-encoding", b"br")], b"x")
    with pytest.raises(ValueError, match="the body of the request is encoded as 'br'"):
        Endpoint(Greeter()).aws_lambda()(event)


def test_a_request_is_decompressed_no_further_than_it_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An unsigned request is not decompressed; one with too long a message, only in part."""
    taken = 0

    class Decompressor:
        def __init__(self) -> None:
            self._inner = zstd.ZstdDecompressor()

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

        def decompress(self, data: bytes, max_length: int) -> bytes:
            nonlocal taken
            piece = self._inner.decompress(data, max_length)
            taken += len(piece)
            return piece

    class Module:
        ZstdDecompressor = Decompressor

    monkeypatch.setattr(aws_lambda, "zstd_module", lambda: Module)
    start = frame(MessageType.START, pb.StartMessage(id=b"1", known_entries=1))
    bomb = zstd.compress(start + b"\x04\x00" + bytes(2) + (2**31).to_bytes(4, "big") + bytes(2**28))
    response = answer(Endpoint(Greeter()).aws_lambda(), compressed(bomb))
    assert int.from_bytes(response.body[:2], "big") == MessageType.ERROR
    assert 0 < taken <= 2 * MIB
    taken = 0
    keys = [Signer().public_key]
    assert (
        answer(Endpoint(Greeter(), identity_keys=keys).aws_lambda(), compressed(bomb)).status == 401
    )
    assert taken == 0


# ---- The rest ----


def test_signed_requests_alone_are_answered() -> None:
    signer = Signer()
    handler = Endpoint(Greeter(), identity_keys=[signer.public_key]).aws_lambda()
    assert answer(handler, invoked("GET", "/discover")).status == 401
    signed = signer.headers("/discover", time.time())
    assert answer(handler, invoked("GET", "/discover", signed)).status == 200
    assert answer(handler, called("GET", "/prod/discover", signed)).status == 200


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"path": "/discover"}, {"rawPath": "/"}])
def test_what_is_no_request(event: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="this event is not a request"):
        Endpoint(Greeter()).aws_lambda()(event)


def test_the_lifespan_is_that_of_the_process() -> None:
    """The first request that can enters it, and the end of Python leaves it."""
    program = """
from contextlib import asynccontextmanager
from restate_proto import Endpoint, LifespanError
from tests.endpoint.test_aws_lambda import GREET, V6, Greeter, answer, greeting_of, invocation, invoked

failures = [OSError("no database")]

@asynccontextmanager
async def lifespan():
    if failures:
        raise failures.pop()
    print("up")
    yield
    print("down")

handler = Endpoint(Greeter(), lifespan=lifespan).aws_lambda()
try:
    handler(invoked("GET", "/discover"))
except LifespanError as error:
    print(error)
for _ in range(2):
    print(greeting_of(answer(handler, invoked("POST", GREET, [V6], invocation()))))
"""
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'generated'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.splitlines() == [
        "cannot set up the endpoint's lifespan: OSError: no database",
        "up",
        "Hello Ada",
        "Hello Ada",
        "down",
    ]
    assert run.stderr == ""
