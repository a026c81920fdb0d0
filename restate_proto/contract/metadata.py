"""Store a contract in the metadata of a registered service, and read it back.

A registered service outlives the code and the checkout that it came from. With the contract in its
metadata, a later version can be compared with the one that is really running.
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
"""The key of the contract in the metadata."""

LONGEST = 64 * 1024
"""The most characters that a contract may have. A longer one is left out, because the server keeps
all versions of all services in memory.
"""

MOST_BYTES = 16 * 1024 * 1024
"""The most bytes that a decompressed contract may have: a few characters can stand for gigabytes. A
contract of `LONGEST` characters from this project has half a megabyte.
"""

# Left out of the metadata, because every reader has them: protobuf's files and our options.
_EVERYWHERE = ("google/protobuf/", "restatepb/")


def write_contract(file: FileDescriptor | bytes) -> str | None:
    """Write the contract of a service as text.

    Args:
        file: the file with the service, or a serialized `FileDescriptorSet` with that file last.

    Returns:
        The file and everything it imports as text; None if the text is longer than `LONGEST`.
    """
    data = file if isinstance(file, bytes) else _closure(file)
    text = base64.b64encode(zlib.compress(data, level=9)).decode("ascii")
    return text if len(text) <= LONGEST else None


def read_contract(text: str) -> FileDescriptorSet | None:
    """Read a contract from text that `write_contract` returned.

    Returns:
        The files with everything that they import; the last one has the service. None if the text
        is something else, decompresses to more than `MOST_BYTES`, or needs a file of protobuf or of
        this library that this version does not have.
    """
    try:
        decompressor = zlib.decompressobj()
        data = decompressor.decompress(base64.b64decode(text, validate=True), MOST_BYTES)
        if not decompressor.eof:  # the text is cut off, or too long
            return None
        found = FileDescriptorSet.FromString(data)
    except (ValueError, zlib.error, DecodeError):
        return None
    files: dict[str, FileDescriptorProto] = {}
    known = {file.name for file in found.file}
    for file in found.file:
        try:
            for name in file.dependency:
                _add_installed(name, known, files)
        except (ImportError, ValueError):  # this version has no such file
            return None
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
    """Add a file that is left out of the metadata, after the files that it imports."""
    if name in known or name in files or not name.startswith(_EVERYWHERE):
        return
    module = importlib.import_module(f"{name.removesuffix('.proto').replace('/', '.')}_pb2")
    file = FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
    for dependency in file.dependency:
        _add_installed(dependency, known, files)
    files[name] = file
