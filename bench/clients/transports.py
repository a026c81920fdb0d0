"""Other HTTP clients below `IngressClient`, to measure what a call would cost with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpcore
import httpx

from restate_proto.http2.exchange import Response

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Httpcore", "Httpx"]


class Httpx:
    """`httpx` with HTTP/2 by prior knowledge, on one connection."""

    def __init__(self, url: str) -> None:
        limits = httpx.Limits(max_connections=256, max_keepalive_connections=256)
        self._client = httpx.AsyncClient(
            base_url=url, http1=False, http2=True, timeout=None, limits=limits, trust_env=False
        )

    async def request(
        self,
        method: str,
        path: str,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
        *,
        timeout: float | None,  # noqa: ASYNC109 - calls of handlers have none
    ) -> Response:
        response = await self._client.request(method, path, headers=headers, content=body)
        return Response(response.status_code, response.headers.raw, response.content)

    async def close(self) -> None:
        await self._client.aclose()


class Httpcore:
    """`httpcore`, the library below `httpx`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool = httpcore.AsyncConnectionPool(http1=False, http2=True, max_connections=256)

    async def request(
        self,
        method: str,
        path: str,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
        *,
        timeout: float | None,  # noqa: ASYNC109 - calls of handlers have none
    ) -> Response:
        fields = [*headers, (b"content-length", str(len(body)).encode())]
        response = await self._pool.request(method, self._url + path, headers=fields, content=body)
        return Response(response.status, response.headers, response.content)

    async def close(self) -> None:
        await self._pool.aclose()
