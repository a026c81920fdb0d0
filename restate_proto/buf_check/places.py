"""Turn the lines and columns of findings into paths in descriptors, which buf expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    from restate_proto.contract.problems import Location

__all__ = ["source_path"]


def source_path(file: FileDescriptorProto, location: Location) -> tuple[int, ...]:
    """Return the path of the thing at a place; empty if no known thing is there.

    If several things begin there, the path is that of the outermost one.
    """
    start = [location.line - 1, location.column - 1]
    paths = [
        tuple(found.path)
        for found in file.source_code_info.location
        if list(found.span[:2]) == start and found.path
    ]
    return min(paths, key=len, default=())
