"""What is set up before an endpoint serves, and torn down after its drain."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.v1.benchmark_pb2 import AddRequest, Count, GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import CounterBase, GreeterBase
from restate_proto import Endpoint, LifespanError
from restate_proto.http2.client import Http2Client
from restate_proto.http2.exchange import Response
from restate_proto.protocol.frames import pack_header
from restate_proto.protocol.messages import MessageType
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from google.protobuf.message import Message

    from restate_proto import Context, ObjectContext


class World:
    """Records events in order."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.failing = ""
        self.greets = asyncio.Event()
        self.release = asyncio.Event()

    async def wait(self) -> None:
        self.happens("greets")
        self.greets.set()
        await self.release.wait()
        self.happens("greeted")

    def happens(self, event: str) -> None:
        self.events.append(event)
        if event == self.failing:
            raise ConnectionRefusedError("no database")

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        self.happens("lifespan up")
        try:
            yield
        finally:
            self.happens("lifespan down")


class Greeter(GreeterBase):
    """A service with a lifespan."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __aenter__(self) -> None:
        self._world.happens("greeter up")

    async def __aexit__(self, *_: object) -> None:
        self._world.happens("greeter down")

    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        await ctx.run("wait", self._world.wait)
        return GreetResponse(greeting=request.name)


class Counter(CounterBase):
    """Another service with a lifespan."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __aenter__(self) -> None:
        self._world.happens("counter up")

    async def __aexit__(self, *_: object) -> None:
        self._world.happens("counter down")

    async def add(self, ctx: ObjectContext, request: AddRequest) -> Count:
        return Count()


ORDER = ["lifespan up", "greeter up", "counter up", "serves"]
DOWN = ["counter down", "greeter down", "lifespan down"]


def served(world: World) -> Endpoint:
    return Endpoint(Greeter(world), Counter(world), lifespan=world.lifespan)


def test_the_lifespan_is_around_the_services_and_both_around_all_requests() -> None:
    async def test() -> None:
        world = World()
        endpoint = served(world)
        for _ in range(2):  # each run has a context of its own
            world.events.clear()
            async with endpoint.run() as running, Http2Client(running.address) as client:
                assert (await client.request("GET", "/health")).status == 200
                world.happens("serves")
            assert world.events == ORDER + DOWN

    asyncio.run(test())


@pytest.mark.parametrize("failing", range(3))
def test_what_cannot_be_set_up_ends_the_start_and_tears_down_what_was_before(failing: int) -> None:
    async def test() -> None:
        world = World()
        world.failing = ORDER[failing]
        what = ["the endpoint's lifespan", "the service Greeter", "the service Counter"][failing]
        with pytest.raises(LifespanError) as raised:
            async with served(world).run():
                pytest.fail("it serves")
        assert str(raised.value) == f"cannot set up {what}: ConnectionRefusedError: no database"
        assert isinstance(raised.value.__cause__, ConnectionRefusedError)
        assert world.events == ORDER[: failing + 1] + DOWN[3 - failing :]

    asyncio.run(test())


def test_what_cannot_be_torn_down_keeps_nothing_else_up() -> None:
    async def test() -> None:
        world = World()
        world.failing = "counter down"
        with pytest.raises(ConnectionRefusedError):
            async with served(world).run():
                pass
        assert world.events[-3:] == DOWN

    asyncio.run(test())


def test_nothing_is_torn_down_while_something_runs() -> None:
    async def test() -> None:
        world = World()
        async with AsyncExitStack() as stack:
            running = await stack.enter_async_context(served(world).run())
            client = await stack.enter_async_context(Http2Client(running.address))
            async with asyncio.TaskGroup() as group:
                call = group.create_task(greet(client))
                await world.greets.wait()
                assert running.server.running == {"/invoke/Greeter/greet": 1}
                group.create_task(running.server.drain(3600, announce=False))
                await asyncio.sleep(0)
                world.happens("drains")
                world.release.set()
                assert (await call).status == 200
        assert world.events == [*ORDER[:3], "greets", "drains", "greeted", *DOWN]

    asyncio.run(test())


async def greet(client: Http2Client) -> Response:
    content_type = (b"content-type", b"application/vnd.restate.invocation.v6")
    command = pb.InputCommandMessage()
    command.value.content = GreetRequest(name="Ada").SerializeToString()
    start = pb.StartMessage(id=b"1", known_entries=1)
    body = frame(MessageType.START, start) + frame(MessageType.INPUT, command)
    return await client.request("POST", "/invoke/Greeter/greet", [content_type], body)


def frame(type_: int, message: Message) -> bytes:
    payload = message.SerializeToString()
    return pack_header(type_, 0, len(payload)) + payload


@pytest.mark.parametrize(
    ("lifespan", "message"),
    [(World().lifespan(), "not lifespan=connect()"), (42, "with @asynccontextmanager, not 42")],
)
def test_a_lifespan_is_a_function_that_makes_a_context(lifespan: Any, message: str) -> None:
    with pytest.raises(TypeError) as raised:
        Endpoint(Greeter(World()), lifespan=lifespan)
    assert message in str(raised.value)
