"""Addresses that an endpoint listens on."""

from __future__ import annotations

from restate_proto.model.arguments import check_string

__all__ = ["parse_address", "url_of"]


def parse_address(address: str) -> tuple[str, int]:
    """Split `HOST:PORT`, `[IPV6]:PORT` or `:PORT` (on 127.0.0.1) into host and port.

    Raises:
        ValueError: the address has none of these forms.
    """
    check_string("Endpoint.run", "address", address)
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{address!r} is not HOST:PORT, such as 127.0.0.1:9080")
    return host.strip("[]") or "127.0.0.1", int(port)


def url_of(scheme: str, host: str, port: int) -> str:
    """Return the URL under which restate-server registers an endpoint."""
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
