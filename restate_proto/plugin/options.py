"""The plugin's own options: `--python-restate_opt=messages=protobuf,import_prefix=acme.gen`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.plugin.messages import MESSAGES
from restate_proto.plugin.problems import PluginError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PluginOptions", "boolean_option", "given_options", "parse_options"]

_KNOWN = {
    "messages": "|".join(MESSAGES),
    "import_prefix": "PACKAGE",
    "all_services": "true|false",
}


@dataclass(frozen=True, slots=True)
class PluginOptions:
    """What to generate.

    Args:
        messages: the message library of the generated code.
        import_prefix: the package that the generated tree is in; empty where it is an import root.
        all_services: whether a service without a Restate option becomes a plain service.
    """

    messages: str = "protobuf"
    import_prefix: str = ""
    all_services: bool = False


def parse_options(parameter: str) -> PluginOptions:
    """Parses the parameter of a request, `key=value` pairs separated by commas.

    Raises:
        PluginError: an option is unknown, given twice, or its value is not one it takes.
    """
    given = given_options(parameter, _KNOWN)
    return PluginOptions(
        messages=_messages(given.get("messages", "protobuf")),
        import_prefix=_import_prefix(given.get("import_prefix", "")),
        all_services=boolean_option("all_services", given.get("all_services", "false")),
    )


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


def _messages(value: str) -> str:
    if value not in MESSAGES:
        raise PluginError(
            f'messages="{value}" is no message library; the libraries are {", ".join(MESSAGES)}'
        )
    return value


def _import_prefix(value: str) -> str:
    prefix = value.strip(".")
    if prefix and not all(part.isidentifier() for part in prefix.split(".")):
        raise PluginError(
            f'import_prefix="{value}" is no Python package; write one such as import_prefix=acme.gen'
        )
    return prefix
