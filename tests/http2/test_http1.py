"""HTTP/1.x at an HTTP/2 server: health checks are answered, everything else is refused."""

from __future__ import annotations

import asyncio
import http.client
import ssl
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restate_proto.http2.client import Http2Client
from restate_proto.http2.engines.base import PREFACE
from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.http1 import MAX_HEAD, Http1Answers
from restate_proto.http2.tls import client_ssl_context, server_ssl_context
from tests.certificates import self_signed
from tests.http2.frames import GOAWAY, RawConnection, frames, goaway_code, settings_frame
from tests.http2.support import App, Echo, loops, run, serving

if TYPE_CHECKING:
    from pathlib import Path

OK = b'{"status":"ok"}'
HEAD = b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n"


def health(path: str) -> bytes | None:
    return OK if path == "/health" else None


def answer_to(data: bytes) -> bytes | None:
    return Http1Answers(health, advice="Use another port.").answer(data)


def status(answer: bytes | None) -> int:
    assert answer
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    assert b"connection: close" in fields
    assert b"content-length: %d" % len(body) in fields or body == b""
    return int(line.removeprefix(b"HTTP/1.1 ")[:3])


@pytest.mark.parametrize(
    "data",
    [
        HEAD,
        b"GET /health HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/1.0\r\n\r\n",
        b"GET /health?from=a HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET /health HTTP/1.1\nhost: a\n\n",
        b"GET /health HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 8_000 + b"\r\n\r\n",
    ],
)
def test_a_health_check_is_answered_when_its_head_is_complete(data: bytes) -> None:
    for end in range(len(data)):
        assert answer_to(data[:end]) == b"" if end else True
    answer = answer_to(data)
    assert status(answer) == 200
    assert answer
    assert answer.endswith(b"\r\n\r\n" + OK)


def test_head_is_answered_without_the_body() -> None:
    answer = answer_to(b"HEAD /health HTTP/1.1\r\nhost: a\r\n\r\n")
    assert answer
    assert status(answer) == 200
    assert b"content-length: 15\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")
    refusal = answer_to(b"HEAD / HTTP/1.1\r\n")
    assert refusal
    assert status(refusal) == 505
    assert refusal.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "line",
    [
        b"GET / HTTP/1.1\r\n",
        b"POST /health HTTP/1.1\r\n",
        b"GET /healthy HTTP/1.1\r\n",
        b"GET http://a/health/x HTTP/1.1\r\n",
        b"POST /invoke/A/b HTTP/1.1\r\n",
        b"OPTIONS * HTTP/1.1\r\n",
        b"CONNECT a:1 HTTP/1.0\r\n",
    ],
)
def test_all_else_is_refused_at_its_first_line(line: bytes) -> None:
    answer = answer_to(line)
    assert status(answer) == 505
    assert answer
    assert b"HTTP/2" in answer
    assert answer.endswith(b" Use another port.\n")


def test_a_server_without_health_checks_refuses_them() -> None:
    assert status(Http1Answers().answer(HEAD)) == 505


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00",
        b" GET / HTTP/1.1\r\n",
        b"\r\n" + HEAD,
        b"get /health HTTP/1.1\r\n",
        b"GET  /health HTTP/1.1\r\n",
        b"GET /health  HTTP/1.1\r\n",
        b"GET /he\0alth HTTP/1.1\r\n",
        b"GET /he\xffalth",
        b"GET\t/health",
        b"GET /health HTTP/2.0",
        b"GET /health HTTP/1.1 x",
        b"GET /health\r\n",
        b"GET /health HTTP/1.1\r\r\n",
        b"METHODSOFMORETHANTWENTY",
        b"INVALID CONNECTION PREFACE\r\n\r\n",
        b"PRI * HTTP/2.0!",
    ],
)
def test_what_is_no_request_line_is_no_http1(data: bytes) -> None:
    assert answer_to(data) is None


@pytest.mark.parametrize(
    "begin",
    [b"GET /", b"GET /health HTTP/1.1\r\nx: ", b"GET /health HTTP/1.1\r\n"],
    ids=["a path", "a field", "fields"],
)
def test_a_head_without_an_end_is_bounded(begin: bytes) -> None:
    assert answer_to(begin + b"x" * (MAX_HEAD - len(begin))) == b""
    assert status(answer_to(begin + b"x" * (MAX_HEAD + 1))) == 431


def test_fields_without_an_end_are_bounded() -> None:
    assert status(answer_to(b"GET /health HTTP/1.1\r\n" + b"x: y\r\n" * 4_000)) == 431


@given(st.binary(max_size=200) | st.text("GET /health HTTP1.\r\n:x", max_size=80).map(str.encode))
def test_no_bytes_break_it(data: bytes) -> None:
    for end in range(1, len(data) + 1):
        answer = answer_to(data[:end])
        assert not answer or answer.startswith(b"HTTP/1.1 ")


# On sockets.


async def probe(port: int, *, method: str = "GET", context: ssl.SSLContext | None = None) -> bytes:
    """Return the response of /health to a client of the standard library."""

    def ask() -> bytes:
        if context is None:
            connection = http.client.HTTPConnection("127.0.0.1", port)
        else:
            connection = http.client.HTTPSConnection("127.0.0.1", port, context=context)
        connection.request(method, "/health")
        with connection.getresponse() as response:
            assert response.status == 200
            assert response.headers["content-type"] == "application/json"
            return response.read()

    return await asyncio.to_thread(ask)


@loops
def test_a_client_of_http1_gets_its_health_check(loop: str) -> None:
    async def test() -> None:
        async with serving(App(Echo), health=health) as server:
            assert await probe(server.port) == OK
            assert await probe(server.port, method="HEAD") == b""

    run(test(), loop=loop)


@pytest.mark.parametrize(
    "rest",
    [
        b"",
        b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n",
        b"POST /invoke/A/b HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc",
        PREFACE + settings_frame({}),
        bytes(range(256)) * 10,
    ],
    ids=["nothing", "another", "an invocation", "HTTP/2", "garbage"],
)
@pytest.mark.parametrize(
    "fields",
    [
        b"",
        b"content-length: 0\r\ncontent-length: 99\r\n",
        b"content-length: 4\r\ntransfer-encoding: chunked\r\n",
        b"transfer-encoding: chunked, identity\r\n",
        b"connection: keep-alive\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n",
        b"x\0y : \x01\r\n folded\r\n",
    ],
    ids=["none", "two lengths", "two framings", "chunks", "upgrade", "garbage"],
)
def test_one_answer_per_connection_whatever_follows(fields: bytes, rest: bytes) -> None:
    async def test() -> None:
        app = App(Echo)
        async with serving(app, health=health) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET /health HTTP/1.1\r\nhost: a\r\n" + fields + b"\r\n" + rest)
            answer = await reader.read()
            assert status(answer) == 200
            assert answer.count(b"HTTP/1.1 ") == 1
            assert answer.endswith(OK)
            assert app.requests == []
            writer.close()

    run(test())


def test_half_a_request_holds_nobody_up() -> None:
    async def test() -> None:
        async with serving(App(Echo), health=health) as server:
            halves = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(20)]
            for index, (_, writer) in enumerate(halves):
                writer.write(HEAD[: index + 1])
            assert await probe(server.port) == OK
            async with Http2Client(f"http://127.0.0.1:{server.port}") as client:
                assert (await client.request("POST", "/", (), b"x")).body == b"x"
            await server.close()  # ends them
            for reader, writer in halves:
                assert await reader.read() == b""
                writer.close()

    run(test())


def test_http2_on_the_same_port_goes_on() -> None:
    async def test() -> None:
        async with serving(App(Echo), health=health) as server:
            connection = await RawConnection.open(server.port)
            await connection.sync()
            assert await probe(server.port) == OK
            await connection.sync()
            await connection.close()

    run(test())


# Inside TLS.


def client_context(certificate: Path, alpn: list[str]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificate)
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


@loops
@pytest.mark.parametrize("alpn", [[], ["http/1.1"]], ids=["no ALPN", "http/1.1"])
def test_a_health_check_inside_tls(tmp_path: Path, alpn: list[str], loop: str) -> None:
    async def test() -> None:
        certificate, key = self_signed(tmp_path)
        context = server_ssl_context(certificate, key)
        async with serving(App(Echo), ssl=context, health=health) as server:
            assert await probe(server.port, context=client_context(certificate, alpn)) == OK

    run(test(), loop=loop)


@loops
@pytest.mark.parametrize("alpn", [[], ["http/1.1"], ["x"]], ids=["none", "http/1.1", "unknown"])
def test_http2_inside_tls_needs_its_alpn(
    tmp_path: Path, alpn: list[str], loop: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        certificate, key = self_signed(tmp_path)
        app = App(Echo)
        async with serving(app, ssl=server_ssl_context(certificate, key)) as server:
            trusting = client_context(certificate, alpn)
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting)
            writer.write(PREFACE + settings_frame({}))
            answer = frames(await reader.read())
            assert [f.kind for f in answer] == [GOAWAY]
            assert goaway_code(answer) == ErrorCode.PROTOCOL_ERROR
            assert b"ALPN" in answer[0].payload
            assert app.requests == []
            writer.close()
        assert "negotiated h2 by ALPN" in caplog.text

    run(test(), loop=loop)


@loops
def test_who_negotiated_h2_gets_no_http1(tmp_path: Path, loop: str) -> None:
    async def test() -> None:
        certificate, key = self_signed(tmp_path)
        context = server_ssl_context(certificate, key)
        async with serving(App(Echo), ssl=context, health=health) as server:
            trusting = client_ssl_context(certificate)
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting)
            writer.write(HEAD)
            assert goaway_code(frames(await reader.read())) == ErrorCode.PROTOCOL_ERROR
            writer.close()

    run(test(), loop=loop)


@loops
def test_a_context_of_the_users_own_needs_no_alpn(tmp_path: Path, loop: str) -> None:
    async def test() -> None:
        certificate, key = self_signed(tmp_path)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        async with serving(App(Echo), ssl=context) as server:
            url = f"https://127.0.0.1:{server.port}"
            async with Http2Client(url, ssl=client_ssl_context(certificate)) as client:
                assert (await client.request("POST", "/", (), b"x")).body == b"x"

    run(test(), loop=loop)


def test_tls_at_a_port_without_it_is_named(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with serving(App(Echo)) as server:
            with pytest.raises(OSError):  # noqa: PT011 - each version of OpenSSL has its own words
                await asyncio.open_connection("127.0.0.1", server.port, ssl=True)
        assert "speaks TLS" in caplog.text

    run(test())
