"""HTTP/2: whatever the peer sends, a connection goes on or ends with a GOAWAY, on both sides."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restate_proto.http2.client import Http2Client
from restate_proto.http2.connection import Connection
from restate_proto.http2.engines import load_engine
from restate_proto.http2.errors import Http2Error
from restate_proto.http2.http1 import Http1Answers
from restate_proto.http2.limits import Http2Settings
from restate_proto.http2.pool_limits import PoolLimits
from restate_proto.http2.states import ConnectionState
from tests.fuzz.examples import fuzz
from tests.fuzz.mutations import cut, cuts, mutated
from tests.http2.engine_case import Recorder, drain_output
from tests.http2.frames import (
    END_HEADERS,
    HEADERS,
    REQUEST,
    RawClient,
    frame,
    frames,
    goaway_code,
    settings_frame,
    window_update,
)
from tests.http2.memory import Memory, run_virtually
from tests.http2.support import ENGINES, App, Echo

if TYPE_CHECKING:
    from restate_proto.http2.engines.base import Engine

STREAMS = st.sampled_from([0, 1, 1, 3, 3, 5, 2, 99, 2**31 - 1])
NUMBERS = st.sampled_from([0, 1, 16_384, 65_535, 2**24, 2**31 - 1, 2**31, 2**32 - 1])
FIELDS = st.lists(
    st.one_of(
        st.sampled_from([*REQUEST, (b":status", b"200"), (b"content-length", b"5")]),
        st.tuples(st.binary(max_size=5), st.binary(max_size=5)),
    ),
    max_size=6,
)


def _block(fields: list[tuple[bytes, bytes]]) -> bytes:
    return RawClient().encoder.encode(fields)


any_frame = st.builds(
    frame, st.integers(0, 12), st.integers(0, 255), STREAMS, st.binary(max_size=20)
)
headers = st.builds(
    frame,
    st.just(HEADERS),
    st.sampled_from([END_HEADERS, END_HEADERS | 1, 0, 1]),
    STREAMS,
    st.one_of(st.just(REQUEST), FIELDS).map(_block),
)
right = st.one_of(
    headers,
    st.builds(frame, st.just(0), st.sampled_from([0, 1, 8, 9]), STREAMS, st.binary(max_size=50)),
    st.builds(settings_frame, st.dictionaries(st.integers(1, 9), NUMBERS, max_size=3)),
    st.builds(window_update, STREAMS, NUMBERS),
    st.builds(frame, st.just(3), st.just(0), STREAMS, st.just(bytes(4))),
    st.builds(frame, st.just(6), st.sampled_from([0, 1]), st.just(0), st.just(bytes(8))),
    st.builds(frame, st.just(7), st.just(0), st.just(0), st.binary(min_size=8, max_size=12)),
)
conversations = st.lists(st.one_of(right, right, any_frame), max_size=12).map(b"".join)
requests = st.booleans().map(lambda end: RawClient().request(1, end=end))
clients = st.tuples(requests, conversations).map(b"".join).flatmap(mutated)


def _fails(self: Any, error: Exception) -> None:
    raise AssertionError("the library failed in a way that it should not") from error


@pytest.mark.parametrize("engine", ENGINES)
@fuzz()
@given(data=st.one_of(clients, st.binary(max_size=200)), cuts=cuts, greets=st.booleans())
def test_a_server_s_connection(engine: str, data: bytes, cuts: list[int], greets: bool) -> None:
    async def test() -> None:
        app = App(Echo)
        memory = Memory(app, engine, Http2Settings(max_concurrent_streams=3))
        if greets:
            memory.feed(memory.client.preface())
        for piece in cut(data, cuts):
            memory.feed(piece)
            await asyncio.sleep(0)
        if not greets and not hasattr(memory, "connection"):
            memory.lose()
            return
        written = frames(memory.transport.take())
        if memory.connection.state >= ConnectionState.CLOSING:
            assert goaway_code(written) is not None or _may_say_goodbye(data)
            assert not memory.connection.streams
        memory.lose()
        assert all(request.stream.state.name == "GONE" for request in app.requests)

    with patch.object(Connection, "give_up", _fails):
        run_virtually(test())


answers = st.builds(
    frame,
    st.just(HEADERS),
    st.sampled_from([END_HEADERS, END_HEADERS | 1]),
    st.just(1),
    st.one_of(st.just([(b":status", b"200")]), FIELDS).map(_block),
)
servers = st.tuples(answers, conversations).map(b"".join).flatmap(mutated)


def _client(engine: str) -> tuple[Engine, Recorder]:
    sink = Recorder()
    return load_engine(engine)(sink, Http2Settings(), client=True), sink


def _may_say_goodbye(data: bytes) -> bool:
    """Return whether a peer may have sent a GOAWAY, after which nghttp2 may end silently."""
    return b"\x07" in data


@pytest.mark.parametrize("engine", ENGINES)
@fuzz()
@given(data=st.one_of(servers, st.binary(max_size=200)), cuts=cuts, greets=st.booleans())
def test_a_client_s_engine(engine: str, data: bytes, cuts: list[int], greets: bool) -> None:
    client, sink = _client(engine)
    stream = client.request(REQUEST, end_stream=True)
    drain_output(client)
    written = b""
    for piece in [settings_frame({}) if greets else b"", *cut(data, cuts)]:
        client.receive(piece)
        written += drain_output(client)
    assert len(sink.terminated) <= 1
    if any(sink.terminated):
        assert goaway_code(frames(written)) is not None or _may_say_goodbye(data)
    ends = sink.ended.count(stream) + (stream in sink.resets)
    assert ends <= 2
    for operation in (client.reset, client.acknowledge):
        operation(stream, 8)
    client.ping()
    drain_output(client)


@pytest.mark.parametrize("engine", ENGINES)
@fuzz(cost=5)
@given(data=st.one_of(servers, st.binary(max_size=200)), cuts=cuts, greets=st.booleans())
def test_a_client(engine: str, data: bytes, cuts: list[int], greets: bool) -> None:
    """The call ends with a response, or with one of the client's errors."""

    async def test() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for piece in [settings_frame({}) if greets else b"", *cut(data, cuts)]:
                writer.write(piece)
                await asyncio.sleep(0)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1")
        port = server.sockets[0].getsockname()[1]
        async with (
            server,
            Http2Client(
                f"http://127.0.0.1:{port}", engine=engine, limits=PoolLimits(max_connections=1)
            ) as client,
        ):
            try:
                response = await client.request("GET", "/")
            except Http2Error:
                pass
            else:
                assert 200 <= response.status <= 999

    with patch.object(Connection, "give_up", _fails):
        asyncio.run(test())


@fuzz()
@given(
    st.one_of(
        st.binary(max_size=300),
        st.just(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").flatmap(mutated),
    ),
    st.integers(1, 50),
)
def test_answers_to_http_1(data: bytes, step: int) -> None:
    """Once the protocol is clear, more bytes do not change the answer."""
    answers = Http1Answers(lambda path: b"{}" if path == "/health" else None)
    found = [answers.answer(data[:end]) for end in range(step, len(data) + step, step)]
    for each in found:
        assert each is None or each == b"" or each.startswith(b"HTTP/1.1 ")
