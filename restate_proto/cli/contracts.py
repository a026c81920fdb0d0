"""Load a contract for a command: from a folder, a git revision or a descriptor set.

From a folder of .proto files, as it is or as it was at a git revision, or from a descriptor set.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from restate_proto.cli.protoc import (
    ContractError,
    ProtoFolder,
    check_proto_paths,
    is_installed,
)
from restate_proto.contract.descriptors import Descriptors
from restate_proto.contract.parse.files import parse_files
from restate_proto.contract.paths import printable
from restate_proto.contract.problems import PluginError, Problems

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from restate_proto.cli.git import Repository
    from restate_proto.contract.schema import FileModel

__all__ = ["Contract", "load_contract", "load_revision"]

_BUF_EXTENSION = 8042
_LENGTH_DELIMITED = 2


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract.

    Args:
        files: its files with Restate services.
        names: the proto paths of its files, without imports from elsewhere.
        descriptors: the descriptors of its files and of all that they import.
        paths: the paths of its files by their proto paths: on disk, or below the root of the
            repository. A descriptor set has none.
        broken: the rules that it breaks, a line for each; empty if it was checked.
    """

    files: tuple[FileModel, ...]
    names: tuple[str, ...]
    descriptors: Descriptors
    paths: Mapping[str, str]
    broken: str = ""


def load_contract(
    source: Path,
    include: Sequence[Path] = (),
    *,
    all_services: bool = False,
    lenient: bool = False,
) -> Contract:
    """Read a contract.

    Args:
        source: a folder of .proto files, or a file with a serialized `FileDescriptorSet` (of
            `buf build -o`, or of protoc with --include_imports and, for lines in messages,
            --include_source_info).
        include: more folders to find imports in; a descriptor set contains its imports.
        all_services: whether a service without a Restate option counts as a plain service.
        lenient: whether a contract may break rules, as an old one may. It is then read as far as
            possible.

    Raises:
        ContractError: the source cannot be read, or the contract breaks a rule and `lenient` is
            False.
    """
    if source.is_file():
        found = _read_set(source)
        names = sorted(
            file.name for file in found.file if not is_installed(file.name) and not _is_import(file)
        )
        descriptors, files, broken = _parse(names, found, all_services=all_services)
        paths: dict[str, str] = {}
    else:
        folder = ProtoFolder(source, include=include)
        with tempfile.TemporaryDirectory() as temporary:
            found, _ = folder.compile(Path(temporary))
        names = folder.names
        descriptors, files, broken = _parse(names, found, all_services=all_services)
        broken = folder.on_disk(broken)
        paths = _paths((source, *include), descriptors)
    if broken and not lenient:
        raise ContractError(broken)
    return Contract(files, tuple(names), descriptors, paths, broken)


def load_revision(
    repository: Repository,
    revision: str,
    source: Path,
    include: Sequence[Path] = (),
    *,
    all_services: bool = False,
) -> Contract | None:
    """Read the contract that a folder had at a revision, whatever rules it breaks.

    Args:
        repository: the repository of the folder.
        revision: the commit. `REVISION:PATH`, as git writes it, names another folder, by its path
            below the root.
        source: the folder of .proto files, as it is called today.
        include: more folders to find imports in. Folders of the repository are read at that
            revision too; other folders, and those that it does not have, are read as they are
            today.
        all_services: as for `load_contract`.

    Returns:
        The contract; None if the revision has no .proto files in that folder.

    Raises:
        ContractError: there is no such revision, its PATH has no .proto file, or protoc refuses a
            file.
    """
    name, _, path = revision.partition(":")
    commit = repository.commit(name)
    if commit is None:
        hint = repository.hint(name)
        raise ContractError(
            f"{name or revision} is not a file, a folder or a revision of the repository {repository.root}"
            + (f"; {hint}" if hint else "")
        )
    where = path.strip("/") or repository.path_of(source)
    if where is not None and ".." in where.split("/"):
        raise ContractError(f"{where} is not a path of a repository; write it without '..'")
    if where is None:
        raise ContractError(f"{source} is not in the repository {repository.root}")
    with tempfile.TemporaryDirectory() as temporary:
        # Links are resolved, so that the path is recognized in protoc's messages.
        root = Path(temporary).resolve()
        if not repository.extract(commit, where, root):
            if path:
                raise ContractError(f"{name} has no .proto files in {path}")
            return None
        if (root / where).is_file():
            raise ContractError(f"{revision} is a file; write the folder of the .proto files")
        folders: list[Path] = []
        for folder in include:
            inside = repository.path_of(folder)
            has_it = inside is not None and repository.extract(commit, inside, root)
            folders.append(root / inside if has_it and inside is not None else folder)
        try:
            contract = load_contract(root / where, folders, all_services=all_services, lenient=True)
        except ContractError as error:
            raise ContractError(str(error).replace(f"{root}/", f"{name}:")) from None
    paths = {proto: path.removeprefix(f"{root}/") for proto, path in contract.paths.items()}
    broken = contract.broken.replace(f"{root}/", f"{name}:")
    return replace(contract, paths=paths, broken=broken)


def _parse(
    names: Sequence[str], found: FileDescriptorSet, *, all_services: bool
) -> tuple[Descriptors, tuple[FileModel, ...], str]:
    """Return the descriptors, the model, and the broken rules."""
    problems = Problems()
    try:
        descriptors = Descriptors(found.file)
        files = parse_files(descriptors, names, all_services=all_services, problems=problems)
    except PluginError as error:
        raise ContractError(str(error)) from error
    try:
        problems.raise_if_any()
    except PluginError as error:
        return descriptors, files, str(error)
    return descriptors, files, ""


def _paths(folders: Sequence[Path], descriptors: Descriptors) -> dict[str, str]:
    """Find files as protoc does, in the first folder that has them."""
    return {  # the last one counts
        name: str(folder / name)
        for name in descriptors.protos
        for folder in reversed(folders)
        if (folder / name).is_file()
    }


def _is_import(file: FileDescriptorProto) -> bool:
    """Tell whether a file of a buf image is only there because another module imports it."""
    return any(
        # bufbuild.image.v1.ImageFile.buf_extension, whose first field is `is_import`.
        field.field_number == _BUF_EXTENSION and bytes(field.data).startswith(b"\x08\x01")
        for field in UnknownFieldSet(file)
        if field.wire_type == _LENGTH_DELIMITED
    )


def _read_set(path: Path) -> FileDescriptorSet:
    # Our options' extensions are registered by now: `parse` imports them.
    try:
        found = FileDescriptorSet.FromString(path.read_bytes())
    except DecodeError:
        found = FileDescriptorSet()
    if not found.file:
        raise ContractError(
            f"{path} is not a descriptor set; make one with `buf build -o {path.stem}.binpb`, or name "
            "a folder of .proto files"
        )
    check_proto_paths(file.name for file in found.file)
    names = {file.name for file in found.file}
    for file in found.file:
        for name in file.dependency:
            if name not in names:
                raise ContractError(
                    f"{path} does not have {printable(name)}, which {file.name} imports; make it with `buf "
                    "build`, or with protoc and --include_imports"
                )
    return found
