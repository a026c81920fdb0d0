"""A contract as metadata of a service, so that whoever sees the service registered can read it.

What is registered with Restate outlives the code and the checkout that it came from. With the
contract beside it, a later version can be compared with what really runs.
"""

from __future__ import annotations

import base64
import importlib
import zlib
from typing import TYPE_CHECKING

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.message import DecodeError

from restatepb.v1 import options_pb2 as _  # noqa: F401 - its options are known to what is parsed

if TYPE_CHECKING:
    from google.protobuf.descriptor import FileDescriptor

__all__ = ["CONTRACT", "read_contract", "write_contract"]

CONTRACT = "restatepb.contract"
"""The name of the metadata."""

LONGEST = 64 * 1024
"""How many characters a contract may have; a longer one is left out, for the server keeps each
version of each service at once."""

# Whoever reads it has these: protobuf's own, and the options of a contract.
_EVERYWHERE = ("google/protobuf/", "restatepb/")


def write_contract(file: FileDescriptor | bytes) -> str | None:
    """Writes the contract of a service.

    Args:
        file: the file that has the service; or a serialized `FileDescriptorSet` whose last file
            that is.

    Returns:
        The file and what it imports as text; None where that is longer than `LONGEST`.
    """
    data = file if isinstance(file, bytes) else _closure(file)
    text = base64.b64encode(zlib.compress(data, level=9)).decode("ascii")
    return text if len(text) <= LONGEST else None


def read_contract(text: str) -> FileDescriptorSet | None:
    """Reads what `write_contract` has written.

    Returns:
        The files, with all that they import; the last is the one that has the service. None where
        the text is something else.
    """
    try:
        found = FileDescriptorSet.FromString(zlib.decompress(base64.b64decode(text, validate=True)))
    except (ValueError, zlib.error, DecodeError):
        return None
    files: dict[str, FileDescriptorProto] = {}
    known = {file.name for file in found.file}
    for file in found.file:
        for name in file.dependency:
            _add_installed(name, known, files)
        files[file.name] = file
    return FileDescriptorSet(file=files.values())


def _closure(file: FileDescriptor) -> bytes:
    files: dict[str, bytes] = {}

    def add(each: FileDescriptor) -> None:
        if each.name in files or each.name.startswith(_EVERYWHERE):
            return
        for dependency in each.dependencies:
            add(dependency)
        files[each.name] = each.serialized_pb

    add(file)
    parsed = (FileDescriptorProto.FromString(data) for data in files.values())
    return FileDescriptorSet(file=parsed).SerializeToString(deterministic=True)


def _add_installed(name: str, known: set[str], files: dict[str, FileDescriptorProto]) -> None:
    """Adds a file that every reader has, after what it imports."""
    if name in known or name in files or not name.startswith(_EVERYWHERE):
        return
    module = importlib.import_module(f"{name.removesuffix('.proto').replace('/', '.')}_pb2")
    file = FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
    for dependency in file.dependency:
        _add_installed(dependency, known, files)
    files[name] = file
