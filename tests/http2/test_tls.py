"""TLS: HTTP/2 by ALPN, verified certificates, clear failures."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, NamedTuple

import pytest

from restate_proto.http2.client import Http2Client
from restate_proto.http2.errors import ConnectError
from restate_proto.http2.pool_limits import PoolLimits
from restate_proto.http2.tls import client_ssl_context, server_ssl_context
from tests.certificates import self_signed
from tests.http2.support import LOOPS, PAIRS, App, Echo, engines, run, serving

if TYPE_CHECKING:
    from pathlib import Path


class Files(NamedTuple):
    certificate: Path
    key: Path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Write a certificate for 127.0.0.1 but not for localhost, and its key."""
    return Files(*self_signed(tmp_path_factory.mktemp("tls"), host="restate-proto.test"))


@pytest.mark.parametrize(("server_engine", "client_engine"), PAIRS)
@pytest.mark.parametrize("loop", LOOPS)
def test_a_verified_exchange(
    files: Files, server_engine: str, client_engine: str, loop: str
) -> None:
    async def test() -> None:
        context = server_ssl_context(files.certificate, files.key)
        trusting = client_ssl_context(files.certificate)
        async with serving(App(Echo), engine=server_engine, ssl=context) as server:
            url = f"https://127.0.0.1:{server.port}"
            async with Http2Client(url, engine=client_engine, ssl=trusting) as client:
                body = bytes(range(256)) * 8_192
                assert (await client.request("POST", "/", (), body)).body == body

    run(test(), loop=loop)


@engines
@pytest.mark.parametrize("loop", LOOPS)
def test_an_untrusted_certificate_is_a_connect_error(files: Files, engine: str, loop: str) -> None:
    async def test() -> None:
        context = server_ssl_context(files.certificate, files.key)
        async with serving(App(Echo), engine=engine, ssl=context) as server:
            url = f"https://127.0.0.1:{server.port}"
            async with Http2Client(url, engine=engine) as client:
                with pytest.raises(ConnectError, match=r"self-signed .*SSL_CERT_FILE"):
                    await client.request("GET", "/")

    run(test(), loop=loop)


@engines
def test_a_certificate_of_another_host_is_a_connect_error(files: Files, engine: str) -> None:
    async def test() -> None:
        context = server_ssl_context(files.certificate, files.key)
        trusting = client_ssl_context(files.certificate)
        async with serving(App(Echo), engine=engine, ssl=context) as server:
            url = f"https://localhost:{server.port}"
            async with Http2Client(url, engine=engine, ssl=trusting) as client:
                with pytest.raises(ConnectError, match="not accepted: Hostname mismatch"):
                    await client.request("GET", "/")

    run(test())


@engines
def test_ssl_cert_file_names_the_trusted_issuers(
    files: Files, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(files.certificate))

    async def test() -> None:
        context = server_ssl_context(files.certificate, files.key)
        async with serving(App(Echo), engine=engine, ssl=context) as server:
            url = f"https://127.0.0.1:{server.port}"
            async with Http2Client(url, engine=engine) as client:
                assert (await client.request("POST", "/", (), b"x")).body == b"x"

    run(test())


@engines
@pytest.mark.parametrize("loop", LOOPS)
def test_http_to_a_tls_port_says_so(files: Files, engine: str, loop: str) -> None:
    async def test() -> None:
        context = server_ssl_context(files.certificate, files.key)
        async with (
            serving(App(Echo), engine=engine, ssl=context) as server,
            Http2Client(f"http://127.0.0.1:{server.port}", engine=engine) as client,
        ):
            with pytest.raises(ConnectError, match="write https://"):
                await client.request("GET", "/")

    run(test(), loop=loop)


@engines
def test_http_to_a_tls_port_that_closes_without_a_word(engine: str) -> None:
    async def test() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, Http2Client(f"http://127.0.0.1:{port}", engine=engine) as client:
            with pytest.raises(ConnectError, match=r"before it said anything: .*write https://"):
                await client.request("GET", "/")

    run(test())


@engines
def test_https_to_a_port_without_tls_says_so(engine: str) -> None:
    async def test() -> None:
        async with (
            serving(App(Echo), engine=engine) as server,
            Http2Client(f"https://127.0.0.1:{server.port}", engine=engine) as client,
        ):
            with pytest.raises(ConnectError, match=r"does not speak TLS .*write http://"):
                await client.request("GET", "/")

    run(test())


@engines
def test_a_server_that_takes_the_connection_and_says_nothing(engine: str) -> None:
    async def test() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        async with (
            server,
            Http2Client(url, engine=engine, limits=PoolLimits(connect_timeout=0.05)) as client,
        ):
            with pytest.raises(ConnectError, match=r"sent no HTTP/2 settings within 0\.05 s"):
                await client.request("GET", "/")

    run(test())


@engines
@pytest.mark.parametrize("offers", [[], ["http/1.1"]])
def test_a_server_without_http2_is_a_connect_error(
    files: Files, engine: str, offers: list[str]
) -> None:
    async def test() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
        if offers:
            context.set_alpn_protocols(offers)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        trusting = client_ssl_context(files.certificate)
        async with (
            server,
            Http2Client(f"https://127.0.0.1:{port}", engine=engine, ssl=trusting) as client,
        ):
            with pytest.raises(ConnectError, match="does not speak HTTP/2 over TLS: ALPN"):
                await client.request("GET", "/")

    run(test())


@engines
def test_a_server_that_never_answers_is_a_connect_error(files: Files, engine: str) -> None:
    async def test() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        trusting = client_ssl_context(files.certificate)
        url = f"https://127.0.0.1:{port}"
        async with (
            server,
            Http2Client(
                url, engine=engine, ssl=trusting, limits=PoolLimits(connect_timeout=0.05)
            ) as client,
        ):
            with pytest.raises(ConnectError, match=r"no connection to .* within 0.05 s"):
                await client.request("GET", "/")

    run(test())


@engines
def test_http1_inside_tls_gets_an_answer(files: Files, engine: str) -> None:
    async def test() -> None:
        context = server_ssl_context(files.certificate, files.key)
        trusting = ssl.create_default_context(cafile=files.certificate)
        async with serving(App(Echo), engine=engine, ssl=context) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting)
            writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 505 ")
            writer.close()

    run(test())


def test_a_context_needs_https() -> None:
    with pytest.raises(ValueError, match="https"):
        Http2Client("http://127.0.0.1:1", ssl=client_ssl_context())
