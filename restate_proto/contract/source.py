"""Where things of a .proto file are, and what is written above them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.problems import Location

if TYPE_CHECKING:
    from google.protobuf import descriptor_pb2

__all__ = ["Path", "SourceFile", "clean_comment"]

# As in SourceCodeInfo: field numbers and indexes from the FileDescriptorProto down.
Path = tuple[int, ...]


class SourceFile:
    """The source information of one file, which may lack it (buf leaves it out for imports)."""

    def __init__(self, proto: descriptor_pb2.FileDescriptorProto) -> None:
        self._name = proto.name
        self._spans: dict[Path, tuple[int, int]] = {}
        self._comments: dict[Path, str] = {}
        for location in proto.source_code_info.location:
            path = tuple(location.path)
            if path not in self._spans:
                self._spans[path] = (location.span[0] + 1, location.span[1] + 1)
            comment = location.leading_comments or location.trailing_comments
            if comment:
                self._comments.setdefault(path, comment)

    def location(self, path: Path) -> Location:
        """Returns where `path` is, or the nearest thing around it that is known."""
        for length in range(len(path), 0, -1):
            span = self._spans.get(path[:length])
            if span is not None:
                return Location(self._name, *span)
        return Location(self._name)

    def comment(self, path: Path) -> str | None:
        """Returns the comment above `path` (or after it on its line), cleaned up, if any."""
        return clean_comment(self._comments.get(path, ""))


def clean_comment(text: str) -> str | None:
    """Takes a comment as protoc gives it and removes its margin and the orders to linters in it."""
    lines = [line.expandtabs(4).rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    lines = [line for line in lines if not line.lstrip().startswith("buf:lint:")]
    margin = min((len(line) - len(line.lstrip(" ")) for line in lines if line), default=0)
    return "\n".join(line[margin:] for line in lines).strip("\n") or None
