"""What docs/serving.md says, over real sockets."""

from __future__ import annotations

import asyncio
import http.client
import os
import ssl
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import GreeterBase
from restate_proto import Endpoint
from restate_proto.http2.client import Http2Client
from restate_proto.http2.engines import ENGINES
from restate_proto.http2.errors import ConnectError, Http2Error
from restate_proto.http2.tls import client_ssl_context
from tests.certificates import self_signed

if TYPE_CHECKING:
    from restate_proto import Context

PAGE = Path(__file__).parents[2] / "docs" / "serving.md"


class Greeter(GreeterBase):
    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        return GreetResponse(greeting=f"Hello {request.name}")


def from_the_page() -> Callable[[str, str, str], ssl.SSLContext]:
    """Return the function that the page shows."""
    code = PAGE.read_text("utf-8").partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(code, names)
    return cast("Callable[[str, str, str], ssl.SSLContext]", names["mutual_tls"])


def get(
    port: int, path: str, *, method: str = "GET", context: ssl.SSLContext | None = None
) -> tuple[int, bytes]:
    """Send a request with the HTTP/1.1 client of the standard library."""
    if context is None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
    else:
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=context)
    connection.request(method, path)
    with connection.getresponse() as response:
        return response.status, response.read()


@pytest.mark.parametrize("path", ["/health", "/behind/a/proxy/health", "/health?full=1"])
def test_a_health_check_over_http1(path: str) -> None:
    async def test() -> None:
        async with Endpoint(Greeter()).run() as running:
            ok = (200, b'{"status":"ok"}')
            assert await asyncio.to_thread(get, running.port, path) == ok
            assert await asyncio.to_thread(get, running.port, path, method="HEAD") == (200, b"")
            async with Http2Client(running.address) as client:
                assert (await client.request("GET", path)).body == ok[1]

    asyncio.run(test())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/discover"),
        ("POST", "/health"),
        ("POST", "/invoke/benchmark.v1.Greeter/Greet"),
        ("GET", "/invoke/benchmark.v1.Greeter/health"),
    ],
)
def test_all_else_over_http1_is_refused(method: str, path: str) -> None:
    async def test() -> None:
        async with Endpoint(Greeter()).run() as running:
            status, body = await asyncio.to_thread(get, running.port, path, method=method)
            assert status == 505
            assert b"HTTP/2 only" in body
            assert b"without --use-http1.1" in body

    asyncio.run(test())


def test_a_health_check_over_http1_inside_tls(tmp_path: Path) -> None:
    async def test() -> None:
        certificate, key = self_signed(tmp_path)
        trusting = ssl.create_default_context(cafile=certificate)
        async with Endpoint(Greeter(), tls=(certificate, key)).run() as running:
            answer = await asyncio.to_thread(get, running.port, "/health", context=trusting)
            assert answer == (200, b'{"status":"ok"}')

    asyncio.run(test())


@pytest.mark.parametrize("engine", ENGINES)
def test_serve_says_what_it_runs_on(engine: str) -> None:
    command = [sys.executable, "-m", "restate_proto", "serve", "examples.shop.main:endpoint"]
    with subprocess.Popen(
        [*command, "--port", "0"],
        cwd=PAGE.parents[1],
        env={**os.environ, "RESTATE_PROTO_HTTP2": engine},
        stdout=subprocess.PIPE,
        text=True,
    ) as serving:
        try:
            assert serving.stdout
            line = serving.stdout.readline()
            loop = "uvloop" if find_spec("uvloop") else "asyncio"
            assert f"handlers with {engine} and {loop} at http://127.0.0.1:" in line
            port = int(line.rpartition(":")[2])
            assert get(port, "/health") == (200, b'{"status":"ok"}')
        finally:
            serving.terminate()
    assert serving.returncode == 0


class Certificates:
    """A server, a client that it knows, and one that it does not know."""

    def __init__(self, directory: Path) -> None:
        self.pairs: dict[str, tuple[Path, Path]] = {}
        for name in ("server", "known", "unknown"):
            (directory / name).mkdir()
            self.pairs[name] = self_signed(directory / name, host=name)

    def server(self) -> ssl.SSLContext:
        certificate, key = self.pairs["server"]
        return from_the_page()(str(certificate), str(key), str(self.pairs["known"][0]))

    def client(self, shows: str | None) -> ssl.SSLContext:
        context = client_ssl_context(self.pairs["server"][0])
        if shows is not None:
            context.load_cert_chain(*self.pairs[shows])
        return context


def test_a_client_with_a_certificate_of_the_authorities_is_let_in(tmp_path: Path) -> None:
    async def test() -> None:
        certificates = Certificates(tmp_path)
        known = certificates.client("known")
        async with (
            Endpoint(Greeter(), tls=certificates.server()).run() as running,
            Http2Client(running.address, ssl=known) as client,
        ):
            assert (await client.request("GET", "/discover")).status == 200

    asyncio.run(test())


@pytest.mark.parametrize("shows", [None, "unknown"])
def test_a_client_without_one_is_not(tmp_path: Path, shows: str | None) -> None:
    async def test() -> None:
        certificates = Certificates(tmp_path)
        async with Endpoint(Greeter(), tls=certificates.server()).run() as running:
            async with Http2Client(running.address, ssl=certificates.client(shows)) as client:
                # In TLS 1.3 the server refuses when the client thinks that all is well.
                with pytest.raises((ConnectError, Http2Error)):
                    await client.request("GET", "/discover")
            probe = certificates.client(shows)
            probe.set_alpn_protocols(["http/1.1"])
            with pytest.raises(OSError):  # noqa: PT011 - each version of OpenSSL has its own words
                await asyncio.to_thread(get, running.port, "/health", context=probe)

    asyncio.run(test())
