"""`RunningEndpoint`: an endpoint that is serving, for a block or until a signal."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from restate_proto.endpoint.addresses import url_of
from restate_proto.endpoint.event_loop import cancellable, loop_name, on_signal
from restate_proto.endpoint.standard_output import say_serving

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from restate_proto.http2.server import Server

__all__ = ["RunningEndpoint", "serve_until_signal"]


class RunningEndpoint:
    """An endpoint that is serving.

    Attributes:
        server: its HTTP/2 server.
        engine: the HTTP/2 library that it runs on: "h2" or "ngh2".
    """

    def __init__(self, server: Server, scheme: str, engine: str, handlers: int) -> None:
        self.server = server
        self.engine = engine
        self._scheme = scheme
        self._handlers = handlers

    def __str__(self) -> str:
        noun = "handler" if self._handlers == 1 else "handlers"
        return f"{self._handlers} {noun} with {self.engine} and {loop_name()}"

    @property
    def host(self) -> str:
        """The address that it listens on."""
        return self.server.address[0]

    @property
    def port(self) -> int:
        """Its port."""
        return self.server.address[1]

    @property
    def address(self) -> str:
        """The URL to register with restate-server: `http://127.0.0.1:9080`."""
        return url_of(self._scheme, *self.server.address)


async def serve_until_signal(endpoint: AbstractAsyncContextManager[RunningEndpoint]) -> None:
    """Serve until SIGTERM or SIGINT; one that comes earlier ends the set-up.

    Args:
        endpoint: serves while it is entered.
    """
    stop = asyncio.Event()
    serves = False
    with cancellable(stop) as cancel:

        def ask_to_stop() -> None:
            stop.set()
            if not serves:
                cancel()

        for number in (signal.SIGTERM, signal.SIGINT):
            on_signal(number, ask_to_stop)
        async with endpoint as running:
            serves = True
            say_serving(str(running), running.address)
            await stop.wait()
