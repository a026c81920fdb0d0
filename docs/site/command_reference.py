"""The reference of the command line, read from the commands themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import typer

from restate_proto.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENVIRONMENT = re.compile(r"\[(?:env var: (?P<variable>\w+))?(?:; )?(?P<rest>[^\[\]]*)\]$")


def command_reference() -> str:
    """Return the reference as Markdown: a section for each command and each subcommand."""
    root: Any = typer.main.get_command(app)
    context = root.context_class(root, info_name="restate-proto")
    return "\n".join(_commands(root, context, level=2))


def _commands(group: Any, above: Any, level: int) -> Iterator[str]:
    for name in group.list_commands(above):
        command = group.get_command(above, name)
        context = command.context_class(command, info_name=name, parent=above)
        yield f"{'#' * level} {context.command_path}\n"
        yield f"```text\n{command.get_usage(context).removeprefix('Usage: ')}\n```\n"
        yield f"{_text(command.help or '')}\n"
        if hasattr(command, "list_commands"):
            yield from _commands(command, context, level + 1)
        else:
            yield from _parameters(command, context)


def _parameters(command: Any, context: Any) -> Iterator[str]:
    """Yield the arguments and the options of a command, as a definition list."""
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is None or parameter.name == "help":
            continue
        declared, said = record
        facts = ""
        if found := _ENVIRONMENT.search(said):
            said = said[: found.start()].strip()
            facts = " ".join(f"*{fact}.*" for fact in _facts(found) if fact)
        yield f"`{declared}`\n: {_text(said)} {facts}\n"


def _facts(found: re.Match[str]) -> Iterator[str]:
    if found["variable"]:
        yield f"environment: {found['variable']}"
    yield from found["rest"].split("; ")


def _text(said: str) -> str:
    """Return help text as Markdown, which is to show its characters as they are."""
    return re.sub(r"(?<!`)([<>*_\[\]])(?![^`\n]*`)", r"\\\1", said)
