"""The socket that a process listens on."""

from __future__ import annotations

import errno
import os
import socket
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from restate_proto.endpoint.addresses import url_of
from restate_proto.errors import RestateError

if TYPE_CHECKING:
    from collections.abc import Generator

    from restate_proto.serving.settings import Settings

__all__ = ["ListenError", "address_of", "bound_socket", "open_socket"]


class ListenError(RestateError):
    """The process cannot listen at the address of its settings."""


def open_socket(listen: tuple[str, int] | str | int) -> socket.socket:
    """Bind a socket. Connections are refused until the socket listens.

    Args:
        listen: a host and port, the path of a Unix domain socket, or a file descriptor.

    Raises:
        ListenError: that is not possible; the text says where and why.
    """
    try:
        match listen:
            case int():
                return _inherited(listen)
            case str():
                return _unix(Path(listen))
            case _:
                return _tcp(*listen)
    except (OSError, ValueError) as error:  # the latter for a name that no host can have
        where = listen if not isinstance(listen, tuple) else url_of("http", *listen)[7:]
        what = f"file descriptor {where}" if isinstance(where, int) else where
        problem = getattr(error, "strerror", None) or error
        is_taken = getattr(error, "errno", None) == errno.EADDRINUSE and isinstance(listen, tuple)
        advice = (
            "; stop the program that listens there, or choose another with --port"
            if is_taken
            else ""
        )
        raise ListenError(f"cannot listen on {what}: {problem}{advice}") from None


def _tcp(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # Most names have addresses of IPv4 and IPv6, and Restate may only reach the former.
    found.sort(key=lambda info: info[0] != socket.AF_INET)
    family, type_, protocol, _, address = found[0]
    bound = socket.socket(family, type_, protocol)
    try:
        if os.name == "posix":  # on Windows it would let other processes take the port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def _unix(path: Path) -> socket.socket:
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if _is_left_behind(path):
            path.unlink()
        bound.bind(str(path))
    except OSError:
        bound.close()
        raise
    return bound


def _is_left_behind(path: Path) -> bool:
    """Tell whether a socket file exists that no process listens on any more.

    Raises:
        OSError: the file is not a socket.
    """
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise OSError(errno.EEXIST, "the file is not a socket")
    except FileNotFoundError:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            client.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False


def _inherited(descriptor: int) -> socket.socket:
    inherited = socket.socket(fileno=descriptor)
    if inherited.type != socket.SOCK_STREAM:
        inherited.detach()
        raise OSError(0, "it is not a stream socket")
    return inherited


def address_of(bound: socket.socket, settings: Settings) -> str:
    """Return the address of a socket for the log: a URL, or the path of a Unix domain socket."""
    name = bound.getsockname()
    if isinstance(name, str):
        return f"unix:{name}"
    scheme = "http" if settings.tls_certificate is None else "https"
    return url_of(scheme, name[0], name[1])


@contextmanager
def bound_socket(listen: tuple[str, int] | str | int) -> Generator[socket.socket]:
    """Bind a socket for a block, and remove the file of a Unix domain socket in the end.

    The file stays if it is another socket's: a process that starts while this one still drains may
    listen at the same path.

    Args:
        listen: a host and port, the path of a Unix domain socket, or a file descriptor.

    Raises:
        ListenError: that is not possible; the text says where and why.
    """
    bound = open_socket(listen)
    file = _file_of(listen)
    try:
        yield bound
    finally:
        bound.close()
        if isinstance(listen, str) and file is not None and _file_of(listen) == file:
            with suppress(OSError):
                Path(listen).unlink()


def _file_of(listen: tuple[str, int] | str | int) -> tuple[int, ...] | None:
    """Return what tells the file of a Unix domain socket from a later one at its path."""
    if not isinstance(listen, str):
        return None
    try:
        found = Path(listen).stat()
    except OSError:
        return None
    # A number of a removed file is given to a new one, which the time tells apart.
    return found.st_dev, found.st_ino, found.st_mtime_ns
