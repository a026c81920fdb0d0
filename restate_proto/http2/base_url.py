"""Parse the URL of a server, and check it completely when a client is made."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address
from typing import Final, NamedTuple
from urllib.parse import quote

__all__ = ["BaseUrl"]

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_PARTS: Final = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*)://)?([^/?#]*)([^?#]*)([?#]?)", re.DOTALL)
_PATH: Final = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*")
_PORT: Final = re.compile(r"[0-9]{1,5}")
# DNS names may contain underscores, and names of containers do.
_LABEL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?")
_LONGEST_LABEL: Final = 63
_LONGEST_HOST: Final = 253


class BaseUrl(NamedTuple):
    """The parts of a server's URL: `http(s)://host[:port][/prefix]`.

    Args:
        scheme: "http" or "https".
        host: the server's name or address; an IPv6 address without brackets.
        port: the server's port.
        authority: host and port as requests write them.
        prefix: the path that precedes that of each request, without a slash at its end.
    """

    scheme: str
    host: str
    port: int
    authority: str
    prefix: str

    @property
    def origin(self) -> str:
        """Scheme, host and port as a URL."""
        return f"{self.scheme}://{self.authority}"

    @classmethod
    def parse(cls, text: str) -> BaseUrl:
        """Read a URL.

        Args:
            text: the URL.

        Raises:
            TypeError: it is not a string.
            ValueError: it is not such a URL. The message says what is wrong, and repeats no
                password.
        """
        if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise TypeError(f"a URL is a string, such as 'http://127.0.0.1:8080', not {text!r}")
        parts = _PARTS.match(text)
        assert parts is not None, "every part may be empty"
        scheme, authority, path, rest = parts.groups()
        if "@" in authority:
            user, _, authority = authority.rpartition("@")
            shown = text.replace(f"{user}@", "...@", 1)
            raise ValueError(
                f"the URL {shown!r} has a user or password in it, which HTTP/2 does not send: pass"
                " headers={'authorization': ...} instead"
            )
        _check_characters(text, authority, path)
        if scheme is None or scheme.lower() not in _DEFAULT_PORTS:
            raise ValueError(
                f"the URL {text!r} is not an http: or https: URL; write it as 'http://127.0.0.1:8080'"
            )
        if rest:
            raise ValueError(
                f"the URL {text!r} has a query or a fragment; a base URL ends with its path"
            )
        if not _PATH.fullmatch(path):
            raise ValueError(
                f"the URL {text!r}: the path has characters that a URL does not allow; write it as"
                f" {quote(path, safe='/%', errors='replace')!r}"
            )
        scheme = scheme.lower()
        host, port = _host_and_port(text, authority)
        named = f"[{host.partition('%')[0]}]" if ":" in host else host
        return cls(
            scheme,
            host,
            _DEFAULT_PORTS[scheme] if port is None else port,
            named if port is None else f"{named}:{port}",
            path.rstrip("/"),
        )


def _check_characters(text: str, host: str, path: str) -> None:
    if text.isascii() and text.isprintable() and " " not in text:
        return
    if not host.isascii():
        try:
            advice = f"write the host as {host.encode('idna').decode()!r}"
        except UnicodeError:
            advice = "write the host in ASCII (xn--...)"
    elif not path.isascii():
        advice = f"percent-encode the path: {quote(path, safe='/%', errors='replace')!r}"
    else:
        advice = "it has spaces or control characters"
    raise ValueError(f"the URL {text!r} has characters that a URL does not allow: {advice}")


def _host_and_port(text: str, authority: str) -> tuple[str, int | None]:
    host, colon, digits = authority.rpartition(":")
    if not colon or digits.endswith("]"):
        host, digits = authority, ""
    port = None
    if digits:
        port = int(digits) if _PORT.fullmatch(digits) else -1
        if not 1 <= port <= 65_535:
            raise ValueError(f"the URL {text!r}: {digits!r} is not a port number, 1 to 65535")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        try:
            IPv6Address(host)
        except AddressValueError as error:
            raise ValueError(
                f"the URL {text!r}: the brackets do not contain an IPv6 address: {error}"
            ) from None
        return host, port
    _check_name(text, host)
    return host.lower(), port


def _check_name(text: str, host: str) -> None:
    if not host:
        raise ValueError(f"the URL {text!r} names no host; write it as 'http://127.0.0.1:8080'")
    if ":" in host:
        raise ValueError(
            f"the URL {text!r}: {host!r} is not a host; write an IPv6 address in brackets, as 'http://[::1]:8080'"
        )
    if len(host) > _LONGEST_HOST:
        raise ValueError(
            f"the URL {text!r}: the host has {len(host)} characters, but at most {_LONGEST_HOST} are allowed"
        )
    for label in host.removesuffix(".").split("."):
        if not _LABEL.fullmatch(label):
            raise ValueError(f"the URL {text!r}: {host!r} is not a host name because of {label!r}")
        if len(label) > _LONGEST_LABEL:
            raise ValueError(
                f"the URL {text!r}: {label!r} has {len(label)} characters, but a part of a host name"
                f" may have at most {_LONGEST_LABEL}"
            )
