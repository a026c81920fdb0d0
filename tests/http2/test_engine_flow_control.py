"""Both engines keep to the windows: what does not fit waits, and is counted."""

from __future__ import annotations

import pytest

from restate_proto.http2.engines.base import OUTPUT_CHUNK
from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.limits import Http2Settings
from tests.http2.engine_case import (
    STATUS,
    Pair,
    drain_output,
    each_engine,
    each_pair,
    server_engine,
)
from tests.http2.frames import (
    DATA,
    END_STREAM,
    PADDED,
    REQUEST,
    RST_STREAM,
    RawClient,
    frame,
    frames,
    goaway_code,
    settings_frame,
    window_update,
)


@each_pair
def test_data_beyond_the_peers_window_waits_and_is_counted(server: str, client: str) -> None:
    window = 20_000
    pair = Pair(server, client, server_settings=Http2Settings(stream_window=window))
    pair.pump()
    body = bytes(range(256)) * 300
    stream = pair.client.request(REQUEST, end_stream=False)
    pair.client.send(stream, body, end_stream=True)
    pair.pump()
    assert pair.at_server.data[stream] == body[:window]
    assert pair.client.buffered(stream) == len(body) - window
    assert pair.at_server.ended == []

    received = window
    while received < len(body):
        pair.server.acknowledge(stream, window)
        pair.pump()
        received = min(received + window, len(body))
        assert pair.at_server.data[stream] == body[:received]
        assert pair.client.buffered(stream) == len(body) - received
    assert pair.at_server.ended == [stream]


@each_pair
def test_a_blocked_stream_does_not_block_the_others(server: str, client: str) -> None:
    pair = Pair(server, client, client_settings=Http2Settings(stream_window=10_000))
    streams = [pair.client.request(REQUEST, end_stream=True) for _ in range(3)]
    pair.pump()
    for stream in streams:
        pair.server.respond(stream, STATUS, end_stream=False)
    slow = streams[0]
    pair.server.send(slow, bytes(500_000), end_stream=True)
    pair.pump()
    for stream in streams[1:]:
        pair.server.send(stream, b"done", end_stream=True)
    pair.pump()
    assert pair.at_client.ended == streams[1:]
    assert len(pair.at_client.data[slow]) == 10_000
    assert pair.server.buffered(slow) == 490_000


@each_pair
def test_unread_streams_do_not_use_up_the_connection(server: str, client: str) -> None:
    # Far more than any connection window is received and acknowledged on no stream.
    window = 1_048_576
    pair = Pair(server, client, server_settings=Http2Settings(stream_window=window))
    pair.pump()
    piece = bytes(window)
    for _ in range(40):
        stream = pair.client.request(REQUEST, end_stream=False)
        pair.client.send(stream, piece, end_stream=False)
        pair.pump()
        assert len(pair.at_server.data.pop(stream)) == window
    stream = pair.client.request(REQUEST, end_stream=False)
    pair.client.send(stream, b"still open", end_stream=True)
    pair.pump()
    assert pair.at_server.data[stream] == b"still open"


@each_pair
@pytest.mark.parametrize("how", ["ended", "reset"])
def test_what_a_closed_stream_left_unread_is_given_back(
    server: str, client: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = 200_000
    monkeypatch.setattr("restate_proto.http2.engines.h2.CONNECTION_WINDOW", window)
    monkeypatch.setattr("restate_proto.http2.engines.ngh2.CONNECTION_WINDOW", window)
    pair = Pair(server, client)
    pair.pump()
    for _ in range(20):
        stream = pair.client.request(REQUEST, end_stream=False)
        pair.client.send(stream, bytes(50_000), end_stream=how == "ended")
        pair.pump()
        assert len(pair.at_server.data[stream]) == 50_000
        if how == "ended":
            pair.server.respond(stream, STATUS, end_stream=True)
        else:
            pair.server.reset(stream, ErrorCode.CANCEL)
        pair.pump()


@each_pair
def test_output_comes_in_chunks_and_the_rest_stays_counted(server: str, client: str) -> None:
    pair = Pair(server, client, client_settings=Http2Settings(stream_window=16_777_216))
    stream = pair.client.request(REQUEST, end_stream=True)
    pair.pump()
    pair.server.respond(stream, STATUS, end_stream=False)
    size = 4_194_304
    pair.server.send(stream, bytes(size), end_stream=True)
    handed_out = 0
    while True:
        data = pair.server.output()
        handed_out += len(data)
        assert len(data) <= OUTPUT_CHUNK + 65_536
        # What is neither handed out nor counted is at most what fits one chunk.
        assert abs(handed_out + pair.server.buffered(stream) - size) <= OUTPUT_CHUNK + 65_536
        pair.client.receive(data)
        pair.client.acknowledge(stream, len(pair.at_client.data.get(stream, b"")))
        pair.at_client.data.clear()
        pair.server.receive(drain_output(pair.client))
        if not data and not pair.server.more:
            break
    assert pair.server.buffered(stream) == 0
    assert pair.at_client.ended == [stream]


@each_engine
def test_small_pieces_that_wait_are_joined(name: str) -> None:
    engine, _ = server_engine(name)
    client = RawClient()
    engine.receive(client.preface({4: 0}) + client.request(1, end=True))
    drain_output(engine)
    engine.respond(1, STATUS, end_stream=False)
    for _ in range(1_000):
        engine.send(1, b"0123456789", end_stream=False)
    assert not [f for f in frames(drain_output(engine)) if f.kind == DATA]
    engine.receive(window_update(1, 65_535))
    sent = [f for f in frames(drain_output(engine)) if f.kind == DATA]
    assert b"".join(f.payload for f in sent) == b"0123456789" * 1_000
    assert len(sent) == 1


@each_engine
def test_a_large_piece_is_cut_to_the_peers_frame_size(name: str) -> None:
    engine, _ = server_engine(name)
    client = RawClient()
    engine.receive(client.preface() + client.request(1, end=True))
    engine.respond(1, STATUS, end_stream=False)
    engine.send(1, bytes(60_000), end_stream=True)
    sent = [f for f in frames(drain_output(engine)) if f.kind == DATA]
    assert sum(len(f.payload) for f in sent) == 60_000
    assert max(len(f.payload) for f in sent) <= 16_384
    assert [f.flags & END_STREAM for f in sent] == [0] * (len(sent) - 1) + [END_STREAM]


@each_engine
def test_large_streams_take_turns(name: str) -> None:
    engine, _ = server_engine(name)
    client = RawClient()
    engine.receive(client.preface({4: 0}) + client.request(1, end=True))
    engine.receive(client.request(3, end=True) + window_update(0, 1_000_000))
    for stream in (1, 3):
        engine.respond(stream, STATUS, end_stream=False)
        engine.interleave(stream)
        engine.send(stream, bytes(65_536), end_stream=True)
    drain_output(engine)
    engine.receive(settings_frame({4: 65_536}))
    order = [f.stream_id for f in frames(drain_output(engine)) if f.kind == DATA]
    assert set(order[:3]) == {1, 3}
    assert order.count(1) == order.count(3) == 4


@each_engine
def test_a_shrunk_window_holds_data_back(name: str) -> None:
    engine, _ = server_engine(name)
    client = RawClient()
    engine.receive(client.preface({4: 1_000}) + client.request(1, end=True))
    engine.respond(1, STATUS, end_stream=False)
    engine.send(1, bytes(500), end_stream=False)
    assert sum(len(f.payload) for f in frames(drain_output(engine)) if f.kind == DATA) == 500
    engine.receive(settings_frame({4: 100}))  # the window is now -400
    engine.send(1, bytes(500), end_stream=False)
    assert not [f for f in frames(drain_output(engine)) if f.kind == DATA]
    engine.receive(window_update(1, 450))
    assert sum(len(f.payload) for f in frames(drain_output(engine)) if f.kind == DATA) == 50
    assert engine.buffered(1) == 450


@each_engine
def test_padding_counts_for_flow_control_but_is_not_delivered(name: str) -> None:
    window = 65_535
    engine, sink = server_engine(name, Http2Settings(stream_window=window))
    client = RawClient()
    engine.receive(client.preface() + client.request(1))
    credit = window
    padded = frame(DATA, PADDED, 1, bytes([255]) + b"x" * 10 + bytes(255))
    # Only the ten bytes are acknowledged; without the padding's share the window would run out.
    for _ in range(3 * window // 266):
        assert credit >= 266
        engine.receive(padded)
        credit -= 266
        engine.acknowledge(1, 10)
        for found in frames(drain_output(engine)):
            if found.stream_id == 1:
                credit += int.from_bytes(found.payload, "big")
    assert sink.terminated == []
    assert set(sink.data[1]) == {ord("x")}


@each_engine
def test_more_data_than_the_window_is_an_error(name: str) -> None:
    engine, sink = server_engine(name, Http2Settings(stream_window=65_535))
    client = RawClient()
    engine.receive(client.preface() + client.request(1))
    for _ in range(5):
        engine.receive(frame(DATA, 0, 1, bytes(16_384)))
    found = frames(drain_output(engine))
    resets = [f.payload for f in found if f.kind == RST_STREAM]
    wanted = int(ErrorCode.FLOW_CONTROL_ERROR)
    assert goaway_code(found) == wanted or resets == [wanted.to_bytes(4, "big")]
    assert len(sink.data[1]) <= 65_535
