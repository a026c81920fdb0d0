"""The endpoint under attack: `python -m tests.hostile.endpoint ngh2`.

Another port reports what it holds. It ends with its standard input, so that it never outlives the
process that started it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from benchmark.v1.benchmark_pb2 import AddRequest, Count, GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import CounterBase, GreeterBase
from restate_proto import Context, Endpoint, Limits, ObjectContext, Target, Zstd
from restate_proto.endpoint.event_loop import run_until_done
from restate_proto.http2.server_connection import ServerConnection
from restate_proto.http2.stream import ServerStream
from restate_proto.protocol import StateMachine
from restate_proto.runtime import Attempt

if TYPE_CHECKING:
    from restate_proto.endpoint.running_endpoint import RunningEndpoint

# Short, so that a slow peer is found out soon; an honest one sends all at once.
LIMITS = Limits(
    handshake_timeout=timedelta(seconds=1),
    read_timeout=timedelta(seconds=1),
    write_timeout=timedelta(seconds=1),
    max_inbound_message=4 * 2**20,
    max_connections=100,
)
# How much a connection may send that moves nothing on: less than elsewhere, so that even an endpoint
# that has little of the processor reads more, and finds out soon who goes on and on.
BURST: Final = 2**18
BUDGET: Final[dict[str, Any]] = {"BURST": BURST, "RATE": 2**14, "PATIENCE": 4.0}
PIECES, PIECE = 200, 500_000  # what the handler writes is more than a peer may make it hold
NOISE: Final = os.urandom(PIECE)  # no codec makes it shorter; made once, for it takes a millisecond
PAYLOAD_CODEC = Zstd(max_size=2**20)
COUNTED = (ServerConnection, ServerStream, StateMachine, Attempt)


class Greeter(GreeterBase):
    """Does what the name in the request says."""

    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        if request.name == "sleep":
            await ctx.sleep(timedelta(days=1))
        elif request.name == "write":
            for number in range(PIECES):
                ctx.send(Target.object("Any", str(number), "take"), NOISE)
                await ctx.sleep(timedelta(0))
        elif request.name == "run":
            await ctx.run("wait", asyncio.Event().wait)
        elif request.name == "clock":
            return GreetResponse(greeting=str(time.process_time_ns()))
        return GreetResponse(greeting=f"Hello {len(request.name)}")


class Counter(CounterBase):
    """Reads its state, which a peer may have made up."""

    async def add(self, ctx: ObjectContext, request: AddRequest) -> Count:
        count = await ctx.get(self.COUNT)
        return Count(value=request.amount + (count.value if count is not None else 0))


async def holdings(running: RunningEndpoint) -> dict[str, int]:
    """Return the objects that the process holds, by kind."""
    gc.collect()
    held = {each.__name__: 0 for each in COUNTED}
    for each in gc.get_objects():
        if type(each) in COUNTED:
            held[type(each).__name__] += 1
    server = running.server
    return held | {
        "connections": server.connection_count,
        "streams": server.stream_count,
        "tasks": len(asyncio.all_tasks()),
    }


async def serve(engine: str) -> None:
    async def tell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(json.dumps(await holdings(running)).encode())
        writer.close()
        await writer.wait_closed()

    endpoint = Endpoint(
        Greeter(), Counter(), engine=engine, limits=LIMITS, payload_codec=PAYLOAD_CODEC
    )
    async with endpoint.run() as running:
        teller = await asyncio.start_server(tell, "127.0.0.1")
        print(running.port, teller.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - for who has started it
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        await reader.read()
        teller.close()


if __name__ == "__main__":
    with patch.multiple("restate_proto.http2.intake", **BUDGET):
        run_until_done(serve(sys.argv[1]))
