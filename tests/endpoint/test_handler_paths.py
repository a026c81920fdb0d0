"""Handlers whose names are paths of an endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from restate_proto import Service
from restate_proto.codec.google import google_codec
from restate_proto.endpoint.binding import bind
from restate_proto.endpoint.routes import Routes
from restate_proto.model.kinds import ServiceKind
from restate_proto.model.service import HandlerDescriptor, ServiceDescriptor
from restate_proto.runtime import Attempt, Runtime, ThreadPool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto import Context

NAMES = ("discover", "health")


class Doctor(Service):
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
            for name in NAMES
        ),
    )

    async def examine(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        return GreetResponse()


class Request:
    method = "POST"
    headers: Sequence[tuple[bytes, bytes]] = (
        (b"content-type", b"application/vnd.restate.invocation.v6"),
    )

    def __init__(self, path: str) -> None:
        self.path = path
        self.status = 0

    def respond(self, status: int, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        self.status = status

    def write(self, data: bytes, *, end: bool = False) -> None: ...


def ask(path: str) -> tuple[int, object]:
    nothing: Any = None
    request = Request(path)
    runtime = Runtime(nothing)
    routes = Routes(bind([Doctor()], ThreadPool()), nothing, runtime)
    receiver = routes.accept(cast("Any", request))
    return request.status, receiver


@pytest.mark.parametrize("prefix", ["", "/behind/a/proxy"])
@pytest.mark.parametrize("name", NAMES)
def test_a_handler_is_invoked_whatever_its_name(prefix: str, name: str) -> None:
    status, receiver = ask(f"{prefix}/invoke/Doctor/{name}")
    assert status == 200
    assert isinstance(receiver, Attempt)


@pytest.mark.parametrize("name", NAMES)
def test_a_handler_that_is_not_there(name: str) -> None:
    status, receiver = ask(f"/invoke/Surgeon/{name}")
    assert status == 404
    assert not isinstance(receiver, Attempt)
