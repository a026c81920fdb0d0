"""Print data of a server: tables and lines for people, JSON for programs.

Data from a server contains keys and messages from anybody, which must not control the terminal. So
control characters are written as escapes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from restate_proto.cli.human_readable import console
from restate_proto.contract.paths import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Json", "print_json", "print_lines", "print_table"]

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
"""The option for JSON in place of tables."""


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table on stdout; a cell may have several lines."""
    from rich.table import Table  # noqa: PLC0415 - `--help` should not wait for it

    table = Table(*columns)
    for row in rows:
        table.add_row(*("\n".join(map(printable, cell.split("\n"))) for cell in row))
    console().print(table)


def print_lines(lines: Iterable[str]) -> None:
    """Print lines on stdout, however long they are."""
    for line in lines:
        typer.echo(printable(line))


def print_json(document: object) -> None:
    """Print a JSON document on stdout."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
