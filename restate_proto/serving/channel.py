"""The messages that a supervisor and a worker exchange over a pair of sockets.

The supervisor sends single bytes: CONNECTION, together with the file descriptor of a connection
that it has accepted; DRAIN; and STOP. When the supervisor's side is closed, the supervisor is gone,
and the worker drains.

The worker sends lines of JSON, each with one of the `Report` types.
"""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "CONNECTION",
    "DRAIN",
    "STOP",
    "Failed",
    "Load",
    "Ready",
    "Report",
    "ReportReader",
    "encode_report",
    "receive_commands",
]

CONNECTION: Final = b"c"
"""Serve the connection whose file descriptor comes with it."""

DRAIN: Final = b"d"
"""Accept no more invocations, finish those that run, and end."""

STOP: Final = b"s"
"""End without waiting for anything."""

_MANY: Final = 64


class Ready(NamedTuple):
    """The endpoint is set up, and takes connections.

    Args:
        what: what it serves, for the log.
        is_open: whether everyone who reaches it can call every handler.
        manifest: its discovery manifest.
        files: digests of its code.
    """

    what: str
    is_open: bool
    manifest: str
    files: dict[str, str]


class Failed(NamedTuple):
    """The endpoint could not be loaded or set up; the process ends.

    Args:
        reason: why, on one line.
    """

    reason: str


class Load(NamedTuple):
    """The load of the worker; sent when it changes, and every few seconds.

    Args:
        taken: how many connections it has been given since its start.
        connections: how many are open.
        streams: how many requests are running.
    """

    taken: int
    connections: int
    streams: int


Report: TypeAlias = Ready | Failed | Load

_TYPES: Final = {type_.__name__: type_ for type_ in (Ready, Failed, Load)}


def encode_report(report: Report) -> bytes:
    """Return a report as a line."""
    return json.dumps([type(report).__name__, *report]).encode() + b"\n"


class ReportReader:
    """Parses reports from the bytes that a worker sends."""

    def __init__(self) -> None:
        self._unread = b""

    def feed(self, data: bytes) -> Iterator[Report]:
        """Yield the reports that are complete with these bytes."""
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            name, *values = json.loads(line)
            type_: Any = _TYPES[name]
            yield type_(*values)


def receive_commands(channel: socket.socket) -> tuple[bytes, list[socket.socket]] | None:
    """Receive the supervisor's commands, and the connections that come with them.

    Returns:
        None if there is nothing to read; no commands and no connections if the supervisor is gone.
    """
    try:
        commands, descriptors, _, _ = socket.recv_fds(channel, _MANY, _MANY)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:
        return b"", []
    return commands, [socket.socket(fileno=descriptor) for descriptor in descriptors]
