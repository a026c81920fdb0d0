"""protoc beside buf: on the exported options, and on descriptor sets that build systems make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.buf.shop import RESTATE_FILES

if TYPE_CHECKING:
    from tests.buf.project import Project

PROTOC = ["python", "-m", "grpc_tools.protoc"]
FOLDERS = ["-Iproto", "-Icommon", "-Ithird_party"]
CART = ["cart/v1/cart.proto", "cart/v1/tickets.proto"]
TILL = ["till/v1/till.proto"]


def test_protoc_makes_the_same_code(project: Project, code: dict[str, str]) -> None:
    project.run("mkdir", "out")
    project.run(*PROTOC, *FOLDERS, "--python-restate_out=out", *CART, *TILL)
    assert project.files("out") == code


def test_descriptor_sets_make_the_same_code_file_by_file(
    project: Project, code: dict[str, str]
) -> None:
    # One set for each target, without the files of those that it depends on.
    depended = ["restatepb/v1/options.proto", "money/v1/money.proto"]
    well_known = [f"google/protobuf/{name}.proto" for name in ("descriptor", "duration")]
    well_known += [f"google/protobuf/{name}.proto" for name in ("empty", "timestamp")]
    targets = {"known": well_known, "common": depended, "cart": CART, "till": TILL}
    for name, files in targets.items():
        make = ["--include_source_info", f"--descriptor_set_out={name}.binpb"]
        project.run(*PROTOC, *FOLDERS, *make, *files)
    for name, file in (("cart", CART[0]), ("till", TILL[0])):
        out = f"out_{name}"
        project.run("mkdir", out)
        sets = f"--descriptor_set_in=known.binpb:common.binpb:{name}.binpb"
        project.run(*PROTOC, sets, f"--python-restate_out={out}", file)
        (made,) = (path for path in RESTATE_FILES if path.startswith(name))
        assert project.files(out) == {made: code[made]}
