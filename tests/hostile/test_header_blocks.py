"""Header blocks: invalid HPACK (RFC 7541), and lists that are larger than they look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto.http2.errors import ErrorCode
from tests.hostile.peer import GET_HEALTH
from tests.hostile.siege import MIB, Peers, withstand
from tests.http2.frames import CONTINUATION, END_HEADERS, END_STREAM, HEADERS, RawClient, frame

if TYPE_CHECKING:
    from tests.hostile.process import EndpointProcess

INDEXED_GET = b"\x82"

WRONG = {
    "an index that stands for nothing (6.1)": b"\x80",
    "an index beyond the tables (2.3.3)": b"\xff\x80\x01",
    "an integer without end (5.1)": b"\xff" + b"\xff" * 30,
    "a string of 4 GiB (5.2)": b"\x00\x7f\xff\xff\xff\xff\x0f",
    "a string that is cut (5.2)": b"\x00\x05abc",
    "Huffman code that ends nowhere (5.2)": b"\x00\x01a\x84\xff\xff\xff\xff",
    "a table of 1 GiB (6.3)": b"\x3f\xe1\xff\xff\xff\x03",
    "a table that is resized in the middle (4.2)": INDEXED_GET + b"\x20",
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_hpack_ends_the_connection(endpoint: EndpointProcess, what: str) -> None:
    """RFC 9113, section 4.3: the tables of both sides may differ from then on."""

    async def attack(peers: Peers) -> None:
        peer = await peers.greeted()
        peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, WRONG[what]))
        assert await peer.sees_end() is ErrorCode.COMPRESSION_ERROR
        assert not peer.is_broken

    withstand(endpoint, attack)


STREAMS = range(3, 13, 2)
PIECE = 16_384
Fields = list[tuple[bytes, bytes]]

BOMBS: dict[str, tuple[Fields, Fields]] = {
    # What is sent first, and what makes a bomb of it.
    "one field of 4 KB, 16,000 times by its index": (
        [(b"x-bomb", bytes(4_000).replace(b"\0", b"b"))],
        [(b"x-bomb", bytes(4_000).replace(b"\0", b"b"))] * 16_000,
    ),
    "30,000 fields of nothing": ([(b"x", b"")], [(b"x", b"")] * 30_000),
    "cookies in 10,000 crumbs": ([(b"cookie", b"c=1")], [(b"cookie", b"c=1")] * 10_000),
    "one field of 70,000 bytes": ([], [(b"x-long", b"a" * 70_000)]),
    "a path of 70,000 bytes": ([], [(b":path", b"/" + b"a" * 70_000)]),
}


@pytest.mark.parametrize("what", BOMBS)
def test_a_list_that_is_too_long_is_refused(endpoint: EndpointProcess, what: str) -> None:
    """It is never made: of what a block stands for, no more is kept than a list may have.

    The stream is reset, or the connection ended (RFC 9113, section 10.5.1).
    """
    first, then = BOMBS[what]
    replaced = dict(then)
    fields = [each for each in GET_HEALTH if each[0] not in replaced] + then
    fields.sort(key=lambda each: not each[0].startswith(b":"))
    client = RawClient()
    begun = client.request(1, [*GET_HEALTH, *first], end=True)
    bombs: list[bytes] = []
    for stream in STREAMS:
        block = client.encoder.encode(fields)
        bombs.append(frame(HEADERS, END_STREAM, stream, block[:PIECE]))
        bombs += [
            frame(CONTINUATION, 0, stream, block[start : start + PIECE])
            for start in range(PIECE, len(block), PIECE)
        ]
        bombs.append(frame(CONTINUATION, END_HEADERS, stream))

    async def attack(peers: Peers) -> None:
        peer = await peers.greeted()
        peer.send(begun)
        await peer.answer_of(1)
        peer.send(*bombs)
        told = {ErrorCode.ENHANCE_YOUR_CALM, ErrorCode.PROTOCOL_ERROR, ErrorCode.COMPRESSION_ERROR}
        try:
            await peer.is_taken()
        except AssertionError:
            assert await peer.sees_end() in told
            assert not peer.is_broken
        else:
            for stream in STREAMS:
                assert await peer.sees_reset(stream) in told

    withstand(endpoint, attack, memory=8 * MIB)
