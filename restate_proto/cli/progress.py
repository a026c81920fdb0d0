"""What a command shows while it waits: a line that changes on a terminal, else a line per change."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["showing_progress"]


@contextmanager
def showing_progress() -> Generator[Callable[[str], None]]:
    """Shows on stderr what a block waits for, until it is left.

    Yields:
        What the block calls with the text. In a log, where no line can be changed, a text is written
        when it differs from the one before.
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
