"""Watch the Python files of the current directory, for development."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["has_watchfiles", "python_changes"]


def has_watchfiles() -> bool:
    """Tell whether the extra `dev` is installed."""
    return find_spec("watchfiles") is not None


async def python_changes() -> AsyncIterator[str]:
    """Yield the names of the files that changed, each time some do."""
    # Of the extra `dev`; its type names a class of trio, which is not here.
    from watchfiles import PythonFilter, awatch  # noqa: PLC0415  # pyright: ignore[reportUnknownVariableType]

    directory = Path.cwd()
    async for changes in awatch(directory, watch_filter=PythonFilter()):
        yield ", ".join(sorted({str(Path(path).relative_to(directory)) for _, path in changes}))
