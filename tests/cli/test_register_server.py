"""`restate-proto register`, with a real server and an endpoint whose contract changes."""

from __future__ import annotations

import asyncio
import functools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import StringValue
from typer.testing import CliRunner

from restate_proto import Endpoint
from restate_proto._codegen import v1 as rt
from restate_proto.cli.main import app

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine

    from typer.testing import Result

    from restate_proto.testing import RestateServer

pytestmark = pytest.mark.server

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
    """A service of no contract, whose handlers all do nothing."""
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


@asynccontextmanager
async def served(*services: Any, at: str = "127.0.0.1:0") -> AsyncGenerator[str]:
    """Serves them: the address."""
    async with Endpoint(*services).run(at.removeprefix("http://")) as running:
        yield running.address


async def register(server: RestateServer, address: str, *arguments: str) -> Result:
    command = ["register", address, "--admin-url", server.admin_url, *arguments]
    return await asyncio.to_thread(CliRunner(env={"COLUMNS": "200"}).invoke, app, command)


def changes(result: Result) -> dict[str, str]:
    """What has become of each service."""
    rows = [line.split("│")[1:-1] for line in result.stdout.splitlines() if "│" in line]
    return {row[0].strip(): row[3].strip() for row in rows}


@asynchronous
async def test_an_address_whose_contract_changes(restate_server: RestateServer) -> None:
    async with served(service("Desk", "Open"), service("Shop", "Open")) as address:
        result = await register(restate_server, address)
        assert result.exit_code == 0, result.output
        assert f"Registered {address} as dp_" in result.stdout
        assert changes(result) == {"Desk": "new", "Shop": "new"}

        again = await register(restate_server, address)
        assert again.exit_code == 0
        assert "and serves what it did: nothing to do" in again.stdout
        assert changes(again) == {"Desk": "unchanged", "Shop": "unchanged"}

        forced = await register(restate_server, address, "--force")
        assert forced.exit_code == 0
        assert f"Replaced what is registered at {address} as dp_" in forced.stdout

    nothing = await register(restate_server, address)
    assert (nothing.exit_code, nothing.stdout) == (1, "")
    assert "refused: " in nothing.stderr
    assert f"; {address} stays registered as dp_" in nothing.stderr
    assert (await register(restate_server, address, "--force")).exit_code == 1

    changed = service("Desk", "Open", "Close"), service("Cafe", "Open")
    expected = {"Desk": "changed: handler Close is new", "Cafe": "new", "Shop": "gone"}
    async with served(*changed, at=address):
        result = await register(restate_server, address)
        assert result.exit_code == 1
        assert "serves something else than what is registered as dp_" in result.stdout
        assert changes(result) == expected
        assert "nothing is registered: serve the new version at another address" in result.stderr
        assert "write --force to replace" in result.stderr
        assert not restate_server.admin.query("SELECT * FROM sys_service WHERE name = 'Cafe'")

        result = await register(restate_server, address, "--force")
        assert result.exit_code == 0, result.output
        assert changes(result) == expected
        assert restate_server.admin.query("SELECT * FROM sys_service WHERE name = 'Cafe'")
        assert changes(await register(restate_server, address)) == {
            "Desk": "unchanged",
            "Cafe": "unchanged",
        }


@asynchronous
async def test_a_new_address_for_services_that_are_known(restate_server: RestateServer) -> None:
    async with served(service("Old", "Open", "Close"), service("Same", "Open")) as address:
        assert (await register(restate_server, address)).exit_code == 0
        private = rt.Config(ingress_private=True)
        new = (
            service("Old", "Open", "Close", request=TEXT),
            service("Same", "Open"),
            service("Fresh", "Open", config=private),
        )
        async with served(*new) as second:
            result = await register(restate_server, second)
            assert result.exit_code == 0, result.output
            assert changes(result) == {
                "Old": "changed: handler Close differs, handler Open differs",
                "Same": "unchanged",
                "Fresh": "new",
            }
        async with served(service("Fresh", "Open")) as third:
            result = await register(restate_server, third)
            assert changes(result)["Fresh"].startswith("changed: ")


@asynchronous
async def test_another_kind_at_the_same_address(restate_server: RestateServer) -> None:
    async with served(service("Kind", "Open", "Close")) as address:
        assert (await register(restate_server, address)).exit_code == 0
    async with served(service("Kind", "Open", kind=rt.ServiceKind.VIRTUAL_OBJECT), at=address):
        result = await register(restate_server, address)
        assert result.exit_code == 1
        assert changes(result)["Kind"].startswith(
            "changed: it was a service, handler Close is gone"
        )


@asynchronous
async def test_where_nothing_listens(restate_server: RestateServer) -> None:
    async with served(service("Gone", "Open")) as address:
        pass
    result = await register(restate_server, address)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "refused: " in result.stderr
    assert "stays registered" not in result.stderr
