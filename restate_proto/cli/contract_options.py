"""Options of the commands that read a contract."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["AllServices", "Include"]

Include = Annotated[
    list[Path] | None,
    typer.Option(
        "--include", "-I", help="Another folder in which to find imports of .proto files."
    ),
]
"""The option for the folders that a contract imports from."""

AllServices = Annotated[
    bool,
    typer.Option(
        "--all-services", help="Also take services without a Restate option, as plain services."
    ),
]
"""The option that takes services without an option of Restate, too."""
