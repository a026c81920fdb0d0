"""Endpoints for tests of commands: services without a contract, in the test's event loop."""

from __future__ import annotations

import asyncio
import functools
import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import StringValue
from typer.testing import CliRunner

from restate_proto import Endpoint, IngressClient, Target
from restate_proto._codegen import v1 as rt
from restate_proto.cli.main import app

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine

    from typer.testing import Result

    from restate_proto.testing import RestateServer

__all__ = [
    "TEXT",
    "asynchronous",
    "begun",
    "cells",
    "command",
    "served",
    "service",
    "unique",
    "waiting",
]

EMPTY, TEXT = rt.google_codec(Empty), rt.google_codec(StringValue)


def asynchronous(
    test: Callable[[RestateServer], Coroutine[Any, Any, None]],
) -> Callable[[RestateServer], None]:
    @functools.wraps(test)
    def run(restate_server: RestateServer) -> None:
        asyncio.run(test(restate_server))

    return run


def service(
    name: str,
    *handlers: str,
    request: Any = EMPTY,
    kind: rt.ServiceKind = rt.ServiceKind.SERVICE,
    config: rt.Config | None = None,
) -> Any:
    """Return a service without a contract, whose handlers do nothing."""
    is_object = kind is rt.ServiceKind.VIRTUAL_OBJECT
    handler_kind = rt.HandlerKind.EXCLUSIVE if is_object else None

    async def nothing(self: object, ctx: object, request: object = None) -> Empty:
        return Empty()

    descriptors = tuple(
        rt.HandlerDescriptor(name, handler, handler.lower(), kind, handler_kind, request, EMPTY)
        for handler in handlers
    )
    descriptor = rt.ServiceDescriptor(name, kind, descriptors, config=config or rt.Config())
    methods = {handler.lower(): nothing for handler in handlers}
    base = rt.VirtualObject if is_object else rt.Service
    return type(name, (base,), {"__restate_service__": descriptor, **methods})()


def unique(name: str) -> str:
    """Return a name that no other test uses, since all tests share the server."""
    return f"{name}{uuid.uuid4().hex[:8]}"


def waiting(name: str, *, fails: bool = False) -> Any:
    """A service whose handler waits for an awakeable, or fails for ever."""
    made = service(
        name,
        "Open",
        config=rt.Config(
            retry_policy=rt.InvocationRetryPolicy(
                max_attempts=1, on_max_attempts=rt.OnMaxAttempts.PAUSE
            )
        ),
    )

    async def wait(self: object, ctx: Any, request: object = None) -> Empty:
        if fails:
            # Only what has written something is pinned to its deployment.
            await ctx.run("begin", lambda: None)
            raise RuntimeError("as it should")
        await ctx.awakeable(Empty)
        return Empty()

    type(made).open = wait
    return made


async def begun(server: RestateServer, name: str, status: str) -> str:
    """Send to a service, and return the invocation's id once the invocation has that status."""
    async with IngressClient(server.ingress_url) as client:
        handle = await client.send(Target.service(name, "Open"), Empty(), Empty)
        invocation_id = await handle.invocation_id()
    where = f"SELECT status FROM sys_invocation WHERE id = '{invocation_id}'"
    while await asyncio.to_thread(server.admin.query, where) != [{"status": status}]:  # noqa: ASYNC110 - the server's
        await asyncio.sleep(0.02)
    return invocation_id


@asynccontextmanager
async def served(*services: Any, at: str = "127.0.0.1:0") -> AsyncGenerator[str]:
    """Serve an endpoint, and yield its address."""
    async with Endpoint(*services).run(at.removeprefix("http://")) as running:
        yield running.address


async def command(server: RestateServer, *arguments: str) -> Result:
    """Run a command of `restate-proto` on a server, beside the test's event loop."""
    runner = CliRunner(env={"COLUMNS": "200", "RESTATE_ADMIN_URL": server.admin_url})
    return await asyncio.to_thread(runner.invoke, app, list(arguments))


def cells(result: Result) -> list[list[str]]:
    """The rows of a table that a command has printed; lines of a cell are rows of their own."""
    rows = [line.split("│")[1:-1] for line in result.stdout.splitlines() if "│" in line]
    return [[cell.strip() for cell in row] for row in rows]
