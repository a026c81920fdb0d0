"""Draw bar charts as SVG: a panel for each workload, a bar for each peer with its ratio beside it.

The panels stand one below the other, so that the text is legible on a phone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DARK", "LIGHT", "Bar", "Panel", "Theme", "draw"]


@dataclass(frozen=True)
class Theme:
    """The colours of a picture, in the notation of CSS."""

    text: str
    faint: str
    bar: str
    ours: str
    low: str


LIGHT: Final = Theme("#1f2328", "#59636e", "#c4ccd6", "#0969da", "#8fb8e8")
DARK: Final = Theme("#f0f6fc", "#9198a1", "#3d444d", "#4493f8", "#2a5a99")


@dataclass(frozen=True)
class Bar:
    """A bar of a panel.

    Attributes:
        label: the peer's name.
        value: its length, which is also written beside it with two digits.
        kind: "ours"; "low" for a bound, or another peer of ours; "" for others.
    """

    label: str
    value: float
    kind: str = ""


@dataclass(frozen=True)
class Panel:
    """Bars on one scale below a heading."""

    heading: str
    bars: Sequence[Bar]


_WIDTH: Final = 480
_GAP: Final = 24
_MARGIN: Final = 8
_TITLE: Final = 56
_HEADING: Final = 28
_BAR: Final = 16
_STEP: Final = 23
_LABELS: Final = 166
_NUMBERS: Final = 52
_FONT: Final = "-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"


def draw(title: str, subtitle: str, panels: Sequence[Panel], theme: Theme) -> str:
    """Draw a picture.

    Args:
        title: the heading.
        subtitle: the meaning of the numbers.
        panels: the panels from top to bottom.
        theme: the colours.

    Returns:
        The SVG.

    Raises:
        ValueError: a panel has no bar longer than 0.
    """
    heights = [_HEADING + _STEP * len(panel.bars) + _GAP for panel in panels]
    height = _TITLE + sum(heights)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
            f'viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title, {chr(34): "&quot;"})}" '
            f'font-family="{_FONT}" font-size="14">'
        ),
        _text(_MARGIN, 20, title, theme.text, 'font-size="17" font-weight="600"'),
        _text(_MARGIN, 41, subtitle, theme.faint),
    ]
    top = _TITLE
    for panel, used in zip(panels, heights, strict=True):
        parts += _panel(panel, top, theme)
        top += used
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, top: int, theme: Theme) -> list[str]:
    longest = max(bar.value for bar in panel.bars)
    if longest <= 0:
        raise ValueError(f"{panel.heading}: no bar is longer than 0")
    parts = [_text(_MARGIN, top + 15, panel.heading, theme.text, 'font-weight="600"')]
    begin = _MARGIN + _LABELS
    room = _WIDTH - begin - _NUMBERS
    for number, bar in enumerate(panel.bars):
        y = top + _HEADING + number * _STEP
        colour = {"ours": theme.ours, "low": theme.low}.get(bar.kind, theme.bar)
        length = max(1.0, room * bar.value / longest)
        weight = 'font-weight="600"' if bar.kind == "ours" else ""
        parts += (
            _text(begin - 8, y + 13, bar.label, theme.text, f'text-anchor="end" {weight}'.strip()),
            (
                f'<rect x="{begin:.1f}" y="{y}" width="{length:.1f}" height="{_BAR}" rx="2" '
                f'fill="{colour}"/>'
            ),
            _text(begin + length + 6, y + 13, written(bar.value), theme.faint, weight),
        )
    return parts


def written(value: float) -> str:
    """Format a number with two significant digits, or with all digits before its point."""
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _text(x: float, y: float, text: str, colour: str, attributes: str = "") -> str:
    space = " " if attributes else ""
    return f'<text x="{x:.1f}" y="{y}" fill="{colour}"{space}{attributes}>{escape(text)}</text>'
