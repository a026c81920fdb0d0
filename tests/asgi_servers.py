"""Run endpoints in ASGI servers, each in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HTTP1", "SERVERS", "AsgiServer"]

ROOT: Final = Path(__file__).parents[1]

_COMMANDS: Final = {
    "granian": ("granian", "--interface", "asgi", "--http", "2", "--port", "{port}", "{app}"),
    "granian-http1": ("granian", "--interface", "asgi", "--http", "1", "--port", "{port}", "{app}"),
    "hypercorn": ("hypercorn", "--workers", "0", "--bind", "127.0.0.1:{port}", "{app}"),
    "uvicorn": ("uvicorn", "--port", "{port}", "{app}"),
}
SERVERS: Final = tuple(_COMMANDS)
HTTP1: Final = frozenset({"granian-http1", "uvicorn"})
"""Those that are registered with Restate for HTTP/1.1."""


class AsgiServer:
    """An ASGI server in a process of its own, which keeps its port when it is restarted.

    Args:
        name: one of `SERVERS`.
        app: where the application is, such as `module:app`.
        environ: what is in its environment besides.

    Attributes:
        address: its URL.
        is_http1: whether Restate has to talk HTTP/1.1 to it.
    """

    def __init__(self, name: str, app: str, *, environ: Mapping[str, str] | None = None) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        program, *arguments = (part.format(port=self._port, app=app) for part in _COMMANDS[name])
        self._command = (str(Path(sys.executable).with_name(program)), *arguments)
        path = os.pathsep.join((str(ROOT), str(ROOT / "generated")))
        self._environ = os.environ | {"PYTHONPATH": path} | dict(environ or {})
        self.address = f"http://127.0.0.1:{self._port}"
        self.is_http1 = name in HTTP1
        self.output = ""
        self.start()

    def start(self) -> None:
        """Start the server, on the port it had before."""
        self._log = NamedTemporaryFile("w")  # noqa: SIM115 - closed when the process has ended
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=self._environ,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        while not self._listens():
            assert self._process.poll() is None, self.said()
            time.sleep(0.05)

    def end(self, number: int) -> None:
        """End the server with a signal, if it runs; wait for its end, and keep its output."""
        if self._process.returncode is not None:
            return
        if number == signal.SIGKILL:
            os.killpg(self._process.pid, number)  # its workers, too
        else:
            self._process.send_signal(number)
        self._process.wait()
        self.output += self.said()
        self._log.close()

    def restart(self, number: int) -> None:
        """End the server with a signal, and start it again."""
        self.end(number)
        self.start()

    def said(self) -> str:
        """Return the server's output since it was started."""
        return Path(self._log.name).read_text()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0
