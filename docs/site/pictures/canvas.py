"""Boxes, arrows and words as SVG.

A picture is 480 units wide, with letters of 14: scaled to the column of text on a phone, it can
still be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

__all__ = ["THEMES", "WIDTH", "Canvas", "Theme"]

WIDTH: Final = 480
_FONT: Final = "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif"
_MONO: Final = "ui-monospace, 'SF Mono', 'DejaVu Sans Mono', Consolas, monospace"
_HEAD: Final = 7  # of an arrow


@dataclass(frozen=True)
class Theme:
    """The colours of a picture, as CSS has them, by what they are for."""

    text: str
    faint: str
    line: str
    box: str
    ours: str
    ours_line: str
    kept: str
    kept_line: str
    bad: str


THEMES: Final = {
    "light": Theme(
        text="#1f2328",
        faint="#59636e",
        line="#818b98",
        box="#f6f8fa",
        ours="#ddf4ff",
        ours_line="#0969da",
        kept="#dafbe1",
        kept_line="#1a7f37",
        bad="#cf222e",
    ),
    "dark": Theme(
        text="#f0f6fc",
        faint="#9198a1",
        line="#656c76",
        box="#151b23",
        ours="#0c2d6b",
        ours_line="#4493f8",
        kept="#04260f",
        kept_line="#3fb950",
        bad="#f85149",
    ),
}


class Canvas:
    """A picture that is being drawn.

    Args:
        title: what it shows, for those who cannot see it.
        height: in the units of its coordinates, which begin at the top left.
        theme: its colours.
    """

    def __init__(self, title: str, height: int, theme: Theme) -> None:
        self.theme = theme
        self._parts = [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
                f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label={quoteattr(title)} '
                f'font-family="{_FONT}" font-size="14">'
            )
        ]

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        kind: str = "box",
        dashed: bool = False,
    ) -> None:
        """Draw a box.

        Args:
            x: its left edge.
            y: its top edge.
            width: how wide it is.
            height: how high it is.
            kind: "box", "ours" for what is this project's, or "kept" for what Restate keeps.
            dashed: whether its edge is, for what is not done but repeated.
        """
        fill: str = getattr(self.theme, kind)
        edge: str = self.theme.line if kind == "box" else getattr(self.theme, f"{kind}_line")
        dashes = ' stroke-dasharray="5 4"' if dashed else ""
        self._parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" '
            f'fill="{fill}" stroke="{edge}"{dashes}/>'
        )

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        colour: str = "text",
        anchor: str = "start",
        size: int = 14,
        bold: bool = False,
        code: bool = False,
    ) -> None:
        """Write a line of words.

        Args:
            x: where it begins, or its middle or end as `anchor` says.
            y: its base line.
            words: what is written.
            colour: a field of the theme.
            anchor: "start", "middle" or "end".
            size: of its letters.
            bold: whether they are.
            code: whether all letters are of one width.
        """
        more = f' font-size="{size}"' if size != 14 else ""
        more += ' font-weight="600"' if bold else ""
        more += f' font-family="{_MONO}"' if code else ""
        more += f' text-anchor="{anchor}"' if anchor != "start" else ""
        fill = getattr(self.theme, colour)
        self._parts.append(f'<text x="{x:g}" y="{y:g}" fill="{fill}"{more}>{escape(words)}</text>')

    def line(
        self,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        *,
        colour: str = "line",
        dashed: bool = False,
    ) -> None:
        """Draw a straight line."""
        dashes = ' stroke-dasharray="4 4"' if dashed else ""
        self._parts.append(
            f'<path d="M{x1:g} {y1:g} L{x2:g} {y2:g}" stroke="{getattr(self.theme, colour)}" '
            f'stroke-width="1.5" fill="none"{dashes}/>'
        )

    def arrow(
        self,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        *,
        colour: str = "line",
        dashed: bool = False,
    ) -> None:
        """Draw an arrow to its second point, level or upright."""
        self.line(x1, y1, x2, y2, colour=colour, dashed=dashed)
        along_x, along_y = _sign(x2 - x1), _sign(y2 - y1)
        across_x, across_y = along_y * _HEAD * 0.6, along_x * _HEAD * 0.6
        back_x, back_y = x2 - along_x * _HEAD, y2 - along_y * _HEAD
        self._parts.append(
            f'<path d="M{x2:g} {y2:g} L{back_x + across_x:g} {back_y + across_y:g} '
            f'L{back_x - across_x:g} {back_y - across_y:g} Z" '
            f'fill="{getattr(self.theme, colour)}"/>'
        )

    def cross(self, x: float, y: float, size: float) -> None:
        """Draw a cross around a point: something ends there by force."""
        for direction in (1, -1):
            self._parts.append(
                f'<path d="M{x - size:g} {y - size * direction:g} L{x + size:g} '
                f'{y + size * direction:g}" stroke="{self.theme.bad}" stroke-width="3" '
                'stroke-linecap="round"/>'
            )

    def svg(self) -> str:
        """Return the picture."""
        return "\n".join([*self._parts, "</svg>", ""])


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)
