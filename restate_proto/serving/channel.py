"""What a supervisor and a worker tell each other over a pair of sockets.

The supervisor sends single bytes: CONNECTION, which comes with the file descriptor of a connection
that it has accepted; DRAIN; and STOP. When its side is closed it is gone, and the worker drains.

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
"""Take no more invocations, finish what runs, and end."""

STOP: Final = b"s"
"""End, and wait for nothing."""

_MANY: Final = 64


class Ready(NamedTuple):
    """The endpoint is set up, and takes connections.

    Args:
        what: what it serves, for the log.
        is_open: whether whoever reaches it can call every handler.
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
    """How much the worker has to do; sent when it changes, and every few seconds.

    Args:
        taken: how many connections it has been given, since it began.
        connections: how many are open.
        streams: how many requests run.
    """

    taken: int
    connections: int
    streams: int


Report: TypeAlias = Ready | Failed | Load

_TYPES: Final = {type_.__name__: type_ for type_ in (Ready, Failed, Load)}


def encode_report(report: Report) -> bytes:
    """A report as a line."""
    return json.dumps([type(report).__name__, *report]).encode() + b"\n"


class ReportReader:
    """Makes reports of what is read from a worker."""

    def __init__(self) -> None:
        self._unread = b""

    def feed(self, data: bytes) -> Iterator[Report]:
        """The reports that are complete with these bytes."""
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            name, *values = json.loads(line)
            type_: Any = _TYPES[name]
            yield type_(*values)


def receive_commands(channel: socket.socket) -> tuple[bytes, list[socket.socket]] | None:
    """The commands that the supervisor has sent, and the connections that came with them.

    Returns:
        None where there is nothing to read; no commands at all when the supervisor is gone.
    """
    try:
        commands, descriptors, _, _ = socket.recv_fds(channel, _MANY, _MANY)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:
        return b"", []
    return commands, [socket.socket(fileno=descriptor) for descriptor in descriptors]
