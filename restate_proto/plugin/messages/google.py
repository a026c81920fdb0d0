"""google.protobuf: one `_pb2` module for each file, at the path of that file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.plugin.names import module_name

if TYPE_CHECKING:
    from restate_proto.plugin.schema import MessageType

__all__ = ["GoogleMessages"]

# Installed packages bring these; they are never in the generated tree.
_INSTALLED = ("google/protobuf/", "restatepb/")


class GoogleMessages:
    """Names of what protoc's own Python generator makes."""

    codec = "google_codec"

    def module(self, message: MessageType, import_prefix: str) -> str:
        """See `MessageRuntime`."""
        module = module_name(message.file, "_pb2")
        if not import_prefix or message.file.startswith(_INSTALLED):
            return module
        return f"{import_prefix}.{module}"

    def class_path(self, message: MessageType) -> tuple[str, ...]:
        """See `MessageRuntime`."""
        return message.names

    def attribute(self, field: str) -> str:
        """See `MessageRuntime`."""
        return field
