"""Find the lines of a stack that are the user's own code, for error texts."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["is_users", "line_of", "raised_at", "steps_of", "users_line", "waits_at"]

_STEPS = {("restate_proto.runtime.task", "_run"), ("restate_proto.runtime.handler_loop", "drain")}
"""The functions that call a handler's code: no frame of the handler is below them on the stack."""


def steps_of(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield the frames of a handler's code and of what it calls, the innermost first.

    Args:
        frame: where to begin; nothing is yielded if it was not called from a handler.
    """
    inner: list[FrameType] = []
    while frame is not None:
        if (_module(frame), frame.f_code.co_name) in _STEPS:
            yield from inner
            return
        inner.append(frame)
        frame = frame.f_back


def is_users(frame: FrameType) -> bool:
    """Tell whether a line is in the user's own project: neither in a library nor generated."""
    _, installed = _places()
    return _is_code_of_users(frame) and not frame.f_code.co_filename.startswith(installed)


def users_line(frame: FrameType | None) -> str | None:
    """Return the innermost line of a handler's own code, as `file:line`; None without one.

    Args:
        frame: the frame to begin at.
    """
    steps = [step for step in steps_of(frame) if _is_code_of_users(step)]
    return next((line_of(step) for step in [*filter(is_users, steps), *steps]), None)


def raised_at(error: BaseException) -> str | None:
    """Return the innermost line of user code that an exception passed, as `file:line`."""
    found, traceback = None, error.__traceback__
    while traceback is not None:
        if is_users(traceback.tb_frame):
            found = f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return found


def waits_at(coroutine: Any) -> str | None:
    """Return the innermost line of user code at which a coroutine waits, as `file:line`."""
    found = None
    while (frame := getattr(coroutine, "cr_frame", None)) is not None:
        if is_users(frame):
            found = line_of(frame)
        coroutine = coroutine.cr_await
    return found


def line_of(frame: FrameType) -> str:
    """Return the line that a frame is at, as `file:line`."""
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _is_code_of_users(frame: FrameType) -> bool:
    path = frame.f_code.co_filename
    standard_library, installed = _places()
    is_standard = path.startswith((standard_library, "<")) and not path.startswith(installed)
    return not (
        is_standard or path.endswith("_restate.py") or _module(frame).startswith("restate_proto.")
    )


@cache
def _places() -> tuple[str, tuple[str, str]]:
    """Return the folders of the standard library and of installed packages."""
    import sysconfig  # noqa: PLC0415 - slow to import, and rarely needed

    get = sysconfig.get_path
    return get("stdlib"), (get("purelib"), get("platlib"))


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))
