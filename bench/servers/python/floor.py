"""The floor, a minimal endpoint in Python on ngh2: `python -m bench.servers.python.floor PORT`.

It has HTTP/2, the framing, protobuf and a coroutine for each invocation, and nothing else: no
replay, no suspension, no errors, no limits, no checks. What an endpoint costs beyond the floor is
the price of these. It serves the workloads greet, counter, run and call.
"""

from __future__ import annotations

import asyncio
import sys
from types import coroutine
from typing import TYPE_CHECKING, Any, cast

import ngh2
import uvloop
from ngh2.events import DataReceived, RequestReceived, StreamClosed

from benchmark.v1.benchmark_pb2 import AddRequest, Count, GreetRequest, GreetResponse
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator

    from google.protobuf.message import Message

__all__ = ["FloorConnection"]

START, END, PROPOSE_RUN_COMPLETION = 0x0000, 0x0003, 0x0005
INPUT, OUTPUT, SET_STATE, GET_EAGER_STATE = 0x0400, 0x0401, 0x0403, 0x0407
CALL, RUN = 0x040D, 0x0411
CALL_COMPLETION, RUN_COMPLETION = 0x800D, 0x8011

_END = END.to_bytes(2, "big") + bytes(6)


def frame(type_: int, message: Message) -> bytes:
    payload = message.SerializeToString()
    return (type_ << 48 | len(payload)).to_bytes(8, "big") + payload


@coroutine
def completion() -> Generator[None, bytes, bytes]:
    return (yield)


class Invocation:
    """One invocation, and the context of its handler."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._state: dict[bytes, bytes] = {}
        self._completion_id = 0
        self._coroutine: Coroutine[Any, Any, Message] | None = None
        self._rest = b""
        self.output: list[bytes] = []
        self.has_ended = False

    def feed(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        position = 0
        while len(data) - position >= 8:
            end = position + 8 + int.from_bytes(data[position + 4 : position + 8], "big")
            if end > len(data):
                break
            type_ = int.from_bytes(data[position : position + 2], "big")
            self._receive(type_, data[position + 8 : end])
            position = end
        self._rest = data[position:]

    def _receive(self, type_: int, payload: bytes) -> None:
        if type_ == START:
            start = pb.StartMessage.FromString(payload)
            self._state = {entry.key: entry.value for entry in start.state_map}
        elif type_ == INPUT:
            value = pb.InputCommandMessage.FromString(payload).value.content
            self._coroutine = self._handler(self, value)
            self._step(None)
        elif type_ == RUN_COMPLETION:
            self._step(pb.RunCompletionNotificationMessage.FromString(payload).value.content)
        elif type_ == CALL_COMPLETION:
            self._step(pb.CallCompletionNotificationMessage.FromString(payload).value.content)

    def _step(self, value: bytes | None) -> None:
        assert self._coroutine is not None
        try:
            self._coroutine.send(value)
        except StopIteration as ended:
            message = pb.OutputCommandMessage()
            message.value.content = ended.value.SerializeToString()
            self.output += (frame(OUTPUT, message), _END)
            self.has_ended = True

    def get(self, key: bytes) -> bytes | None:
        value = self._state.get(key)
        message = pb.GetEagerStateCommandMessage(key=key)
        if value is None:
            message.void.SetInParent()
        else:
            message.value.content = value
        self.output.append(frame(GET_EAGER_STATE, message))
        return value

    def set(self, key: bytes, value: bytes) -> None:
        self._state[key] = value
        message = pb.SetStateCommandMessage(key=key)
        message.value.content = value
        self.output.append(frame(SET_STATE, message))

    async def run(self, name: str, function: Callable[[], Awaitable[Message]]) -> bytes:
        self._completion_id = id_ = self._completion_id + 1
        self.output.append(frame(RUN, pb.RunCommandMessage(result_completion_id=id_, name=name)))
        value = (await function()).SerializeToString()
        proposal = pb.ProposeRunCompletionMessage(result_completion_id=id_, value=value)
        self.output.append(frame(PROPOSE_RUN_COMPLETION, proposal))
        return await completion()

    async def call(self, service: str, handler: str, parameter: bytes) -> bytes:
        self._completion_id = id_ = self._completion_id + 2
        command = pb.CallCommandMessage(
            service_name=service,
            handler_name=handler,
            parameter=parameter,
            invocation_id_notification_idx=id_ - 1,
            result_completion_id=id_,
        )
        self.output.append(frame(CALL, command))
        return await completion()


async def greet(ctx: Invocation, value: bytes) -> Message:
    return GreetResponse(greeting=f"Hello {GreetRequest.FromString(value).name}")


async def add(ctx: Invocation, value: bytes) -> Message:
    count = Count.FromString(ctx.get(b"count") or b"")
    count.value += AddRequest.FromString(value).amount
    ctx.set(b"count", count.SerializeToString())
    return count


async def run(ctx: Invocation, value: bytes) -> Message:
    request = GreetRequest.FromString(value)

    async def step() -> Message:
        return GreetResponse(greeting=f"Hello {request.name}")

    return GreetResponse.FromString(await ctx.run("step", step))


async def call(ctx: Invocation, value: bytes) -> Message:
    request = GreetRequest.FromString(value)
    result = await ctx.call("Greeter", "greet", request.SerializeToString())
    return GreetResponse.FromString(result)


if TYPE_CHECKING:
    Handler = Callable[[Invocation, bytes], Coroutine[Any, Any, Message]]

HANDLERS: dict[bytes, Handler] = {
    b"/invoke/Greeter/greet": greet,
    b"/invoke/Tally/add": add,
    b"/invoke/Steps/run": run,
    b"/invoke/Steps/call": call,
}


class FloorConnection(asyncio.Protocol):
    """A connection and the invocations on it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._connection = ngh2.Connection(ngh2.Role.SERVER)
        self._connection.initiate_connection({ngh2.Setting.MAX_CONCURRENT_STREAMS: 1_000})
        self._connection.set_local_window_size(2**31 - 1)
        self._invocations: dict[int, Invocation] = {}
        self._flush()

    def data_received(self, data: bytes) -> None:
        connection, invocations = self._connection, self._invocations
        connection.receive_data(data)
        for event in connection.events():
            if isinstance(event, DataReceived):
                invocation = invocations[event.stream_id]
                invocation.feed(event.data)
                if invocation.output:
                    output = b"".join(invocation.output)
                    invocation.output.clear()
                    connection.send_data(event.stream_id, output, end_stream=invocation.has_ended)
            elif isinstance(event, RequestReceived):
                fields = dict(event.headers)
                invocations[event.stream_id] = Invocation(HANDLERS[fields[b":path"]])
                content_type = (b"content-type", fields[b"content-type"])
                connection.send_response(event.stream_id, [(b":status", b"200"), content_type])
            elif isinstance(event, StreamClosed):
                invocations.pop(event.stream_id, None)
        self._flush()

    def _flush(self) -> None:
        output = self._connection.data_to_send()
        if output:
            self._transport.write(output)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(
        FloorConnection, "127.0.0.1", int(sys.argv[1])
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
