"""The `restate-proto` command: the table of its subcommands, and the options that all share."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["app"]

# The module of each command, with its function or, for a group of commands, its typer.
_COMMANDS: Final = {
    "init": "init:init_command",
    "generate": "generate:generate_command",
    "export": "export:export_command",
    "breaking": "breaking:breaking_command",
    "docs": "docs:docs_command",
    "serve": "serve:serve_command",
    "deploy": "deploy:deploy_command",
    "rollback": "rollback:rollback_command",
    "deployments": "deployments:deployments_command",
    "replay": "replay:replay_command",
    "call": "call:call_app",
    "invocations": "invocations:invocations_app",
    "state": "state:state_app",
    "subscriptions": "subscriptions:subscriptions_app",
}


class _Commands(TyperGroup):
    """Imports a command when it runs, so that no command waits for imports of others."""

    @override
    def list_commands(self, ctx: Any) -> list[str]:
        return list(_COMMANDS)

    @override
    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # typer has its own copy of click
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name].partition(":")
        found: Callable[..., object] | typer.Typer = getattr(
            import_module(f"restate_proto.cli.{module}"), attribute
        )
        if not isinstance(found, typer.Typer):
            alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            alone.command(cmd_name)(found)
            found = alone
        command = typer.main.get_command(found)
        command.name = cmd_name
        _join_lines(command)
        return command


def _join_lines(command: Any) -> None:
    """Make each paragraph of a help text one line; typer keeps the line breaks of all but the first."""
    if command.help:
        paragraphs = inspect.cleandoc(command.help).split("\n\n")
        command.help = "\n\n".join(each.replace("\n", " ") for each in paragraphs)
    for each in getattr(command, "commands", {}).values():
        _join_lines(each)


app = typer.Typer(
    name="restate-proto",
    cls=_Commands,
    help="Durable Python services on Restate, from .proto contracts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from restate_proto.version import __version__  # noqa: PLC0415 - only needed here

        typer.echo(f"restate-proto {__version__}")
        raise typer.Exit


@app.callback()
def main(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Durable Python services on Restate, from .proto contracts."""
