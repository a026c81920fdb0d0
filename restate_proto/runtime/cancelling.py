"""How the cancellation of an invocation reaches its handler, and which of its calls it spares.

Calls under `asyncio.shield` are spared. A handler that waits for the tasks of a group which aborts
them already is told when it has left the group, for the group would swallow the cancellation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from restate_proto.runtime.child_task import ChildTask
from restate_proto.runtime.task import Resumption, Stepper

if TYPE_CHECKING:
    import asyncio

    from restate_proto.protocol import NotificationId
    from restate_proto.runtime.cancellation import CancelledError
    from restate_proto.runtime.handler_loop import HandlerLoop
    from restate_proto.runtime.handler_task import HandlerTask

__all__ = ["Cancellation", "spared_calls"]


class Cancellation:
    """The invocation is cancelled.

    Args:
        error: what is to be raised in the handler; None where the handler asks for it itself.
    """

    __slots__ = ("_error",)

    def __init__(self, error: CancelledError | None) -> None:
        self._error = error

    @property
    def is_untold(self) -> bool:
        """Whether the handler is still to be told."""
        return self._error is not None

    def can_be_told(self, task: Stepper, loop: HandlerLoop, awaited: object) -> bool:
        """Whether the handler is still to be told, and would see it where it waits.

        Args:
            task: the handler's own.
            loop: its loop.
            awaited: the durable future that it waits for; None where that is another thing.
        """
        if self._error is None:
            return False
        return awaited is not None or not _is_in_aborting_group(task, loop)

    def tell(self, task: HandlerTask, loop: HandlerLoop, awaited: object) -> Resumption | None:
        """Tell the handler where it waits; the arguments are those of `can_be_told`.

        Returns:
            How it goes on, where it waits for a durable future.
        """
        error, self._error = self._error, None
        if awaited is not None or error is None:
            return Resumption(error)
        with loop.stepping():
            task.interrupt(error)
        return None


def spared_calls(loop: HandlerLoop) -> set[NotificationId]:
    """The notification ids of what only shielded tasks wait for."""
    spared: set[NotificationId] = set()
    others: set[NotificationId] = set()
    for task in loop.tasks.values():
        if task.waiting is not None:
            ids = task.waiting.awaiting().all_ids()
            (spared if _is_shielded(task) else others).update(ids)
    return spared - others


def _is_in_aborting_group(task: Stepper, loop: HandlerLoop) -> bool:
    """Whether a task waits at the end of an `asyncio.TaskGroup` that has cancelled its tasks."""
    for child in loop.tasks.values():
        for callback, _ in _callbacks(child):
            group: Any = getattr(callback, "__self__", None)
            if (
                getattr(callback, "__qualname__", "") == "TaskGroup._on_task_done"
                and group._parent_task is task  # noqa: SLF001
                and group._on_completed_fut is task._fut_waiter  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
            ):
                return group._aborting  # noqa: SLF001
    return False


def _callbacks(future: asyncio.Future[Any]) -> list[tuple[Any, Any]]:
    return cast("Any", future)._callbacks or []  # noqa: SLF001


def _is_shielded(future: asyncio.Future[Any]) -> bool:
    """Whether what waits for a future does so through `asyncio.shield`.

    asyncio does not say; but who waits for a future has a callback on it, and each of its
    functions has callbacks of its own: `shield` itself, `gather` with the future of the whole,
    `TaskGroup` with its parent, and a task that awaits the future.
    """
    left = [future]
    while left:
        for callback, _ in _callbacks(left.pop()):
            name = getattr(callback, "__qualname__", "")
            if name == "shield.<locals>._inner_done_callback":
                return True
            owner: Any = getattr(callback, "__self__", None)
            waiting: Any = None
            if name == "gather.<locals>._done_callback":
                variables = callback.__code__.co_freevars
                waiting = callback.__closure__[variables.index("outer")].cell_contents
            elif isinstance(owner, Stepper):
                waiting = owner
            elif name == "TaskGroup._on_task_done":
                waiting = owner._parent_task  # noqa: SLF001
            if isinstance(waiting, ChildTask) or hasattr(waiting, "_children"):
                left.append(waiting)
    return False
