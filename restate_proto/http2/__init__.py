"""HTTP/2 on asyncio: a server and a client, on a choice of libraries for the wire format."""

from __future__ import annotations
