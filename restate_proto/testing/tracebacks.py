"""Leave what is not the user's code out of the tracebacks of failed tests."""

from __future__ import annotations

from types import TracebackType
from typing import cast

__all__ = ["hide_internals"]

_INTERNAL = ("restate_proto", "asyncio")


def hide_internals(error: BaseException) -> None:
    """Remove frames of this package, generated code and asyncio from an exception's traceback.

    The same is done for the exceptions that have led to it. A traceback without any other frame
    stays as it is.

    Args:
        error: the exception, which is changed.
    """
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        each = todo.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        each.__traceback__ = _of_user(each.__traceback__) or each.__traceback__
        todo += [each.__cause__, each.__context__]
        if isinstance(each, BaseExceptionGroup):
            todo += cast("BaseExceptionGroup[BaseException]", each).exceptions


def _of_user(traceback: TracebackType | None) -> TracebackType | None:
    shown: list[TracebackType] = []
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__"))
        if module.partition(".")[0] not in _INTERNAL and not module.endswith("_restate"):
            shown.append(traceback)
        traceback = traceback.tb_next
    found: TracebackType | None = None
    for each in reversed(shown):
        found = TracebackType(found, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return found
