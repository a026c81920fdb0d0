"""The proxy passes bytes on, up to the byte at which something happens."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.soak.proxy import Happening, Proxy

if TYPE_CHECKING:
    from collections.abc import Coroutine

DATA = bytes(range(256)) * 400


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(1_000):
            writer.write(data)
            await writer.drain()
    writer.close()


async def exchange(proxy: Proxy) -> bytes:
    """Return the bytes of DATA that come back before the connection ends or breaks."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(proxy.url.rpartition(":")[2]))
    received = b""

    async def read() -> None:
        nonlocal received
        while len(received) < len(DATA) and (data := await reader.read(1_000)):
            received += data

    async def write() -> None:
        writer.write(DATA)
        await writer.drain()

    await asyncio.gather(read(), write(), return_exceptions=True)
    writer.close()
    return received


async def through(proxy: Proxy, times: int) -> list[bytes]:
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server, proxy:
        proxy.ports = [server.sockets[0].getsockname()[1]]
        return [await exchange(proxy) for _ in range(times)]


def run(coroutine: Coroutine[object, object, list[bytes]]) -> list[bytes]:
    return asyncio.run(coroutine)


def test_all_of_it_where_nothing_happens() -> None:
    proxy = Proxy("1", 1_000)
    proxy.is_fair = True
    assert run(through(proxy, 3)) == [DATA] * 3
    assert proxy.happened.total() == 0


def test_connections_are_cut_at_any_byte_and_what_came_before_is_right() -> None:
    proxy = Proxy("1", 50_000)
    received = run(through(proxy, 60))
    assert all(DATA.startswith(each) for each in received)
    assert {*proxy.happened} == {*Happening}
    cut = {len(each) for each in received if each != DATA}
    assert len(cut) > 10
    assert DATA in received, "some come through, or go on after a stall"


def test_a_process_that_is_not_there_is_passed_over() -> None:
    async def scenario() -> list[bytes]:
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with await asyncio.start_server(echo, "127.0.0.1", 0) as gone:
                free = gone.sockets[0].getsockname()[1]
            proxy = Proxy("1", 1_000)
            proxy.is_fair = True
            async with proxy:
                proxy.ports = [free, port]
                return [await exchange(proxy) for _ in range(4)]

    assert run(scenario()) == [DATA] * 4
