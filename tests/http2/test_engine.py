"""The two engines behave alike: in memory, on bytes, in every combination."""

from __future__ import annotations

from contextlib import suppress

from restate_proto.http2.engines import load_engine
from restate_proto.http2.engines.base import MAX_STREAM_ID
from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.limits import Http2Settings
from tests.http2.engine_case import (
    STATUS,
    Pair,
    Recorder,
    drain_output,
    each_engine,
    each_pair,
    server_engine,
)
from tests.http2.frames import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    REQUEST,
    RawClient,
    frame,
    settings_frame,
)


@each_pair
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


@each_pair
def test_bodies_may_be_empty(server: str, client: str) -> None:
    pair = Pair(server, client)
    stream = pair.client.request(REQUEST, end_stream=True)
    pair.pump()
    assert pair.at_server.ended == [stream]
    pair.server.respond(stream, STATUS, end_stream=True)
    pair.pump()
    assert pair.at_client.ended == [stream]
    assert pair.at_client.closed == pair.at_server.closed == [stream]


@each_pair
def test_the_peers_settings_are_reported(server: str, client: str) -> None:
    pair = Pair(server, client, server_settings=Http2Settings(max_concurrent_streams=7))
    pair.pump()
    assert pair.at_client.max_streams == 7


@each_engine
def test_settings_change_what_they_name_and_nothing_else(name: str) -> None:
    sink = Recorder()
    engine = load_engine(name)(sink, Http2Settings(), client=True)
    engine.receive(settings_frame({3: 7}))
    assert sink.max_streams == 7
    engine.receive(settings_frame({4: 100_000}))
    assert sink.max_streams == 7
    engine.receive(settings_frame({3: 9}))
    assert sink.max_streams == 9


@each_engine
def test_trailers_end_the_request(name: str) -> None:
    engine, sink = server_engine(name)
    client = RawClient()
    engine.receive(client.preface() + client.request(1) + frame(DATA, 0, 1, b"body"))
    block = client.encoder.encode([(b"x-checksum", b"1")])
    engine.receive(frame(HEADERS, END_HEADERS | END_STREAM, 1, block))
    assert sink.data == {1: b"body"}
    assert sink.ended == [1]


@each_pair
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


@each_pair
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


@each_pair
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


@each_pair
def test_data_in_flight_to_a_reset_stream_is_dropped(server: str, client: str) -> None:
    pair = Pair(server, client)
    stream = pair.client.request(REQUEST, end_stream=False)
    pair.pump()
    pair.server.reset(stream, ErrorCode.CANCEL)
    pair.client.send(stream, bytes(50_000), end_stream=True)  # the reset is not there yet
    pair.pump()
    assert stream not in pair.at_server.data
    assert pair.at_server.terminated == []


@each_pair
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


@each_pair
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


@each_engine
def test_bytes_may_come_one_at_a_time(name: str) -> None:
    engine, sink = server_engine(name)
    client = RawClient()
    data = client.preface() + client.request(1) + frame(DATA, END_STREAM, 1, b"body")
    for index in range(len(data)):
        engine.receive(data[index : index + 1])
        drain_output(engine)
    assert sink.data == {1: b"body"}
    assert sink.ended == [1]
