"""The actions of the admin API on invocations: cancel, kill, pause, resume, restart, purge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.protocol import Failure
from restate_proto.protocol.player import completion_ids
from restate_proto.testing.virtual.invocation import Invocation, Status
from restate_proto.testing.virtual.notifications import cancellation, read

if TYPE_CHECKING:
    from restate_proto.testing.virtual.processor import Processor

__all__ = [
    "ActionError",
    "cancel",
    "kill",
    "pause",
    "purge",
    "purge_journal",
    "restart_as_new",
    "resume",
]

KILLED = Failure(409, "killed")
CANCELLED = Failure(409, "canceled")
_GREATEST = 2**32 - 1
"""What the server takes for no index at all."""


class ActionError(Exception):
    """An action cannot be carried out in the invocation's present status.

    Args:
        message: as the admin API words it.
        status: the HTTP status of its answer.
    """

    def __init__(self, message: str, status: int = 409) -> None:
        super().__init__(message)
        self.status = status


def cancel(processor: Processor, invocation: Invocation) -> bool:
    """Cancel an invocation: tell its handler, or end it if it has not begun.

    Returns:
        Whether that ended it.

    Raises:
        ActionError: it has already ended.
    """
    _refuse_ended(invocation)
    if invocation.status in {Status.SCHEDULED, Status.PENDING}:
        _end_before_begin(processor, invocation, CANCELLED)
        return True
    processor.notify(invocation, cancellation())
    return False


def kill(processor: Processor, invocation: Invocation) -> None:
    """End an invocation at once, together with everything that it has called or sent.

    Raises:
        ActionError: it has ended.
    """
    _refuse_ended(invocation)
    if invocation.status in {Status.SCHEDULED, Status.PENDING}:
        _end_before_begin(processor, invocation, KILLED)
        return
    processor.withdraw(invocation)
    processor.invoker.abort(invocation, "the invocation was killed")
    for called in _called_by(processor, invocation):
        if called.outcome is None:
            processor.steps.add(lambda called=called: _kill_if_open(processor, called))
    processor.end(invocation, KILLED)


def _kill_if_open(processor: Processor, invocation: Invocation) -> None:
    if invocation.outcome is None:
        kill(processor, invocation)


def pause(processor: Processor, invocation: Invocation) -> bool:
    """Make no further attempt until the invocation is resumed.

    A suspended invocation stays suspended, and goes on once what it waits for has arrived, as on
    restate-server 1.7.

    Returns:
        Whether it was running.

    Raises:
        ActionError: it has not begun, or it has ended.
    """
    if invocation.status in {Status.SCHEDULED, Status.PENDING, Status.COMPLETED}:
        raise ActionError(f"The invocation '{invocation.id}' is not running, cannot be paused.")
    if invocation.status in {Status.SUSPENDED, Status.PAUSED}:
        return False
    processor.withdraw(invocation)
    processor.invoker.abort(invocation, "the invocation was paused")
    invocation.status = Status.PAUSED
    return True


def resume(processor: Processor, invocation: Invocation) -> None:
    """Make an attempt now for an invocation that is paused, suspended or backing off.

    Raises:
        ActionError: it has not begun, or it has ended.
    """
    if invocation.status is Status.COMPLETED:
        raise ActionError(f"The invocation '{invocation.id}' is completed, cannot be resumed.")
    if invocation.status in {Status.SCHEDULED, Status.PENDING}:
        raise ActionError(
            f"The invocation '{invocation.id}' is either inboxed or scheduled, cannot be resumed.",
            425,
        )
    if invocation.attempt is None:
        invocation.failures = 0
        processor.invoker.start(invocation)


def restart_as_new(processor: Processor, invocation: Invocation, from_: int) -> Invocation:
    """Invoke the handler again, with the journal of an ended invocation up to an entry.

    Args:
        processor: the server.
        invocation: the invocation, which has ended.
        from_: the index of the last entry to keep.

    Returns:
        The new invocation.

    Raises:
        ActionError: it has not ended, is of a workflow, or has no such journal.
    """
    id_ = invocation.id
    if invocation.status in {Status.SCHEDULED, Status.PENDING}:
        raise ActionError(
            f"The invocation '{id_}' cannot be restarted because it's not running yet.", 425
        )
    if invocation.outcome is None:
        raise ActionError(f"The invocation '{id_}' is still running.")
    if not invocation.journal:
        raise ActionError(
            f"The invocation '{id_}' cannot be restarted because the input is not available. This "
            "indicates that the journal was already purged, or not retained at all.",
            410,
        )
    if from_ >= _GREATEST:
        raise ActionError(
            f"The given index is out of range of currently stored journal for invocation '{id_}'.",
            400,
        )
    # Journals of older versions do not contain the random numbers that a handler has drawn.
    if invocation.handler.is_of_workflow or (from_ > 0 and processor.invoker.version < 6):
        raise ActionError(
            f"Restarting the invocation '{id_}' is not supported. Restarting workflows is not "
            "supported, and restarting invocations created using the old service protocol.",
            422,
        )
    prefix = invocation.journal[: from_ + 1]
    asked = {id_ for type_, payload in prefix for id_ in completion_ids(type_, payload)}
    answers = [(entry, read(entry)) for entry in invocation.journal[from_ + 1 :]]
    missing = asked - {known[0] for known in map(read, prefix) if known is not None}
    # Later answers to the kept commands are kept as well: otherwise the new one would wait for ever.
    late = [entry for entry, known in answers if known is not None and known[0] in missing]
    arrived = {known[0] for _, known in answers if known is not None}
    if from_ >= len(invocation.journal) or missing - arrived:
        raise ActionError(
            f"The prefix of the journal '{id_}' up to 'from' (included) contains some Commands "
            "without respective Completions.",
            400,
        )
    return processor.restart(invocation, prefix + late)


def purge(processor: Processor, invocation: Invocation) -> None:
    """Forget an invocation that has ended.

    Raises:
        ActionError: it has not ended.
    """
    _refuse_open(invocation)
    processor.forget(invocation)


def purge_journal(invocation: Invocation) -> None:
    """Keep the result of an invocation that has ended, and not its journal.

    Raises:
        ActionError: it has not ended.
    """
    _refuse_open(invocation)
    invocation.journal.clear()


def _refuse_open(invocation: Invocation) -> None:
    if invocation.outcome is None:
        raise ActionError(f"The invocation '{invocation.id}' is not yet completed.")


def _refuse_ended(invocation: Invocation) -> None:
    if invocation.outcome is not None:
        raise ActionError(f"The invocation '{invocation.id}' was already completed.")


def _end_before_begin(processor: Processor, invocation: Invocation, failure: Failure) -> None:
    processor.withdraw(invocation)
    processor.end(invocation, failure)
    processor.forget(invocation)  # it never began, so it is not kept


def _called_by(processor: Processor, invocation: Invocation) -> list[Invocation]:
    ids = (known[2] for known in map(read, invocation.journal) if known is not None)
    return [processor.invocations[id_] for id_ in ids if id_ in processor.invocations]
