"""An endpoint on AWS Lambda: the handler of a function that Restate invokes.

Requests arrive as two kinds of events. Restate itself invokes a function with the event of an API
Gateway proxy, with the body in base64. A function URL, or API Gateway, sends payload format 2.0.
Both accept the same answer.

Lambda limits requests and answers to 6 MB, a quarter of which is lost to base64. So the manifest
allows Restate to compress large requests (zstd), and large answers are compressed if the client
accepts that.
"""

from __future__ import annotations

import asyncio
import atexit
from base64 import b64decode, b64encode
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from restate_proto.codec.zstd import zstd_module
from restate_proto.endpoint.keep_open import keep_open

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from restate_proto.endpoint.discovery import Discovery
    from restate_proto.endpoint.routes import Routes

__all__ = ["LambdaHandler"]

_ZSTD: Final = "zstd"
# Answers of this size or more are compressed, in bytes.
_LARGE: Final = 1_048_576
# How much of a request is decompressed at a time, in bytes.
_PIECE: Final = 1_048_576


class LambdaHandler:
    """The handler of a Lambda function; `Endpoint.aws_lambda` makes it.

    Args:
        open_: makes a context that sets the endpoint up in the running event loop.
        discovery: answers discovery.
    """

    def __init__(
        self,
        open_: Callable[[], AbstractAsyncContextManager[Routes]],
        discovery: Discovery,
    ) -> None:
        self._open = open_
        self._discovery = discovery.request_response(_ZSTD if _zstd() else None)
        self._runner: asyncio.Runner | None = None
        self._routes: Routes | None = None

    def __call__(self, event: Mapping[str, Any], context: object = None) -> dict[str, Any]:
        """Answer a request.

        Args:
            event: the request.
            context: Lambda's information on the function; not used.

        Returns:
            The response, in the form that both kinds of events take.

        Raises:
            ValueError: the event is not a request.
        """
        if self._runner is None:
            # All requests share one event loop, because resources of the services belong to it.
            self._runner = asyncio.Runner()
            atexit.register(self._runner.close)
        return self._runner.run(self._answer(event))

    async def _answer(self, event: Mapping[str, Any]) -> dict[str, Any]:
        exchange = _Exchange(event)
        if self._routes is None:
            routes = await keep_open(self._open())
            self._routes = routes.describing(self._discovery)
        receiver = self._routes.entrance(exchange)
        for piece in exchange.body():
            receiver.data_received(piece)
        receiver.eof_received()
        await exchange.ended.wait()
        # Between two requests the process is frozen.
        await self._routes.cleaned_up()
        return exchange.response()


class _Exchange:
    """One request and its answer.

    Args:
        event: the request.

    Raises:
        ValueError: the event is not a request.
    """

    above_high_water = False

    def __init__(self, event: Mapping[str, Any]) -> None:
        self.method, self.path = _target(event)
        named: Mapping[str, str] = event.get("headers") or {}
        self._named = {name.lower(): value for name, value in named.items()}
        self.headers: Sequence[tuple[bytes, bytes]] = [
            (name.encode(), value.encode()) for name, value in self._named.items()
        ]
        self._event = event
        self._status = 0
        self._fields: Sequence[tuple[bytes, bytes]] = ()
        self._output: list[bytes] = []
        self.ended = asyncio.Event()

    def body(self) -> Generator[bytes]:
        """Yield the pieces of the request's body."""
        text: str = self._event.get("body") or ""
        is_binary = self._event.get("isBase64Encoded")
        body = b64decode(text, validate=True) if is_binary else text.encode()
        encoding = self._named.get("content-encoding", "identity").lower()
        if encoding == "identity":
            yield body
        elif encoding == _ZSTD and (zstd := _zstd()):
            while True:  # frame after frame (RFC 8878, section 3)
                decompressor = zstd.ZstdDecompressor()
                while not decompressor.eof and not self.ended.is_set():
                    if decompressor.needs_input and not body:
                        raise ValueError("the compressed body of the request is cut off")
                    yield decompressor.decompress(body, _PIECE)
                    body = b""
                if not (body := decompressor.unused_data):
                    break
        else:
            raise ValueError(f"the body of the request is encoded as {encoding!r}, not {_ZSTD}")

    def respond(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Begin the answer."""
        self._status, self._fields = status, headers

    def write(self, data: bytes, *, end: bool = False) -> None:
        """Add a piece to the answer."""
        self._output.append(data)
        if end:
            self.ended.set()

    def acknowledge(self, amount: int) -> None:
        """Do nothing: all of the request is there already."""

    def response(self) -> dict[str, Any]:
        """Return the answer in the form that Lambda passes on."""
        body = b"".join(self._output)
        headers = {name.decode(): value.decode("latin-1") for name, value in self._fields}
        accepted = self._named.get("accept-encoding", "")
        if len(body) > _LARGE and _ZSTD in accepted and (zstd := _zstd()):
            body = zstd.compress(body)
            headers["content-encoding"] = _ZSTD
        return {
            "statusCode": self._status,
            "headers": headers,
            "body": b64encode(body).decode(),
            "isBase64Encoded": True,
        }


def _target(event: Mapping[str, Any]) -> tuple[str, str]:
    """Return the method and the path of a request."""
    match event:
        case {"httpMethod": str(method), "path": str(path)}:
            return method, path
        case {"rawPath": str(path), "requestContext": {"http": {"method": str(method)}}}:
            return method, path
        case _:
            raise ValueError(
                "this event is not a request: let Restate invoke the function, or call its function URL"
            )


def _zstd() -> Any:
    """Import the module for zstd; None if it is not installed."""
    with suppress(ImportError):
        return zstd_module()
