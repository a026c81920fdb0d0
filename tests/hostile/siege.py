"""One attack: what the endpoint may spend on it, and what an honest client must not notice.

No wall clock is used. The honest client's waiting time is measured in CPU time of the endpoint's
event loop, from the sending of a request until its handler runs, which reports the time. It is
compared with the time of a request without an attack. When this process sees the answer does not
matter, because it attacks as well, and a busy machine may make it wait.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from restate_proto.model.payload_codec import payload_codecs
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.hostile.endpoint import PAYLOAD_CODEC
from tests.hostile.peer import Peer
from tests.http2.frames import window_update
from tests.protocol.case import start, value

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.hostile.process import EndpointProcess

__all__ = ["ALL", "MIB", "Peers", "greeting", "withstand"]

ALL: Final = os.environ.get("HOSTILE") == "all"
"""Whether floods go on until the endpoint ends them, which takes it some seconds each."""

MIB: Final = 2**20
_MEMORY: Final = 24 * MIB
_ANSWERS: Final = 5  # while the attack stands
_CALM: Final = 200  # requests that are measured before the first attack
# How many requests' time an honest request may wait: two shares of a turn, of the reading and of
# the handlers, with what the slower engine takes of them.
_STALL: Final = 400


def greeting(name: str = "") -> list[pb.StartMessage | pb.InputCommandMessage]:
    """Return the journal of an invocation that begins."""
    payload = GreetRequest(name=name).SerializeToString()
    return [start(1), pb.InputCommandMessage(value=value(payload))]


def _handled(output: pb.OutputCommandMessage) -> int:
    """Return the CPU time of the endpoint's thread when the handler of this output ran."""
    codecs = payload_codecs("Endpoint", PAYLOAD_CODEC)
    assert codecs is not None
    return int(GreetResponse.FromString(codecs.decode(output.value.content)).greeting)


class Peers:
    """Opens connections to the endpoint, and closes them in the end.

    Attributes:
        engine: the endpoint's HTTP/2 library.
    """

    def __init__(self, process: EndpointProcess) -> None:
        self.engine = process.engine
        self._port = process.port
        self._open: list[Peer] = []

    async def silent(self, *, receive_buffer: int | None = None) -> Peer:
        """Open a connection on which nothing is sent, and nothing is read."""
        peer = await Peer.connect(self._port, receive_buffer=receive_buffer)
        self._open.append(peer)
        return peer

    async def greeted(self, settings: dict[int, int] | None = None) -> Peer:
        """Open a connection that has exchanged SETTINGS."""
        peer = (await self.silent()).greet(settings)
        await peer.is_taken()
        return peer

    async def close(self) -> None:
        """Reset all open connections."""
        for peer in self._open:
            peer.abort()
            await peer.close()


class _Honest:
    """An honest client that sends one request after another, while an invocation waits."""

    def __init__(self, process: EndpointProcess) -> None:
        self._process = process
        self._stream = 1
        self._stops = False
        self.waits: list[int] = []
        self._peer: Peer

    async def connect(self) -> None:
        self._peer = (await Peer.connect(self._process.port)).greet()
        self._peer.send(window_update(0, 2**30))  # for all of its answers
        self._peer.invoke(1, *greeting("sleep"))
        for _ in range(_ANSWERS):
            await self.ask()

    async def ask(self) -> None:
        """Send a request, and note the CPU time that the endpoint took until its handler ran."""
        self._stream += 2
        peer = self._peer
        peer.invoke(self._stream, *greeting("clock"), end=True)
        sent = self._process.cpu()
        output, end = await peer.answer(self._stream)
        assert isinstance(output, pb.OutputCommandMessage)
        assert isinstance(end, pb.EndMessage)
        self.waits.append(_handled(output) - sent)
        peer.frames.clear()
        peer.body.clear()

    async def go_on(self) -> None:
        """Send requests until the task is stopped."""
        while not self._stops:
            await self.ask()

    async def answered(self) -> None:
        """Wait for some more answers."""
        enough = len(self.waits) + _ANSWERS
        while len(self.waits) < enough:  # noqa: ASYNC110 - the task that asks fails where none comes
            await asyncio.sleep(0.001)

    def stop(self) -> None:
        self._stops = True

    async def close(self) -> None:
        await self._peer.close()


def withstand(
    process: EndpointProcess,
    attack: Callable[[Peers], Awaitable[None]],
    *,
    memory: int = _MEMORY,
    stall: int = _STALL,
) -> None:
    """Attack the endpoint while an honest client works, and hold it to its limits.

    Args:
        process: the endpoint.
        attack: what hostile peers do, and what they are told.
        memory: the bytes by which the endpoint may grow meanwhile.
        stall: how many requests' time an honest request may wait.
    """
    asyncio.run(_withstand(process, attack, memory, stall))


async def _withstand(
    process: EndpointProcess,
    attack: Callable[[Peers], Awaitable[None]],
    memory: int,
    stall: int,
) -> None:
    if not process.calm:
        await _measure_calm(process)
    honest = _Honest(process)
    peers = Peers(process)
    try:
        await honest.connect()
        process.forget_peak()
        beginning = process.memory()
        honest.waits.clear()
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(honest.go_on())
            await attack(peers)
            await honest.answered()
            honest.stop()
            await asking
    finally:
        await peers.close()
        await honest.close()
    growth = process.peak() - beginning
    longest = max(honest.waits) / process.calm
    process.note(growth, longest)
    assert growth <= memory, f"it grew by {growth / MIB:.1f} MiB"
    assert longest <= stall, f"a request waited for the time of {longest:.0f} requests"
    await _has_nothing_left(process)
    assert "Traceback" not in process.log(), process.log()


async def _measure_calm(process: EndpointProcess) -> None:
    """Note what the process takes and holds while nobody attacks it."""
    process.idle = await process.holdings()
    honest = _Honest(process)
    await honest.connect()
    beginning = process.cpu()
    for _ in range(_CALM):
        await honest.ask()
    process.calm = (process.cpu() - beginning) / _CALM
    await honest.close()


async def _has_nothing_left(process: EndpointProcess) -> None:
    """Wait until the endpoint holds no more than before the first connection."""
    now: dict[str, int] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(60):
            while (now := await process.holdings()) != process.idle:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
    assert now == process.idle, f"it holds {now}, and held {process.idle}"
