"""`restate-proto serve`: serves the endpoint that a module defines."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from restate_proto.cli.output import FAILED, MISUSED, fail
from restate_proto.serving.settings import SETTINGS

if TYPE_CHECKING:
    from restate_proto.serving.settings import Setting
    from restate_proto.serving.start import Failure

__all__ = ["end", "serve_command"]


def serve_command(**options: str | bool | None) -> None:
    """Serve an endpoint until SIGINT or SIGTERM; then finish what runs and stop.

    Each option is also an environment variable, such as RESTATE_PROTO_LOG_LEVEL, and a key of the
    table tool.restate-proto in pyproject.toml, such as log-level. An option wins over a variable,
    and both over pyproject.toml.
    """
    from restate_proto.serving.start import start  # noqa: PLC0415 - `--help` waits for nothing

    failure = start(options)
    if failure is not None:
        end(failure)


def end(failure: Failure) -> NoReturn:
    """End the command, because nothing can be served."""
    fail(failure.message, code=MISUSED if failure.is_misuse else FAILED)


def _parameter(setting: Setting) -> inspect.Parameter:
    """Return the setting as a parameter, from which typer makes an option."""
    default = f" Default: {setting.default}." if setting.default else ""
    information: dict[str, Any] = {"help": setting.help + default, "show_default": False}
    if setting.name == "endpoint":
        annotation: Any = Annotated[
            str | None, typer.Argument(metavar=setting.metavar, **information)
        ]
    else:
        information["rich_help_panel"] = setting.group
        names = f"{setting.option}/--no-{setting.key}" if setting.is_flag else setting.option
        if not setting.is_flag:
            information["metavar"] = setting.metavar
        type_: Any = bool | None if setting.is_flag else str | None
        annotation = Annotated[type_, typer.Option(names, **information)]
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(setting.name, kind, default=None, annotation=annotation)


_parameters = [_parameter(setting) for setting in SETTINGS]
serve_command.__signature__ = inspect.Signature(_parameters)  # pyright: ignore[reportFunctionMemberAccess] - typer reads it
serve_command.__annotations__ = {each.name: each.annotation for each in _parameters}
