"""Write trees of files for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["write_files"]


def write_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Write files below a folder.

    Args:
        folder: the folder.
        texts: the text of each file, by its path in the folder.
    """
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
