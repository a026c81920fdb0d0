"""A malformed message ends its stream and nothing else (RFC 9113, section 8.1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from restate_proto.http2.engines import load_engine
from restate_proto.http2.engines.base import PREFACE
from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.limits import Http2Settings
from tests.http2.engine_case import Recorder, drain_output, each_engine, server_engine
from tests.http2.frames import (
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    REQUEST,
    WINDOW_UPDATE,
    RawClient,
    RawConnection,
    frame,
    frames,
    resets,
    settings_frame,
)
from tests.http2.support import App, Echo, run, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto.http2.engines.base import Engine


METHOD, SCHEME, AUTHORITY, PATH = REQUEST
GET = [(b":method", b"GET"), SCHEME, AUTHORITY, PATH]
STATUS = [(b":status", b"200")]

Fields = list[tuple[bytes, bytes]]

# Each is the field section of a request that has no body.
BAD_FIELDS: dict[str, Fields] = {
    "no :method": [SCHEME, AUTHORITY, PATH],
    "no :scheme": [METHOD, AUTHORITY, PATH],
    "no :path": [METHOD, SCHEME, AUTHORITY],
    "no fields": [],
    ":method twice": [METHOD, *REQUEST],
    ":path twice": [*REQUEST, PATH],
    ":scheme twice": [SCHEME, *REQUEST],
    ":authority twice": [AUTHORITY, *REQUEST],
    "an unknown pseudo-field": [*REQUEST, (b":test", b"1")],
    "a pseudo-field of responses": [*REQUEST, (b":status", b"200")],
    "a pseudo-field after a field": [METHOD, SCHEME, AUTHORITY, (b"x-a", b"1"), PATH],
    "an empty :path": [METHOD, SCHEME, AUTHORITY, (b":path", b"")],
    "a :path without slash": [METHOD, SCHEME, AUTHORITY, (b":path", b"x")],
    "a :path that is a URL": [METHOD, SCHEME, AUTHORITY, (b":path", b"http://test/x")],
    "a space in :path": [METHOD, SCHEME, AUTHORITY, (b":path", b"/x y")],
    "a line break in :path": [METHOD, SCHEME, AUTHORITY, (b":path", b"/x\r\ny: z")],
    "a star that is no OPTIONS": [METHOD, SCHEME, AUTHORITY, (b":path", b"*")],
    "an empty :method": [(b":method", b""), SCHEME, AUTHORITY, PATH],
    "a space in :method": [(b":method", b"PO ST"), SCHEME, AUTHORITY, PATH],
    "an empty :scheme": [METHOD, (b":scheme", b""), AUTHORITY, PATH],
    "a space in :scheme": [METHOD, (b":scheme", b"ht tp"), AUTHORITY, PATH],
    "a space in :authority": [METHOD, SCHEME, (b":authority", b"te st"), PATH],
    "neither :authority nor host": [METHOD, SCHEME, PATH],
    "CONNECT with :path": [(b":method", b"CONNECT"), *REQUEST[1:]],
    "CONNECT without :authority": [(b":method", b"CONNECT")],
    ":protocol without CONNECT": [*REQUEST, (b":protocol", b"websocket")],
    "CONNECT to a :protocol": [
        (b":method", b"CONNECT"),
        *REQUEST[1:],
        (b":protocol", b"websocket"),
    ],
    "an upper-case name": [*REQUEST, (b"X-Test", b"1")],
    "an empty name": [*REQUEST, (b"", b"1")],
    "a space in a name": [*REQUEST, (b"x y", b"1")],
    "a colon in a name": [*REQUEST, (b"x:y", b"1")],
    "a zero in a name": [*REQUEST, (b"x\0y", b"1")],
    "a control character in a name": [*REQUEST, (b"x\x7fy", b"1")],
    "a letter beyond ASCII in a name": [*REQUEST, (b"x\xe4", b"1")],
    "a zero in a value": [*REQUEST, (b"x-a", b"1\x002")],
    "a line feed in a value": [*REQUEST, (b"x-a", b"1\n2")],
    "a carriage return in a value": [*REQUEST, (b"x-a", b"1\r2")],
    "a value that begins with a space": [*REQUEST, (b"x-a", b" 1")],
    "a value that ends with a tab": [*REQUEST, (b"x-a", b"1\t")],
    "connection": [*REQUEST, (b"connection", b"keep-alive")],
    "keep-alive": [*REQUEST, (b"keep-alive", b"timeout=5")],
    "proxy-connection": [*REQUEST, (b"proxy-connection", b"keep-alive")],
    "transfer-encoding": [*REQUEST, (b"transfer-encoding", b"chunked")],
    "upgrade": [*REQUEST, (b"upgrade", b"h2c")],
    "te other than trailers": [*REQUEST, (b"te", b"trailers, deflate")],
    "a content-length in words": [*REQUEST, (b"content-length", b"five")],
    "a negative content-length": [*REQUEST, (b"content-length", b"-1")],
    "a content-length with a sign": [*REQUEST, (b"content-length", b"+0")],
    "an endless content-length": [*REQUEST, (b"content-length", b"9" * 5_000)],
    "two content-lengths": [*REQUEST, (b"content-length", b"0"), (b"content-length", b"5")],
    "a content-length without a body": [*REQUEST, (b"content-length", b"5")],
}

Body = "Callable[[RawClient], bytes]"


def five(client: RawClient) -> bytes:
    return client.request(3, [*REQUEST, (b"content-length", b"5")])


def trailers(client: RawClient, fields: Fields, *, end: bool = True) -> bytes:
    block = client.encoder.encode(fields)
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), 3, block)


# Each is a request whose fields are right and whose rest is not.
BAD_REST: dict[str, Callable[[RawClient], bytes]] = {
    "a body that is too long": lambda it: five(it) + frame(DATA, END_STREAM, 3, b"123456"),
    "a body that becomes too long": lambda it: five(it) + frame(DATA, 0, 3, b"123") * 2,
    "a body that is too short": lambda it: five(it) + frame(DATA, END_STREAM, 3, b"1234"),
    "a body that is missing": lambda it: five(it) + frame(DATA, END_STREAM, 3),
    "trailers after too short a body": lambda it: (
        five(it) + frame(DATA, 0, 3, b"1234") + trailers(it, [(b"x-a", b"1")])
    ),
    "trailers that end nothing": lambda it: (
        it.request(3) + trailers(it, [(b"x-a", b"1")], end=False)
    ),
    "a pseudo-field in trailers": lambda it: it.request(3) + trailers(it, [PATH]),
    "an upper-case name in trailers": lambda it: it.request(3) + trailers(it, [(b"X-A", b"1")]),
    "connection in trailers": lambda it: it.request(3) + trailers(it, [(b"connection", b"close")]),
    "a line feed in trailers": lambda it: it.request(3) + trailers(it, [(b"x-a", b"1\n2")]),
}


def feed(engine: Engine, data: bytes, step: int) -> None:
    for start in range(0, len(data), step):
        engine.receive(data[start : start + step])


def between_two_good_ones(name: str, bad: Callable[[RawClient], bytes], step: int) -> None:
    """The stream in the middle ends; the others live, and HPACK's tables stay those of the peer."""
    engine, sink = server_engine(name)
    client = RawClient()
    before = [*GET, (b"x-before", b"from the first request")]
    after = [*GET, (b"x-before", b"from the first request"), (b"x-between", b"from the second")]
    data = client.preface() + client.request(1, before)
    data += bad(client) + client.request(5, after, end=True) + frame(DATA, END_STREAM, 1, b"body")
    feed(engine, data, step)
    found = frames(drain_output(engine))
    assert resets(found) == {3: ErrorCode.PROTOCOL_ERROR}
    assert not [f for f in found if f.kind == GOAWAY]
    assert sink.terminated == []
    assert list(sink.headers[1]) == before
    assert list(sink.headers[5]) == after
    assert sink.data.get(1) == b"body"
    assert 3 not in sink.ended
    assert 3 not in sink.closed
    for stream in (1, 5):
        engine.respond(stream, STATUS, end_stream=True)
    found = frames(drain_output(engine))
    assert {f.stream_id for f in found if f.kind == HEADERS} == {1, 5}


@each_engine
@pytest.mark.parametrize("step", [1, 1_000_000], ids=["bytes", "at once"])
@pytest.mark.parametrize("what", BAD_FIELDS)
def test_malformed_fields_end_the_stream(name: str, what: str, step: int) -> None:
    fields = [*BAD_FIELDS[what], (b"x-between", b"from the second")]
    seen: list[bytes] = []

    def bad(client: RawClient) -> bytes:
        seen.append(client.request(3, fields, end=True))
        return seen[0]

    between_two_good_ones(name, bad, step)
    engine, sink = server_engine(name)
    engine.receive(PREFACE + settings_frame({}) + RawClient().request(1, fields, end=True))
    assert sink.headers == {}, "a malformed request was handed on"


@each_engine
@pytest.mark.parametrize("step", [1, 1_000_000], ids=["bytes", "at once"])
@pytest.mark.parametrize("what", BAD_REST)
def test_a_malformed_rest_ends_the_stream(name: str, what: str, step: int) -> None:
    between_two_good_ones(name, BAD_REST[what], step)
    engine, sink = server_engine(name)
    client = RawClient()
    engine.receive(client.preface() + BAD_REST[what](client))
    drain_output(engine)
    assert list(sink.resets.values()) == [ErrorCode.PROTOCOL_ERROR], "nobody was told"


@each_engine
def test_what_is_right_is_taken(name: str) -> None:
    engine, sink = server_engine(name)
    client = RawClient()
    good: list[Fields] = [
        [*REQUEST, (b"te", b"trailers"), (b"x-a", b""), (b"x_!#$%&'*+.^`|~", b"\x80\xff \t!")],
        [METHOD, SCHEME, PATH, (b"host", b"test")],
        [*REQUEST, (b"host", b"test")],
        [(b":method", b"OPTIONS"), SCHEME, AUTHORITY, (b":path", b"*")],
        [METHOD, SCHEME, AUTHORITY, (b":path", b"/a/%20/\xc3\xa4?b=c;d,e'f\"")],
        [*REQUEST, (b"content-length", b"0")],
        [(b":method", b"PRO-P.FIND"), (b":scheme", b"a+b"), AUTHORITY, PATH],
    ]
    engine.receive(client.preface())
    for index, fields in enumerate(good):
        engine.receive(client.request(2 * index + 1, fields, end=True))
        assert list(sink.headers[2 * index + 1]) == fields
    assert resets(frames(drain_output(engine))) == {}


@each_engine
def test_what_a_malformed_stream_still_sends_is_dropped(name: str) -> None:
    engine, sink = server_engine(name)
    client = RawClient()
    engine.receive(client.preface() + client.request(1, [*REQUEST, (b"X-A", b"1")]))
    # The peer has not seen the reset yet.
    engine.receive(frame(DATA, 0, 1, b"body") + frame(DATA, END_STREAM, 1, b"end"))
    engine.receive(client.request(3, end=True))
    assert sink.terminated == []
    assert sink.data == {}
    assert sink.ended == [3]


@each_engine
def test_bodies_of_a_wrong_length_do_not_use_up_the_connections_window(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = 200_000
    monkeypatch.setattr("restate_proto.http2.engines.h2.CONNECTION_WINDOW", window)
    monkeypatch.setattr("restate_proto.http2.engines.ngh2.CONNECTION_WINDOW", window)
    engine, sink = server_engine(name)
    client = RawClient()
    engine.receive(client.preface())
    credit = 65_535
    for stream in range(1, 101, 2):
        for update in frames(drain_output(engine)):
            if update.kind == WINDOW_UPDATE and update.stream_id == 0:
                credit += int.from_bytes(update.payload, "big")
        assert credit >= 16_384
        credit -= 16_384
        engine.receive(
            client.request(stream, [*REQUEST, (b"content-length", b"5")])
            + frame(DATA, 0, stream, bytes(16_384))
        )
    drain_output(engine)
    assert sink.terminated == []
    assert len(sink.resets) == 50


@each_engine
def test_a_malformed_request_earns_nothing(name: str) -> None:
    engine, _ = server_engine(name)
    client = RawClient()
    engine.receive(client.preface())
    for stream in range(1, 101, 2):
        malformed = client.request(stream, [*REQUEST, (b"X-A", b"1")], end=True)
        assert engine.receive(malformed) <= 0
        drain_output(engine)


# The other side: an answer.

BAD_ANSWERS: dict[str, Callable[[RawClient], bytes]] = {
    "no :status": lambda it: it.request(3, [(b"x-a", b"1")]),
    "a field of requests": lambda it: it.request(3, [*STATUS, PATH]),
    "an upper-case name": lambda it: it.request(3, [*STATUS, (b"X-A", b"1")]),
    "connection": lambda it: it.request(3, [*STATUS, (b"connection", b"close")]),
    "an informational one that ends": lambda it: it.request(3, [(b":status", b"103")], end=True),
    "two content-lengths": lambda it: it.request(
        3, [*STATUS, (b"content-length", b"0"), (b"content-length", b"5")]
    ),
    "a body that is too long": lambda it: (
        it.request(3, [*STATUS, (b"content-length", b"2")]) + frame(DATA, END_STREAM, 3, b"123")
    ),
    "a body that is too short": lambda it: (
        it.request(3, [*STATUS, (b"content-length", b"2")]) + frame(DATA, END_STREAM, 3, b"1")
    ),
    "trailers that end nothing": lambda it: it.request(3, STATUS) + it.request(3, [(b"a", b"b")]),
}


@each_engine
@pytest.mark.parametrize("what", BAD_ANSWERS)
def test_a_malformed_answer_ends_its_stream(name: str, what: str) -> None:
    sink = Recorder()
    engine = load_engine(name)(sink, Http2Settings(), client=True)
    streams = [engine.request(GET, end_stream=True) for _ in range(3)]
    assert streams == [1, 3, 5]
    drain_output(engine)
    server = RawClient()
    engine.receive(settings_frame({}) + server.request(1, STATUS))
    engine.receive(BAD_ANSWERS[what](server))
    engine.receive(server.request(5, [*STATUS, (b"x-a", b"1")], end=True))
    engine.receive(frame(DATA, END_STREAM, 1, b"body"))
    found = frames(drain_output(engine))
    assert resets(found) == {3: ErrorCode.PROTOCOL_ERROR}
    assert sink.terminated == []
    assert sink.resets == {3: ErrorCode.PROTOCOL_ERROR}
    assert sink.data.get(1) == b"body"
    assert list(sink.headers[5]) == [*STATUS, (b"x-a", b"1")]


# The whole server.


@each_engine
def test_the_other_requests_of_a_connection_go_on(name: str) -> None:
    async def test() -> None:
        app = App(Echo)
        async with serving(app, engine=name) as server:
            connection = await RawConnection.open(server.port)
            connection.send(connection.client.request(1))
            stream = 3
            for fields in BAD_FIELDS.values():
                connection.send(connection.client.request(stream, fields, end=True))
                stream += 2
            connection.send(frame(DATA, END_STREAM, 1, b"still here"))
            echoed = await connection.until(lambda f: f.kind == DATA and bool(f.payload))
            assert echoed.payload == b"still here"
            await connection.sync()
            expected = dict.fromkeys(range(3, stream, 2), int(ErrorCode.PROTOCOL_ERROR))
            assert resets(connection.seen) == expected
            assert len(app.requests) == 1
            await connection.close()

    run(test())


@each_engine
def test_a_receiver_is_told_that_its_request_was_malformed(name: str) -> None:
    async def test() -> None:
        app: Any = App()
        async with serving(app, engine=name) as server:
            connection = await RawConnection.open(server.port)
            connection.send(five_on(connection.client, 1), frame(DATA, END_STREAM, 1, b"1"))
            request = await app.request()
            await request.gone.wait()
            assert "PROTOCOL_ERROR" in request.reason
            await connection.sync()
            await connection.close()

    run(test())


def five_on(client: RawClient, stream: int) -> bytes:
    return client.request(stream, [*REQUEST, (b"content-length", b"5")])
