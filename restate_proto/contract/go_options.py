"""The options of the Go SDK's generator, read without its .proto file.

Its `dev.restate.sdk.go.service_type` and `handler_type` are enums with extension number 2051 on
ServiceOptions and MethodOptions. Nothing here registers them, so they are read as field 2051 of
the options' bytes.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from google.protobuf import empty_pb2
from google.protobuf.unknown_fields import UnknownFieldSet

from restate_proto.contract.extensions import foreign_extensions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf import descriptor_pb2

__all__ = ["EXTENSION", "GoHandlerType", "GoOptions", "GoServiceType"]

EXTENSION = 2051

_PACKAGE = "dev.restate.sdk.go"
_VARINT = 0


class GoServiceType(IntEnum):
    """Values of `dev.restate.sdk.go.service_type`."""

    SERVICE = 0
    VIRTUAL_OBJECT = 1
    WORKFLOW = 2


class GoHandlerType(IntEnum):
    """Values of `dev.restate.sdk.go.handler_type`."""

    UNSET = 0
    EXCLUSIVE = 1
    SHARED = 2
    WORKFLOW_RUN = 3


class GoOptions:
    """Reads the Go options in the files of one request.

    2051 is not a registered number: where a file of the request gives it to an extension of
    another package, it is not Go's.
    """

    def __init__(self, files: Iterable[descriptor_pb2.FileDescriptorProto]) -> None:
        self._foreign = foreign_extensions(files, _PACKAGE)

    def service_type(self, options: descriptor_pb2.ServiceOptions) -> GoServiceType | None:
        """Returns what the option says, or None where it is not given."""
        value = self._read(options)
        return GoServiceType(value) if value in set(GoServiceType) else None

    def handler_type(self, options: descriptor_pb2.MethodOptions) -> GoHandlerType | None:
        """Returns what the option says, or None where it is not given."""
        value = self._read(options)
        return GoHandlerType(value) if value in set(GoHandlerType) else None

    def used_in(self, file: descriptor_pb2.FileDescriptorProto) -> bool:
        """Whether a service or method of the file has one of the options."""
        return any(
            self.service_type(service.options) is not None
            or any(self.handler_type(method.options) is not None for method in service.method)
            for service in file.service
        )

    def _read(
        self, options: descriptor_pb2.ServiceOptions | descriptor_pb2.MethodOptions
    ) -> int | None:
        if (options.DESCRIPTOR.full_name, EXTENSION) in self._foreign:
            return None
        # To Empty every field is unknown; in `options` itself the extension is a known one where
        # a program has loaded Go's descriptors.
        fields = UnknownFieldSet(empty_pb2.Empty.FromString(options.SerializeToString()))
        found = None
        for field in fields:
            if field.field_number == EXTENSION and field.wire_type == _VARINT:
                found = int(field.data)
        return found
