"""The parts of the cluster demo that need no Restate; `make demo-cluster` runs all of it."""

from __future__ import annotations

import asyncio
import socket

from examples.cluster.balancer import Balancer


def test_a_connection_goes_to_a_process_that_is_there_and_ends_with_it() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(2))
        writer.close()

    async def scenario() -> None:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # and does not listen
            server = await asyncio.start_server(echo, "127.0.0.1", 0)
            balancer = Balancer([nobody.getsockname()[1], server.sockets[0].getsockname()[1]])
            await balancer.start()
            for _ in range(3):
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", int(balancer.url.rpartition(":")[2])
                )
                writer.write(b"hi")
                assert await reader.read() == b"hi"
                writer.close()
            await balancer.stop()
            server.close()

    asyncio.run(scenario())
