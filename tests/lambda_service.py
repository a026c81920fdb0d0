"""AWS Lambda on loopback: invokes a function by its API or its URL, and feeds events to its runtime.

A runtime is Amazon's own (`awslambdaric`) in a process, with a function of this clone. restate-server
finds the service by the environment variables of `LambdaService.environ`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Final, NamedTuple, Self
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

__all__ = ["ARN", "LambdaService"]

ARN: Final = "arn:aws:lambda:us-east-1:123456789012:function:shop:1"
ROOT: Final = Path(__file__).parents[1]


class _Invocation(NamedTuple):
    id: str
    event: bytes
    answers: SimpleQueue[tuple[bytes, bool]]


class _Handler(BaseHTTPRequestHandler):
    """Answer requests, without a line of log for each."""

    protocol_version = "HTTP/1.1"

    def body(self) -> bytes:
        """Read the body of the request."""
        if self.headers["transfer-encoding"] != "chunked":
            return self.rfile.read(int(self.headers["content-length"] or 0))
        chunks: list[bytes] = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def answer(self, body: bytes, headers: dict[str, str], status: int = 200) -> None:
        """Write an answer."""
        self.send_response(status)
        for name, value in (headers | {"content-length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class _RuntimeApi:
    """The API that feeds events to the runtimes of one function.

    Each function has its own, because a runtime that was killed may still have asked for an event: it
    must not get one of the next function.
    """

    def __init__(self) -> None:
        self.waiting: SimpleQueue[_Invocation | None] = SimpleQueue()
        running: dict[str, _Invocation] = {}
        waiting = self.waiting

        class Handler(_Handler):
            def do_GET(self) -> None:
                invocation = waiting.get()
                if invocation is None:  # the end
                    self.close_connection = True
                    return
                running[invocation.id] = invocation
                self.answer(
                    invocation.event,
                    {
                        "Content-Type": "application/json",
                        "Lambda-Runtime-Aws-Request-Id": invocation.id,
                        "Lambda-Runtime-Deadline-Ms": str(int(time.time() + 900) * 1000),
                        "Lambda-Runtime-Invoked-Function-Arn": ARN,
                    },
                )

            def do_POST(self) -> None:
                *_, id_, what = self.path.split("/")
                body = self.body()
                running.pop(id_).answers.put((body, what == "error"))
                self.answer(b"", {}, 202)

        self.server = _Server(Handler)


class _Server:
    """A server in a thread of its own, while its context is entered."""

    def __init__(self, handler: type[_Handler]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        host, port = self._server.server_address[:2]
        self.address = f"{host}:{port}"

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class LambdaService:
    """Serve while the context is entered; what `function` runs can be invoked.

    Attributes:
        events: all events so far, as they came.
    """

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self._waiting: SimpleQueue[_Invocation | None] = SimpleQueue()
        service = self

        class Handler(_Handler):
            def do_GET(self) -> None:
                self._call_function()

            def do_POST(self) -> None:
                if self.path.startswith("/2015-"):
                    answer, is_error = service.invoke(self.body())
                    self.answer(answer, {"X-Amz-Function-Error": "Unhandled"} if is_error else {})
                else:
                    self._call_function()

            def _call_function(self) -> None:
                """Invoke the function as its URL does, with the payload format 2.0."""
                body = self.body()
                http = {"method": self.command, "path": self.path, "protocol": "HTTP/1.1"}
                event = {
                    "version": "2.0",
                    "rawPath": self.path,
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                    "requestContext": {"http": http},
                    "body": b64encode(body).decode(),
                    "isBase64Encoded": True,
                }
                answer, is_error = service.invoke(json.dumps(event).encode())
                if is_error:
                    self.answer(answer, {}, 502)
                    return
                response = json.loads(answer)
                headers = response["headers"]
                self.answer(b64decode(response["body"]), headers, response["statusCode"])

        self._server = _Server(Handler)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.__exit__()

    @property
    def url(self) -> str:
        """The URL of the function."""
        return f"http://{self._server.address}"

    @property
    def environ(self) -> dict[str, str]:
        """The variables by which clients of AWS find the service."""
        return {
            "AWS_ENDPOINT_URL_LAMBDA": self.url,
            "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def invoke(self, event: bytes) -> tuple[bytes, bool]:
        """Invoke the function; return its result, and whether that is an error."""
        self.events.append(event)
        invocation = _Invocation(uuid4().hex, event, SimpleQueue())
        self._waiting.put(invocation)
        return invocation.answers.get()

    @contextmanager
    def function(
        self, handler: str, *, instances: int = 1, environ: Mapping[str, str] | None = None
    ) -> Generator[None]:
        """Run instances of a function.

        Args:
            handler: where it is: `module.attribute`.
            instances: how many there are.
            environ: what is in their environment besides.
        """
        api = _RuntimeApi()
        self._waiting = api.waiting
        environment = os.environ | {
            "AWS_LAMBDA_RUNTIME_API": api.server.address,
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "generated"))),
            **(environ or {}),
        }
        command = (sys.executable, "-m", "awslambdaric", handler)
        with api.server:
            runtimes = [
                subprocess.Popen(command, cwd=ROOT, env=environment) for _ in range(instances)
            ]
            try:
                yield
            finally:
                for runtime in runtimes:
                    runtime.kill()
                    runtime.wait()
                    api.waiting.put(None)
