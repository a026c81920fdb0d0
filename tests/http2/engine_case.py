"""Engines in memory: one that is told bytes, or two that are wired."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import pytest

from restate_proto.http2.engines import load_engine
from restate_proto.http2.engines.base import Engine, Headers
from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.limits import Http2Settings
from tests.http2.support import ENGINES, PAIRS

__all__ = [
    "STATUS",
    "Pair",
    "Recorder",
    "drain_output",
    "each_engine",
    "each_pair",
    "server_engine",
]

each_engine = pytest.mark.parametrize("name", ENGINES)
each_pair = pytest.mark.parametrize(("server", "client"), PAIRS)
STATUS: Final = [(b":status", b"200"), (b"x-a", b"1")]


@dataclass
class Recorder:
    """A sink that keeps what it is told."""

    headers: dict[int, Headers] = field(default_factory=dict[int, Headers])
    data: dict[int, bytes] = field(default_factory=dict[int, bytes])
    ended: list[int] = field(default_factory=list[int])
    closed: list[int] = field(default_factory=list[int])
    resets: dict[int, int] = field(default_factory=dict[int, int])
    goaways: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    terminated: list[int] = field(default_factory=list[int])
    max_streams: int | None = None
    pongs: int = 0

    def on_headers(self, stream_id: int, headers: Headers, end: bool) -> None:
        self.headers[stream_id] = headers
        if end:
            self.ended.append(stream_id)

    def on_data(self, stream_id: int, data: bytes, end: bool) -> None:
        assert data or end
        self.data[stream_id] = self.data.get(stream_id, b"") + data
        if end:
            self.ended.append(stream_id)

    def on_end(self, stream_id: int) -> None:
        self.ended.append(stream_id)

    def on_reset(self, stream_id: int, code: int) -> None:
        self.resets.setdefault(stream_id, code)

    def on_malformed(self, stream_id: int) -> None:
        self.resets.setdefault(stream_id, ErrorCode.PROTOCOL_ERROR)

    def on_closed(self, stream_id: int) -> None:
        self.closed.append(stream_id)

    def on_goaway(self, last_stream_id: int, code: int, debug: bytes) -> None:
        self.goaways.append((last_stream_id, code))

    def on_peer_settings(self, max_concurrent_streams: int) -> None:
        self.max_streams = max_concurrent_streams

    def on_pong(self) -> None:
        self.pongs += 1

    def on_terminated(self, code: int, reason: str) -> None:
        self.terminated.append(code)


def drain_output(engine: Engine) -> bytes:
    """All that an engine wants to write now."""
    parts = [engine.output()]
    while engine.more:
        parts.append(engine.output())
    return b"".join(parts)


def server_engine(name: str, settings: Http2Settings | None = None) -> tuple[Engine, Recorder]:
    """Make a server's engine, and a sink that records what it tells."""
    sink = Recorder()
    return load_engine(name)(sink, settings or Http2Settings(), client=False), sink


class Pair:
    """A server's and a client's engine, wired in memory."""

    def __init__(
        self,
        server: str,
        client: str,
        *,
        server_settings: Http2Settings | None = None,
        client_settings: Http2Settings | None = None,
    ) -> None:
        self.at_server, self.at_client = Recorder(), Recorder()
        default = Http2Settings()
        self.server = load_engine(server)(self.at_server, server_settings or default, client=False)
        self.client = load_engine(client)(self.at_client, client_settings or default, client=True)

    def pump(self) -> None:
        """Carry bytes both ways until nothing moves."""
        while True:
            to_server = drain_output(self.client)
            if to_server:
                self.server.receive(to_server)
            to_client = drain_output(self.server)
            if to_client:
                self.client.receive(to_client)
            if not to_server and not to_client:
                return
