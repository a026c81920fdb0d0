"""The way of a payload: from Restate through the rooms of an endpoint to the handler, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pictures.canvas import Canvas

if TYPE_CHECKING:
    from pictures.canvas import Theme

__all__ = ["draw"]

TITLE: Final = "The way of a payload"

_ROOMS: Final = (
    ("restate-server", "sends a request for each attempt", "box"),
    ("http2", "frames of a connection, bytes of a stream", "ours"),
    ("endpoint", "which handler, which protocol version", "ours"),
    ("runtime", "one attempt of one invocation", "ours"),
    ("your handler", "takes a message, returns a message", "box"),
)
_BETWEEN: Final = (
    ("HTTP/2 frames", "HTTP/2 frames"),
    ("bytes of a stream", "bytes of a stream"),
    ("the handler, the bytes", "bytes"),
    ("the request", "commands, the response"),
)
_HELPERS: Final = (
    ("protocol", "bytes <-> journal"),
    ("codec", "payload <-> message"),
)
_LEFT, _WIDE, _HIGH, _STEP = 12, 284, 52, 104


def draw(theme: Theme) -> str:
    """Return the picture."""
    canvas = Canvas(TITLE, _STEP * (len(_ROOMS) - 1) + _HIGH + 24, theme)
    middle = _LEFT + _WIDE / 2
    for number, (name, what, kind) in enumerate(_ROOMS):
        top = 12 + number * _STEP
        canvas.box(_LEFT, top, _WIDE, _HIGH, kind=kind)
        canvas.text(middle, top + 22, name, anchor="middle", bold=True, code=kind == "ours")
        canvas.text(middle, top + 41, what, anchor="middle", size=13, colour="faint")
        if number < len(_BETWEEN):
            down, up = _BETWEEN[number]
            begin, end = top + _HIGH, top + _STEP
            canvas.arrow(_LEFT + 40, begin, _LEFT + 40, end)
            canvas.text(_LEFT + 50, begin + 23, down, size=12, colour="faint")
            canvas.arrow(_LEFT + _WIDE - 40, end, _LEFT + _WIDE - 40, begin)
            canvas.text(_LEFT + _WIDE - 50, begin + 40, up, size=12, colour="faint", anchor="end")
    runtime = 12 + 3 * _STEP
    for number, (name, what) in enumerate(_HELPERS):
        top = runtime - 40 + number * 80
        left = _LEFT + _WIDE + 28
        canvas.line(_LEFT + _WIDE, runtime + _HIGH / 2, left, top + _HIGH / 2)
        canvas.box(left, top, 144, _HIGH, kind="ours")
        canvas.text(left + 72, top + 22, name, anchor="middle", bold=True, code=True)
        canvas.text(left + 72, top + 41, what, anchor="middle", size=12, colour="faint")
    return canvas.svg()
