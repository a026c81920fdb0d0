"""Which lines of a stack are a user's own, for what is said about them."""

from __future__ import annotations

import sysconfig
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["is_users", "line_of", "steps_of", "users_line"]

_STANDARD_LIBRARY = sysconfig.get_path("stdlib")
_INSTALLED = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
_STEPS = {("restate_proto.runtime.task", "_run"), ("restate_proto.runtime.handler_loop", "drain")}
"""What calls a handler's code: below it on the stack is none of that."""


def steps_of(frame: FrameType | None) -> Iterator[FrameType]:
    """The frames of a handler's code, and of what that calls: the innermost first.

    Args:
        frame: where to begin; nothing is given where no handler's code is below it.
    """
    inner: list[FrameType] = []
    while frame is not None:
        if (_module(frame), frame.f_code.co_name) in _STEPS:
            yield from inner
            return
        inner.append(frame)
        frame = frame.f_back


def is_users(frame: FrameType) -> bool:
    """Whether a line is in the user's own project: no library's, and not generated."""
    return _is_code_of_users(frame) and not frame.f_code.co_filename.startswith(_INSTALLED)


def users_line(frame: FrameType | None) -> str | None:
    """The innermost line of a handler's own code, as `file:line`; None where none is called.

    Args:
        frame: where to begin.
    """
    steps = [step for step in steps_of(frame) if _is_code_of_users(step)]
    return next((line_of(step) for step in [*filter(is_users, steps), *steps]), None)


def line_of(frame: FrameType) -> str:
    """The line that a frame is at, as `file:line`."""
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _is_code_of_users(frame: FrameType) -> bool:
    path = frame.f_code.co_filename
    is_standard = path.startswith((_STANDARD_LIBRARY, "<")) and not path.startswith(_INSTALLED)
    return not (
        is_standard or path.endswith("_restate.py") or _module(frame).startswith("restate_proto.")
    )


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))
