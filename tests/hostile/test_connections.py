"""Connections: those without HTTP/2, too many of them, and those that come and go."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from restate_proto.http2.engines.base import PREFACE
from restate_proto.http2.errors import ErrorCode
from tests.hostile.endpoint import LIMITS, PIECE
from tests.hostile.siege import ALL, MIB, Peers, greeting, withstand
from tests.http2.frames import PING, frame, settings_frame

if TYPE_CHECKING:
    from tests.hostile.process import EndpointProcess

UPGRADE = (
    b"GET /discover HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, HTTP2-Settings\r\n"
    b"upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n"
)
TLS_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(508)

# What is sent, and what the answer begins with: an HTTP/1.1 status, a GOAWAY, or nothing.
OTHERS = {
    "HTTP/1.1": (b"POST /invoke/Greeter/greet HTTP/1.1\r\nhost: x\r\n\r\n", b"HTTP/1.1 505"),
    "HTTP/1.1 that asks for health": (b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n", b"HTTP/1.1 200"),
    "an upgrade to h2c": (UPGRADE, b"HTTP/1.1 505"),
    "TLS": (TLS_HELLO, b"\x00\x00"),
    "zeros": (bytes(100_000), b"\x00\x00"),
    "a preface that goes wrong": (PREFACE[:20] + b"x" * 100_000, b"\x00\x00"),
    "HTTP/1.1 whose header has no end": (
        b"GET / HTTP/1.1\r\nx: " + b"a" * 1_000_000,
        b"HTTP/1.1 505",
    ),
    "a check of health whose header has no end": (
        b"GET /health HTTP/1.1\r\nx: " + b"a" * 1_000_000,
        b"HTTP/1.1 431",
    ),
    "HTTP/1.1 and a flood": (b"GET /x HTTP/1.1\r\nhost: x\r\n\r\n" + bytes(1_000_000), b"HTTP/1.1"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_another_protocol(endpoint: EndpointProcess, what: str) -> None:
    """RFC 9113, section 3.4: a GOAWAY, or an answer that the client can read."""
    sent, wanted = OTHERS[what]

    async def attack(peers: Peers) -> None:
        for _ in range(20):
            peer = await peers.silent()
            peer.send(sent)
            assert (await peer.rest()).startswith(wanted)

    withstand(endpoint, attack)


def test_the_preface_and_then_something_else(endpoint: EndpointProcess) -> None:
    """RFC 9113, section 3.4: SETTINGS has to be the first frame; h2 accepts it later, too."""

    async def attack(peers: Peers) -> None:
        peer = (await peers.silent()).read()
        peer.send(PREFACE, frame(PING, payload=bytes(8)), settings_frame({}))
        if peers.engine == "h2":
            await peer.is_taken()
        else:
            assert await peer.sees_end() is ErrorCode.PROTOCOL_ERROR

    withstand(endpoint, attack)


def test_more_connections_than_there_may_be(endpoint: EndpointProcess) -> None:
    """The oldest connections without a stream are told so, and make room."""

    async def attack(peers: Peers) -> None:
        many = [await peers.greeted() for _ in range(LIMITS.max_connections + 50)]
        told = [await peer.sees_end() for peer in many[:50]]
        assert set(told) == {ErrorCode.NO_ERROR}
        last = many[-1]
        last.invoke(1, *greeting(), end=True)
        assert len(await last.answer(1)) == 2

    withstand(endpoint, attack)


def test_all_connections_are_busy(endpoint: EndpointProcess) -> None:
    """A new connection is closed at once, and those that exist go on."""

    async def attack(peers: Peers) -> None:
        many = [await peers.greeted() for _ in range(LIMITS.max_connections - 1)]
        for peer in many:
            peer.invoke(1, *greeting("sleep"))
            await peer.is_taken()
        for _ in range(20):
            assert await (await peers.silent()).rest() == b""
        assert not any(peer.has_ended for peer in many)

    withstand(endpoint, attack, memory=48 * MIB)


@pytest.mark.parametrize("when", ["at once", "after the preface", "in the middle of requests"])
def test_connections_that_come_and_go(endpoint: EndpointProcess, when: str) -> None:
    """Each of them ends with TCP's reset."""

    async def attack(peers: Peers) -> None:
        for _ in range(1_000 if ALL else 100):
            peer = await peers.silent()
            if when != "at once":
                peer.send(peer.client.preface())
            if when == "in the middle of requests":
                for stream, what in enumerate(["run", "sleep", "write"]):
                    peer.invoke(2 * stream + 1, *greeting(what))
                await peer.drain()
            peer.abort()

    # Many are open at once when they come faster than the endpoint sees them go.
    withstand(endpoint, attack, memory=LIMITS.max_connections * PIECE + 24 * MIB)


def test_many_requests_end_with_their_connections_at_once(endpoint: EndpointProcess) -> None:
    """Ending their handlers is shared out over turns."""

    async def attack(peers: Peers) -> None:
        many = [await peers.greeted() for _ in range(40 if ALL else 10)]
        for peer in many:
            for number in range(100):
                peer.invoke(2 * number + 1, *greeting("sleep"))
            await peer.is_taken()
        for peer in many:
            peer.abort()

    withstand(endpoint, attack, memory=96 * MIB)


def test_random_bytes(endpoint: EndpointProcess) -> None:
    """The connections have begun well."""

    async def attack(peers: Peers) -> None:
        many = [await peers.greeted() for _ in range(30)]
        for peer in many:
            peer.invoke(1, *greeting("sleep"))
            peer.send(os.urandom(100_000))
        assert None not in [await peer.sees_end() for peer in many]

    withstand(endpoint, attack)


def test_many_connections_flood_in_small_pieces(endpoint: EndpointProcess) -> None:
    """Each of them stays below the share of a turn, and all of them share one."""

    async def attack(peers: Peers) -> None:
        many = [await peers.greeted() for _ in range(50)]
        for _ in range(20):
            for peer in many:
                peer.send(frame(PING, payload=bytes(8)) * 200)
            await asyncio.sleep(0)
        for peer in many:
            await peer.is_taken()

    withstand(endpoint, attack)
