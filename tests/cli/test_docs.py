"""`restate-proto docs`."""

from __future__ import annotations

from cProfile import Profile
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from typer.testing import CliRunner

from restate_proto.cli.docs import DocsFormat, write_docs
from restate_proto.cli.main import app
from restate_proto.cli.protoc import ContractError, ProtoFolder

PROTO = Path(__file__).parents[2] / "proto"


def files_of(folder: Path) -> dict[str, bytes]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.mark.parametrize(
    ("format_", "names"),
    [
        ("markdown", {"README.md", "shop/v1/cart.proto.md"}),
        ("html", {"index.html", "shop/v1/cart.proto.html"}),
        (
            "both",
            {"README.md", "index.html", "shop/v1/cart.proto.md", "shop/v1/cart.proto.html"},
        ),
    ],
)
def test_formats(tmp_path: Path, format_: str, names: set[str]) -> None:
    result = CliRunner().invoke(
        app, ["docs", str(PROTO), "--out", str(tmp_path), "--format", format_]
    )
    assert result.exit_code == 0, result.output
    written = files_of(tmp_path)
    assert names <= written.keys()
    assert {Path(name).suffix for name in written} == {Path(name).suffix for name in names}
    assert result.stdout == f"{len(written)} pages in {tmp_path}\n"


def test_a_descriptor_set_gives_the_same_pages(tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()
    descriptors, _ = ProtoFolder(PROTO).compile(tmp_path / "temporary")
    image = tmp_path / "image.binpb"
    image.write_bytes(descriptors.SerializeToString())
    first = write_docs(image, tmp_path / "a")
    second = write_docs(PROTO, tmp_path / "b")
    assert len(first) == len(second) > 10
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")


def test_a_descriptor_set_without_comments(tmp_path: Path) -> None:
    descriptors, _ = ProtoFolder(PROTO).compile(tmp_path)
    for file in descriptors.file:
        file.ClearField("source_code_info")
    # Imports may come after what imports them.
    image = tmp_path / "image.binpb"
    image.write_bytes(FileDescriptorSet(file=reversed(descriptors.file)).SerializeToString())
    write_docs(image, tmp_path / "out", format_=DocsFormat.MARKDOWN)
    page = (tmp_path / "out" / "shop" / "v1" / "cart.proto.md").read_text()
    assert "### AddTicket *exclusive*" in page
    assert "Reserves a ticket" not in page


def test_what_is_right_is_left_alone(tmp_path: Path) -> None:
    files = write_docs(PROTO, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in files}
    stale = files[0].read_text().partition("\n")[0]
    files[0].write_text(stale)
    assert write_docs(PROTO, tmp_path) == files
    after = {path: path.stat().st_mtime_ns for path in files}
    assert [path for path in files if before[path] != after[path]] == [files[0]]
    assert files[0].read_text() != stale


def test_the_ingress_is_where_one_says(tmp_path: Path) -> None:
    arguments = ["docs", str(PROTO), "--out", str(tmp_path), "--ingress-url"]
    result = CliRunner().invoke(app, [*arguments, "https://restate.example/base/"])
    assert result.exit_code == 0
    page = (tmp_path / "shop" / "v1" / "cart.proto.md").read_text()
    assert "curl https://restate.example/base/shop.v1.Cart/my-key/AddTicket \\\n" in page
    result = CliRunner().invoke(app, [*arguments, "restate.example"])
    assert result.exit_code == 2
    assert "'restate.example' is not a URL, such as http://127.0.0.1:8080" in result.stderr


def test_a_broken_rule(tmp_path: Path) -> None:
    contract = tmp_path / "one.proto"
    contract.write_text(
        'syntax = "proto3"; import "restatepb/v1/options.proto"; message M {}\n'
        "service S { option (restatepb.v1.workflow) = {}; rpc Do(M) returns (M); }\n"
    )
    result = CliRunner().invoke(app, ["docs", str(tmp_path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{contract}:2:1: workflow S has no run handler")
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = CliRunner().invoke(app, ["docs", str(PROTO), "--out", str(tmp_path / "file")])
    assert result.exit_code == 1
    assert result.stderr == f"error: {tmp_path / 'file'}: File exists\n"


def image_of(folder: Path, file: FileDescriptorProto) -> Path:
    descriptors, _ = ProtoFolder(PROTO).compile(folder)
    image = folder / "image.binpb"
    file.package = "evil"
    file.message_type.add(name="M")
    file.service.add(name="S").method.add(name="Do", input_type=".evil.M", output_type=".evil.M")
    image.write_bytes(FileDescriptorSet(file=[*descriptors.file, file]).SerializeToString())
    return image


@pytest.mark.parametrize("name", ["../evil.proto", "a/../../evil.proto", "/evil.proto"])
def test_no_page_is_written_elsewhere(tmp_path: Path, name: str) -> None:
    image = image_of(tmp_path, FileDescriptorProto(name=name, syntax="proto3"))
    with pytest.raises(ContractError, match=r"evil\.proto is not a path below a folder"):
        write_docs(image, tmp_path / "deep" / "out", all_services=True)
    assert not list(tmp_path.rglob("evil*"))


def test_descriptors_that_do_not_fit_together(tmp_path: Path) -> None:
    file = FileDescriptorProto(name="evil.proto", syntax="proto3")
    file.message_type.add(name="N").field.add(name="x", number=0)
    with pytest.raises(ContractError, match=r"^evil\.proto: .*field number \(0\)"):
        write_docs(image_of(tmp_path, file), tmp_path / "out", all_services=True)


def _contract(services: int, files: int) -> FileDescriptorSet:
    """Services with two handlers each, spread over files of one package."""
    contract = FileDescriptorSet()
    for number in range(files):
        file = contract.file.add(name=f"large/v1/f{number}.proto", package="large.v1")
        file.syntax = "proto3"
        for each in range(number, services, files):
            for message in ("Ask", "Answer"):
                field = file.message_type.add(name=f"{message}{each}").field.add(name="text")
                field.number, field.label, field.type = 1, field.LABEL_OPTIONAL, field.TYPE_STRING
            service = file.service.add(name=f"Service{each}")
            for name in ("First", "Second"):
                service.method.add(
                    name=name,
                    input_type=f".large.v1.Ask{each}",
                    output_type=f".large.v1.Answer{each}",
                )
    return contract


@pytest.mark.parametrize("files", [1, 25])
def test_twice_the_contract_is_twice_the_work(files: int, tmp_path: Path) -> None:
    def calls(services: int, folder: str) -> int:
        image = tmp_path / f"{folder}.binpb"
        image.write_bytes(_contract(services, files).SerializeToString())
        profile = Profile()
        profile.enable()
        try:
            write_docs(image, tmp_path / folder, format_=DocsFormat.MARKDOWN, all_services=True)
        finally:
            profile.disable()
        return sum(entry.callcount for entry in profile.getstats())

    calls(25, "imports and caches")
    few, many = calls(50, "few"), calls(100, "many")
    assert many <= 2.05 * few
