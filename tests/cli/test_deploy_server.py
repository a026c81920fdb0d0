"""`restate-proto deploy` on a real server: what it registers, refuses, waits for and removes."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from restate_proto._codegen import v1 as rt
from restate_proto.contract.metadata import CONTRACT, write_contract
from tests.cli.endpoints import (
    TEXT,
    asynchronous,
    begun,
    cells,
    command,
    served,
    service,
    unique,
    waiting,
)
from tests.protoc import compile_files

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from restate_proto.testing import RestateServer

pytestmark = pytest.mark.server


async def deploy(server: RestateServer, address: str, *arguments: str) -> Result:
    return await command(server, "deploy", address, *arguments)


def changes(result: Result) -> dict[str, str]:
    """Return what changed in each service: the lines of its cell, joined."""
    found: dict[str, str] = {}
    name = ""
    for row in cells(result):
        name = row[0] or name
        found[name] = f"{found[name]}; {row[3]}" if name in found else row[3]
    return found


@asynchronous
async def test_an_address_whose_services_change(restate_server: RestateServer) -> None:
    desk, shop, cafe = unique("Desk"), unique("Shop"), unique("Cafe")
    async with served(service(desk, "Open"), service(shop, "Open")) as address:
        dry = await deploy(restate_server, address, "--dry-run")
        assert dry.exit_code == 0, dry.output
        assert f"{address} is new" in dry.stdout
        assert changes(dry) == {desk: "new", shop: "new"}
        assert not restate_server.admin.query(f"SELECT * FROM sys_service WHERE name = '{desk}'")

        result = await deploy(restate_server, address)
        assert result.exit_code == 0, result.output
        assert f"Registered {address} as dp_" in result.stdout
        assert changes(result) == {desk: "new", shop: "new"}

        again = await deploy(restate_server, address)
        assert again.exit_code == 0
        assert "and serves the same as before: nothing to do" in again.stdout
        assert changes(again) == {desk: "unchanged", shop: "unchanged"}

    nothing = await deploy(restate_server, address)
    assert (nothing.exit_code, nothing.stdout) == (1, "")
    assert "refused: " in nothing.stderr
    assert f"; {address} stays registered as dp_" in nothing.stderr
    assert (await deploy(restate_server, address, "--force")).exit_code == 1

    changed = service(desk, "Open", "Close"), service(cafe, "Open")
    expected = {desk: "handler Close is new", cafe: "new", shop: "gone"}
    async with served(*changed, at=address):
        result = await deploy(restate_server, address)
        assert result.exit_code == 1
        assert "does not serve what is registered as dp_" in result.stdout
        assert changes(result) == expected
        assert "nothing is registered: serve the new version at another address" in result.stderr
        assert "write --force to replace" in result.stderr
        assert not restate_server.admin.query(f"SELECT * FROM sys_service WHERE name = '{cafe}'")

        result = await deploy(restate_server, address, "--force")
        assert result.exit_code == 0, result.output
        assert f"Replaced the registration of {address}, dp_" in result.stdout
        assert changes(result) == expected
        assert restate_server.admin.query(f"SELECT * FROM sys_service WHERE name = '{cafe}'")
        assert changes(await deploy(restate_server, address)) == {
            desk: "unchanged",
            cafe: "unchanged",
        }


@asynchronous
async def test_it_says_which_options_change(restate_server: RestateServer) -> None:
    old, same, fresh = unique("Old"), unique("Same"), unique("Fresh")
    async with served(service(old, "Open", "Close"), service(same, "Open")) as address:
        assert (await deploy(restate_server, address)).exit_code == 0
        private = rt.Config(ingress_private=True)
        new = (
            service(old, "Open", "Close", request=TEXT),
            service(same, "Open"),
            service(fresh, "Open", config=private),
        )
        async with served(*new) as second:
            result = await deploy(restate_server, second)
            assert result.exit_code == 0, result.output
            found = changes(result)
            assert found[same] == "unchanged"
            assert found[fresh] == "new"
            assert "handler Close: JSON Schema of the request differs" in found[old]
            assert f"No verdict on {old}, {same}" in result.stdout
        async with served(service(fresh, "Open")) as third:
            assert "public: true, was false" in changes(await deploy(restate_server, third))[fresh]


@asynchronous
async def test_another_kind_at_the_same_address(restate_server: RestateServer) -> None:
    kind = unique("Kind")
    async with served(service(kind, "Open", "Close")) as address:
        assert (await deploy(restate_server, address)).exit_code == 0
    as_object = service(kind, "Open", kind=rt.ServiceKind.VIRTUAL_OBJECT)
    async with served(as_object, at=address):
        result = await deploy(restate_server, address)
        assert result.exit_code == 1
        assert changes(result)[kind].startswith("it was a service; handler Close is gone")
    async with served(as_object) as elsewhere:
        refused = await deploy(restate_server, elsewhere)
        assert refused.exit_code == 1
        assert "META0006" in refused.stderr
        assert (await deploy(restate_server, elsewhere, "--breaking")).exit_code == 0


@asynchronous
async def test_where_nothing_listens(restate_server: RestateServer) -> None:
    async with served(service(unique("Gone"), "Open")) as address:
        pass
    result = await deploy(restate_server, address)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "refused: " in result.stderr
    assert "stays registered" not in result.stderr


# ---- The verdict ----

CONTRACT_TEXT = """
syntax = "proto3";
package verdict.v1;
import "google/protobuf/empty.proto";
import "restatepb/v1/options.proto";
service {name} {{
  option (restatepb.v1.service) = {{ name: "{name}" }};
  {handlers}
}}
message Note {{ string text = {number}; }}
"""


def with_contract(folder: Path, name: str, *handlers: str, number: int = 1) -> Any:
    """Return a service whose contract has these handlers, and a field with this number."""
    rpcs = "".join(f"rpc {it}(Note) returns (google.protobuf.Empty);" for it in handlers)
    text = CONTRACT_TEXT.format(name=name, handlers=rpcs, number=number)
    folder.mkdir()
    request = compile_files(folder, {"verdict/v1/verdict.proto": text}, "", None)
    written = write_contract(FileDescriptorSet(file=request.proto_file).SerializeToString())
    assert written
    return service(name, *handlers, config=rt.Config(metadata={CONTRACT: written}))


def test_what_breaks_is_not_deployed(restate_server: RestateServer, tmp_path: Path) -> None:
    name = unique("Judged")

    async def scenario() -> None:
        async with (
            served(with_contract(tmp_path / "1", name, "Open", "Close")) as first,
            served(with_contract(tmp_path / "2", name, "Open", "Close", "Ring")) as second,
            served(with_contract(tmp_path / "3", name, "Open", "Ring", number=2)) as third,
        ):
            assert (await deploy(restate_server, first)).exit_code == 0
            safe = await deploy(restate_server, second)
            assert safe.exit_code == 0, safe.output
            assert "The contract breaks nothing that is registered" in safe.stdout
            assert changes(safe)[name] == "handler Ring is new; its contract differs"

            refused = await deploy(restate_server, third)
            assert refused.exit_code == 1
            assert f"breaking: service {name}: handler Close is gone [HANDLER_REMOVED]" in (
                refused.stdout
            )
            assert "[MESSAGE_CHANGED]" in refused.stdout
            assert "write --breaking to deploy anyway" in refused.stderr

            as_json = await deploy(restate_server, third, "--dry-run", "--json")
            document = json.loads(as_json.stdout)
            assert as_json.exit_code == 1
            assert (document["action"], document["done"]) == ("register", False)
            assert {"HANDLER_REMOVED", "MESSAGE_CHANGED"} == {
                finding["rule"] for finding in document["breaking"]
            }
            assert document["refused"].startswith("nothing is registered")

            taken = await deploy(restate_server, third, "--breaking")
            assert taken.exit_code == 0, taken.output

    asyncio.run(scenario())


# ---- Older deployments ----


def is_registered(server: RestateServer, address: str) -> bool:
    rows = server.admin.query("SELECT endpoint FROM sys_deployment")
    return any(row["endpoint"].rstrip("/") == address for row in rows)


@asynchronous
async def test_it_waits_until_older_deployments_are_drained_and_removes_them(
    restate_server: RestateServer,
) -> None:
    name = unique("Waits")
    async with served(waiting(name)) as old, served(service(name, "Open")) as new:
        assert (await deploy(restate_server, old)).exit_code == 0
        running = await begun(restate_server, name, "running")
        assert (await deploy(restate_server, new)).exit_code == 0

        kept = await deploy(restate_server, new, "--prune", "--yes")
        assert kept.exit_code == 0, kept.output
        assert "is kept, with 1 running" in kept.stdout
        late = await deploy(restate_server, new, "--wait-drained", "0s", "--prune", "--yes")
        assert late.exit_code == 3
        assert is_registered(restate_server, old)

        waits = asyncio.create_task(
            deploy(restate_server, new, "--wait-drained", "5m", "--prune", "--yes")
        )
        done, _ = await asyncio.wait([waits], timeout=0.5)
        assert not done
        await asyncio.to_thread(restate_server.admin.kill, running)
        drained = await waits
        assert drained.exit_code == 0, drained.output
        assert "waiting for what is in flight on older deployments: dp_" in drained.stderr
        assert f"({old}/)" in drained.stdout.partition("Removed ")[2]
        assert not is_registered(restate_server, old)
        assert is_registered(restate_server, new)


@asynchronous
async def test_paused_invocations_are_named_and_their_deployment_kept(
    restate_server: RestateServer,
) -> None:
    name = unique("Pauses")
    async with served(waiting(name, fails=True)) as old, served(service(name, "Open")) as new:
        assert (await deploy(restate_server, old)).exit_code == 0
        paused = await begun(restate_server, name, "paused")
        # Nothing but somebody ends it: there is nothing to wait for.
        result = await deploy(restate_server, new, "--wait-drained", "1h", "--prune", "--yes")
        assert result.exit_code == 3, result.output
        assert "is kept, with 1 paused" in result.stdout
        assert f"    paused: {paused} {name}/Open\n" in result.stdout
        assert is_registered(restate_server, old)

        as_json = await deploy(restate_server, new, "--json")
        (older,) = json.loads(as_json.stdout)["older"]
        assert older["in_flight"] == {"paused": 1}
        assert older["paused"] == [{"id": paused, "target": f"{name}/Open"}]
        await asyncio.to_thread(restate_server.admin.kill, paused)


@asynchronous
async def test_nothing_is_removed_where_nobody_can_be_asked(restate_server: RestateServer) -> None:
    name = unique("Asks")
    async with served(service(name, "Open")) as old, served(service(name, "Open")) as new:
        assert (await deploy(restate_server, old)).exit_code == 0
        result = await deploy(restate_server, new, "--prune")
        assert result.exit_code == 2
        assert "write --yes" in result.stderr
        assert not is_registered(restate_server, new)
        assert (await deploy(restate_server, new)).exit_code == 0
        assert is_registered(restate_server, old)
