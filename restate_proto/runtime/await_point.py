"""What a handler and all its tasks wait for together, and the error if nothing can end the wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.protocol import (
    CANCEL_SIGNAL,
    AttemptEnded,
    AttemptError,
    Await,
    Combinator,
    NotificationId,
)
from restate_proto.runtime.runtime import place_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.protocol.waiting import Waiting
    from restate_proto.runtime.handler_loop import HandlerLoop
    from restate_proto.runtime.operations import Operations
    from restate_proto.runtime.task import Stepper

__all__ = ["park"]


def park(
    handler: Stepper,
    loop: HandlerLoop,
    waiting: Waiting,
    operations: Operations,
    *,
    cancellation: bool,
    executing: bool,
) -> None:
    """Wait for input or suspend the attempt, because the handler and all its tasks wait.

    Args:
        handler: the handler's own task.
        loop: the handler's loop, with its other tasks.
        waiting: the notifications that have arrived.
        operations: the durable operations that the handler has begun.
        cancellation: whether to wait for a cancellation, too; not after the first one. Restate has
            that signal in the journal, and would resume whatever waits for it at once, for ever.
        executing: whether a run's function is being executed.
    """
    try:
        if waiting.cancel_requested:
            awaited = Await(Combinator.ALL_COMPLETED, waiting.calls_without_id())
        else:
            awaited = _awaited_by(handler, loop, operations, cancellation=cancellation)
        if awaited is None and loop.end_stubborn_tasks():
            return
        if awaited is None:
            text = _describe_deadlock(loop.handler, (handler, *loop.tasks.values()))
            operations.journal.fail(AttemptError(500, text))
        waiting.park(awaited, executing=executing)
    except AttemptEnded:
        pass  # the attempt ends the tasks that still wait


def _awaited_by(
    handler: Stepper, loop: HandlerLoop, operations: Operations, *, cancellation: bool
) -> Await | None:
    """Return what has to arrive before the handler or one of its tasks can go on.

    It consists of what the tasks and timers wait for, the invocation's cancellation, and the
    invocation ids that deferred operations need before they can be issued.

    Args:
        handler: the handler's own task.
        loop: its loop, with its other tasks.
        operations: what it has begun.
        cancellation: whether a cancellation may come.

    Returns:
        The await tree; None if no notification would help.
    """
    trees = [task.waiting.awaiting() for task in (handler, *loop.tasks.values()) if task.waiting]
    trees += [timer.sleep.awaiting() for timer in loop.timers.values() if timer.sleep]
    trees += [future.awaiting() for future in loop.observed.values()]
    more: list[NotificationId] = list(operations.deferred.values())
    if not trees and not more:
        return None
    if cancellation:
        more.insert(0, CANCEL_SIGNAL)
    whole = Await(Combinator.FIRST_COMPLETED)
    for tree in trees:
        whole.add(tree)
    if not whole.ids and not more and len(whole.nested) == 1:
        return whole.nested[0]
    whole.ids = list(dict.fromkeys(whole.ids + more))
    return whole


def _describe_deadlock(name: str, tasks: Iterable[Stepper]) -> str:
    """Return the error text for an attempt whose tasks wait for nothing that Restate could send.

    Args:
        name: the handler's name.
        tasks: the handler's own task and the others.
    """
    places = "; ".join(f"{task.get_name()} in {place_of(task)}" for task in tasks)
    return (
        f"{name} waits for nothing that can happen: none of its tasks waits for a durable operation, "
        f"so nothing will ever wake them. {places}"
    )
