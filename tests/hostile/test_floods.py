"""Floods: frames that are valid one by one, but make no progress (RFC 9113, section 10.5).

A connection that has sent a burst of them is read more slowly, and is ended with ENHANCE_YOUR_CALM
if it goes on. `make hostile` waits for the end; otherwise only half a burst is sent.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from restate_proto.http2.errors import ErrorCode
from tests.hostile.endpoint import BURST
from tests.hostile.peer import GET_HEALTH, invocation
from tests.hostile.siege import ALL, MIB, Peers, greeting, withstand
from tests.http2.frames import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PRIORITY,
    RST_STREAM,
    frame,
    settings_frame,
    window_update,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile.peer import Peer
    from tests.hostile.process import EndpointProcess

CANCEL = ErrorCode.CANCEL.to_bytes(4, "big")

# On a connection whose stream 1 is an invocation that waits for its journal.
PIECES = {
    "SETTINGS": settings_frame({}),
    "SETTINGS that move all windows": settings_frame({4: 1}) + settings_frame({4: 2**31 - 1}),
    "SETTINGS that resize HPACK's table": settings_frame({1: 0}) + settings_frame({1: 65_536}),
    "SETTINGS that mean nothing": settings_frame({0xF000 + number: number for number in range(30)}),
    "PING": frame(PING, payload=bytes(8)),
    "answers to PINGs that nobody sent": frame(PING, ACK, payload=bytes(8)),
    "PRIORITY": frame(PRIORITY, 0, 1, (3).to_bytes(4, "big") + b"\x10"),
    "WINDOW_UPDATE of the connection": window_update(0, 1),
    "WINDOW_UPDATE of a stream": window_update(1, 1),
    "empty DATA": frame(DATA, 0, 1),
    "DATA of padding": frame(DATA, PADDED, 1, b"\xff" + bytes(255)),
    "frames of an unknown type": frame(0xEE, 0xFF, 1, b"?"),
    "GOAWAY": frame(GOAWAY, payload=bytes(8)),
}


async def flood(peers: Peers, peer: Peer, piece: bytes) -> None:
    """Send some frames, or until the connection is ended."""
    await peer.flood(piece, 64 * MIB if ALL else BURST // 2)
    if ALL:
        assert await peer.sees_end() is ErrorCode.ENHANCE_YOUR_CALM
    else:
        await peer.is_taken()


@pytest.mark.parametrize("what", PIECES)
def test_a_flood_of_frames(endpoint: EndpointProcess, what: str) -> None:
    async def attack(peers: Peers) -> None:
        peer = await peers.greeted()
        peer.invoke(1, *greeting("sleep"))
        await flood(peers, peer, PIECES[what])

    withstand(endpoint, attack)


def reset_at_once(peer: Peer, stream: int) -> bytes:
    """Return the rapid reset of CVE-2023-44487."""
    return peer.client.request(stream, invocation()) + frame(RST_STREAM, 0, stream, CANCEL)


def begun_and_reset(peer: Peer, stream: int) -> bytes:
    """Return a rapid reset that waits until the handler has begun."""
    peer.invoke(stream, *greeting("run"))
    return frame(RST_STREAM, 0, stream, CANCEL)


def malformed(peer: Peer, stream: int) -> bytes:
    """Return a request that the endpoint itself has to reset."""
    return peer.client.request(stream, [*GET_HEALTH, (b"Upper", b"case")], end=True)


def empty_headers(peer: Peer, stream: int) -> bytes:
    return frame(HEADERS, END_HEADERS | END_STREAM, stream)


def nowhere(peer: Peer, stream: int) -> bytes:
    """Return a request that gets an honest answer, for which no window is open."""
    return peer.client.request(stream, [*GET_HEALTH[:3], (b":path", b"/nowhere")], end=True)


def wrong_content_type(peer: Peer, stream: int) -> bytes:
    """Return a request that is answered before its end, which never comes."""
    return peer.client.request(stream, [*invocation()[:-1], (b"content-type", b"text/plain")])


def without_end(peer: Peer, stream: int) -> bytes:
    """Return a request without an end; beyond the limit of streams, they are refused."""
    return peer.client.request(stream, invocation())


@pytest.mark.parametrize(
    ("make", "ends"),
    [
        (reset_at_once, True),
        (begun_and_reset, True),
        (malformed, True),
        (empty_headers, True),
        (nowhere, False),
        (wrong_content_type, False),
        (without_end, True),
    ],
)
def test_a_flood_of_requests(
    endpoint: EndpointProcess, make: Callable[[Peer, int], bytes], ends: bool
) -> None:
    async def attack(peers: Peers) -> None:
        peer = await peers.greeted()
        for number in range((100_000 if ends else 5_000) if ALL else 200):
            if peer.has_ended:
                break
            peer.send(make(peer, 2 * number + 1))
            if number % 64 == 0:
                await peer.drain()
                await asyncio.sleep(0)  # and reads
        try:
            await peer.is_taken()
        except AssertionError:
            # libnghttp2 ends who opens more streams at once than there may be.
            told = {ErrorCode.ENHANCE_YOUR_CALM, ErrorCode.PROTOCOL_ERROR}
            # Who sends on when it was told may be reset before it has read that.
            assert await peer.sees_end() in told or peer.is_broken
        else:
            assert not (ALL and ends)

    withstand(endpoint, attack, memory=64 * MIB)


@pytest.mark.parametrize("size", [0, 1_000])
def test_a_header_block_without_end(endpoint: EndpointProcess, size: int) -> None:
    """This is CVE-2024-27316 and its like."""

    async def attack(peers: Peers) -> None:
        peer = await peers.greeted()
        block = peer.client.encoder.encode(GET_HEALTH)
        peer.send(frame(HEADERS, END_STREAM, 1, block))
        await peer.flood(frame(CONTINUATION, 0, 1, bytes(size)), 4 * MIB)
        # h2 counts frames, and has no other word for it.
        told = ErrorCode.PROTOCOL_ERROR if peers.engine == "h2" else ErrorCode.ENHANCE_YOUR_CALM
        assert await peer.sees_end() is told
        assert not peer.is_broken

    withstand(endpoint, attack)


@pytest.mark.parametrize("piece", [frame(PING, payload=bytes(8)), settings_frame({})])
def test_answers_that_nobody_reads(endpoint: EndpointProcess, piece: bytes) -> None:
    """They are kept up to a limit: CVE-2019-9512 and CVE-2019-9515."""

    async def attack(peers: Peers) -> None:
        peer = await peers.silent(receive_buffer=4_096)
        peer.send(peer.client.preface())
        await peer.flood(piece, 4 * MIB)

    withstand(endpoint, attack)
