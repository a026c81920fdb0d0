"""Read the options of the JVM generators."""

from __future__ import annotations

from dataclasses import dataclass

from restate_proto.generate.plugin import boolean_option, given_options

__all__ = ["JvmOptions"]

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
