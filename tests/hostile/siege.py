"""One attack: what the endpoint may spend on it, and what an honest client must not notice.

No wall clock is used. The honest client's waiting time is measured in CPU time of the endpoint, from
the sending of a request until its handler runs, which reports the time. It is compared with the time
of a request without an attack, measured right before. When this process sees the answer does not
matter, because it attacks as well, and a busy machine may make it wait.

A kernel charges a process with time that it takes for others: a call that does nothing was seen to
take 49 ms on a busy machine. So an attack is repeated if a client had to wait for too long. What the
endpoint itself does, it does each time.
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

__all__ = ["ALL", "LARGE_STALL", "MIB", "Peers", "greeting", "withstand"]

ALL: Final = os.environ.get("HOSTILE") == "all"
"""Whether floods go on until the endpoint ends them, which takes it some seconds each."""

MIB: Final = 2**20
_MEMORY: Final = 24 * MIB
_ANSWERS: Final = 5  # while the attack stands
_CALM: Final = 50  # requests whose time is measured while nobody attacks
_TRIES: Final = 3
# How many requests' time an honest request may wait: two shares of a turn, of the reading and of
# the handlers, are 400 at most; the rest is for a machine that is slow with memory.
_STALL: Final = 800
LARGE_STALL: Final = 1_600
"""The same for attacks with large messages: a virtual machine is slow where it first touches memory."""


def greeting(name: str = "") -> list[pb.StartMessage | pb.InputCommandMessage]:
    """Return the journal of an invocation that begins."""
    payload = GreetRequest(name=name).SerializeToString()
    return [start(1), pb.InputCommandMessage(value=value(payload))]


def _handled(output: pb.OutputCommandMessage) -> int:
    """Return the CPU time of the endpoint's process when the handler of this output ran."""
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
    waits: list[float] = []
    while len(waits) < _TRIES and min(waits, default=stall + 1) > stall:
        waits.append(asyncio.run(_longest_wait(process, attack, memory)))
    process.note_wait(min(waits))
    assert min(waits) <= stall, (
        "a request waited for the time of "
        f"{', then '.join(f'{each:.0f}' for each in waits)} requests"
    )


async def _longest_wait(
    process: EndpointProcess, attack: Callable[[Peers], Awaitable[None]], memory: int
) -> float:
    """Attack once; return for the time of how many requests an honest one waited at most."""
    if not process.idle:
        process.idle = await process.holdings()
    calm = await _calm(process)
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
    process.note_growth(growth)
    assert growth <= memory, f"it grew by {growth / MIB:.1f} MiB"
    await _has_nothing_left(process)
    assert "Traceback" not in process.log(), process.log()
    return max(honest.waits) / calm


async def _calm(process: EndpointProcess) -> float:
    """Return the CPU time of a request while nobody attacks, in nanoseconds."""
    honest = _Honest(process)
    await honest.connect()
    beginning = process.cpu()
    for _ in range(_CALM):
        await honest.ask()
    taken = process.cpu() - beginning
    await honest.close()
    await _has_nothing_left(process)
    return taken / _CALM


async def _has_nothing_left(process: EndpointProcess) -> None:
    """Wait until the endpoint holds no more than before the first connection."""
    now: dict[str, int] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(60):
            while (now := await process.holdings()) != process.idle:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
    assert now == process.idle, f"it holds {now}, and held {process.idle}"
