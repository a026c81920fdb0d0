"""Where all of a handler waits: what has to arrive, and what is wrong where nothing can."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.protocol import CANCEL_SIGNAL, Await, Combinator, NotificationId
from restate_proto.runtime.runtime import place_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.runtime.handler_loop import HandlerLoop
    from restate_proto.runtime.operations import Operations
    from restate_proto.runtime.task import Stepper

__all__ = ["awaited_by", "describe_deadlock"]


def awaited_by(
    handler: Stepper, loop: HandlerLoop, operations: Operations, *, cancellation: bool
) -> Await | None:
    """What has to arrive before any task of a handler has something to do.

    That is what the tasks and timers wait for, the invocation's cancellation, and the ids that
    deferred operations need: what is waited for may depend on them.

    Args:
        handler: the handler's own task.
        loop: its loop, with its other tasks.
        operations: what it has begun.
        cancellation: whether a cancellation may come.

    Returns:
        The tree; None where nothing would help.
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


def describe_deadlock(name: str, tasks: Iterable[Stepper]) -> str:
    """Why an attempt fails whose tasks wait for each other, or for what nobody will do.

    Args:
        name: the handler's.
        tasks: the handler's own task, and the others.
    """
    places = "; ".join(f"{task.get_name()} in {place_of(task)}" for task in tasks)
    return (
        f"{name} waits for nothing that can happen: none of its tasks waits for a durable operation, "
        f"so nobody will go on with what they wait for. {places}"
    )
