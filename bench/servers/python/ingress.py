"""An ingress that gives every call the same answer: `python -m bench.servers.python.ingress PORT`.

It allows as many streams on a connection as Restate's ingress does.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import uvloop

from benchmark.v1.benchmark_pb2 import GreetResponse
from restate_proto.http2.limits import Http2Settings
from restate_proto.http2.server import Server

if TYPE_CHECKING:
    from restate_proto.http2.stream import ServerStream

_HEADERS = (
    (b"content-type", b"application/protobuf"),
    (b"x-restate-id", b"inv_1bOMEUVFbyL50cMbdAcE7T0D5RUhnAiHqR"),
)
_BODY = GreetResponse(greeting="Hello Ada").SerializeToString()


class Answer:
    """A connection that answers each request once it is complete."""

    def __init__(self, stream: ServerStream) -> None:
        self._stream = stream

    def data_received(self, data: bytes) -> None:
        self._stream.acknowledge(len(data))

    def eof_received(self) -> None:
        self._stream.respond(200, _HEADERS)
        self._stream.write(_BODY, end=True)

    def draining(self) -> None:
        pass

    def aborted(self, reason: str) -> None:
        pass

    def drained(self) -> None:
        pass

    def awaited_input(self) -> None:
        pass


async def main() -> None:
    server = Server(Answer, settings=Http2Settings(max_concurrent_streams=200))
    await server.start("127.0.0.1", int(sys.argv[1]))
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
