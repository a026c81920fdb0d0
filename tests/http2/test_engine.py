"""The two engines behave alike: in memory, on bytes, in every combination."""

from __future__ import annotations

from contextlib import suppress

import pytest

from restate_proto.http2.engines import load_engine
from restate_proto.http2.engines.base import (
    HEADERS_CREDIT,
    MAX_STREAM_ID,
    OUTPUT_CHUNK,
    PREFACE,
    Engine,
)
from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.limits import Http2Settings
from tests.http2.support import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    ENGINES,
    HEADERS,
    PADDED,
    PAIRS,
    PING,
    REQUEST,
    RST_STREAM,
    SETTINGS,
    Pair,
    RawClient,
    Recorder,
    drain_output,
    frame,
    frames,
    goaway_code,
    settings_frame,
    window_update,
)

STATUS = [(b":status", b"200"), (b"x-a", b"1")]

pairs = pytest.mark.parametrize(("server", "client"), PAIRS)
engines = pytest.mark.parametrize("name", ENGINES)


def server_engine(name: str, settings: Http2Settings | None = None) -> tuple[Engine, Recorder]:
    sink = Recorder()
    return load_engine(name)(sink, settings or Http2Settings(), client=False), sink


@pairs
def test_a_request_and_its_response(server: str, client: str) -> None:
    pair = Pair(server, client)
    stream = pair.client.request(REQUEST, end_stream=False)
    pair.client.send(stream, b"ping", end_stream=True)
    pair.pump()
    assert list(pair.at_server.headers[stream]) == REQUEST
    assert pair.at_server.data == {stream: b"ping"}
    assert pair.at_server.ended == [stream]
    assert pair.at_server.closed == []

    pair.server.respond(stream, STATUS, end_stream=False)
    pair.server.send(stream, b"po", end_stream=False)
    pair.server.send(stream, b"ng", end_stream=True)
    pair.pump()
    assert list(pair.at_client.headers[stream]) == STATUS
    assert pair.at_client.data == {stream: b"pong"}
    assert pair.at_client.ended == [stream]
    assert pair.at_client.closed == pair.at_server.closed == [stream]
    assert not pair.at_client.resets
    assert not pair.at_server.resets


@pairs
def test_bodies_may_be_empty(server: str, client: str) -> None:
    pair = Pair(server, client)
    stream = pair.client.request(REQUEST, end_stream=True)
    pair.pump()
    assert pair.at_server.ended == [stream]
    pair.server.respond(stream, STATUS, end_stream=True)
    pair.pump()
    assert pair.at_client.ended == [stream]
    assert pair.at_client.closed == pair.at_server.closed == [stream]


@pairs
def test_the_peers_settings_are_reported(server: str, client: str) -> None:
    pair = Pair(server, client, server_settings=Http2Settings(max_concurrent_streams=7))
    pair.pump()
    assert pair.at_client.max_streams == 7


@engines
def test_settings_change_what_they_name_and_nothing_else(name: str) -> None:
    sink = Recorder()
    engine = load_engine(name)(sink, Http2Settings(), client=True)
    engine.receive(settings_frame({3: 7}))
    assert sink.max_streams == 7
    engine.receive(settings_frame({4: 100_000}))
    assert sink.max_streams == 7
    engine.receive(settings_frame({3: 9}))
    assert sink.max_streams == 9


@pairs
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


@pairs
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


@pairs
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


@pairs
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


@pairs
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


@engines
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


@engines
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


@engines
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


@engines
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


@engines
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


@engines
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


@engines
def test_trailers_end_the_request(name: str) -> None:
    engine, sink = server_engine(name)
    client = RawClient()
    engine.receive(client.preface() + client.request(1) + frame(DATA, 0, 1, b"body"))
    block = client.encoder.encode([(b"x-checksum", b"1")])
    engine.receive(frame(HEADERS, END_HEADERS | END_STREAM, 1, block))
    assert sink.data == {1: b"body"}
    assert sink.ended == [1]


@pairs
def test_the_server_informs_before_it_responds(server: str, client: str) -> None:
    pair = Pair(server, client)
    stream = pair.client.request([*REQUEST, (b"expect", b"100-continue")], end_stream=False)
    pair.pump()
    pair.server.inform(stream, [(b":status", b"100")])
    pair.pump()
    assert pair.at_client.headers == {}
    pair.server.respond(stream, STATUS, end_stream=True)
    pair.pump()
    assert list(pair.at_client.headers[stream]) == STATUS


@pairs
def test_a_reset_is_reported_to_the_other_side_only(server: str, client: str) -> None:
    pair = Pair(server, client)
    first = pair.client.request(REQUEST, end_stream=False)
    second = pair.client.request(REQUEST, end_stream=False)
    pair.pump()
    pair.client.reset(first, ErrorCode.CANCEL)
    pair.server.reset(second, ErrorCode.REFUSED_STREAM)
    pair.pump()
    assert pair.at_server.resets[first] == ErrorCode.CANCEL
    assert pair.at_client.resets[second] == ErrorCode.REFUSED_STREAM
    assert pair.at_client.terminated == pair.at_server.terminated == []


@pairs
def test_operations_on_a_stream_that_is_gone_do_no_harm(server: str, client: str) -> None:
    pair = Pair(server, client)
    stream = pair.client.request(REQUEST, end_stream=False)
    pair.client.send(stream, bytes(1_000), end_stream=False)
    pair.pump()
    pair.server.respond(stream, STATUS, end_stream=False)
    pair.pump()
    pair.client.reset(stream, ErrorCode.CANCEL)
    pair.pump()
    for operation in (
        lambda: pair.server.send(stream, b"late", end_stream=True),
        lambda: pair.server.respond(stream, STATUS, end_stream=True),
        lambda: pair.server.inform(stream, [(b":status", b"100")]),
        lambda: pair.server.reset(stream, ErrorCode.CANCEL),
        lambda: pair.server.acknowledge(stream, 1_000),
        lambda: pair.server.acknowledge(999, 1_000),
    ):
        with suppress(*pair.server.gone):
            operation()
    assert pair.server.buffered(stream) == 0
    again = pair.client.request(REQUEST, end_stream=True)
    pair.pump()
    pair.server.respond(again, STATUS, end_stream=True)
    pair.pump()
    assert again in pair.at_client.closed
    assert pair.at_client.terminated == pair.at_server.terminated == []


@pairs
def test_data_in_flight_to_a_reset_stream_is_dropped(server: str, client: str) -> None:
    pair = Pair(server, client)
    stream = pair.client.request(REQUEST, end_stream=False)
    pair.pump()
    pair.server.reset(stream, ErrorCode.CANCEL)
    pair.client.send(stream, bytes(50_000), end_stream=True)  # the reset is not there yet
    pair.pump()
    assert stream not in pair.at_server.data
    assert pair.at_server.terminated == []


@pairs
def test_running_streams_go_on_after_goaway(server: str, client: str) -> None:
    pair = Pair(server, client)
    stream = pair.client.request(REQUEST, end_stream=False)
    pair.pump()
    pair.server.shutdown_notice()
    pair.server.ping()
    pair.pump()
    assert pair.at_client.goaways == [(MAX_STREAM_ID, 0)]
    assert pair.at_server.pongs == 1
    pair.server.goaway(ErrorCode.NO_ERROR)
    pair.pump()
    assert pair.at_client.goaways[-1] == (stream, 0)

    pair.client.send(stream, bytes(300_000), end_stream=True)
    pair.server.respond(stream, STATUS, end_stream=False)
    pair.server.send(stream, b"answer", end_stream=True)
    pair.pump()
    assert len(pair.at_server.data[stream]) == 300_000
    assert pair.at_client.data[stream] == b"answer"
    assert pair.at_client.closed == pair.at_server.closed == [stream]


@pairs
def test_running_streams_go_on_after_the_clients_goaway(server: str, client: str) -> None:
    pair = Pair(server, client)
    stream = pair.client.request(REQUEST, end_stream=False)
    pair.pump()
    pair.server.respond(stream, STATUS, end_stream=False)
    pair.server.send(stream, b"unsent when GOAWAY comes", end_stream=False)
    pair.client.goaway(ErrorCode.NO_ERROR)
    pair.server.receive(drain_output(pair.client))
    pair.client.send(stream, b"more", end_stream=True)
    pair.pump()
    assert pair.at_server.goaways == [(0, 0)]
    pair.server.send(stream, b", and after", end_stream=True)
    pair.pump()
    assert pair.at_server.data[stream] == b"more"
    assert pair.at_client.data[stream] == b"unsent when GOAWAY comes, and after"


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


@engines
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


@engines
def test_too_many_header_bytes_are_refused(name: str) -> None:
    engine, sink = server_engine(name, Http2Settings(max_header_list_size=4_096))
    client = RawClient()
    many = [(b"x-%d" % i, b"y" * 50) for i in range(100)]
    engine.receive(client.preface() + client.request(1, [*REQUEST, *many], end=True))
    found = frames(drain_output(engine))
    assert 1 not in sink.headers
    assert goaway_code(found) == ErrorCode.ENHANCE_YOUR_CALM


@engines
def test_an_endless_header_block_is_refused(name: str) -> None:
    engine, sink = server_engine(name)
    engine.receive(PREFACE + frame(SETTINGS) + frame(HEADERS, 0, 1, b""))
    for _ in range(200):
        if sink.terminated:
            break
        engine.receive(frame(9, 0, 1, b"\x00\x01a\x01b" * 10))
    assert len(sink.terminated) == 1


@engines
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


@engines
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


@engines
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


@engines
def test_a_frame_is_checked_at_its_header(name: str) -> None:
    engine, sink = server_engine(name)
    client = RawClient()
    engine.receive(client.preface() + client.request(1))
    engine.receive((65_537).to_bytes(3, "big") + bytes((DATA, 0)) + (1).to_bytes(4, "big"))
    assert goaway_code(frames(drain_output(engine))) == ErrorCode.FRAME_SIZE_ERROR
    assert sink.terminated == [ErrorCode.FRAME_SIZE_ERROR]


@engines
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


@engines
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


@engines
def test_bytes_may_come_one_at_a_time(name: str) -> None:
    engine, sink = server_engine(name)
    client = RawClient()
    data = client.preface() + client.request(1) + frame(DATA, END_STREAM, 1, b"body")
    for index in range(len(data)):
        engine.receive(data[index : index + 1])
        drain_output(engine)
    assert sink.data == {1: b"body"}
    assert sink.ended == [1]
