"""Plays restate-server against an endpoint: opens invocations, acks runs, until all have ended.

`python -m bench.load PORT WORKLOAD PAYLOAD INVOCATIONS IN_FLIGHT VERSION` prints one JSON line. It
runs as a process of its own, on another core than the endpoint.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import ngh2
import uvloop
from ngh2 import events

from bench.wire import Workload, frame, workload
from restate_proto.protocol.frames import FrameDecoder
from restate_proto.protocol.messages import MessageType
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_SECONDS = 120


@dataclass
class Invocation:
    started: float
    decoder: FrameDecoder = field(default_factory=FrameDecoder)
    has_output: bool = False
    has_ended: bool = False


class Load(asyncio.Protocol):
    """One connection with a fixed number of invocations in flight."""

    def __init__(self, work: Workload, invocations: int, in_flight: int, version: int) -> None:
        self._work = work
        self._left = invocations
        self._in_flight = in_flight
        self._version = version
        self._open: dict[int, Invocation] = {}
        self.done = asyncio.get_running_loop().create_future()
        self.seconds: list[float] = []
        self.failed = 0
        self._handlers: dict[type, Callable[..., None]] = {
            events.DataReceived: self._on_data,
            events.ResponseReceived: self._on_response,
            events.StreamClosed: self._on_closed,
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        configuration = ngh2.Configuration(peer_max_concurrent_streams=self._in_flight)
        self._connection = ngh2.Connection(ngh2.Role.CLIENT, configuration)
        self._connection.initiate_connection()
        type_ = f"application/vnd.restate.invocation.v{self._version}"
        self._headers = [
            (b":method", b"POST"),
            (b":scheme", b"http"),
            (b":authority", b"127.0.0.1"),
            (b":path", self._work.path.encode()),
            (b"content-type", type_.encode()),
        ]
        for _ in range(min(self._in_flight, self._left)):
            self._invoke()
        self._transport.write(self._connection.data_to_send())

    def _invoke(self) -> None:
        self._left -= 1
        stream = self._connection.send_request(self._headers)
        # Two frames, as the server sends them.
        self._connection.send_data(stream, self._work.start)
        self._connection.send_data(stream, self._work.input)
        self._open[stream] = Invocation(time.perf_counter())

    def data_received(self, data: bytes) -> None:
        connection = self._connection
        connection.receive_data(data)
        while True:
            for event in connection.events():
                handler = self._handlers.get(type(event))
                if handler is not None:
                    handler(event)
            output = connection.data_to_send()
            if not output:  # sending the last frame of a stream closes it: that is an event
                return
            self._transport.write(output)

    def _on_response(self, event: events.ResponseReceived) -> None:
        if dict(event.headers).get(b":status") != b"200":
            self._connection.end_stream(event.stream_id)

    def _on_data(self, event: events.DataReceived) -> None:
        invocation = self._open[event.stream_id]
        for type_, payload in invocation.decoder.feed(event.data):
            if type_ == MessageType.PROPOSE_RUN_COMPLETION:
                self._connection.send_data(event.stream_id, self._answer(payload))
            elif type_ == MessageType.OUTPUT:
                invocation.has_output = True
            elif type_ in (MessageType.END, MessageType.ERROR, MessageType.SUSPENSION):
                invocation.has_ended = type_ == MessageType.END
                self._connection.end_stream(event.stream_id)

    def _answer(self, payload: bytes) -> bytes:
        proposal = pb.ProposeRunCompletionMessage.FromString(payload)
        id_ = proposal.result_completion_id
        if self._version >= 7:
            ack = pb.ProposeRunCompletionAckMessage(completion_id=id_)
            return frame(MessageType.PROPOSE_RUN_COMPLETION_ACK, ack)
        completion = pb.RunCompletionNotificationMessage(completion_id=id_)
        completion.value.content = proposal.value
        return frame(MessageType.RUN_COMPLETION, completion)

    def _on_closed(self, event: events.StreamClosed) -> None:
        invocation = self._open.pop(event.stream_id)
        self.seconds.append(time.perf_counter() - invocation.started)
        if not (invocation.has_output and invocation.has_ended):
            self.failed += 1
        if self._left:
            self._invoke()
        elif not self._open and not self.done.done():
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the endpoint closed the connection"))


async def main() -> None:
    port, name, payload, invocations, in_flight, version = sys.argv[1:]
    load = Load(workload(name, payload), int(invocations), int(in_flight), int(version))
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(lambda: load, "127.0.0.1", int(port))
    started = time.perf_counter()
    await asyncio.wait_for(load.done, LIMIT_SECONDS)
    elapsed = time.perf_counter() - started
    transport.close()
    seconds = sorted(load.seconds)
    result = {
        "invocations": len(seconds),
        "failed": load.failed,
        "per_second": len(seconds) / elapsed,
        "p50_ms": seconds[len(seconds) // 2] * 1e3,
        "p99_ms": seconds[int(len(seconds) * 0.99)] * 1e3,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    uvloop.run(main())
