"""The repository's own contracts, and those of the polyglot example, pass buf's checks."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from tests.buf.project import GIT, ROOT, Project
from tests.buf.shop import restate, template

if TYPE_CHECKING:
    from pathlib import Path

POLYGLOT = ROOT / "examples" / "polyglot"
GO_OPTIONS = "dev/restate/sdk/go.proto"


@pytest.fixture
def repository(tmp_path: Path) -> Project:
    repository = Project(tmp_path / "repository")
    shutil.copytree(ROOT / "proto", repository.directory / "proto")
    shutil.copy(ROOT / "buf.yaml", repository.directory)
    return repository


@pytest.fixture
def polyglot(tmp_path: Path) -> Project:
    """The example, with the options that its own set-up fetches."""
    polyglot = Project(tmp_path / "polyglot")
    shutil.copytree(POLYGLOT / "proto", polyglot.directory / "proto")
    shutil.copy(POLYGLOT / "buf.yaml", polyglot.directory)
    polyglot.run("restate-proto", "export", "third_party", "--rules")
    go = ROOT / "tests" / "generate" / "golden" / "go" / GO_OPTIONS
    polyglot.write({f"third_party/{GO_OPTIONS}": go.read_text("utf-8")})
    return polyglot


def compiled(polyglot: Project, image: str) -> tuple[str, ...]:
    """Compile the example for buf, which would ask its registry for the rules of protovalidate.

    Returns:
        buf's arguments for what was compiled.
    """
    proto = polyglot.directory / "proto"
    polyglot.run(
        *(sys.executable, "-m", "grpc_tools.protoc", "-Iproto", "-Ithird_party"),
        "--descriptor_set_in=third_party/buf/validate/validate.binpb",
        *("--include_imports", "--include_source_info", f"--descriptor_set_out={image}"),
        *sorted(path.relative_to(proto).as_posix() for path in proto.rglob("*.proto")),
    )
    return (image, "--path", "polyglot")


def test_the_contracts_are_linted_and_formatted(repository: Project) -> None:
    repository.run("buf", "lint")
    repository.run("buf", "format", "--diff", "--exit-code", "proto")


def test_those_of_the_example_are_linted_and_formatted(polyglot: Project) -> None:
    polyglot.run("buf", "lint", *compiled(polyglot, "new.binpb"), "--config", "buf.yaml")
    polyglot.run("buf", "format", "--diff", "--exit-code", "proto")


@pytest.mark.skipif(GIT is None, reason="git is not installed here")
def test_breaking_finds_a_removed_handler(repository: Project) -> None:
    repository.commit()
    breaking = ("buf", "breaking", "--against", ".git#branch=main")
    repository.run(*breaking)
    rename(repository, "shop/v1/cart.proto", "Checkout")
    assert 'Previously present RPC "Checkout"' in repository.fails(*breaking)


def test_breaking_finds_a_removed_handler_of_the_example(polyglot: Project) -> None:
    old, *_ = compiled(polyglot, "old.binpb")
    options = ("--against", old, "--config", "buf.yaml")
    polyglot.run("buf", "breaking", *compiled(polyglot, "new.binpb"), *options)
    rename(polyglot, "polyglot/java/v1/services.proto", "Look")
    said = polyglot.fails("buf", "breaking", *compiled(polyglot, "new.binpb"), *options)
    assert 'Previously present RPC "Look"' in said


def rename(project: Project, file: str, rpc: str) -> None:
    path = project.directory / "proto" / file
    path.write_text(path.read_text().replace(f"rpc {rpc}(", f"rpc {rpc}Twice("))


def test_code_is_generated_for_all_contracts_of_the_example(polyglot: Project) -> None:
    new = compiled(polyglot, "new.binpb")
    polyglot.run("buf", "generate", *new, "--template", template(restate("gen")))
    expected = {
        path.relative_to(POLYGLOT / "proto").as_posix().replace(".proto", "_restate.py")
        for path in (POLYGLOT / "proto").rglob("*.proto")
        if "\nservice " in path.read_text("utf-8")
    }
    assert set(polyglot.files("gen")) == expected
