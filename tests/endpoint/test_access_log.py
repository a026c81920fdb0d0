"""The access log: one line for each request except health checks; off by default."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import GreeterBase
from restate_proto import AccessLog, Endpoint
from restate_proto.http2.client import Http2Client
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto import Context


class Greeter(GreeterBase):
    @override
    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        return GreetResponse(greeting=f"Hello {request.name}")


@pytest.fixture(autouse=True)
def level() -> Iterator[None]:
    logger = logging.getLogger("restate_proto.access")
    logger.setLevel("WARNING")
    yield
    logger.setLevel("WARNING")


async def ask(endpoint: Endpoint) -> None:
    """One request of each kind."""
    start = pb.StartMessage(id=b"0" * 24, debug_id="inv_1", known_entries=1)
    body = frame(start) + frame(pb.InputCommandMessage(value=pb.Value(content=b"")))
    type_ = b"application/vnd.restate.invocation.v6"
    async with endpoint.run() as running, Http2Client(running.address) as client:
        for method, path, headers, data in (
            ("GET", "/discover", [], b""),
            ("GET", "/health", [], b""),
            ("GET", "/nothing", [], b""),
            ("POST", "/invoke/Greeter/greet", [(b"content-type", type_)], body),
        ):
            await client.request(method, path, headers=headers, body=data)


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == "restate_proto.access"]


def test_each_request_but_health_checks(caplog: pytest.LogCaptureFixture) -> None:
    asyncio.run(ask(Endpoint(Greeter()).with_interceptors(AccessLog())))
    discover, nothing, attempt = messages(caplog)
    assert discover == "GET /discover: 200"
    assert nothing == "GET /nothing: 404"
    assert re.fullmatch(
        r"Greeter/greet inv_1 attempt 1: completed, \d+\.\d ms, "
        r"0 entries replayed, \d+ bytes in, \d+ out",
        attempt,
    )
    record = caplog.records[-1]
    assert record.__dict__["invocation_id"] == "inv_1"


def test_none_unless_it_is_wanted(caplog: pytest.LogCaptureFixture) -> None:
    asyncio.run(ask(Endpoint(Greeter())))
    assert messages(caplog) == []
