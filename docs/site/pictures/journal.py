"""Two pictures of one kind: on the left what attempts do, on the right the journal that Restate keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pictures.canvas import Canvas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pictures.canvas import Theme

__all__ = ["draw_kill", "draw_life"]

LIFE: Final = "The life of an invocation"
KILL: Final = "What a kill does"


@dataclass(frozen=True)
class Step:
    """What an attempt does, from top to bottom.

    Attributes:
        code: the line of the handler.
        what: what happens at it.
        entry: what the journal has of it from then on; where it is replayed, had before.
        replayed: whether the journal gave its result.
        delivered: whether the entry is what the step has waited for.
        lost: whether nothing of it was recorded.
    """

    code: str
    what: str = ""
    entry: str = ""
    replayed: bool = False
    delivered: bool = False
    lost: bool = False


@dataclass(frozen=True)
class Attempt:
    """One attempt: its steps, and how it ends."""

    name: str
    steps: Sequence[Step]
    end: str
    killed: bool = False
    after: str = ""


_LIFE: Final = (
    Attempt(
        "Attempt 1",
        (
            Step("handler begins", entry="input"),
            Step('ctx.run("hold", ...)', "executed", entry="run hold: ok"),
            Step("checkout.pay(...)", "called", entry="call Checkout/Pay"),
        ),
        "waits: suspended, holds nothing",
        after="days later",
    ),
    Attempt(
        "Attempt 2",
        (
            Step("handler begins", "replayed", entry="input", replayed=True),
            Step('ctx.run("hold", ...)', "not executed again", "run hold: ok", replayed=True),
            Step("checkout.pay(...)", "its answer has come", "its result", delivered=True),
            Step("ctx.set(RECEIPT, ...)", "written", entry="set state receipt"),
            Step("return receipt", entry="output"),
        ),
        "ends: the caller has its answer",
    ),
)
_KILL: Final = (
    Attempt(
        "Attempt 1",
        (
            Step("handler begins", entry="input"),
            Step('ctx.run("charge", ...)', "executed", entry="run charge: ok"),
            Step('ctx.run("mail", ...)', "executed, not yet recorded", lost=True),
        ),
        "kill -9",
        killed=True,
        after="at once, in another process",
    ),
    Attempt(
        "Attempt 2",
        (
            Step("handler begins", "replayed", entry="input", replayed=True),
            Step('ctx.run("charge", ...)', "not executed again", "run charge: ok", replayed=True),
            Step('ctx.run("mail", ...)', "executed again: at least once", entry="run mail: ok"),
            Step("return Receipt(...)", entry="output"),
        ),
        "ends: the caller has its answer",
    ),
)
_LEFT, _WIDE, _HIGH, _STEP = 12, 232, 46, 58
_KEPT, _KEPT_WIDE = 320, 148


def draw_life(theme: Theme) -> str:
    """Return the picture of an invocation with a suspension and a replay."""
    return _draw(LIFE, _LIFE, theme)


def draw_kill(theme: Theme) -> str:
    """Return the picture of an invocation whose process is killed."""
    return _draw(KILL, _KILL, theme)


def _draw(title: str, attempts: Sequence[Attempt], theme: Theme) -> str:
    high = 30 + sum(36 + len(each.steps) * _STEP + 34 + 30 * bool(each.after) for each in attempts)
    canvas = Canvas(title, high, theme)
    canvas.text(_KEPT + _KEPT_WIDE / 2, 22, "Restate's journal", anchor="middle", bold=True)
    top = 22
    for attempt in attempts:
        canvas.text(_LEFT, top, attempt.name, bold=True)
        top += 14
        for step in attempt.steps:
            _draw_step(canvas, step, top)
            top += _STEP
        if attempt.killed:
            canvas.cross(_LEFT + 12, top + 7, 8)
        indent = 30 if attempt.killed else 0
        colour = "bad" if attempt.killed else "faint"
        canvas.text(_LEFT + indent, top + 12, attempt.end, colour=colour, bold=attempt.killed)
        top += 34
        if attempt.after:
            canvas.line(_LEFT, top, _KEPT + _KEPT_WIDE, top, dashed=True)
            canvas.text(_LEFT, top + 18, attempt.after, size=13, colour="faint")
            top += 52
        else:
            top += 22
    return canvas.svg()


def _draw_step(canvas: Canvas, step: Step, top: float) -> None:
    middle = top + _HIGH / 2
    canvas.box(
        _LEFT, top, _WIDE, _HIGH, kind="box" if step.replayed else "ours", dashed=step.replayed
    )
    canvas.text(_LEFT + 10, top + (20 if step.what else 28), step.code, size=13, code=True)
    if step.what:
        canvas.text(
            _LEFT + 10, top + 37, step.what, size=12, colour="bad" if step.lost else "faint"
        )
    if step.lost:
        return
    begin, end = _LEFT + _WIDE, _KEPT
    if step.replayed or step.delivered:
        canvas.arrow(end, middle, begin, middle, colour="kept_line", dashed=step.replayed)
    else:
        canvas.arrow(begin, middle, end, middle, colour="kept_line")
    canvas.box(_KEPT, top + 7, _KEPT_WIDE, _HIGH - 14, kind="kept", dashed=step.replayed)
    canvas.text(_KEPT + 10, top + 28, step.entry, size=12)
