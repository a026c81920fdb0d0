"""Interceptors around a client's calls and messages, on a real connection to a scripted ingress."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.api_pb2 import Mixin
from typing_extensions import override

from restate_proto import (
    ClientCall,
    IngressClient,
    IngressError,
    IngressInvocationHandle,
    Interceptor,
    Target,
)
from tests.ingress.fake_ingress import FakeIngress, Reply, error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ADD = Target.object("shop.v1.Cart", "alice", "AddTicket")
MESSAGE = Mixin(name="n")
ANSWER = Reply(200, MESSAGE.SerializeToString(), {"content-type": "application/proto"})
SENT = Reply(202, b'{"invocationId":"inv_1","status":"Accepted"}')


class Recorder(Interceptor):
    def __init__(self, name: str, events: list[Any]) -> None:
        self.name = name
        self.events = events

    @override
    async def client(self, call: ClientCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
        call.headers[f"x-{self.name}"] = self.name
        self.events.append((self.name, call.target, call.is_message))
        answer = await call_next()
        self.events.append((self.name, type(answer)))
        return answer


def run(
    fake: FakeIngress, interceptors: list[Interceptor], test: Callable[[Any], Awaitable[None]]
) -> None:
    async def scenario() -> None:
        async with fake.serve() as url, IngressClient(url, interceptors=interceptors) as client:
            await test(client)

    asyncio.run(scenario())


def test_calls_and_messages() -> None:
    fake, events = FakeIngress(ANSWER, SENT), list[Any]()

    async def test(client: IngressClient) -> None:
        assert await client.call(ADD, MESSAGE, Mixin, headers={"own": "1"}) == MESSAGE
        await client.send(ADD, MESSAGE, Mixin)

    run(fake, [Recorder("a", events), Recorder("b", events)], test)
    assert events == [
        *(("a", ADD, False), ("b", ADD, False), ("b", Mixin), ("a", Mixin)),
        *(("a", ADD, True), ("b", ADD, True)),
        *(("b", IngressInvocationHandle), ("a", IngressInvocationHandle)),
    ]
    call, message = fake.requests
    assert [call.headers[name] for name in ("own", "x-a", "x-b")] == ["1", "a", "b"]
    assert message.headers["x-a"] == "a"
    assert "own" not in message.headers


def test_a_failure_passes_through() -> None:
    class Translates(Interceptor):
        @override
        async def client(self, call: ClientCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
            try:
                return await call_next()
            except IngressError as failure:
                raise LookupError("translated") from failure

    async def test(client: IngressClient) -> None:
        with pytest.raises(LookupError, match="translated"):
            await client.call(ADD, MESSAGE, Mixin)

    run(FakeIngress(error(404, "no such service")), [Translates()], test)


def test_a_header_that_cannot_be_sent() -> None:
    class Breaks(Interceptor):
        @override
        async def client(self, call: ClientCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
            call.headers["x-broken"] = "a\nb"
            return await call_next()

    async def test(client: IngressClient) -> None:
        with pytest.raises(ValueError, match="x-broken"):
            await client.call(ADD, MESSAGE, Mixin)

    run(FakeIngress(), [Breaks()], test)


def test_what_is_no_interceptor() -> None:
    wrong: Any = [object()]
    with pytest.raises(TypeError, match=r"IngressClient\(interceptors=.*"):
        IngressClient("http://127.0.0.1:8080", interceptors=wrong)
