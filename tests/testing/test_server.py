from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from restate_proto import IngressError
from restate_proto.testing import RestateServer, RestateServerError

pytestmark = pytest.mark.server


def is_listening(url: str) -> bool:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    try:
        socket.create_connection((parts.hostname, parts.port)).close()
    except ConnectionRefusedError:
        return False
    return True


def test_it_works_in_the_block_and_is_gone_after_it() -> None:
    with RestateServer() as server:
        url, directory = server.admin_url, server.directory
        assert server.admin.query("SELECT count(1) AS n FROM sys_invocation") == [{"n": 0}]
        assert is_listening(server.ingress_url)
        assert "Starting Restate Server" in server.log()

    assert not is_listening(url)
    assert not directory.exists()
    with pytest.raises(RestateServerError, match="not started"):
        _ = server.ingress_url


def test_it_leaves_nothing_where_temporary_files_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends by SIGKILL, and so could not remove temporary files."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with RestateServer():
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_it_is_gone_after_an_error(error: type[BaseException]) -> None:
    urls: list[str] = []

    def block() -> None:
        with RestateServer() as server:
            urls.append(server.ingress_url)
            raise error

    with pytest.raises(error):
        block()

    assert not is_listening(urls[0])


def test_it_is_gone_when_the_process_is_killed() -> None:
    script = (
        "import os, signal\n"
        "from restate_proto.testing import RestateServer\n"
        "server = RestateServer()\n"
        "server.start()\n"
        "print(server.ingress_url, server.directory, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    url, directory = done.stdout.split()

    # Another process does it, and has nobody to tell; pytest's timeout bounds this loop.
    while is_listening(url) or Path(directory).exists():
        time.sleep(0.01)


def test_two_at_once() -> None:
    with RestateServer() as one, RestateServer() as other:
        assert one.ingress_url != other.ingress_url
        assert one.admin.services() == ()
        assert other.admin.services() == ()


def test_a_restart_keeps_the_ports_and_the_data() -> None:
    async def scenario() -> None:
        async with RestateServer() as server:
            before = (server.ingress_url, server.admin_url, server.directory)
            process = server.pid

            await server.restart()

            assert (server.ingress_url, server.admin_url, server.directory) == before
            assert server.pid != process
            assert server.log().count("has been automatically provisioned") == 1

    asyncio.run(scenario())


def test_the_log_is_part_of_the_error_when_it_cannot_start() -> None:
    with pytest.raises(RestateServerError, match=r"ended with status [0-9]+(.|\n)*no-such-kind"):
        RestateServer(config={"bifrost": {"default-provider": "no-such-kind"}}).start()


def test_it_is_gone_when_it_was_not_ready_in_time() -> None:
    server = RestateServer(ready_timeout=timedelta(0))
    with pytest.raises(RestateServerError, match="not ready after 0:00:00"):
        server.start()

    with pytest.raises(RestateServerError, match="not started"):
        _ = server.directory


def test_cancelling_the_start_ends_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        server = RestateServer(directory=tmp_path)
        task = asyncio.create_task(server.__aenter__())
        await asyncio.sleep(0)
        pid = server.pid
        assert pid is not None
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert server.pid is None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    asyncio.run(scenario())


def test_a_directory_of_the_users_stays(tmp_path: Path) -> None:
    with RestateServer(directory=tmp_path / "a" / "b"):
        pass

    assert "Starting Restate Server" in (tmp_path / "a/b/restate-server.log").read_text()


def test_it_cannot_be_started_twice() -> None:
    with RestateServer() as server:
        with pytest.raises(RestateServerError, match="already started"):
            server.start()
        assert is_listening(server.ingress_url)


def test_registering_nothing_says_what_restate_says(
    restate_server: RestateServer, unused_url: str
) -> None:
    with pytest.raises(IngressError, match=rf"POST /deployments.*500.*{unused_url}.*refused"):
        asyncio.run(restate_server.register(unused_url))


@pytest.fixture
def unused_url() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return f"http://127.0.0.1:{port}"
