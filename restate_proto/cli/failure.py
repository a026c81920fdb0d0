"""How a command says that it failed: one line on stderr and an exit code, no traceback."""

from __future__ import annotations

from typing import NoReturn

import typer

__all__ = ["FAILED", "MISUSED", "fail"]

FAILED = 1
"""The exit code when the command was right and what it tried did not work."""

MISUSED = 2
"""The exit code when the command line is wrong; typer uses the same."""


def fail(message: str, *, code: int = FAILED) -> NoReturn:
    """Ends the command.

    Args:
        message: what is wrong and, where it helps, what to write instead.
        code: the exit code of the process.

    Raises:
        typer.Exit: always.
    """
    typer.secho("error: ", fg=typer.colors.RED, bold=True, nl=False, err=True)
    typer.echo(message, err=True)
    raise typer.Exit(code)
