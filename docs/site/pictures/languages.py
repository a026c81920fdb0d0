"""The matrix of languages: who calls whom, as `make interop` plays it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from interop.languages import all_languages
from interop.matrix import title
from pictures.canvas import WIDTH, Canvas

if TYPE_CHECKING:
    from pictures.canvas import Theme

__all__ = ["draw"]

TITLE: Final = "Every language calls every other"
_LEFT, _TOP, _CELL, _HIGH = 98, 72, 74, 40


def draw(theme: Theme) -> str:
    """Return the picture."""
    names = [title(language.name) for language in all_languages()]
    canvas = Canvas(TITLE, _TOP + len(names) * _HIGH + 36, theme)
    canvas.text(_LEFT + len(names) * _CELL / 2, 22, "a service in", anchor="middle", bold=True)
    canvas.text(_LEFT - 10, 50, "a caller in", anchor="end", bold=True)
    for column, name in enumerate(names):
        x = _LEFT + column * _CELL + _CELL / 2
        canvas.text(x, 50, name, anchor="middle", size=12)
        canvas.text(_LEFT - 10, _TOP + column * _HIGH + 20, name, anchor="end", size=13)
        for row in range(len(names)):
            top = _TOP + row * _HIGH - 6
            canvas.box(_LEFT + column * _CELL + 3, top + 3, _CELL - 6, _HIGH - 6, kind="kept")
            canvas.text(x, top + 25, "✓", anchor="middle", colour="kept_line", bold=True)
    below = _TOP + len(names) * _HIGH + 16
    words = "calls, messages, keys, errors, both encodings: make interop"
    canvas.text(WIDTH / 2, below, words, anchor="middle", size=12, colour="faint")
    return canvas.svg()
