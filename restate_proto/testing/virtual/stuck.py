"""The error for a server on which nothing can go on: it says what each invocation waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from restate_proto.errors import RestateError
from restate_proto.protocol.player import Player, awaited_ids
from restate_proto.testing.virtual.invocation import Invocation, Status
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restate_proto.testing.virtual.processor import Processor

__all__ = ["StuckError", "stuck_error"]

_MOST_LINES: Final = 20


class StuckError(RestateError):
    """A test waits for something that can never come: nothing runs, and no time is left to skip.

    The message says what each invocation waits for. If an invocation was paused because its handler
    failed too often, the `__cause__` is the handler's exception.
    """


def stuck_error(processor: Processor, errors: Mapping[str, BaseException]) -> StuckError:
    """Return the error for a server on which nothing can go on.

    Args:
        processor: the server.
        errors: the last exceptions of attempts, by the ids of their invocations.
    """
    open_ = [each for each in processor.invocations.values() if each.outcome is None]
    lines = [f"- {each.target} ({each.id}) {_why_stuck(each, processor)}" for each in open_]
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES:] = [f"- and {len(lines) - _MOST_LINES} more"]
    if lines:
        what = "nothing can go on: no handler runs, and no timer, delayed message or retry is left"
        text = "\n".join([f"{what}:", *lines])
    else:
        text = "nothing can come any more: all invocations have ended"
    error = StuckError(text)
    causes = [errors[each.id] for each in open_ if each.last_failure and each.id in errors]
    if causes:
        error.__cause__ = causes[0]
    return error


def _why_stuck(invocation: Invocation, processor: Processor) -> str:
    match invocation.status:
        case Status.SUSPENDED if invocation.awaited is not None:
            ids = awaited_ids(invocation.awaited)
            player = Player.of_record(pb.StartMessage(), invocation.journal, ids)
            return f"waits for {player.awaited(player)}"
        case Status.PENDING:
            owner = processor.owner_of(invocation.lock)
            return f"waits for its turn on the key, after {owner.id if owner else 'nobody'}"
        case Status.PAUSED:
            failure = invocation.last_failure
            why = f", after [{failure.code}] {failure.message}" if failure is not None else ""
            return f"is paused{why}"
        case status:
            return f"is {status.value}"
