"""Find the requests that generated handlers of other languages than Python validate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.rules import has_rules

if TYPE_CHECKING:
    from restate_proto.contract.descriptors import Descriptors
    from restate_proto.contract.schema import FileModel, HandlerModel

__all__ = ["Validation"]


@dataclass(frozen=True, slots=True)
class Validation:
    """The handlers whose requests are validated.

    Args:
        descriptors: the files of the request.
        is_on: whether requests are validated at all.
    """

    descriptors: Descriptors
    is_on: bool

    def of_handler(self, handler: HandlerModel) -> bool:
        """Tell whether the requests of a handler are validated, because their message has rules."""
        if not self.is_on or handler.raw_request is not None:
            return False
        return has_rules(self.descriptors.message(handler.request.full_name))

    def of_file(self, file: FileModel) -> bool:
        """Tell whether the requests of any handler of a file are validated."""
        return any(self.of_handler(each) for service in file.services for each in service.handlers)
