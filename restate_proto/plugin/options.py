"""The plugin's own options: `--python-restate_opt=messages=protobuf,import_prefix=acme.gen`."""

from __future__ import annotations

from dataclasses import dataclass

from restate_proto.plugin.problems import PluginError

__all__ = ["PluginOptions", "parse_options"]

_KNOWN = "messages=protobuf, import_prefix=PACKAGE, all_services=true|false"
_MESSAGES = ("protobuf", "betterproto", "betterproto2")


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
    given: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in parameter.split(","))):
        key, _, value = pair.partition("=")
        if key in given:
            raise PluginError(f'option "{key}" is given twice; keep one')
        given[key] = value
    options = PluginOptions(
        messages=_messages(given.pop("messages", "protobuf")),
        import_prefix=_import_prefix(given.pop("import_prefix", "")),
        all_services=_boolean("all_services", given.pop("all_services", "false")),
    )
    if given:
        unknown = ", ".join(f'"{key}"' for key in given)
        raise PluginError(f"unknown option {unknown}; the options are {_KNOWN}")
    return options


def _messages(value: str) -> str:
    if value not in _MESSAGES:
        raise PluginError(f'messages="{value}" is no message library; write messages=protobuf')
    return value


def _import_prefix(value: str) -> str:
    prefix = value.strip(".")
    if prefix and not all(part.isidentifier() for part in prefix.split(".")):
        raise PluginError(
            f'import_prefix="{value}" is no Python package; write one such as import_prefix=acme.gen'
        )
    return prefix


def _boolean(key: str, value: str) -> bool:
    # `all_services` alone, without a value, is how protoc users often switch a flag on.
    if value not in {"true", "false", ""}:
        raise PluginError(f'{key}="{value}" is neither true nor false; write {key}=true')
    return value != "false"
