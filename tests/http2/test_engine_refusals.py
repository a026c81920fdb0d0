"""What both engines refuse: frames that are no HTTP/2, and more than they take."""

from __future__ import annotations

import pytest

from restate_proto.http2.engines.base import HEADERS_CREDIT, PREFACE
from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.limits import Http2Settings
from tests.http2.engine_case import STATUS, drain_output, each_engine, server_engine
from tests.http2.frames import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    HEADERS,
    PING,
    REQUEST,
    SETTINGS,
    RawClient,
    frame,
    frames,
    goaway_code,
    settings_frame,
    window_update,
)

MALFORMED = {
    "preface": (b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", None),
    "SETTINGS on a stream": (PREFACE + frame(SETTINGS, stream_id=1), ErrorCode.PROTOCOL_ERROR),
    "DATA on stream 0": (
        PREFACE + frame(SETTINGS) + frame(DATA, payload=b"x"),
        ErrorCode.PROTOCOL_ERROR,
    ),
    "DATA on an idle stream": (
        PREFACE + frame(SETTINGS) + frame(DATA, 0, 1, b"x"),
        ErrorCode.PROTOCOL_ERROR,
    ),
    "PING of 7 bytes": (
        PREFACE + frame(SETTINGS) + frame(PING, payload=bytes(7)),
        ErrorCode.FRAME_SIZE_ERROR,
    ),
    "HPACK garbage": (
        PREFACE + frame(SETTINGS) + frame(HEADERS, END_HEADERS, 1, b"\xff\xff\xff\xff\xff"),
        ErrorCode.COMPRESSION_ERROR,
    ),
    "a frame that is too large": (
        PREFACE + frame(SETTINGS) + frame(PING, payload=bytes(70_000)),
        ErrorCode.FRAME_SIZE_ERROR,
    ),
    "an even stream id": (
        PREFACE + frame(SETTINGS) + RawClient().request(2),
        ErrorCode.PROTOCOL_ERROR,
    ),
    "WINDOW_UPDATE beyond 2^31": (
        PREFACE + frame(SETTINGS) + window_update(0, 0x7FFFFFFF),
        ErrorCode.FLOW_CONTROL_ERROR,
    ),
}


@each_engine
@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_input_ends_in_a_goaway(name: str, what: str) -> None:
    data, code = MALFORMED[what]
    engine, sink = server_engine(name)
    engine.receive(data)
    found = frames(drain_output(engine))
    assert len(sink.terminated) == 1
    assert sink.terminated[0] != 0
    if code is not None:
        assert goaway_code(found) == code
    assert goaway_code(found) is not None
    # Nothing that comes later changes that.
    engine.goaway(ErrorCode.NO_ERROR)
    engine.reset(1, ErrorCode.CANCEL)
    engine.ping()
    assert drain_output(engine) == b""
    assert len(sink.terminated) == 1


@each_engine
def test_too_many_header_bytes_are_refused(name: str) -> None:
    engine, sink = server_engine(name, Http2Settings(max_header_list_size=4_096))
    client = RawClient()
    many = [(b"x-%d" % i, b"y" * 50) for i in range(100)]
    engine.receive(client.preface() + client.request(1, [*REQUEST, *many], end=True))
    found = frames(drain_output(engine))
    assert 1 not in sink.headers
    assert goaway_code(found) == ErrorCode.ENHANCE_YOUR_CALM


@each_engine
def test_an_endless_header_block_is_refused(name: str) -> None:
    engine, sink = server_engine(name)
    engine.receive(PREFACE + frame(SETTINGS) + frame(HEADERS, 0, 1, b""))
    for _ in range(200):
        if sink.terminated:
            break
        engine.receive(frame(9, 0, 1, b"\x00\x01a\x01b" * 10))
    assert len(sink.terminated) == 1


@each_engine
def test_unread_answers_to_pings_are_bounded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("restate_proto.http2.engines.h2.MAX_UNSENT", 100_000)
    engine, sink = server_engine(name)
    engine.receive(RawClient().preface())
    pings = frame(PING, payload=bytes(8)) * 1_000
    for _ in range(10):  # `output` is never asked: the peer does not read
        if sink.terminated:
            break
        engine.receive(pings)
    assert sink.terminated == [ErrorCode.ENHANCE_YOUR_CALM]
    assert goaway_code(frames(drain_output(engine))) == ErrorCode.ENHANCE_YOUR_CALM


@each_engine
def test_the_last_words_are_not_put_into_a_body(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written last may have ended in the middle of a frame, to which they would belong."""
    monkeypatch.setattr("restate_proto.http2.engines.h2.MAX_UNSENT", 100_000)
    engine, sink = server_engine(name)
    client = RawClient()
    engine.receive(client.preface({4: 1_000_000}) + client.request(1, end=True))
    engine.receive(window_update(0, 1_000_000))
    drain_output(engine)
    engine.respond(1, STATUS, end_stream=False)
    engine.send(1, bytes(500_000), end_stream=True)
    written = engine.output()
    assert engine.more
    while not sink.terminated:
        engine.receive(frame(PING, payload=bytes(8)) * 1_000)
    written += drain_output(engine)

    position = 0
    while position < len(written):
        length = int.from_bytes(written[position : position + 3], "big")
        payload = written[position + 9 : position + 9 + length]
        if written[position + 3] == DATA:
            assert not payload.strip(b"\0")
        position += 9 + length


@each_engine
def test_bodies_and_requests_earn_and_other_frames_do_not(name: str) -> None:
    engine, sink = server_engine(name)
    client = RawClient()
    assert engine.receive(client.preface()) == 0
    assert engine.receive(client.request(1)) == HEADERS_CREDIT
    assert engine.receive(frame(DATA, 0, 1, bytes(100))) == 200
    assert engine.receive(frame(DATA, 0, 1) * 10 + settings_frame({}) * 10) == 0
    assert engine.receive(frame(PING, payload=bytes(8)) * 10 + window_update(0, 1)) == 0
    assert sink.data == {1: bytes(100)}
    bomb = [*REQUEST, *((b"x", b"y"),) * 500]
    assert engine.receive(client.request(3, bomb)) < -5_000


@each_engine
def test_a_frame_is_checked_at_its_header(name: str) -> None:
    engine, sink = server_engine(name)
    client = RawClient()
    engine.receive(client.preface() + client.request(1))
    engine.receive((65_537).to_bytes(3, "big") + bytes((DATA, 0)) + (1).to_bytes(4, "big"))
    assert goaway_code(frames(drain_output(engine))) == ErrorCode.FRAME_SIZE_ERROR
    assert sink.terminated == [ErrorCode.FRAME_SIZE_ERROR]


@each_engine
def test_a_header_block_is_checked_before_it_is_complete(name: str) -> None:
    engine, sink = server_engine(name)
    client = RawClient()
    engine.receive(client.preface())
    block = client.encoder.encode([*REQUEST, (b"x", b"y" * 70_000)])[:16_000]
    engine.receive(frame(HEADERS, 0, 1, block))
    for _ in range(5):
        engine.receive(frame(CONTINUATION, 0, 1, bytes(16_000)))
    drain_output(engine)
    assert sink.headers == {}
    assert sink.terminated or sink.resets


@each_engine
def test_an_unfinished_frame_is_told_from_a_finished_one(name: str) -> None:
    engine, _ = server_engine(name)
    client = RawClient()
    engine.receive(client.preface())
    request = client.request(1)
    engine.receive(request[:-1])
    assert engine.is_unfinished
    work = engine.work
    engine.receive(request[-1:])
    assert not engine.is_unfinished
    assert engine.work > work
    engine.receive(frame(HEADERS, 0, 3, client.encoder.encode(REQUEST)))
    assert engine.is_unfinished
