"""Addresses that an endpoint listens on."""

from __future__ import annotations

import re
from typing import Final

from restate_proto.model.arguments import check_string

_HOST: Final = re.compile(
    r"[^\[\]:]*|\[[^\[\]]+\]"
)  # brackets set an IPv6 address off from the port
_PORT: Final = re.compile(r"[0-9]{1,5}")

__all__ = ["parse_address", "url_of"]


def parse_address(address: str) -> tuple[str, int]:
    """Split `HOST:PORT`, `[IPV6]:PORT` or `:PORT` (on 127.0.0.1) into host and port.

    Raises:
        ValueError: the address has none of these forms.
    """
    check_string("Endpoint.run", "address", address)
    host, colon, port = address.rpartition(":")
    name = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    is_port = _PORT.fullmatch(port) and int(port) <= 65535
    if not (colon and is_port and _HOST.fullmatch(host)):
        raise ValueError(f"{address!r} is not HOST:PORT, such as 127.0.0.1:9080 or [::1]:9080")
    return name or "127.0.0.1", int(port)


def url_of(scheme: str, host: str, port: int) -> str:
    """Return the URL under which restate-server registers an endpoint."""
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
