"""Write all pictures into docs/pictures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pictures import journal, languages, payload
from pictures.canvas import THEMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictures.canvas import Theme

FOLDER: Final = Path(__file__).parents[2] / "pictures"
_PICTURES: Final[dict[str, Callable[[Theme], str]]] = {
    "payload": payload.draw,
    "life": journal.draw_life,
    "kill": journal.draw_kill,
    "languages": languages.draw,
}


def pictures() -> dict[str, str]:
    """Return all pictures, by the name of their file."""
    return {
        f"{name}-{theme}.svg": draw(colours)
        for name, draw in _PICTURES.items()
        for theme, colours in THEMES.items()
    }


def main() -> None:
    """Write the pictures."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pictures().items():
        (FOLDER / name).write_text(text, "utf-8")
    sys.stdout.write(f"{len(pictures())} pictures in {FOLDER}\n")


if __name__ == "__main__":
    main()
