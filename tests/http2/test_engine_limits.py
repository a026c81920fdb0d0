"""Both engines at their limits: as much as is allowed is taken, and what is more is refused."""

from __future__ import annotations

import pytest

from restate_proto.http2.engines.base import PREFACE
from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.limits import Http2Settings
from tests.http2.engine_case import STATUS, drain_output, each_engine, server_engine
from tests.http2.frames import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    REQUEST,
    RawClient,
    frame,
    frames,
    resets,
    settings_frame,
)


@each_engine
def test_more_streams_than_allowed_are_refused_one_by_one(name: str) -> None:
    engine, sink = server_engine(name, Http2Settings(max_concurrent_streams=3))
    client = RawClient()
    # The peer has not seen the server's SETTINGS, so it breaks no rule.
    engine.receive(client.preface())
    streams = range(1, 13, 2)
    last = [*REQUEST, (b"x-last", b"1")]
    engine.receive(b"".join(client.request(stream, last) for stream in streams))
    found = frames(drain_output(engine))
    assert resets(found) == dict.fromkeys((7, 9, 11), ErrorCode.REFUSED_STREAM)
    assert list(sink.headers) == [1, 3, 5]
    engine.receive(frame(DATA, END_STREAM, 9, b"sent before the reset was seen"))
    engine.receive(frame(DATA, END_STREAM, 1, b"body"))
    engine.respond(1, STATUS, end_stream=True)
    drain_output(engine)
    engine.receive(client.request(13, last, end=True))
    assert list(sink.headers[13]) == last
    assert sink.data == {1: b"body"}
    assert sink.terminated == []


@each_engine
@pytest.mark.parametrize("size", [1_024, 16_384], ids=["1 KiB", "16 KiB"])
def test_a_header_list_at_the_limit_may_come_in_small_frames(name: str, size: int) -> None:
    engine, sink = server_engine(name)
    # Names and values that no table shortens, up to the 64 KiB that the settings allow.
    fields = [*REQUEST, *((b"x-%04d" % i, b"\xff" * 900) for i in range(69))]
    assert 60_000 < sum(len(key) + len(value) + 32 for key, value in fields) < 65_536
    block = RawClient().encoder.encode(fields, huffman=False)
    pieces = [block[i : i + size] for i in range(0, len(block), size)]
    engine.receive(PREFACE + settings_frame({}))
    engine.receive(frame(HEADERS, END_STREAM, 1, pieces[0]))
    for piece in pieces[1:-1]:
        engine.receive(frame(9, 0, 1, piece))
    engine.receive(frame(9, END_HEADERS, 1, pieces[-1]))
    assert sink.terminated == []
    assert list(sink.headers[1]) == fields


@each_engine
def test_a_header_list_at_the_limit_may_have_many_fields(name: str) -> None:
    engine, sink = server_engine(name)
    fields = [*REQUEST, *((b"a", b"") for _ in range(1_900))]
    assert sum(len(key) + len(value) + 32 for key, value in fields) < 65_536
    client = RawClient()
    engine.receive(client.preface() + client.request(1, fields))
    assert sink.terminated == []
    assert list(sink.headers[1]) == fields
