"""Show progress: one changing line on a terminal, or else a line per change."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["showing_progress"]


@contextmanager
def showing_progress() -> Generator[Callable[[str], None]]:
    """Show progress on stderr until a block is left.

    Yields:
        A function that shows a text. In a log, where lines cannot change, a text is written if it
        differs from the previous one.
    """
    from rich.console import Console  # noqa: PLC0415 - `--help` should not wait for it

    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    if console.is_terminal:
        with console.status("") as status:
            yield status.update
        return
    shown = ""

    def show(text: str) -> None:
        nonlocal shown
        if text != shown:
            console.print(text, soft_wrap=True)
            shown = text

    yield show
