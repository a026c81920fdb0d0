"""The options that both JVM generators take: `--java-restate_opt=all_services=true`."""

from __future__ import annotations

from dataclasses import dataclass

from restate_proto.generate.parameter import boolean_option, given_options

__all__ = ["JvmOptions", "parse_jvm_options"]

_KNOWN = {"all_services": "true|false"}


@dataclass(frozen=True, slots=True)
class JvmOptions:
    """What to generate.

    Args:
        all_services: whether a service without a Restate option becomes a plain service.
    """

    all_services: bool = False


def parse_jvm_options(parameter: str) -> JvmOptions:
    """Parses the parameter of a request, `key=value` pairs separated by commas.

    Raises:
        PluginError: an option is unknown, given twice, or its value is not one it takes.
    """
    given = given_options(parameter, _KNOWN)
    return JvmOptions(boolean_option("all_services", given.get("all_services", "false")))
