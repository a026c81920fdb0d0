"""Which extension numbers of the options the files of a request give away."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.protobuf import descriptor_pb2

__all__ = ["foreign_extensions"]


def foreign_extensions(
    files: Iterable[descriptor_pb2.FileDescriptorProto], package: str
) -> set[tuple[str, int]]:
    """Finds the extensions that are not of a package.

    Numbers from 50000 to 99999 are anyone's: where a contract's own files define one that is
    ours (or the Go SDK's) too, what they say with it is not for us.

    Args:
        files: the files of the request.
        package: the one whose extensions are left out.

    Returns:
        The extended message's name, without a leading dot, and the number of each.
    """
    return {
        (extension.extendee.removeprefix("."), extension.number)
        for file in files
        if file.package != package
        for extension in _extensions(file)
    }


def _extensions(
    file: descriptor_pb2.FileDescriptorProto,
) -> Iterator[descriptor_pb2.FieldDescriptorProto]:
    yield from file.extension
    waiting = list(file.message_type)
    while waiting:
        message = waiting.pop()
        yield from message.extension
        waiting += message.nested_type
