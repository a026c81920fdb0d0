"""`RestateServer`: a real restate-server for tests, started and ended by the test."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Self

import tomli_w

from restate_proto.errors import RestateError
from restate_proto.ingress.admin import AdminClient
from restate_proto.ingress.errors import IngressError
from restate_proto.testing.binary import find_restate_server
from restate_proto.testing.config import (
    ConfigValue,
    merge,
    server_config,
    server_environ,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from restate_proto.ingress.admin_answers import Deployment

__all__ = ["RestateServer", "RestateServerError"]

_LISTENING = re.compile(r"server_name=(\S+)-server .*?server\.port=(\d+)")
_SERVERS = {"message-fabric": "fabric", "http-ingress": "ingress", "admin-api": "admin"}
_ADDRESS_IN_USE = re.compile(r"address (already )?in use", re.IGNORECASE)

# Kills the server's process group once this process is gone, however it ended: `read` returns when
# the pipe that this process holds open is closed.
_WATCHDOG = 'read -r _; kill -s KILL -- "-$1"; [ -z "$2" ] || rm -rf -- "$2"'


class RestateServerError(RestateError):
    """The restate-server did not start, or ended; the message has the end of its log."""


class RestateServer:
    """A real restate-server of its own: on free ports, with its data in a temporary directory.

    Use it with `async with` in a program that runs an event loop, and with `with` in one that does
    not. It listens on 127.0.0.1 only. It is always ended: when the block is left, for whatever
    reason, and when this process ends, in whatever way.

    ```python
    async with RestateServer() as server:
        await server.register("http://127.0.0.1:9080")
    ```

    Args:
        binary: the restate-server to run; by default `find_restate_server` looks for one.
        protocol_v7: whether the server speaks service protocol v7 to endpoints that support it.
        inactivity_timeout: how long an invocation may wait before it is suspended; 0 suspends at
            every wait, so that each handler is replayed as often as possible. None leaves the
            server's default, one minute.
        retry_interval: the delay before the first retry of a failed attempt. It doubles with each
            retry, up to one second or this value.
        config: further settings, by their names in restate-server's configuration file, such as
            `{"worker": {"invoker": {"abort-timeout": "1s"}}}`. A `log-filter` has to keep the level
            at info, because the server's ports are read from its log.
        env: further environment variables for the server. It does not get this process's variables
            `RESTATE_*` and `RUST_LOG`.
        directory: the directory for its data and its log, which are kept. By default it is a
            temporary directory, which is removed when the server is stopped.
        ready_timeout: how long it may take to start.
    """

    def __init__(
        self,
        *,
        binary: str | Path | None = None,
        protocol_v7: bool = False,
        inactivity_timeout: timedelta | None = None,
        retry_interval: timedelta | None = timedelta(milliseconds=50),
        config: Mapping[str, ConfigValue] | None = None,
        env: Mapping[str, str] | None = None,
        directory: str | Path | None = None,
        ready_timeout: timedelta = timedelta(seconds=60),
    ) -> None:
        self._binary = binary
        self._inactivity_timeout = inactivity_timeout
        self._retry_interval = retry_interval
        self._config = dict(config or {})
        self._env = dict(env or {})
        if protocol_v7:
            self._env.setdefault("RESTATE_EXPERIMENTAL_ENABLE_PROTOCOL_V7", "true")
        self._own_directory = directory is None
        self._directory = None if directory is None else Path(directory).absolute()
        self._ready_timeout = ready_timeout
        self._ports: dict[str, int] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._log_offset = 0

    # -- starting and stopping ---------------------------------------------------------------

    def start(self) -> None:
        """Start the server and wait until it is ready.

        Raises:
            RestateServerNotFoundError: there is no restate-server binary.
            RestateServerError: it ended, or was not ready in time; the text has its log.
        """
        self._check_stopped()
        try:
            for delay in self._starting():
                time.sleep(delay)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server and remove its temporary directory; do nothing if it is stopped."""
        self._kill()
        self._ports = None
        if self._own_directory and self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    async def restart(self) -> None:
        """Kill the server as a crash would, and start it again with its data and its ports."""
        self._kill()
        await self._start_async()

    async def __aenter__(self) -> Self:
        """Start the server and wait until it is ready."""
        await self._start_async()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self.stop()

    def __enter__(self) -> Self:
        """Start the server and wait until it is ready."""
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self.stop()

    async def _start_async(self) -> None:
        self._check_stopped()
        try:
            for delay in self._starting():
                await asyncio.sleep(delay)
        except BaseException:
            self.stop()
            raise

    # -- what tests use ----------------------------------------------------------------------

    @property
    def ingress_url(self) -> str:
        """The URL of the ingress, such as `http://127.0.0.1:41234`."""
        return f"http://127.0.0.1:{self._ports_in_use()['ingress']}"

    @property
    def admin_url(self) -> str:
        """The URL of the admin API, such as `http://127.0.0.1:41235`."""
        return f"http://127.0.0.1:{self._ports_in_use()['admin']}"

    @property
    def pid(self) -> int | None:
        """The process id of the server; None if it is not running."""
        return None if self._process is None else self._process.pid

    @property
    def directory(self) -> Path:
        """The directory with the server's data (`data`) and its log (`restate-server.log`)."""
        if self._directory is None:
            raise RestateServerError(_NOT_STARTED)
        return self._directory

    def log(self) -> str:
        """Return the server's log since its first start; empty once it is stopped and removed."""
        if self._directory is None:
            return ""
        try:
            return self._log_path.read_text("utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    @property
    def admin(self) -> AdminClient:
        """A client of the server's admin API, whose calls block."""
        return AdminClient(self.admin_url)

    async def register(self, endpoint_uri: str, *, use_http_11: bool = False) -> Deployment:
        """Register the endpoint at a URI, in place of any earlier one with the same URI.

        Args:
            endpoint_uri: the address of the endpoint, such as `http://127.0.0.1:9080`.
            use_http_11: whether to use HTTP/1.1, for endpoints without HTTP/2.

        Returns:
            The deployment's id and the services that the endpoint serves.

        Raises:
            IngressError: the server refused, or it did not reach the endpoint.
        """
        return await asyncio.to_thread(
            self.admin.register, endpoint_uri, force=True, breaking=True, use_http_11=use_http_11
        )

    # -- the process and its log --------------------------------------------------------------------

    @property
    def _log_path(self) -> Path:
        return self.directory / "restate-server.log"

    def _check_stopped(self) -> None:
        if self._process is not None:
            raise RestateServerError("this RestateServer is already started")

    def _ports_in_use(self) -> dict[str, int]:
        if self._ports is None:
            raise RestateServerError(_NOT_STARTED)
        return self._ports

    def _starting(self) -> Iterator[float]:
        """Start the server; yield how many seconds to wait before the next look at it."""
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="restate-"))
        self._directory.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + self._ready_timeout.total_seconds()
        self._spawn()
        pause = 0.01
        while not self._is_ready():
            status = None if self._process is None else self._process.poll()
            if status is not None:
                if self._ports is None or not _ADDRESS_IN_USE.search(self._log_since_start()):
                    raise RestateServerError(
                        f"restate-server ended with status {status} while it started;"
                        f" its log:\n{self._log_tail()}"
                    )
                # Another program has taken a port since the server was killed; it may free it again.
                self._kill()
                self._spawn()
            if time.monotonic() > deadline:
                raise RestateServerError(
                    f"restate-server was not ready after {self._ready_timeout};"
                    f" its log:\n{self._log_tail()}"
                )
            yield pause
            pause = min(pause * 1.5, 0.2)

    def _spawn(self) -> None:
        binary = find_restate_server() if self._binary is None else Path(self._binary)
        config = server_config(
            str(self.directory / "data"),
            ports=self._ports,
            inactivity_timeout=self._inactivity_timeout,
            retry_interval=self._retry_interval,
        )
        temporary = self.directory / "tmp"
        temporary.mkdir(exist_ok=True)
        config_path = self.directory / "restate.toml"
        config_path.write_text(tomli_w.dumps(merge(config, self._config)), "utf-8")
        with self._log_path.open("ab") as log:
            self._log_offset = log.tell()
            self._process = subprocess.Popen(  # noqa: S603 - the binary is the user's own
                [str(binary), "--no-logo", "--config-file", str(config_path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                env=server_environ(os.environ, {"TMPDIR": str(temporary), **self._env}),
                start_new_session=True,  # Ctrl-C is for this process, which then ends the group
            )
        self._watchdog = subprocess.Popen(  # noqa: S603 - a constant script
            [
                *("/bin/sh", "-c", _WATCHDOG, "watchdog", str(self._process.pid)),
                str(self.directory) if self._own_directory else "",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _is_ready(self) -> bool:
        if self._ports is None:
            found = {
                _SERVERS[name]: int(port)
                for name, port in _LISTENING.findall(self._log_since_start())
                if name in _SERVERS
            }
            if len(found) < len(_SERVERS):
                return False
            self._ports = found
        return _takes_queries(self.admin_url) and _is_healthy(self._ports["ingress"])

    def _kill(self) -> None:
        watchdog, self._watchdog = self._watchdog, None
        if watchdog is not None:
            watchdog.kill()
            if watchdog.stdin is not None:
                watchdog.stdin.close()
            watchdog.wait()
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _log_since_start(self) -> str:
        with self._log_path.open("rb") as log:
            log.seek(self._log_offset)
            return log.read().decode("utf-8", errors="replace")

    def _log_tail(self) -> str:
        return "\n".join(self._log_since_start().splitlines()[-40:])


def _takes_queries(admin_url: str) -> bool:
    """Tell whether the partitions have leaders; the health endpoints answer before they do."""
    try:
        AdminClient(admin_url, timeout=_SOON).query("SELECT count(1) FROM sys_invocation")
    except IngressError:
        return False
    return True


def _is_healthy(ingress_port: int) -> bool:
    """Tell whether the ingress accepts calls."""
    connection = HTTPConnection("127.0.0.1", ingress_port, timeout=_SOON.total_seconds())
    try:
        connection.request("GET", "/restate/health")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


_SOON = timedelta(seconds=1)
_NOT_STARTED = "the RestateServer is not started; use it as `async with RestateServer() as server:`"
