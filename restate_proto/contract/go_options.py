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

if TYPE_CHECKING:
    from google.protobuf import descriptor_pb2
    from google.protobuf.descriptor import FileDescriptor

    from restate_proto.contract.descriptors import Descriptors

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

    def __init__(self, descriptors: Descriptors) -> None:
        self._descriptors = descriptors

    def service_type(self, options: descriptor_pb2.ServiceOptions) -> GoServiceType | None:
        """Returns what the option says, or None where it is not given."""
        value = self._read(options)
        return GoServiceType(value) if value in set(GoServiceType) else None

    def handler_type(self, options: descriptor_pb2.MethodOptions) -> GoHandlerType | None:
        """Returns what the option says, or None where it is not given."""
        value = self._read(options)
        return GoHandlerType(value) if value in set(GoHandlerType) else None

    def used_in(self, file: FileDescriptor) -> bool:
        """Whether a service or method of the file has one of the options."""
        return any(
            self.service_type(service.GetOptions()) is not None
            or any(self.handler_type(each.GetOptions()) is not None for each in service.methods)
            for service in file.services_by_name.values()
        )

    def _read(
        self, options: descriptor_pb2.ServiceOptions | descriptor_pb2.MethodOptions
    ) -> int | None:
        package = self._descriptors.extended_by(options.DESCRIPTOR.full_name, EXTENSION)
        if package not in {None, _PACKAGE}:
            return None
        # To Empty every field is unknown; in `options` itself the extension is a known one where
        # a program has loaded Go's descriptors.
        fields = UnknownFieldSet(empty_pb2.Empty.FromString(options.SerializeToString()))
        values = [
            int(field.data)
            for field in fields
            if field.field_number == EXTENSION and field.wire_type == _VARINT
        ]
        return values[-1] if values else None
