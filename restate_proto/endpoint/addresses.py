"""Where an endpoint listens."""

from __future__ import annotations

from restate_proto.model.arguments import check_string

__all__ = ["parse_address", "url_of"]


def parse_address(address: str) -> tuple[str, int]:
    """The host and port of `HOST:PORT`, `[IPV6]:PORT` or `:PORT` (which is 127.0.0.1).

    Raises:
        ValueError: it is none of these.
    """
    check_string("Endpoint.run", "address", address)
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{address!r} is not HOST:PORT, such as 127.0.0.1:9080")
    return host.strip("[]") or "127.0.0.1", int(port)


def url_of(scheme: str, host: str, port: int) -> str:
    """The URL of an endpoint, as restate-server is to be told."""
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
