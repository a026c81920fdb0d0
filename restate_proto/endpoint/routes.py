"""Route the requests of an endpoint by path: discovery, invocations, serde preview, health."""

from __future__ import annotations

import json
from copy import copy
from typing import TYPE_CHECKING, Protocol, TypeAlias

from typing_extensions import override

from restate_proto.endpoint.access_log import log_request
from restate_proto.endpoint.discovery import SERVER_HEADER
from restate_proto.protocol import MAX_VERSION, MIN_VERSION, content_type, parse_version
from restate_proto.runtime import Attempt, ByteStream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from restate_proto.endpoint.discovery import Discovery
    from restate_proto.endpoint.identity import RequestIdentity
    from restate_proto.endpoint.serde_preview import PreviewResponse, SerdePreview
    from restate_proto.http2.stream import StreamReceiver
    from restate_proto.runtime import BoundHandler, Runtime

__all__ = ["Accept", "RequestStream", "Routes"]

_JSON = ((b"content-type", b"application/json"), SERVER_HEADER)


class RequestStream(ByteStream, Protocol):
    """A request and the means to answer it, independent of the host that received it.

    Attributes:
        method: the HTTP method.
        path: the path without its query.
    """

    method: str
    path: str

    def respond(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Send the response's status and header fields."""
        ...


Accept: TypeAlias = "Callable[[RequestStream], StreamReceiver]"
"""Answers a request, or begins to; the returned receiver gets the request's body."""


class Routes:
    """Answers discovery, invocations, serde preview and health checks, under any path prefix.

    Args:
        handlers: the handlers by `/invoke/{service}/{handler}`.
        discovery: answers discovery.
        preview: answers serde preview.
        runtime: where attempts run.
        new_attempt: makes an attempt, or something that replaces it.
        identity: verifies signatures; None accepts every request.
    """

    def __init__(
        self,
        handlers: Mapping[str, BoundHandler],
        discovery: Discovery,
        preview: SerdePreview,
        runtime: Runtime,
        new_attempt: Callable[
            [BoundHandler, int, RequestStream, Runtime], StreamReceiver
        ] = Attempt,
        identity: RequestIdentity | None = None,
    ) -> None:
        self._handlers = handlers
        self._discovery = discovery
        self._preview = preview
        self._runtime = runtime
        self._new_attempt = new_attempt
        self._identity = identity
        # By the exact text of the content type: the protocol version and the headers of the answer.
        self._versions = {
            content_type(version).encode(): (
                version,
                ((b"content-type", content_type(version).encode()), SERVER_HEADER),
            )
            for version in range(MIN_VERSION, MAX_VERSION + 1)
        }

    def describing(self, discovery: Discovery) -> Routes:
        """Copy the routes, with something else to answer discovery."""
        routes = copy(self)
        routes._discovery = discovery  # noqa: SLF001 - its own class
        return routes

    @property
    def entrance(self) -> Accept:
        """The function that answers incoming requests."""
        return self._accept if self._identity is None else self._accept_signed(self._identity)

    def _accept(self, stream: RequestStream) -> StreamReceiver:
        handler = self._handlers.get(stream.path)
        if handler is None:
            return self._other_paths(stream)
        if stream.method != "POST":
            return _refuse(stream, 405, f"{stream.path} takes POST")
        type_ = None
        for name, value in stream.headers:
            if name == b"content-type":
                type_ = value
                break
        known = self._versions.get(type_) if type_ is not None else None
        if known is None:
            return self._unsupported(stream, type_)
        version, headers = known
        stream.respond(200, headers)
        return self._new_attempt(handler, version, stream, self._runtime)

    def _accept_signed(self, identity: RequestIdentity) -> Accept:
        """Accept requests that a known Restate has signed and health checks, and refuse all others.

        The refusal is always the same, so that it tells nothing about the reason or the path.
        """

        def accept(stream: RequestStream) -> StreamReceiver:
            stream.path = route = _route(stream.path)  # looked up as it is verified
            if route == "/health" or identity.allows(stream.headers, route):
                return self._accept(stream)
            return _refuse(
                stream, 401, "this endpoint only answers requests its Restate has signed"
            )

        return accept

    def health(self, path: str) -> bytes | None:
        """Return the answer of a health check, as JSON; None if the path is another one."""
        return b'{"status":"ok"}' if _route(path) == "/health" else None

    async def cleaned_up(self) -> None:
        """Wait until no attempt has anything left that still runs after its end."""
        await self._runtime.cleanups.finished()

    def _other_paths(self, stream: RequestStream) -> StreamReceiver:
        path = stream.path
        stream.path = route = _route(path)
        if route in self._handlers:
            return self._accept(stream)
        if route.startswith("/serdes/"):
            return self._preview_of(stream, route.removeprefix("/serdes/"))
        if route == "/discover":
            if stream.method != "GET":
                return _refuse(stream, 405, f"{path} takes GET")
            accept = _header(stream, b"accept")
            response = self._discovery.respond(accept.decode("latin-1") if accept else None)
            return _answer(stream, *response)
        health = self.health(route)
        if health is not None:
            return _answer(stream, 200, _JSON, health)
        if route.startswith("/invoke/"):
            asked = route.removeprefix("/invoke/")
            return _refuse(stream, 404, f"no handler {asked} at this endpoint")
        return _refuse(
            stream,
            404,
            f"nothing at {path}: an endpoint has /discover, /invoke/..., /serdes/... and /health",
        )

    def _preview_of(self, stream: RequestStream, asked: str) -> StreamReceiver:
        convert = self._preview.find(asked)
        if convert is None:
            return _refuse(stream, 404, f"no serde preview of {asked} at this endpoint")
        if stream.method != "POST":
            return _refuse(stream, 405, f"{stream.path} takes POST")
        return _Convert(stream, convert, self._preview.max_size)

    def _unsupported(self, stream: RequestStream, type_: bytes | None) -> StreamReceiver:
        text = (type_ or b"").decode("latin-1")
        if parse_version(text) is not None:  # with parameters
            return _refuse(stream, 415, f"send the content type without parameters: {text}")
        return _refuse(
            stream,
            415,
            f"cannot speak {text or 'without a content type'}: this endpoint has service protocol "
            f"v{MIN_VERSION} to v{MAX_VERSION} ({content_type(MAX_VERSION)})",
        )


def _route(path: str) -> str:
    """Remove the prefix that a proxy or another application puts before an endpoint's paths."""
    for folder in ("/invoke/", "/serdes/"):
        start = path.find(folder)
        if start >= 0:  # checked first, because a handler may be named `discover` or `health`
            return path[start:]
    for route in ("/discover", "/health"):
        if path.endswith(route):
            return route
    return path


def _refuse(stream: RequestStream, status: int, message: str) -> StreamReceiver:
    return _answer(stream, status, _JSON, json.dumps({"code": status, "message": message}).encode())


def _answer(
    stream: RequestStream, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes
) -> StreamReceiver:
    if stream.path != "/health":
        log_request(stream.method, stream.path, status)
    stream.respond(status, headers)
    stream.write(body if stream.method != "HEAD" else b"", end=True)
    return _Ignore(stream)


class _Ignore:
    """Discards the body of a request that has been answered."""

    def __init__(self, stream: RequestStream) -> None:
        self._stream = stream

    def data_received(self, data: bytes) -> None:
        self._stream.acknowledge(len(data))

    def eof_received(self) -> None: ...

    def draining(self) -> None: ...

    def aborted(self, reason: str) -> None: ...

    def drained(self) -> None: ...

    def awaited_input(self) -> object: ...


class _Convert(_Ignore):
    """Collects the body of a request, and answers with what a function makes of it."""

    def __init__(
        self, stream: RequestStream, convert: Callable[[bytes], PreviewResponse], max_size: int
    ) -> None:
        super().__init__(stream)
        self._convert = convert
        self._max_size = max_size
        self._body: list[bytes] = []
        self._size = 0

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._size += len(data)
        if self._size <= self._max_size:
            self._body.append(data)

    @override
    def eof_received(self) -> None:
        if self._size > self._max_size:
            problem = f"the request has more than the {self._max_size} bytes of max_inbound_message"
            _refuse(self._stream, 413, problem)
            return
        response = self._convert(b"".join(self._body))
        headers = ((b"content-type", response.content_type.encode()), SERVER_HEADER)
        _answer(self._stream, response.status, headers, response.body)

    @override
    def awaited_input(self) -> object:
        return self._size  # the rest of the body has to be read


def _header(stream: RequestStream, name: bytes) -> bytes | None:
    for key, value in stream.headers:
        if key == name:
            return value
    return None
