"""Read the arguments of `restate-proto serve` without typer, whose import would slow the start.

Everything unusual (a wrong option, `--help`) is left to typer, which has the texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.serving.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["read_arguments"]

_FLAGS = {setting.option: setting.name for setting in SETTINGS if setting.is_flag}
_NEGATED = {f"--no-{setting.key}": setting.name for setting in SETTINGS if setting.is_flag}
_VALUES = {
    setting.option: setting.name
    for setting in SETTINGS
    if not setting.is_flag and setting.name != "endpoint"
}


def read_arguments(arguments: Sequence[str]) -> dict[str, str | bool | None] | None:
    """Return the options by the names of their settings.

    Args:
        arguments: what follows `serve` on the command line.

    Returns:
        None if they are left to typer.
    """
    options: dict[str, str | bool | None] = {}
    left = iter(arguments)
    for argument in left:
        option, equals, value = argument.partition("=")
        if option in _VALUES:
            if not equals:
                value = next(left, None)
                if value is None:
                    return None
            options[_VALUES[option]] = value
        elif argument in _FLAGS:
            options[_FLAGS[argument]] = True
        elif argument in _NEGATED:
            options[_NEGATED[argument]] = False
        elif argument.startswith("-") or "endpoint" in options:
            return None
        else:
            options["endpoint"] = argument
    return options
