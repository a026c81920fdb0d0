"""Read the options of the Go SDK's generator without having its .proto file.

Its `dev.restate.sdk.go.service_type` and `handler_type` are enums with the extension number 2051,
on ServiceOptions and MethodOptions. They are not registered as extensions; they are read as field
2051 of the options' bytes.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from restate_proto.protobuf import unknown_fields

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

    The number 2051 is not reserved for Go. If a file of the request declares an extension with this
    number in another package, the option is that extension and not Go's.
    """

    def __init__(self, descriptors: Descriptors) -> None:
        self._descriptors = descriptors
        self._uses: dict[str, bool] = {}  # by file: every service of a file asks

    def service_type(self, options: descriptor_pb2.ServiceOptions) -> GoServiceType | None:
        """Return the value of the option, or None."""
        value = self._read(options)
        return GoServiceType(value) if value in set(GoServiceType) else None

    def handler_type(self, options: descriptor_pb2.MethodOptions) -> GoHandlerType | None:
        """Return the value of the option, or None."""
        value = self._read(options)
        return GoHandlerType(value) if value in set(GoHandlerType) else None

    def used_in(self, file: FileDescriptor) -> bool:
        """Tell whether a service or method of the file has one of the options."""
        found = self._uses.get(file.name)
        if found is None:
            found = self._uses[file.name] = any(
                self.service_type(service.GetOptions()) is not None
                or any(self.handler_type(each.GetOptions()) is not None for each in service.methods)
                for service in file.services_by_name.values()
            )
        return found

    def _read(
        self, options: descriptor_pb2.ServiceOptions | descriptor_pb2.MethodOptions
    ) -> int | None:
        package = self._descriptors.extended_by(options.DESCRIPTOR.full_name, EXTENSION)
        if package not in {None, _PACKAGE}:
            return None
        values = [
            int(field.data)
            for field in unknown_fields(options.SerializeToString())
            if field.field_number == EXTENSION and field.wire_type == _VARINT
        ]
        return values[-1] if values else None
