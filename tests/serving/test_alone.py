"""`restate-proto serve` in one process."""

from __future__ import annotations

import asyncio
import json
import socket
from signal import SIGHUP, SIGINT, SIGTERM
from typing import TYPE_CHECKING

import pytest

from restate_proto.http2.client import Http2Client
from restate_proto.http2.errors import ConnectError, Http2Error
from restate_proto.http2.tls import client_ssl_context
from tests.certificates import self_signed
from tests.serving.processes import greet, pid_of_new_connection, serving, starting

if TYPE_CHECKING:
    from pathlib import Path
    from signal import Signals


@pytest.mark.parametrize("number", [SIGTERM, SIGINT])
def test_it_says_what_it_waits_for_and_when_it_has_stopped(tmp_path: Path, number: Signals) -> None:
    async def test() -> None:
        with serving(tmp_path) as process:
            process.expect(rf"process {process.process.pid} serves {process.address}")
            async with Http2Client(process.address) as client:
                waiting = asyncio.create_task(greet(client, "wait"))
                await asyncio.to_thread(process.expect, "^waits$")
                process.signal(number)
                await asyncio.to_thread(
                    process.expect,
                    r"stops taking invocations; waits up to 30 s for: Greeter/greet \(1\)",
                )
                (tmp_path / "go on").touch()
                assert await waiting == "suspended"
            await asyncio.to_thread(process.expect, "has stopped")
            assert process.process.wait() == 0

    asyncio.run(test())


def test_asked_twice_it_waits_for_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        with serving(tmp_path) as process:
            async with Http2Client(process.address) as client:
                waiting = asyncio.create_task(greet(client, "wait"))
                await asyncio.to_thread(process.expect, "^waits$")
                process.signal(SIGINT)
                process.signal(SIGINT)
                await asyncio.to_thread(process.expect, "stops taking invocations")
                # Signals that come at once count as one, so this goes on until one does not.
                while not waiting.done():
                    process.signal(SIGINT)
                    await asyncio.wait({waiting}, timeout=0.05)
                with pytest.raises(Http2Error):
                    await waiting
                (tmp_path / "go on").touch()  # the run itself has its time to clean up
            assert await asyncio.to_thread(process.process.wait) == 0
            assert "asked again to stop" in "".join(process.log) + process.rest()

    asyncio.run(test())


def test_hangup_ends_nothing(tmp_path: Path) -> None:
    with serving(tmp_path) as process:
        process.signal(SIGHUP)
        process.expect("SIGHUP changes nothing: .* serve with --workers 1")
        assert asyncio.run(pid_of_new_connection(process.address)) == process.process.pid
        assert process.end() == 0


def test_a_unix_domain_socket(tmp_path: Path) -> None:
    path = tmp_path / "shop.sock"
    for _ in range(2):  # a socket that was left behind is in nobody's way
        with serving(tmp_path, "--uds", str(path)) as process:
            assert process.address == f"unix:{path}"
            assert health(path).startswith(b"HTTP/1.1 200 ")
            process.process.kill()
    with serving(tmp_path, "--uds", "shop.sock") as process:
        with starting(tmp_path, "--uds", str(path)) as second:
            assert second.stderr is not None
            assert f"cannot listen on {path}: Address already in use" in second.stderr.read()
            assert second.wait() == 1
        assert process.end() == 0
    assert not path.exists()


def health(path: Path) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"GET /health HTTP/1.1\r\nhost: shop\r\n\r\n")
        return client.recv(1_000)


def test_a_file_that_is_no_socket_stays(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    with starting(tmp_path, "--uds", str(path)) as process:
        assert process.stderr is not None
        assert f"cannot listen on {path}: the file is not a socket" in process.stderr.read()
        assert process.wait() == 1
    assert path.read_text() == "mine"


def test_a_socket_that_it_was_started_with(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        address = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with serving(tmp_path, "--fd", str(bound.fileno()), pass_fds=(bound.fileno(),)) as process:
            assert process.address == address
            assert asyncio.run(pid_of_new_connection(address)) == process.process.pid
            assert process.end() == 0
        with starting(tmp_path, "--fd", "99") as process:
            assert process.stderr is not None
            assert "cannot listen on file descriptor 99: Bad file desc" in process.stderr.read()


def test_tls_with_certificates_of_clients(tmp_path: Path) -> None:
    async def test() -> None:
        pairs: dict[str, tuple[Path, Path]] = {}
        for name in ("server", "known", "unknown"):
            (tmp_path / name).mkdir()
            pairs[name] = self_signed(tmp_path / name, host=name)
        certificate, key = pairs["server"]
        options = ("--tls-certificate", str(certificate), "--tls-key", str(key))
        with serving(tmp_path, *options, "--tls-client-ca", str(pairs["known"][0])) as process:
            assert process.address.startswith("https://")
            contexts = {name: client_ssl_context(certificate) for name in ("known", "unknown")}
            for name, context in contexts.items():
                context.load_cert_chain(*pairs[name])
            pid = await pid_of_new_connection(process.address, contexts["known"])
            assert pid == process.process.pid
            with pytest.raises((ConnectError, Http2Error)):
                await pid_of_new_connection(process.address, contexts["unknown"])
            assert await asyncio.to_thread(process.end) == 0

    asyncio.run(test())


def test_a_key_that_does_not_fit_is_named(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    certificate, _ = self_signed(tmp_path)
    _, key = self_signed(tmp_path / "other")
    options = ("--tls-certificate", str(certificate), "--tls-key", str(key))
    with starting(tmp_path, *options) as process:
        assert process.stderr is not None
        assert (
            f"error: {certificate}, {key}: a file is not PEM, or the key " in process.stderr.read()
        )
        assert process.wait() == 1


@pytest.mark.parametrize("workers", [(), ("--workers", "2")])
def test_requests_are_logged_where_that_is_asked_for(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    with serving(tmp_path, *workers, "--access-log", "--log-format", "json") as process:
        asyncio.run(pid_of_new_connection(process.address))
        line = process.expect(r"Greeter/greet .*attempt 1: completed").string
        assert json.loads(line)["logger"] == "restate_proto.access"
        assert process.end() == 0


def test_two_places_to_listen_are_one_too_many(tmp_path: Path) -> None:
    with starting(tmp_path, "--port", "0") as process:  # `starting` says where to listen, too
        assert process.stderr is not None
        assert "--bind and --port each say where to listen" in process.stderr.read()
        assert process.wait() == 2
