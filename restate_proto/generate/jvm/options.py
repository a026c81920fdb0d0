"""Read the options of the JVM generators, and find the requests that are to be validated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.generate.plugin import boolean_option, given_options
from restate_proto.rules import has_rules

if TYPE_CHECKING:
    from restate_proto.contract.descriptors import Descriptors
    from restate_proto.contract.schema import FileModel, HandlerModel

__all__ = ["JvmOptions", "Validation"]

_KNOWN = {"all_services": "true|false", "validate": "true|false"}


@dataclass(frozen=True, slots=True)
class JvmOptions:
    """The parameter of a request: `--java-restate_opt=validate=true`.

    Args:
        all_services: whether a service without a Restate option becomes a plain service.
        validate: whether requests are validated by the rules of buf.validate.
    """

    all_services: bool
    validate: bool

    @classmethod
    def of(cls, parameter: str) -> JvmOptions:
        """Read the parameter.

        Raises:
            PluginError: an option is unknown, is given twice, or does not take its value.
        """
        given = given_options(parameter, _KNOWN)
        flags = {key: boolean_option(key, given.get(key, "false")) for key in _KNOWN}
        return cls(all_services=flags["all_services"], validate=flags["validate"])


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
