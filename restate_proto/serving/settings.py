"""All settings of `restate-proto serve`, in one table that the readers of all sources share.

Each is an option, an environment variable and a key of `[tool.restate-proto]` in pyproject.toml:
`--log-level`, `RESTATE_PROTO_LOG_LEVEL`, `log-level`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from restate_proto.serving.parsing import (
    parse_bind,
    parse_duration,
    parse_file,
    parse_flag,
    parse_host,
    parse_number,
    parse_one_of,
    parse_target,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta
    from pathlib import Path

    from restate_proto.logs import LogFormat

__all__ = ["LISTENING", "SETTINGS", "Setting", "Settings"]


class Setting(NamedTuple):
    """One setting.

    Args:
        name: its name in Python.
        parse: parses its text; raises `ValueError` with what to write instead.
        metavar: the placeholder of its value in the help.
        help: its description.
        group: the heading under which the help lists it.
        default: its default, as the help shows it; "" if there is nothing to show.
    """

    name: str
    parse: Callable[[str], object]
    metavar: str
    help: str
    group: str
    default: str = ""

    @property
    def option(self) -> str:
        """Its option on the command line."""
        return f"--{self.key}"

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return f"RESTATE_PROTO_{self.name.upper()}"

    @property
    def key(self) -> str:
        """Its key in pyproject.toml."""
        return self.name.replace("_", "-")

    @property
    def is_flag(self) -> bool:
        """Whether its option takes no value."""
        return self.parse is parse_flag

    @property
    def is_path(self) -> bool:
        """Whether its value is a path, which in pyproject.toml is relative to that file."""
        return self.metavar == "FILE"


LISTENING: Final = ("bind", "uds", "fd")
"""The settings that determine where to listen; `host` and `port` belong together."""

_WHERE = "Where it listens"
_PROCESSES = "Processes"
_LOG = "Log"
_TLS = "TLS"
_LIMITS = "Limits (docs/limits.md)"


def _count(name: str, default: str, help_: str) -> Setting:
    return Setting(name, parse_number(1, 2**31 - 1, "it"), "N", help_, _LIMITS, default)


def _time(name: str, default: str, help_: str) -> Setting:
    return Setting(name, parse_duration, "DURATION", help_, _LIMITS, default)


SETTINGS: Final = (
    Setting(
        "endpoint",
        parse_target,
        "MODULE:ENDPOINT",
        "Where the endpoint is, such as shop.main:endpoint. The current directory is searched first.",
        "",
    ),
    Setting("host", parse_host, "HOST", "The address or name to listen on.", _WHERE, "127.0.0.1"),
    Setting(
        "port",
        parse_number(0, 65_535, "a port"),
        "PORT",
        "The port; 0 takes a free one. The environment variable PORT sets it, too.",
        _WHERE,
        "9080",
    ),
    Setting("bind", parse_bind, "HOST:PORT", "Both in one.", _WHERE),
    Setting("uds", str, "PATH", "Listen on a Unix domain socket instead.", _WHERE),
    Setting(
        "fd",
        parse_number(0, 2**20, "a file descriptor"),
        "N",
        "Listen on a socket that the process was started with.",
        _WHERE,
    ),
    Setting(
        "workers",
        parse_number(1, 1_024, "the number of workers"),
        "N",
        "The number of worker processes, under a supervisor; SIGHUP replaces them by new ones.",
        _PROCESSES,
        "one process without a supervisor",
    ),
    Setting(
        "reload",
        parse_flag,
        "",
        "For development: restart when a Python file changes, and check handlers while they run.",
        _PROCESSES,
    ),
    Setting(
        "allow_code_change",
        parse_flag,
        "",
        "Let the workers that SIGHUP starts run other code than the old ones.",
        _PROCESSES,
    ),
    Setting(
        "grace",
        parse_duration,
        "DURATION",
        "How long attempts may go on when the endpoint stops.",
        _PROCESSES,
        "30s, with --reload 1s",
    ),
    Setting(
        "log_level",
        parse_one_of("debug", "info", "warning", "error", "critical"),
        "LEVEL",
        "debug, info, warning, error or critical.",
        _LOG,
        "info",
    ),
    Setting("log_format", parse_one_of("text", "json"), "FORMAT", "text or json.", _LOG, "text"),
    Setting(
        "access_log",
        parse_flag,
        "",
        "Log each attempt when it has ended, and all other requests except health checks.",
        _LOG,
    ),
    Setting(
        "tls_certificate",
        parse_file,
        "FILE",
        "A PEM file with the certificate and its intermediate certificates.",
        _TLS,
    ),
    Setting(
        "tls_key",
        parse_file,
        "FILE",
        "A PEM file with the private key, unless the certificate's file contains it.",
        _TLS,
    ),
    Setting(
        "tls_client_ca",
        parse_file,
        "FILE",
        "A PEM file with the issuers of client certificates; clients without one are refused.",
        _TLS,
    ),
    _count("max_inbound_message", "67,108,864", "The size of one message from Restate, in bytes."),
    _count(
        "max_outbound_message",
        "33,554,432",
        "The size of one message to Restate, in bytes: the server's message-size-limit.",
    ),
    _count(
        "max_streams", "1,000, with more than one worker 16", "Attempts at once on one connection."
    ),
    _count("max_connections", "500", "Open connections of each worker."),
    _count("max_header_bytes", "65,536", "The size of the header fields of one request, in bytes."),
    _count(
        "max_buffered_output",
        "131,072",
        "Unsent bytes of one attempt before its handler has to wait.",
    ),
    _time(
        "handshake_timeout", "10s", "How long a connection may take to negotiate TLS and HTTP/2."
    ),
    _time("idle_timeout", "10m", "How long a connection may be without a request; more than 5m."),
    _time(
        "read_timeout", "1m", "How long a peer may pause within a frame, a message or a journal."
    ),
    _time("write_timeout", "5m", "How long a peer may leave output unread."),
)
"""All settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The values of all settings, from all sources.

    Attributes:
        endpoint: MODULE:ENDPOINT.
        listen: a host and port, the path of a Unix domain socket, or a file descriptor.
        workers: the number of worker processes; None if there is no supervisor.
        reload: whether changes of Python files restart the worker.
        allow_code_change: whether new workers may run other code than the old ones.
        grace: how long attempts may go on when the process stops.
        log_level: the level of the root logger; None if nothing sets it.
        log_format: "text" or "json"; None if nothing sets it.
        access_log: whether each request is logged.
        tls_certificate: the certificate's file, if there is one.
        tls_key: the key's file, if the certificate's file does not contain it.
        tls_client_ca: the file of the issuers of client certificates, if clients need one.
        limits: the limits that are set, by their name in `Limits`.
        texts: the texts of the values that were set, by name, for other processes.
    """

    endpoint: str
    listen: tuple[str, int] | str | int
    workers: int | None
    reload: bool
    allow_code_change: bool
    grace: timedelta
    log_level: str | None
    log_format: LogFormat | None
    access_log: bool
    tls_certificate: Path | None
    tls_key: Path | None
    tls_client_ca: Path | None
    limits: Mapping[str, Any]
    texts: Mapping[str, str]
