"""What the ingress refuses, in restate-server's own words, and the headers of its answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from conformance.v1.conformance_pb2 import Entry, Parcel
from restate_proto import Encoding, IngressBadRequestError, ServiceNotFoundError, Target
from restate_proto.testing.virtual import VirtualRestate
from restate_proto.testing.virtual.catalogue import Catalogue
from tests.testing.virtual.stage import Stage, play

if TYPE_CHECKING:
    from restate_proto.ingress.sender import Transport


@pytest.mark.parametrize(
    ("target", "error", "text"),
    [
        (
            Target.service("shop.v1.Nobody", "Echo"),
            ServiceNotFoundError,
            "service 'shop.v1.Nobody' not found, make sure to register the service",
        ),
        (
            Target.service("conformance.v1.Clerk", "Nothing2"),
            ServiceNotFoundError,
            "exists, but the handler 'Nothing2' was not found",
        ),
        (
            Target.service("conformance.v1.Clerk", "Whisper"),
            IngressBadRequestError,
            "the invoked service is not public",
        ),
        (Target.service("conformance.v1.Account", "Entries"), IngressBadRequestError, "bad path"),
        (Target.object("conformance.v1.Clerk", "k", "Echo"), IngressBadRequestError, "bad path"),
    ],
)
def test_who_cannot_be_called(target: Target, error: type[Exception], text: str) -> None:
    async def scenario(stage: Stage) -> None:
        with pytest.raises(error, match=text):
            await stage.env.client.call(target, Parcel(text="x"), Parcel)

    play(scenario)


@pytest.mark.parametrize(
    ("path", "headers", "body", "status", "text"),
    [
        ("call/conformance.v1.Clerk/Echo", {}, b"x", 400, "Empty content-type"),
        ("call/conformance.v1.Clerk/Echo", {"content-type": "a/b"}, b"", 400, "Empty body"),
        ("call/conformance.v1.Clerk/Echo", {}, b"", 200, ""),
        ("call/conformance.v1.Clerk/Nothing", {"content-type": "a/b"}, b"", 200, ""),
        ("call/conformance.v1.Clerk/Echo?delay=1ms", {}, b"", 400, "cannot use the delay query"),
        ("send/conformance.v1.Clerk/Echo?delay=x", {}, b"", 400, "bad delay query parameter"),
        ("send/conformance.v1.Clerk/Echo?delay=3000000d", {}, b"", 400, "a year after 9999"),
        (
            "call/conformance.v1.Journey/j/Run",
            {"idempotency-key": "x"},
            b"",
            400,
            "cannot use the idempotency key with workflow handlers",
        ),
        (
            "call/conformance.v1.Clerk/Echo",
            {"x-restate-limit-key": "x"},
            b"",
            400,
            "limit-key requires a scope",
        ),
        ("awakeables/sign_1zz/resolve", {}, b"", 400, "doesn't match the expected type"),
        ("awakeables/sign_2zz/resolve", {}, b"", 400, "unrecognized codec version"),
        ("awakeables/zz/resolve", {}, b"", 400, "bad format"),
        ("awakeables/abc_1zz/resolve", {}, b"", 400, "unrecognized resource type: abc"),
        ("call/conformance.v1.Clerk", {}, b"", 400, "bad path"),
        ("nothing", {}, b"", 404, "not found"),
    ],
)
def test_requests(path: str, headers: dict[str, str], body: bytes, status: int, text: str) -> None:
    async def scenario(stage: Stage) -> None:
        fields = [(name.encode(), value.encode()) for name, value in headers.items()]
        transport = _transport(stage.env)
        answer = await transport.request("POST", f"/restate/{path}", fields, body, timeout=None)
        assert answer.status == status
        assert text in answer.body.decode()
        source = answer.headers.get("x-restate-error-source")
        assert source == (None if status == 200 else "ingress")

    play(scenario)


def test_a_body_above_the_limit() -> None:
    async def scenario(stage: Stage) -> None:
        large = Parcel(text="x" * (32 << 20))
        with pytest.raises(IngressBadRequestError, match="413: cannot read body: LengthLimitError"):
            await stage.clerk.echo(large)

    play(scenario)


def test_another_content_type_than_a_raw_request_has() -> None:
    manifest = {
        "maxProtocolVersion": 7,
        "protocolMode": "BIDI_STREAM",
        "services": [
            {
                "name": "shop.v1.Print",
                "ty": "SERVICE",
                "handlers": [
                    {
                        "name": "Draw",
                        "input": {"contentType": "image/*"},
                        "output": {"contentType": "image/png"},
                    }
                ],
            }
        ],
    }
    handler = Catalogue(json.dumps(manifest).encode()).find("shop.v1.Print", "Draw")
    assert handler is not None
    assert handler.refusal_of("image/gif", b"x") is None
    refusal = "Content-type 'text/plain' does not match 'image/*'"
    assert handler.refusal_of("text/plain", b"x") == refusal


def test_headers_of_answers() -> None:
    async def scenario(stage: Stage) -> None:
        transport = _transport(stage.env)
        path = "/restate/call/conformance.v1.Account/a/Append"
        fields = [(b"content-type", b"application/json"), (b"idempotency-key", b"x")]
        request = lambda: transport.request("POST", path, fields, b'{"text":"x"}', timeout=None)  # noqa: E731
        answer = await request()
        assert answer.status == 200
        assert answer.headers["x-restate-id"].startswith("inv_1")
        assert answer.headers["content-type"] == "application/protobuf+json"
        assert "idempotency-expires" not in answer.headers
        await stage.env.advance(timedelta(hours=3))
        answer = await request()
        assert answer.headers["idempotency-expires"] == "2030-01-02T00:00:00.000+00:00"

    play(scenario, start=datetime(2030, 1, 1, tzinfo=UTC))


def test_a_client_with_options_of_its_own() -> None:
    async def scenario(stage: Stage) -> None:
        client = stage.env.new_client(headers={"x-team": "red"})
        target = Target.object("conformance.v1.Account", "a", "Append")
        result = await client.call(target, Entry(text="x"), Parcel, encoding=Encoding.JSON)
        assert isinstance(result, Parcel)
        (id_,) = stage.env.invocations()
        (_, payload), *_ = stage.env.journal(id_).entries
        assert b"x-team" in payload

    play(scenario)


def _transport(env: VirtualRestate) -> Transport:
    return env.client._connect("http://ingress.virtual")  # pyright: ignore[reportPrivateUsage]
