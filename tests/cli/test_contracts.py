"""Where commands read contracts from."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from restate_proto.cli.contracts import load_contract
from restate_proto.cli.protoc import ContractError, ProtoFolder

PROTO = Path(__file__).parents[2] / "proto"


def test_a_folder_and_its_descriptor_set_are_the_same_contract(tmp_path: Path) -> None:
    from_folder = load_contract(PROTO)
    image = tmp_path / "contract.binpb"
    descriptors, _ = ProtoFolder(PROTO).compile(tmp_path)
    image.write_bytes(descriptors.SerializeToString())
    from_image = load_contract(image)
    assert from_image.files == from_folder.files
    assert from_image.names == from_folder.names
    assert "shop.v1.Cart" in {s.full_name for file in from_image.files for s in file.services}
    assert str(from_folder.files[0].services[0].location).count(":") == 2


def test_a_broken_rule_is_said_with_the_file_on_disk(tmp_path: Path) -> None:
    contract = tmp_path / "one.proto"
    contract.write_text(
        'syntax = "proto3"; import "restatepb/v1/options.proto"; message M {}\n'
        "service S { option (restatepb.v1.workflow) = {}; rpc Do(M) returns (M); }\n"
    )
    with pytest.raises(ContractError, match="no run handler") as raised:
        load_contract(tmp_path)
    assert str(raised.value).startswith(f"{contract}:2:1: ")


@pytest.mark.parametrize("content", [b"", b"no descriptors", b"\xff" * 20])
def test_what_is_no_descriptor_set(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "image.binpb").write_bytes(content)
    with pytest.raises(ContractError, match=r"image\.binpb is not a descriptor set; make one with"):
        load_contract(tmp_path / "image.binpb")


def test_a_descriptor_set_without_its_imports(tmp_path: Path) -> None:
    (tmp_path / "one.proto").write_text(
        'syntax = "proto3"; import "google/protobuf/empty.proto";\n'
        'import "restatepb/v1/options.proto";\n'
        "service S { option (restatepb.v1.service) = {};\n"
        "rpc Do(google.protobuf.Empty) returns (google.protobuf.Empty); }\n"
    )
    descriptors, _ = ProtoFolder(tmp_path).compile(tmp_path)
    alone = FileDescriptorSet(file=[f for f in descriptors.file if f.name == "one.proto"])
    image = tmp_path / "image.binpb"
    image.write_bytes(alone.SerializeToString())
    with pytest.raises(ContractError, match=r"image\.binpb does not have google/protobuf/empty\."):
        load_contract(image)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="nowhere is not a folder"):
        load_contract(tmp_path / "nowhere")
