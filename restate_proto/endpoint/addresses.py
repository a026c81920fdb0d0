"""Addresses that an endpoint listens on."""

from __future__ import annotations

import re
from typing import Final

from restate_proto.model.arguments import check_string

__all__ = ["parse_address", "url_of"]

# Brackets set an IPv6 address off from the port.
_ADDRESS: Final = re.compile(r"(?:\[([^\[\]]+)\]|([^\[\]:]*)):([0-9]{1,5})")


def parse_address(address: str) -> tuple[str, int]:
    """Split `HOST:PORT`, `[IPV6]:PORT` or `:PORT` (on 127.0.0.1) into host and port.

    Raises:
        ValueError: the address has none of these forms.
    """
    check_string("Endpoint.run", "address", address)
    found = _ADDRESS.fullmatch(address)
    if found is None or int(found[3]) > 65535:
        raise ValueError(f"{address!r} is not HOST:PORT, such as 127.0.0.1:9080 or [::1]:9080")
    return found[1] or found[2] or "127.0.0.1", int(found[3])


def url_of(scheme: str, host: str, port: int) -> str:
    """Return the URL under which restate-server registers an endpoint."""
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
