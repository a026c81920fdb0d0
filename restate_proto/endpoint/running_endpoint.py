"""`RunningEndpoint`: the address of an endpoint that is serving, and the libraries it runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.endpoint.addresses import url_of
from restate_proto.endpoint.event_loop import loop_name

if TYPE_CHECKING:
    from restate_proto.http2.server import Server

__all__ = ["RunningEndpoint"]


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
