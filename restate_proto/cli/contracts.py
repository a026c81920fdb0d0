"""Contracts as the commands read them: from a folder of .proto files, or from a descriptor set."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf.compiler import plugin_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import DecodeError

from restate_proto.cli.protoc import ContractError, ProtoFolder, is_installed
from restate_proto.plugin.parse import parse_files
from restate_proto.plugin.problems import PluginError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto.plugin.schema import FileModel

__all__ = ["Contract", "load_contract"]


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract that keeps all rules.

    Args:
        files: those of its files that have Restate services.
        names: the paths of all its files, without what they import from elsewhere.
        descriptors: the descriptors of its files and of all that they import.
    """

    files: tuple[FileModel, ...]
    names: tuple[str, ...]
    descriptors: FileDescriptorSet


def load_contract(
    source: Path, include: Sequence[Path] = (), *, all_services: bool = False
) -> Contract:
    """Reads a contract.

    Args:
        source: a folder of .proto files, or a file with a serialized `FileDescriptorSet` (of
            `buf build -o`, or of protoc with --include_imports and, for lines in what is said
            about it, --include_source_info).
        include: more folders to find imports in; a descriptor set has them itself.
        all_services: whether a service without a Restate option counts as a plain service.

    Raises:
        ContractError: the source cannot be read, or the contract breaks a rule.
    """
    if source.is_file():
        descriptors = _read_set(source)
        names = sorted(f.name for f in descriptors.file if not is_installed(f.name))
        return _contract(names, descriptors, all_services=all_services)
    folder = ProtoFolder(source, include)
    with tempfile.TemporaryDirectory() as temporary:
        descriptors, _ = folder.compile(Path(temporary))
    try:
        return _contract(folder.names, descriptors, all_services=all_services)
    except ContractError as error:
        raise ContractError(folder.on_disk(str(error))) from None


def _contract(
    names: Sequence[str], descriptors: FileDescriptorSet, *, all_services: bool
) -> Contract:
    request = plugin_pb2.CodeGeneratorRequest(file_to_generate=names, proto_file=descriptors.file)
    try:
        files = parse_files(request, all_services=all_services)
    except PluginError as error:
        raise ContractError(str(error)) from None
    return Contract(files, tuple(names), descriptors)


def _read_set(path: Path) -> FileDescriptorSet:
    # Our options' extensions are registered by now: `parse` imports them.
    try:
        found = FileDescriptorSet.FromString(path.read_bytes())
    except DecodeError:
        found = FileDescriptorSet()
    if not found.file:
        raise ContractError(
            f"{path} is no descriptor set; make one with `buf build -o {path.stem}.binpb`, or name "
            "a folder of .proto files"
        )
    return found
