"""How the cancellation of an invocation reaches its handler, and which of its calls go on.

Calls under `asyncio.shield` go on. One case needs care: a `TaskGroup` that is already aborting
would swallow the cancellation, so a handler that waits for such a group learns of it once it has
left the group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from restate_proto.runtime.cancelled_error import CancelledError
from restate_proto.runtime.child_task import ChildTask
from restate_proto.runtime.task import Resumption, Stepper

if TYPE_CHECKING:
    import asyncio

    from restate_proto.protocol import Commands, NotificationId
    from restate_proto.protocol.waiting import Waiting
    from restate_proto.runtime.handler_loop import HandlerLoop
    from restate_proto.runtime.handler_task import HandlerTask

__all__ = ["Cancellation", "cancel"]


class Cancellation:
    """The cancellation of an invocation, and whether the handler was told.

    Args:
        error: what to raise in the handler; None if the handler asks for cancellation itself.
    """

    __slots__ = ("_error",)

    def __init__(self, error: CancelledError | None) -> None:
        self._error = error

    @property
    def is_untold(self) -> bool:
        """Whether the handler is still to be told."""
        return self._error is not None

    def can_be_told(self, task: Stepper, loop: HandlerLoop, awaited: object) -> bool:
        """Tell whether the handler is still to be told, and can be where it waits now.

        Args:
            task: the handler's own task.
            loop: the handler's loop.
            awaited: the durable future that the handler waits for; None if it waits for something
                else.
        """
        if self._error is None:
            return False
        return awaited is not None or not _is_in_aborting_group(task, loop)

    def tell(self, task: HandlerTask, loop: HandlerLoop, awaited: object) -> Resumption | None:
        """Raise the cancellation where the handler waits; the arguments are those of `can_be_told`.

        Returns:
            How to resume the handler if it waits for a durable future; else None.
        """
        error, self._error = self._error, None
        if awaited is not None or error is None:
            return Resumption(error)
        with loop.stepping():
            task.interrupt(error)
        return None


def cancel(waiting: Waiting, commands: Commands, loop: HandlerLoop) -> Cancellation:
    """Cancel the calls of a handler whose invocation is cancelled.

    Args:
        waiting: the notifications, among which the cancellation has arrived.
        commands: the handler's commands, which cancel the calls.
        loop: the handler's loop.

    Returns:
        The cancellation, which the handler is still to be told of.
    """
    waiting.cancel_requested = False
    commands.cancel_calls(_spared_calls(loop))
    return Cancellation(CancelledError())


def _spared_calls(loop: HandlerLoop) -> set[NotificationId]:
    """Return the notification ids of those calls that shielded tasks alone wait for."""
    spared: set[NotificationId] = set()
    others: set[NotificationId] = set()
    for task in loop.tasks.values():
        if task.waiting is not None:
            ids = task.waiting.awaiting().all_ids()
            (spared if _is_shielded(task) else others).update(ids)
    return spared - others


def _is_in_aborting_group(task: Stepper, loop: HandlerLoop) -> bool:
    """Tell whether a task waits at the end of a `TaskGroup` that has cancelled its tasks."""
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
    """Tell whether a future is awaited through `asyncio.shield`.

    asyncio does not record it, but it can be found: whatever waits for a future has put a callback
    on it. The callback is `shield`'s own, or belongs to something that may in turn be shielded: to
    the outer future of a `gather`, to the parent of a `TaskGroup`, or to a task that awaits the
    future.
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
