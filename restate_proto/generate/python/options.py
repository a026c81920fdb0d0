"""The generator's own options: `--python-restate_opt=messages=protobuf,import_prefix=acme.gen`."""

from __future__ import annotations

from dataclasses import dataclass

from restate_proto.contract.problems import PluginError
from restate_proto.generate.parameter import boolean_option, given_options
from restate_proto.generate.python.messages import MESSAGES
from restate_proto.generate.python.names import is_plain_name

__all__ = ["PluginOptions", "parse_options"]

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


def _messages(value: str) -> str:
    if value not in MESSAGES:
        raise PluginError(
            f'messages="{value}" is no message library; the libraries are {", ".join(MESSAGES)}'
        )
    return value


def _import_prefix(value: str) -> str:
    prefix = value.strip(".")
    if prefix and not all(map(is_plain_name, prefix.split("."))):
        raise PluginError(
            f'import_prefix="{value}" is no Python package; write one such as import_prefix=acme.gen'
        )
    return prefix
