"""One version of a contract, with the look-ups that a comparison needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restate_proto.contract.descriptors import Descriptors
from restate_proto.contract.option_reader import OptionReader
from restate_proto.contract.problems import Location

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

    from restate_proto.contract.descriptors import AnyDescriptor
    from restate_proto.contract.schema import FileModel, ServiceModel

__all__ = ["ContractVersion"]


class ContractVersion:
    """A contract at one point in time.

    Args:
        files: those of its files that have Restate services.
        descriptors: its files and all that they import.
    """

    def __init__(self, files: Iterable[FileModel], descriptors: Descriptors) -> None:
        self.services: tuple[ServiceModel, ...] = tuple(s for file in files for s in file.services)
        self._descriptors = descriptors
        self._options = OptionReader(self._descriptors)

    def message(self, full_name: str) -> Descriptor:
        """Return the message of that full name, which the contract has."""
        return self._descriptors.message(full_name)

    def find_message(self, full_name: str) -> Descriptor | None:
        """Return the message of that full name, or None."""
        return self._descriptors.find_message(full_name)

    def awakeable(self, field: FieldDescriptor) -> Descriptor | None:
        """Return the message that resolves the awakeable whose id a field holds, or None."""
        option = self._options.awakeable(field.GetOptions())
        return None if option is None else self.find_message(option.type.removeprefix("."))

    def proto(self, type_: Descriptor | EnumDescriptor) -> Any:
        """Return a message or enum as a proto, which has its reserved names and numbers."""
        return self._descriptors.proto(type_)

    def location(self, descriptor: AnyDescriptor) -> Location:
        """Return the place of a thing."""
        return self._descriptors.location(descriptor)

    def file(self, path: str) -> Location | None:
        """Return the place of a file as a whole; None if the contract does not have it."""
        return Location(path) if path in self._descriptors.protos else None

    def plain_service(self, full_name: str) -> Location | None:
        """Return the place of a service without a Restate option; None if there is none."""
        found = self._descriptors.find_service(full_name)
        if found is None or self._options.kinds(found.GetOptions()):
            return None
        return self.location(found)

    def has_service(self, full_name: str) -> bool:
        """Tell whether a file of the contract, or an imported one, has the service."""
        return self._descriptors.find_service(full_name) is not None

    def is_go(self, service: ServiceModel) -> bool:
        """Tell whether the service's file uses the Go SDK's options, which cannot set names."""
        return self._options.uses_go(self._descriptors.file(service.location.file))
