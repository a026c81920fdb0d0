"""Decide when a suspended invocation goes on, from what it waits for and what has arrived."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from restate_proto.protocol.notifications import NotificationId

__all__ = ["can_go_on"]


class _Outcome(Enum):
    PENDING = 0
    SUCCEEDED = 1
    FAILED = 2
    EITHER = 3
    """It has arrived, and only the handler can say whether it is a success."""


class _UndecidedError(Exception):
    """Only the handler can say what follows."""


def can_go_on(message: pb.SuspensionMessage, arrived: Mapping[NotificationId, bool]) -> bool:
    """Tell whether a suspended handler can go on, by the rules of restate-server.

    Args:
        message: the suspension.
        arrived: the notifications in its journal; the value is False for failures.
    """
    if not message.HasField("awaiting_on"):
        return any(each is not _Outcome.PENDING for each in _leaves(message, arrived))
    try:
        return _outcome(message.awaiting_on, arrived) is not _Outcome.PENDING
    except _UndecidedError:
        return True


def _outcome(future: pb.Future, arrived: Mapping[NotificationId, bool]) -> _Outcome:
    parts = [
        *_leaves(future, arrived),
        *(_outcome(each, arrived) for each in future.nested_futures),
    ]
    done = [each for each in parts if each is not _Outcome.PENDING]
    match future.combinator_type:
        case pb.FIRST_COMPLETED:
            return done[0] if done else _Outcome.PENDING
        case pb.ALL_COMPLETED:
            return _Outcome.SUCCEEDED if len(done) == len(parts) else _Outcome.PENDING
        case pb.FIRST_SUCCEEDED_OR_ALL_FAILED:
            return _decided(parts, _Outcome.SUCCEEDED, _Outcome.FAILED)
        case pb.ALL_SUCCEEDED_OR_FIRST_FAILED:
            return _decided(parts, _Outcome.FAILED, _Outcome.SUCCEEDED)
        case _:
            return _Outcome.EITHER if done else _Outcome.PENDING


def _decided(parts: list[_Outcome], by_one: _Outcome, by_all: _Outcome) -> _Outcome:
    for part in parts:
        if part is by_one:
            return by_one
        if part is _Outcome.EITHER:
            raise _UndecidedError
    return by_all if all(part is by_all for part in parts) else _Outcome.PENDING


def _leaves(
    waiting: pb.SuspensionMessage | pb.Future, arrived: Mapping[NotificationId, bool]
) -> Iterator[_Outcome]:
    signals = (-index for index in waiting.waiting_signals)
    for id_ in (*waiting.waiting_completions, *signals, *waiting.waiting_named_signals):
        has_succeeded = arrived.get(id_)
        if has_succeeded is None:
            yield _Outcome.PENDING
        else:
            yield _Outcome.SUCCEEDED if has_succeeded else _Outcome.FAILED
