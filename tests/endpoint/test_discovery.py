"""The answer to the server's discovery request."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf import empty_pb2, struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from restate_proto.codec.google import google_codec
from restate_proto.endpoint import discovery
from restate_proto.endpoint.discovery import Discovery, negotiate
from restate_proto.endpoint.manifest import ManifestError
from restate_proto.model.config import Config
from restate_proto.model.kinds import ServiceKind
from restate_proto.model.retry import InvocationRetryPolicy
from restate_proto.model.service import HandlerDescriptor, ServiceDescriptor

TYPE = "application/vnd.restate.endpointmanifest.v{}+json"
# What Restate 1.7 sends
SERVER = ", ".join(TYPE.format(version) for version in (1, 2, 3, 4))


def service(config: Config | None = None, name: str = "shop.v1.Shop") -> ServiceDescriptor:
    handler = HandlerDescriptor(
        service=name,
        name="Do",
        method="do",
        service_kind=ServiceKind.SERVICE,
        kind=None,
        request=google_codec(empty_pb2.Empty),
        response=google_codec(struct_pb2.Struct),
    )
    return ServiceDescriptor(
        name=name, kind=ServiceKind.SERVICE, handlers=(handler,), config=config or Config()
    )


def endpoint(*services: ServiceDescriptor) -> Discovery:
    return Discovery(services, min_protocol_version=5, max_protocol_version=7, bidirectional=True)


@pytest.mark.parametrize(
    ("accept", "version"),
    [
        (SERVER, 4),
        (TYPE.format(1), 1),
        (f"{TYPE.format(3)},{TYPE.format(2)}", 3),
        (f" {TYPE.format(2)} ; q=0.5 , {TYPE.format(9)}", 2),
        (f"{TYPE.format(4)};q=0, {TYPE.format(3)};q=1", 3),
        (f"{TYPE.format(4)};q=x", 4),
        (TYPE.format(2).upper(), 2),
        ("*/*", 4),
        ("text/html, application/xml;q=0.9, */*;q=0.8", 4),
        ("application/*", 4),
        (None, 4),
        ("", None),
        ("application/json", None),
        (TYPE.format(5), None),
        (TYPE.format(4) + "x", None),
        ("x" + TYPE.format(4), None),
    ],
)
def test_negotiation(accept: str | None, version: int | None) -> None:
    assert negotiate(accept) == version


@given(st.lists(st.integers(0, 9)))
def test_the_newest_common_version_is_chosen(versions: list[int]) -> None:
    accept = ", ".join(TYPE.format(version) for version in versions)
    assert negotiate(accept) == max({1, 2, 3, 4} & set(versions), default=None)


@given(st.text())
def test_any_accept_header_has_an_answer(accept: str) -> None:
    assert endpoint().respond(accept).status in (200, 415)


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_a_manifest(version: int) -> None:
    status, headers, body = endpoint(service()).respond(TYPE.format(version))
    assert status == 200
    named = dict(headers)
    assert named[b"content-type"] == TYPE.format(version).encode()
    assert named[b"content-length"] == str(len(body)).encode()
    assert named[b"x-restate-server"].startswith(b"restate-proto/")
    manifest = json.loads(body)
    assert (manifest["minProtocolVersion"], manifest["maxProtocolVersion"]) == (5, 7)
    assert manifest["protocolMode"] == "BIDI_STREAM"
    (described,) = manifest["services"]
    assert described["name"] == "shop.v1.Shop"
    (handler,) = described["handlers"]
    assert handler["input"] == {"required": False, "contentType": "*/*"}
    assert handler["output"]["jsonSchema"]["title"] == "Struct"


def test_a_manifest_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    served = endpoint(service())
    first = [served.respond(TYPE.format(version)) for version in (1, 2, 3, 4)]

    def fail(*args: Any, **more: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr(discovery, "build_manifest", fail)
    for version, response in zip((1, 2, 3, 4), first, strict=True):
        assert served.respond(TYPE.format(version)) is response


def test_no_common_version() -> None:
    status, headers, body = endpoint().respond("application/json")
    assert status == 415
    assert TYPE.format(1).encode() in body
    assert dict(headers)[b"content-type"].startswith(b"text/plain")
    assert b"x-restate-server" in dict(headers)


def test_a_version_that_cannot_carry_the_contract() -> None:
    config = Config(retry_policy=InvocationRetryPolicy(max_attempts=3))
    served = endpoint(service(config))
    assert served.respond(SERVER).status == 200
    status, _, body = served.respond(TYPE.format(3))
    assert status == 500
    assert b"service 'shop.v1.Shop' sets retry_policy.max_attempts" in body


def test_a_contract_that_no_server_takes_fails_at_the_start() -> None:
    with pytest.raises(ManifestError, match="restate"):
        endpoint(service(name="restate.shop.v1.Shop"))
    with pytest.raises(ManifestError, match="workflow_retention"):
        endpoint(service(Config(workflow_retention=timedelta(days=1))))
