"""What the options of all generators have in common: `key=value` pairs, and flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.problems import PluginError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["all_services", "boolean_option", "given_options"]


def given_options(parameter: str, known: Mapping[str, str]) -> dict[str, str]:
    """Splits the parameter of a request.

    Args:
        parameter: `key=value` pairs separated by commas.
        known: what a generator takes: its keys, and what to write for the value of each.

    Raises:
        PluginError: an option is unknown or given twice.
    """
    given: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in parameter.split(","))):
        key, _, value = pair.partition("=")
        if key in given:
            raise PluginError(f'option "{key}" is given twice; keep one')
        given[key] = value
    unknown = ", ".join(f'"{key}"' for key in given if key not in known)
    if unknown:
        options = ", ".join(f"{key}={value}" for key, value in known.items())
        raise PluginError(f"unknown option {unknown}; the options are {options}")
    return given


def boolean_option(key: str, value: str) -> bool:
    """Returns what a flag says.

    Raises:
        PluginError: it is neither true nor false.
    """
    # `all_services` alone, without a value, is how protoc users often switch a flag on.
    if value not in {"true", "false", ""}:
        raise PluginError(f'{key}="{value}" is neither true nor false; write {key}=true')
    return value != "false"


def all_services(parameter: str) -> bool:
    """Parses the parameter of a generator that has one option: `--java-restate_opt=all_services=true`.

    Returns:
        Whether a service without a Restate option becomes a plain service.

    Raises:
        PluginError: an option is unknown, given twice, or its value is not one it takes.
    """
    given = given_options(parameter, {"all_services": "true|false"})
    return boolean_option("all_services", given.get("all_services", "false"))
