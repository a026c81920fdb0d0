"""An endpoint as an ASGI application, for a server of the user's choice.

The ASGI specification (3.0, "HTTP & WebSocket" and "Lifespan") defines the messages. Over HTTP/2,
request and answer stream at the same time. Proxies may not support that over HTTP/1.1, so there the
answer begins when the request has ended. The manifest tells Restate which of the two to expect.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from restate_proto.endpoint.keep_open import keep_open
from restate_proto.endpoint.stop_signals import told_to_stop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from restate_proto.endpoint.discovery import Discovery
    from restate_proto.endpoint.routes import Accept, Routes
    from restate_proto.http2.stream import StreamReceiver

__all__ = ["AsgiApp"]

_Message: TypeAlias = "MutableMapping[str, Any]"
_Receive: TypeAlias = "Callable[[], Awaitable[_Message]]"
_Send: TypeAlias = "Callable[[_Message], Awaitable[None]]"

# How many bytes of a request may wait for their attempt before the server is asked to stop sending.
_MAX_UNUSED: Final = 1_048_576
# How long the end of an answer waits for the end of its request, in seconds.
_PATIENCE_SECONDS: Final = 5.0


class _Serving:
    """The part of the application that serves in one event loop.

    Args:
        http1: answers requests of HTTP/1.1.
        http2: answers requests of newer versions.
    """

    def __init__(self, http1: Accept, http2: Accept) -> None:
        self._http1 = http1
        self._http2 = http2
        self._exchanges: set[_Exchange] = set()
        self._is_draining = False

    async def answer(
        self, scope: _Message, receive: _Receive, send: _Send, max_buffered_output: int
    ) -> None:
        """Answer a request."""
        is_http1 = scope["http_version"].startswith("1")
        exchange = _Exchange(scope, receive, send, max_buffered_output, in_turns=is_http1)
        receiver = exchange.begin(self._http1 if is_http1 else self._http2)
        self._exchanges.add(exchange)
        try:
            if self._is_draining:
                receiver.draining()
            await exchange.run()
        finally:
            self._exchanges.discard(exchange)

    def drain(self) -> None:
        """Suspend attempts that wait; a server that stops would wait for them otherwise."""
        self._is_draining = True
        for exchange in tuple(self._exchanges):
            exchange.receiver.draining()


class AsgiApp:
    """An ASGI 3.0 application that answers Restate; `Endpoint.asgi` makes it.

    It is set up once in each event loop: by the server's lifespan messages, by `lifespan` if it is
    mounted in another application, or else by the first request.

    Args:
        open_: makes a context that sets the endpoint up in the running event loop.
        discovery: answers discovery.
        max_buffered_output: how many bytes of a stream may be unsent before its handler has to
            wait.
    """

    def __init__(
        self,
        open_: Callable[[], AbstractAsyncContextManager[Routes]],
        discovery: Discovery,
        max_buffered_output: int,
    ) -> None:
        self._open = open_
        self._http1 = discovery.request_response()
        self._http2 = discovery
        self._max_buffered_output = max_buffered_output
        self._serving: dict[asyncio.AbstractEventLoop, _Serving] = {}
        self._openings: dict[asyncio.AbstractEventLoop, asyncio.Task[None]] = {}

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Serve a request, or the server's lifespan: the interface of ASGI."""
        if scope["type"] == "http":
            serving = self._serving.get(asyncio.get_running_loop()) or await self._opened()
            await serving.answer(scope, receive, send, self._max_buffered_output)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close"})

    @asynccontextmanager
    async def lifespan(self, app: object = None) -> AsyncGenerator[None]:
        """Set the application up, and tear it down at the end; for applications that mount it.

        Starlette and FastAPI do not run the lifespans of mounted applications. Make this one their
        own:

        ```python
        restate = Endpoint(Cart()).asgi()
        app = FastAPI(lifespan=restate.lifespan)
        app.mount("/restate", restate)
        ```

        or enter it in another lifespan: `async with restate.lifespan(): ...`.

        Args:
            app: the application that mounts it; not used.
        """
        loop = asyncio.get_running_loop()
        async with self._open() as routes:
            http1, http2 = (routes.describing(each) for each in (self._http1, self._http2))
            self._serving[loop] = serving = _Serving(http1.entrance, http2.entrance)
            try:
                with told_to_stop(serving.drain):
                    yield
            finally:
                del self._serving[loop]

    async def _live(self, receive: _Receive, send: _Send) -> None:
        await receive()
        stage = "startup"
        try:
            async with self.lifespan():
                await send({"type": "lifespan.startup.complete"})
                await receive()
                stage = "shutdown"
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            await send({"type": f"lifespan.{stage}.failed", "message": message})
            raise
        await send({"type": "lifespan.shutdown.complete"})

    async def _opened(self) -> _Serving:
        """Return what serves in this event loop, and set it up if no lifespan has done so."""
        loop = asyncio.get_running_loop()
        opening = self._openings.get(loop)
        if opening is None:
            opening = self._openings[loop] = loop.create_task(keep_open(self.lifespan()))
            opening.add_done_callback(lambda _: self._openings.pop(loop))
        await asyncio.shield(opening)
        return self._serving[loop]


class _Exchange:
    """One request and its answer: connects the server's coroutines with a receiver.

    Args:
        scope: the request.
        receive: gives pieces of the request's body.
        send: takes pieces of the answer.
        high_water: how many bytes may be unsent before the handler has to wait.
        in_turns: whether the answer begins only when the request has ended.
    """

    def __init__(
        self, scope: _Message, receive: _Receive, send: _Send, high_water: int, *, in_turns: bool
    ) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: Sequence[tuple[bytes, bytes]] = list(scope["headers"])
        self._receive = receive
        self._send = send
        self._high_water = high_water
        self._in_turns = in_turns
        self._is_complete = asyncio.Event()
        self._start: _Message = {}
        self._output: list[bytes] = []
        self._has_output = asyncio.Event()
        self._has_ended = False
        self._is_gone = False
        self._unsent = 0
        self._unused = 0
        self._is_used = asyncio.Event()
        self.receiver: StreamReceiver

    def begin(self, accept: Accept) -> StreamReceiver:
        """Hand the request over, and return its receiver."""
        self.receiver = receiver = accept(self)
        return receiver

    async def run(self) -> None:
        """Move the request to its receiver and the answer to the server."""
        try:
            async with asyncio.TaskGroup() as group:
                reading = group.create_task(self._read())
                await self._write()
                reading.cancel()
        finally:
            if not self._has_ended:
                self._abort("the server gave it up")

    # ---- The side of the receiver ----

    @property
    def above_high_water(self) -> bool:
        """Whether so much output is unsent that the attempt should wait."""
        return self._unsent > self._high_water

    def respond(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Begin the answer."""
        self._start = {"type": "http.response.start", "status": status, "headers": headers}

    def write(self, data: bytes, *, end: bool = False) -> None:
        """Send a piece of the answer; never blocks."""
        self._output.append(data)
        self._unsent += len(data)
        self._has_ended = end
        self._has_output.set()

    def acknowledge(self, amount: int) -> None:
        """Bytes of the request are used; as many more may come."""
        self._unused -= amount
        self._is_used.set()

    # ---- The side of the server ----

    async def _read(self) -> None:
        receiver = self.receiver
        while (message := await self._receive())["type"] == "http.request":
            if self._is_complete.is_set():
                continue
            body = message.get("body", b"")
            if body:
                self._unused += len(body)
                receiver.data_received(body)
            if not message.get("more_body", False):
                receiver.eof_received()
                self._is_complete.set()
            while self._unused > _MAX_UNUSED:
                self._is_used.clear()
                await self._is_used.wait()
        if not self._has_ended:
            self._abort("the client is gone")
        self._is_complete.set()

    async def _write(self) -> None:
        if self._in_turns:
            await self._is_complete.wait()
        if self._is_gone:
            return
        await self._send(self._start)
        while not self._has_ended or self._output:
            await self._has_output.wait()
            if self._is_gone:
                return
            self._has_output.clear()
            was_above = self.above_high_water
            is_last = self._has_ended and self._is_complete.is_set()
            body = b"".join(self._output)
            self._output.clear()
            await self._send({"type": "http.response.body", "body": body, "more_body": not is_last})
            self._unsent -= len(body)
            if is_last:
                return
            if was_above and not self.above_high_water:
                self.receiver.drained()
        # hypercorn (0.18) drops a connection if the request continues after the end of the answer,
        # so the end waits. Restate ends the request when it has read the last message of the
        # answer.
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._is_complete.wait()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _abort(self, reason: str) -> None:
        self._has_ended = self._is_gone = True
        self._is_complete.set()
        self._has_output.set()
        self.receiver.aborted(reason)
