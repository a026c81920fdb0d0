"""The generators warn of services that Go's generator takes for plain ones, if Go is used."""

# ruff: noqa: ISC004 - expected texts of several lines
from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from restate_proto.cli.generate import generate
from restate_proto.cli.main import app
from restate_proto.contract.parse.go import go_warnings
from tests.protoc import compile_files

if TYPE_CHECKING:
    from collections.abc import Mapping

GO = (
    Path(__file__).parents[1]
    / "generate"
    / "golden"
    / "go"
    / "dev"
    / "restate"
    / "sdk"
    / "go.proto"
)
GO_NAME = "dev/restate/sdk/go.proto"


def contract(services: str, package: str = "shop.v1", *, go: bool = False) -> str:
    return (
        f'syntax = "proto3"; package {package}; import "restatepb/v1/options.proto";\n'
        f'import "google/protobuf/empty.proto"; {f"import {chr(34)}{GO_NAME}{chr(34)};" * go}\n'
        + services
    )


def service(name: str, kind: str = "", go: str = "", rpc: str = "Run") -> str:
    option = f"option (restatepb.v1.{kind}) = {{ encoding: ENCODING_JSON }};" if kind else ""
    theirs = f"option (dev.restate.sdk.go.service_type) = {go};" if go else ""
    empty = "google.protobuf.Empty"
    return f"service {name} {{ {option} {theirs} rpc {rpc}({empty}) returns ({empty}); }}\n"


def warnings(folder: Path, files: Mapping[str, str], only: str | None = None) -> list[str]:
    request = compile_files(folder, {**files, GO_NAME: GO.read_text()}, "", only)
    return list(go_warnings(request))


LEDGER = service("Ledger", "object", "VIRTUAL_OBJECT", "Post")
GO_LEDGER = contract(LEDGER, go=True)


def test_each_object_and_workflow_of_a_package_with_go_options(tmp_path: Path) -> None:
    beside = contract(
        LEDGER + service("Cart", "object") + service("Clerk", "service") + service("Plain"), go=True
    )
    apart = contract(service("Flow", "workflow"))
    assert warnings(tmp_path, {"a.proto": beside, "b.proto": apart}) == [
        "a.proto:4:1: warning: Cart is an object, and Go's generator takes it for a plain service; "
        "write option (dev.restate.sdk.go.service_type) = VIRTUAL_OBJECT beside "
        "(restatepb.v1.object)",
        "b.proto:3:1: warning: Flow is a workflow, and Go's generator takes it for a plain service; "
        "write option (dev.restate.sdk.go.service_type) = WORKFLOW beside (restatepb.v1.workflow)",
    ]


@pytest.mark.parametrize(
    "files",
    [
        {"a.proto": contract(service("Cart", "object") + service("Flow", "workflow"))},
        # A Go package is no use of Go's SDK.
        {"a.proto": contract('option go_package = "shop/v1"; ' + service("Cart", "object"))},
        {"a.proto": GO_LEDGER, "b.proto": contract(service("Cart", "object"), "other.v1")},
        {"a.proto": GO_LEDGER},
    ],
    ids=["no Go", "a Go package", "another package", "all is said"],
)
def test_nobody_else_hears_of_it(files: Mapping[str, str], tmp_path: Path) -> None:
    assert warnings(tmp_path, files) == []


def test_imports_are_not_warned_of_and_count(tmp_path: Path) -> None:
    files = {
        "a.proto": GO_LEDGER,
        "b.proto": contract(f'import "a.proto"; {service("Cart", "object")}'),
    }
    (found,) = warnings(tmp_path, files, only="b.proto")
    assert found.startswith("b.proto:3:")


@pytest.fixture
def protos(tmp_path: Path) -> Path:
    texts = {"a.proto": GO_LEDGER, "b.proto": contract(service("Cart", "object"))}
    compile_files(tmp_path, {**texts, GO_NAME: GO.read_text()}, "", None)
    return tmp_path / "source"


def test_the_command_says_it_once(protos: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["generate", str(protos), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0
    assert result.stderr.count("takes it for a plain service") == 1
    assert f"{protos}/b.proto:3:1: warning: Cart is an object" in result.stderr
    assert generate(protos, tmp_path / "out").warnings


@pytest.mark.parametrize("command", ["main", "main_java", "main_kotlin"])
def test_every_plugin_says_it_on_stderr(command: str, protos: Path, tmp_path: Path) -> None:
    texts = {name: (protos / name).read_text() for name in ("a.proto", "b.proto", GO_NAME)}
    request = compile_files(tmp_path, texts, "", None)
    code = f"from restate_proto.generate.__main__ import {command}; {command}()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=request.SerializeToString(),
        capture_output=True,
        check=True,
    )
    assert done.stderr.decode().startswith("b.proto:3:1: warning: Cart is an object, and Go's")
    assert done.stderr.count(b"\n") == 1
