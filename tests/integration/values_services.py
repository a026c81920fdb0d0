"""Services without a contract, for values that the conformance contract has no types for."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from restate_proto import Encoding, Endpoint, IngressClient, Service, Target, VirtualObject
from restate_proto.codec.registry import codec_for
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restate_proto.model.service import HandlerDescriptor, ServiceDescriptor
from restate_proto.testing import restate_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    from restate_proto.testing import RestateServer
    from tests.integration.world import Loop

__all__ = ["Handler", "Outside", "serving", "the_object", "the_service"]


class Handler(NamedTuple):
    """A handler: its function, and the types that it takes and gives."""

    function: Callable[[Any, Any], Coroutine[Any, Any, Any]]
    request: Any
    response: Any


def the_service(name: str, encoding: Encoding, **handlers: Handler) -> Service:
    """Return a service of these handlers, by their Restate names."""
    return _make(Service, ServiceKind.SERVICE, name, encoding, handlers)


def the_object(name: str, encoding: Encoding, **handlers: Handler) -> VirtualObject:
    """Return an object of these handlers, all of them exclusive."""
    return _make(VirtualObject, ServiceKind.VIRTUAL_OBJECT, name, encoding, handlers)


def _make(
    base: Any, kind: ServiceKind, name: str, encoding: Encoding, handlers: dict[str, Handler]
) -> Any:
    descriptors = tuple(
        HandlerDescriptor(
            service=name,
            name=each,
            method=f"handle_{each}",
            service_kind=kind,
            kind=HandlerKind.EXCLUSIVE if kind is ServiceKind.VIRTUAL_OBJECT else None,
            request=codec_for(handler.request),
            response=codec_for(handler.response),
            encoding=encoding,
        )
        for each, handler in handlers.items()
    )

    def method(handler: Handler) -> Any:
        async def handle(self: Any, ctx: Any, request: Any) -> Any:
            return await handler.function(ctx, request)

        return handle

    body = {f"handle_{each}": method(handler) for each, handler in handlers.items()}
    descriptor = ServiceDescriptor(name, kind, descriptors, encoding=encoding)
    return cast("Any", type)(name, (base,), {**body, "__restate_service__": descriptor})()


class Outside:
    """What a test does from outside with an endpoint that is served.

    Attributes:
        server: the server.
        client: a client of its ingress.
    """

    def __init__(self, server: RestateServer, client: IngressClient) -> None:
        self.server = server
        self.client = client

    async def call(self, target: Target, request: Any, response: Any, encoding: Encoding) -> Any:
        """Call a handler by name."""
        return await self.client.call(target, request, response, encoding=encoding)

    async def post(self, path: str, body: bytes, content_type: str) -> tuple[int, bytes]:
        """Send a request as curl does; return the status and the body."""
        request = urllib.request.Request(
            self.server.ingress_url + path, body, {"content-type": content_type}, method="POST"
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

        def send() -> tuple[int, bytes]:
            try:
                with opener.open(request, timeout=60) as response:
                    return response.status, response.read()
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.read()

        return await asyncio.to_thread(send)

    async def failure_of(self, invocation_id: str) -> str:
        """Return the last failure of an invocation that Restate retries."""
        sql = f"SELECT last_failure FROM sys_invocation WHERE id = '{invocation_id}'"
        while True:
            (row,) = await asyncio.to_thread(self.server.admin.query, sql)
            if row.get("last_failure"):
                return row["last_failure"]

    async def kill(self, invocation_id: str) -> None:
        """End an invocation."""
        await asyncio.to_thread(self.server.admin.kill, invocation_id)


@contextmanager
def serving(loop: Loop, server: RestateServer, endpoint: Endpoint) -> Generator[Outside]:
    """Serve an endpoint that is registered with a server."""
    environment = restate_environment(endpoint, server=server, retries=True, debug=False)
    env = loop.run(environment.__aenter__())
    try:
        yield Outside(server, env.client)
    finally:
        loop.run(environment.__aexit__(None, None, None))
