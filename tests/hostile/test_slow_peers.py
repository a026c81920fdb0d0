"""Peers that begin something and do not go on, or do not read; see docs/limits.md.

The endpoint waits for seconds where it would wait for minutes; see `LIMITS` of its process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto.http2.engines.base import PREFACE
from restate_proto.http2.errors import ErrorCode
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.hostile.endpoint import PIECE, PIECES
from tests.hostile.peer import GET_HEALTH, invocation
from tests.hostile.siege import LARGE_STALL, MIB, Peers, greeting, withstand
from tests.http2.frames import (
    CONTINUATION,
    DATA,
    END_STREAM,
    GOAWAY,
    HEADERS,
    frame,
    settings_frame,
    window_update,
)
from tests.protocol.case import frame as message_frame
from tests.protocol.case import raw, void

if TYPE_CHECKING:
    from tests.hostile.process import EndpointProcess

ONE_OF_MANY = 30

HALVES = {
    "nothing": b"",
    "half of the preface": PREFACE[:12],
    "the preface alone": PREFACE,
    "half of the first SETTINGS": PREFACE + settings_frame({4: 1})[:11],
    "half of HTTP/1.1": b"GET /health HTTP/1.1\r\nhost: x\r\n",
    "half of TLS": b"\x16",
}


@pytest.mark.parametrize("what", HALVES)
def test_half_a_greeting(endpoint: EndpointProcess, what: str) -> None:
    async def attack(peers: Peers) -> None:
        many = [(await peers.silent()).read() for _ in range(ONE_OF_MANY)]
        for peer in many:
            peer.answers = False
            peer.send(HALVES[what])
        told = {await peer.sees_end() for peer in many}
        assert told <= {None, ErrorCode.SETTINGS_TIMEOUT, ErrorCode.PROTOCOL_ERROR}

    withstand(endpoint, attack)


FRAMES = {
    "half a frame's header": frame(DATA, 0, 1, bytes(100))[:5],
    "half a frame": frame(DATA, 0, 1, bytes(100))[:50],
    "half a header block": frame(HEADERS, END_STREAM, 3, b"\x82"),
    "half a header block and empty CONTINUATION": (
        frame(HEADERS, END_STREAM, 3, b"\x82") + frame(CONTINUATION, 0, 3)
    ),
}


@pytest.mark.parametrize("what", FRAMES)
def test_half_a_frame_ends_the_connection(endpoint: EndpointProcess, what: str) -> None:
    async def attack(peers: Peers) -> None:
        peer = await peers.greeted()
        peer.invoke(1, *greeting("sleep"))
        await peer.is_taken()
        peer.answers = False
        peer.send(FRAMES[what])
        assert await peer.sees_end() is ErrorCode.PROTOCOL_ERROR

    withstand(endpoint, attack)


START = message_frame(greeting()[0])

REQUESTS = {
    "no body": b"",
    "half a header of a message": START[:5],
    "half a message": START[:-2],
    "a start and no entries": START,
    "half a message of 4 MB": START + raw(0x0400, bytes(4_000_000))[:20_000],
}


@pytest.mark.parametrize("what", REQUESTS)
def test_half_a_request_is_reset(endpoint: EndpointProcess, what: str) -> None:
    """There are as many as possible; the connection goes on."""

    async def attack(peers: Peers) -> None:
        peer = await peers.greeted()
        streams = range(1, 2 * ONE_OF_MANY + 1, 2)
        for stream in streams:
            peer.invoke(stream, REQUESTS[what])
        for stream in streams:
            assert await peer.sees_reset(stream) is ErrorCode.CANCEL
        peer.invoke(streams.stop, *greeting(), end=True)
        assert isinstance((await peer.answer(streams.stop))[-1], pb.EndMessage)

    withstand(endpoint, attack)


def test_an_answered_request_that_does_not_end(endpoint: EndpointProcess) -> None:
    """The peer is asked to end it, without an error (RFC 9113, section 8.1)."""

    async def attack(peers: Peers) -> None:
        peer = await peers.greeted()
        peer.invoke(1, *greeting())
        await peer.answer(1)
        assert await peer.sees_reset(1) is ErrorCode.NO_ERROR

    withstand(endpoint, attack)


def test_one_byte_at_a_time(endpoint: EndpointProcess) -> None:
    """Each byte is progress, and the request is served like any other."""

    async def attack(peers: Peers) -> None:
        peer = (await peers.silent()).read()
        request = peer.client.request(1, invocation())
        body = b"".join(map(message_frame, greeting()))
        data = peer.client.preface() + request + frame(DATA, END_STREAM, 1, body)
        for position in range(len(data)):
            peer.send(data[position : position + 1])
            await peer.drain()
        assert isinstance((await peer.answer(1))[-1], pb.EndMessage)

    withstand(endpoint, attack)


def test_a_goaway_and_then_nothing(endpoint: EndpointProcess) -> None:
    """Running streams go on; when the last has ended, the connection ends."""

    async def attack(peers: Peers) -> None:
        idle = await peers.greeted()
        idle.send(frame(GOAWAY, payload=bytes(8)))
        # libnghttp2 says nothing to a peer that has said so, and on whose connection nothing runs.
        told = {None, ErrorCode.NO_ERROR}
        assert await idle.sees_end() in told
        busy = await peers.greeted()
        busy.invoke(1, *greeting("sleep"))
        busy.send(frame(GOAWAY, payload=bytes(8)))
        await busy.is_taken()
        busy.tell(1, void(1), end=True)
        assert isinstance((await busy.answer(1))[-1], pb.EndMessage)
        assert await busy.sees_end() in told

    withstand(endpoint, attack)


ALL_SLEPT = b"".join(message_frame(void(2 * number + 2)) for number in range(PIECES))


@pytest.mark.parametrize("window", [0, 1, 65_535])
def test_a_window_that_never_opens(endpoint: EndpointProcess, window: int) -> None:
    """The handler writes 100 MB, and has to wait once little of it is buffered.

    In the end the stream is reset, for the peer takes nothing.
    """
    assert PIECES * PIECE >= 100_000_000

    async def attack(peers: Peers) -> None:
        peer = await peers.greeted({4: window})
        for stream in (1, 3, 5, 7):
            peer.invoke(stream, *greeting("write"), ALL_SLEPT)
        for stream in (1, 3, 5, 7):
            assert await peer.sees_reset(stream) is ErrorCode.CANCEL
        peer.send(settings_frame({4: 65_535}))
        peer.send(window_update(0, 2**20))
        peer.invoke(9, *greeting(), end=True)
        assert isinstance((await peer.answer(9))[-1], pb.EndMessage)

    withstand(endpoint, attack, stall=LARGE_STALL)


def test_who_reads_nothing(endpoint: EndpointProcess) -> None:
    """The peer's windows are open, and its socket is full."""

    async def attack(peers: Peers) -> None:
        many = [await peers.silent(receive_buffer=4_096) for _ in range(4)]
        for peer in many:
            peer.send(peer.client.preface({4: 2**31 - 1}), window_update(0, 2**31 - 65_536))
            for stream in (1, 3, 5, 7):
                peer.invoke(stream, *greeting("write"), ALL_SLEPT)
        for peer in many:
            await peer.is_dropped()

    # What 16 handlers do when the socket has taken what they wrote, in one turn.
    withstand(endpoint, attack, memory=32 * MIB, stall=4_000)


def test_windows_that_open_byte_by_byte(endpoint: EndpointProcess) -> None:
    """A peer that takes a byte now and then is merely slow, and costs little memory."""

    async def attack(peers: Peers) -> None:
        peer = await peers.greeted({4: 0})
        peer.send(peer.client.request(1, GET_HEALTH, end=True))
        for _ in range(len(b'{"status":"ok"}')):
            peer.send(window_update(1, 1))
            await peer.is_taken()
        await peer.answer_of(1)
        assert peer.body[1] == b'{"status":"ok"}'

    withstand(endpoint, attack)
