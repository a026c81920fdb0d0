"""Whatever a server answers on one stream, the other streams of the connection go on."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import hpack
import pytest

from restate_proto.http2.client import Http2Client
from restate_proto.http2.errors import MalformedResponseError
from restate_proto.http2.exchange import Response
from tests.http2.frames import DATA, END_HEADERS, END_STREAM, HEADERS, RST_STREAM, frame
from tests.http2.played_server import OK, Peer, played
from tests.http2.support import ENGINES, LOOPS, engines, run


def headers(*fields: tuple[str, str], end: bool = False) -> bytes:
    """Return headers on stream 3 whose fields leave HPACK's tables unchanged."""
    encoder = hpack.Encoder()
    block = encoder.encode([hpack.NeverIndexedHeaderTuple(*field) for field in fields])
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), 3, block)


def data(body: bytes, *, end: bool = True) -> bytes:
    return frame(DATA, END_STREAM if end else 0, 3, body)


STATUS = (":status", "200")

MALFORMED = {
    "101 and a body": headers((":status", "101")) + data(b"no"),
    "103 and a body": headers((":status", "103")) + data(b"no"),
    "100 and the end": headers((":status", "100"), end=True),
    "199 and the end": headers((":status", "199")) + data(b""),
    "data without headers": data(b"no"),
    "no status": headers(("x-a", "1"), end=True),
    "nothing": frame(HEADERS, END_HEADERS | END_STREAM, 3),
    "an empty status": headers((":status", "")),
    "a status of text": headers((":status", "abc")),
    "two statuses": headers(STATUS, STATUS, end=True),
    "a pseudo-field after others": headers(STATUS, ("x-a", "1"), (":x", "2"), end=True),
    "an unknown pseudo-field": headers(STATUS, (":x", "2"), end=True),
    "a name in upper case": headers(STATUS, ("X-A", "1"), end=True),
    "connection": headers(STATUS, ("connection", "close"), end=True),
    "transfer-encoding": headers(STATUS, ("transfer-encoding", "chunked"), end=True),
    "a body that is too short": headers(STATUS, ("content-length", "5")) + data(b"abc"),
    "a body that is too long": headers(STATUS, ("content-length", "1")) + data(b"abc"),
    "a content-length of text": headers(STATUS, ("content-length", "many")) + data(b"abc"),
    "headers after headers": headers(STATUS) + headers(STATUS),
    "trailers with a status": headers(STATUS) + headers(STATUS, end=True),
}

ODD = {
    "103 before the answer": (headers((":status", "103")) + headers(STATUS) + data(b"yes"), 200),
    "100 before the answer": (headers((":status", "100")) + headers(STATUS) + data(b"yes"), 200),
    "999": (headers((":status", "999")) + data(b"yes"), 999),
    "600": (headers((":status", "600")) + data(b"yes"), 600),
    "trailers": (headers(STATUS) + data(b"yes", end=False) + headers(("x-t", "1"), end=True), 200),
    "an empty value": (headers(STATUS, ("x-a", "")) + data(b"yes"), 200),
    "a value in Latin-1": (headers(STATUS, ("x-a", "\xfc")) + data(b"yes"), 200),
}


class Answers:
    """Records two requests in flight, and a third after them."""

    def __init__(self, engine: str, answer: bytes, *, resets: bool) -> None:
        self.engine = engine
        self.answer = answer
        self.resets = resets

    async def play(self, peer: Peer) -> None:
        await peer.greet()
        for _ in range(2):
            await peer.until(HEADERS)
        peer.send(self.answer)
        if self.resets:
            found = await peer.until(RST_STREAM)
            assert found.stream_id == 3
        peer.send(frame(HEADERS, END_HEADERS, 1, OK), frame(DATA, END_STREAM, 1, b"other"))
        await peer.until(HEADERS)
        peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 5, OK))
        await peer.reader.read()

    async def __call__(self) -> Response:
        async with played(self.play) as url, Http2Client(url, engine=self.engine) as client:
            other = asyncio.create_task(client.request("GET", "/other"))
            await asyncio.sleep(0)
            try:
                return await client.request("GET", "/odd")
            finally:
                assert (await other).body == b"other"
                assert (await client.request("GET", "/again")).status == 200


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(
    ("engine", "name"),
    [
        (engine, name)
        for engine in ENGINES
        for name in MALFORMED
        # libnghttp2 makes that an error of the connection.
        if (engine, name) != ("ngh2", "data without headers")
    ],
)
def test_a_malformed_answer_fails_its_request_alone(engine: str, loop: str, name: str) -> None:
    async def test() -> None:
        with pytest.raises(MalformedResponseError, match=r"GET http://.*/odd: .*breaks HTTP"):
            await Answers(engine, MALFORMED[name], resets=True)()

    run(test(), loop=loop)


@engines
@pytest.mark.parametrize("name", ODD)
def test_an_odd_answer_is_an_answer(engine: str, name: str) -> None:
    answer, status = ODD[name]

    async def test() -> None:
        response = await Answers(engine, answer, resets=False)()
        assert response.status == status
        assert response.body == b"yes"

    run(test())


@engines
def test_a_body_where_there_can_be_none(engine: str) -> None:
    """libnghttp2 refuses it; h2 passes it on."""
    answer = headers((":status", "204")) + data(b"yes")

    async def test() -> None:
        with suppress(MalformedResponseError):
            response = await Answers(engine, answer, resets=False)()
            assert response.status == 204

    run(test())
