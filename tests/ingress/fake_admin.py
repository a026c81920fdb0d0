"""An admin API that always gives the same answer, over HTTP/1.1."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Generator

__all__ = ["fake_admin"]


@contextmanager
def fake_admin(
    status: int, answer: bytes, *, tls: ssl.SSLContext | None = None
) -> Generator[tuple[str, list[dict[str, Any]]]]:
    """Run an admin API that always gives this answer; yield its URL, and the requests so far."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            asked.append({"path": self.path, **self.token(), **json.loads(body)})
            self.answer()

        def do_PATCH(self) -> None:
            asked.append({"path": self.path, **self.token()})
            self.answer()

        def do_GET(self) -> None:
            asked.append({"path": self.path, **self.token()})
            self.answer()

        def token(self) -> dict[str, str]:
            token = self.headers["authorization"]
            return {} if token is None else {"authorization": token}

        def answer(self) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()
