"""asyncio's own record of the task that a loop steps, read and written on every Python version."""

from __future__ import annotations

import asyncio
import sys

# Documented for tasks that are not asyncio's own (Python docs, "Task lifetime support").
from asyncio.tasks import (
    _leave_task,  # pyright: ignore[reportPrivateUsage]
)
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ONE_CURRENT_TASK", "current_task", "leave_task_of"]

current_task: Callable[[asyncio.AbstractEventLoop], Any] = asyncio.current_task
"""Return the task that an event loop steps, asked from any thread; None outside of tasks."""

if sys.version_info < (3, 12):  # there, asyncio.current_task is Python around this lookup
    _tasks: Any = asyncio.tasks
    current_task = _tasks._current_tasks.get  # noqa: SLF001

ONE_CURRENT_TASK = sys.version_info >= (3, 14)
"""Whether the current task is one per thread (Python 3.14 and newer), and not one per loop."""


def leave_task_of(loop: asyncio.AbstractEventLoop | None) -> Any:
    """Leave the current task of a loop, where a thread has one for all its loops.

    Returns:
        The task, to be entered again when that loop goes on; None if there was none to leave.
    """
    task = None if loop is None else current_task(loop)
    if loop is not None and task is not None:
        _leave_task(loop, task)
    return task
