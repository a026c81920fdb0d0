"""Frames that break the rules, one by one, and the answer to each, by section of RFC 9113.

A connection error ends the connection with a GOAWAY, which the peer can read whatever else it has
sent. A stream error resets only that stream; the others on the connection are served.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from restate_proto.http2.errors import ErrorCode
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.hostile.peer import invocation
from tests.hostile.siege import Peers, greeting, withstand
from tests.http2.frames import (
    ACK,
    CONTINUATION,
    DATA,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    frame,
    settings_frame,
    window_update,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile.peer import Peer
    from tests.hostile.process import EndpointProcess

Told = tuple[str, ErrorCode | None]

DROPPED: Told = ("nothing", None)


def goaway(code: ErrorCode) -> Told:
    return "GOAWAY", code


def reset(code: ErrorCode) -> Told:
    return "RST_STREAM", code


PROTOCOL = goaway(ErrorCode.PROTOCOL_ERROR)
FRAME_SIZE = goaway(ErrorCode.FRAME_SIZE_ERROR)
FLOW_CONTROL = goaway(ErrorCode.FLOW_CONTROL_ERROR)
STREAM_CLOSED = goaway(ErrorCode.STREAM_CLOSED)


@dataclass
class Case:
    """Bytes sent while stream 3 is open and stream 1 has ended, and the answer to them.

    Attributes:
        section: of RFC 9113.
        data: the bytes, or what makes them.
        told: see above; of stream 3 where it is reset.
        unlike: what an engine says instead, by its name.
    """

    section: str
    data: bytes | Callable[[Peer], bytes]
    told: Told
    unlike: dict[str, Told] = field(default_factory=dict[str, Told])


def head(length: int, kind: int, flags: int = 0, stream_id: int = 0) -> bytes:
    """Return the header of a frame whose payload never comes."""
    return length.to_bytes(3, "big") + bytes((kind, flags)) + stream_id.to_bytes(4, "big")


CODE = bytes(4)

CASES = {
    # Sizes.
    "a frame of 16 MiB": Case("4.2", head(2**24 - 1, DATA, 0, 3), FRAME_SIZE),
    "HEADERS of 16 MiB": Case("4.2", head(2**24 - 1, HEADERS, 4, 5), FRAME_SIZE),
    "an unknown frame of 16 MiB": Case("4.2", head(2**24 - 1, 0xEE), FRAME_SIZE),
    "SETTINGS of 5 bytes": Case("6.5", frame(SETTINGS, payload=bytes(5)), FRAME_SIZE),
    "a SETTINGS ACK with values": Case(
        "6.5", frame(SETTINGS, ACK, payload=bytes(6)), FRAME_SIZE, {"h2": PROTOCOL}
    ),
    "a PING of 7 bytes": Case("6.7", frame(PING, payload=bytes(7)), FRAME_SIZE),
    "RST_STREAM of 3 bytes": Case("6.4", frame(RST_STREAM, 0, 3, bytes(3)), FRAME_SIZE),
    "WINDOW_UPDATE of 5 bytes": Case("6.9", frame(8, 0, 3, bytes(5)), FRAME_SIZE),
    "GOAWAY of 7 bytes": Case("6.8", frame(GOAWAY, payload=bytes(7)), FRAME_SIZE),
    "PRIORITY of 4 bytes": Case("6.3, 5.4.1", frame(PRIORITY, 0, 3, bytes(4)), FRAME_SIZE),
    # Padding.
    "padding longer than DATA": Case("6.1", frame(DATA, PADDED, 3, b"\x05abc"), PROTOCOL),
    "padding of DATA that is empty": Case(
        "4.2", frame(DATA, PADDED, 3), FRAME_SIZE, {"ngh2": PROTOCOL}
    ),
    "padding longer than HEADERS": Case(
        "6.2", frame(HEADERS, PADDED | 4, 5, b"\xff\x82"), PROTOCOL
    ),
    # Streams.
    "DATA on stream 0": Case("6.1", frame(DATA, 0, 0, b"x"), PROTOCOL),
    "HEADERS on stream 0": Case("6.2", frame(HEADERS, 4, 0, b"\x82"), PROTOCOL),
    "RST_STREAM on stream 0": Case("6.4", frame(RST_STREAM, 0, 0, CODE), PROTOCOL),
    "SETTINGS on a stream": Case("6.5", frame(SETTINGS, 0, 3), PROTOCOL),
    "PING on a stream": Case("6.7", frame(PING, 0, 3, bytes(8)), PROTOCOL),
    "GOAWAY on a stream": Case("6.8", frame(GOAWAY, 0, 3, bytes(8)), PROTOCOL),
    "DATA on a stream that never began": Case("5.1", frame(DATA, 0, 99, b"x"), PROTOCOL),
    "RST_STREAM on one that never began": Case(
        "6.4", frame(RST_STREAM, 0, 99, CODE), PROTOCOL, {"h2": DROPPED}
    ),
    "WINDOW_UPDATE on one that never began": Case("5.1", window_update(99, 1), PROTOCOL),
    "a request on an even stream": Case(
        "5.1.1", lambda peer: peer.client.request(4, invocation()), PROTOCOL
    ),
    "DATA on a stream that is over": Case(
        "5.1", frame(DATA, 0, 1, b"x"), reset(ErrorCode.STREAM_CLOSED), {"ngh2": DROPPED}
    ),
    "a request on a stream that is over": Case(
        "5.1",
        lambda peer: peer.client.request(1, invocation()),
        STREAM_CLOSED,
        {"ngh2": DROPPED},
    ),
    "a PUSH_PROMISE": Case(
        "8.4", lambda peer: frame(PUSH_PROMISE, 4, 3, bytes(4) + b"\x82"), PROTOCOL
    ),
    # Header blocks.
    "a CONTINUATION of nothing": Case("6.10", frame(CONTINUATION, 4, 3), PROTOCOL),
    "a header block that is interrupted": Case(
        "6.10", frame(HEADERS, 0, 5, b"\x82") + frame(PING, payload=bytes(8)), PROTOCOL
    ),
    "a header block that goes on elsewhere": Case(
        "6.10", frame(HEADERS, 0, 5, b"\x82") + frame(CONTINUATION, 4, 7), PROTOCOL
    ),
    # Values.
    "ENABLE_PUSH of 2": Case("6.5.2", settings_frame({2: 2}), PROTOCOL),
    "MAX_FRAME_SIZE of 1": Case("6.5.2", settings_frame({5: 1}), PROTOCOL),
    "INITIAL_WINDOW_SIZE of 2**31": Case("6.5.2", settings_frame({4: 2**31}), FLOW_CONTROL),
    "a window of the connection beyond 2**31": Case(
        "6.9.1", window_update(0, 2**31 - 1), FLOW_CONTROL
    ),
    "a window of a stream beyond 2**31": Case(
        "6.9.1",
        window_update(3, 2**31 - 1),
        reset(ErrorCode.FLOW_CONTROL_ERROR),
        {"ngh2": FLOW_CONTROL},
    ),
    "INITIAL_WINDOW_SIZE that moves a window beyond 2**31": Case(
        "6.9.2", window_update(3, 2**30) + settings_frame({4: 2**31 - 1}), FLOW_CONTROL
    ),
    "WINDOW_UPDATE of 0 for the connection": Case("6.9", window_update(0, 0), PROTOCOL),
    "WINDOW_UPDATE of 0 for a stream": Case("6.9, 5.4.1", window_update(3, 0), PROTOCOL),
    "a stream that depends on itself": Case(
        "5.3.1",
        frame(PRIORITY, 0, 3, (3).to_bytes(4, "big") + b"\x10"),
        reset(ErrorCode.PROTOCOL_ERROR),
        {"ngh2": DROPPED},
    ),
    # What is no error.
    "the last stream there can be": Case(
        "5.1.1",
        lambda peer: (
            peer.client.request(2**31 - 1, invocation()) + frame(RST_STREAM, 0, 2**31 - 1, CODE)
        ),
        DROPPED,
    ),
    "a window that shrinks below nothing": Case(
        "6.9.2", settings_frame({4: 0}) + settings_frame({4: 65_535}), DROPPED
    ),
}


async def what_is_told(peer: Peer) -> Told:
    try:
        await peer.is_taken()
    except AssertionError:
        return "GOAWAY", await peer.sees_end()
    for each in peer.frames:
        if each.kind == RST_STREAM:
            return "RST_STREAM", ErrorCode(int.from_bytes(each.payload, "big"))
    return DROPPED


@pytest.mark.parametrize("what", CASES)
def test_a_frame(endpoint: EndpointProcess, what: str) -> None:
    case = CASES[what]
    told = case.unlike.get(endpoint.engine, case.told)

    async def attack(peers: Peers) -> None:
        peer = await peers.greeted()
        peer.invoke(1, *greeting(), end=True)
        await peer.answer(1)
        peer.invoke(3)
        data = case.data if isinstance(case.data, bytes) else case.data(peer)
        peer.send(data)
        assert await what_is_told(peer) == told
        assert not peer.is_broken, "the last frames were lost"
        if told[0] != "GOAWAY" and "last" not in what:
            peer.invoke(5, *greeting(), end=True)
            assert isinstance((await peer.answer(5))[-1], pb.EndMessage)

    withstand(endpoint, attack)
