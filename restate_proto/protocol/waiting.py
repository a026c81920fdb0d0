"""What happens while a handler waits: notifications take effect, or the attempt is suspended.

Notifications arrive at any time. They take effect one by one, in their order, and only while the
handler waits, so that every attempt sees the same order.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from restate_proto.protocol.empty_dict import EMPTY_DICT
from restate_proto.protocol.errors import AttemptError, Code, RelatedCommand
from restate_proto.protocol.ids import awakeable_id
from restate_proto.protocol.messages import MessageType
from restate_proto.protocol.notifications import (
    CANCEL_SIGNAL,
    NotificationId,
    ResultKind,
    add_awaited,
)
from restate_proto.protocol.phases import Phase, Rule
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from restate_proto.protocol.journal import Journal
    from restate_proto.protocol.notifications import Result

__all__ = ["Await", "Combinator", "Waiting"]

_INVOCATION_ID = ResultKind.INVOCATION_ID
_NO_PAYLOADS = (_INVOCATION_ID, ResultKind.STATE_KEYS)
_REPLAYING, _PROCESSING, _CLOSED = Phase.REPLAYING, Phase.PROCESSING, Phase.CLOSED
_WRITE, _MISMATCH = Rule.WRITE, Rule.MISMATCH

_MAX_DEPTH = 50
"""The deepest nesting of an await tree on the wire; protobuf parsers stop at 100 levels."""


_HINT_SHARE = 16
"""After each hint (v7), one in so many of the awaited ids has to arrive before the next one."""


class Combinator(IntEnum):
    """How an await combines its children; the numbers are the protocol's."""

    UNKNOWN = 0
    FIRST_COMPLETED = 1
    ALL_COMPLETED = 2
    FIRST_SUCCEEDED_OR_ALL_FAILED = 3
    ALL_SUCCEEDED_OR_FIRST_FAILED = 4


_ASKS_NOTHING = (Combinator.UNKNOWN, Combinator.FIRST_COMPLETED, Combinator.ALL_COMPLETED)
"""Combinators for which it does not matter whether a child succeeds or fails."""
_AS_THEIR_ONLY_ID = (
    Combinator.FIRST_COMPLETED,
    Combinator.FIRST_SUCCEEDED_OR_ALL_FAILED,
    Combinator.ALL_SUCCEEDED_OR_FIRST_FAILED,
)
"""Combinators that, with one child, succeed or fail as that child does."""

_COMBINATORS = (
    pb.COMBINATOR_TYPE_UNKNOWN,
    pb.FIRST_COMPLETED,
    pb.ALL_COMPLETED,
    pb.FIRST_SUCCEEDED_OR_ALL_FAILED,
    pb.ALL_SUCCEEDED_OR_FIRST_FAILED,
)


@dataclass(slots=True)
class Await:
    """What an await waits for: notifications and nested awaits, combined by one combinator."""

    combinator: Combinator = Combinator.FIRST_COMPLETED
    ids: list[NotificationId] = field(default_factory=list[NotificationId])
    nested: list[Await] = field(default_factory=list["Await"])

    def add(self, part: Await) -> None:
        """Add another await to those that this one combines.

        An await of a single id is added as that id, unless it succeeds when the id fails and this
        combinator cares.
        """
        is_id = len(part.ids) == 1 and not part.nested
        if is_id and (part.combinator in _AS_THEIR_ONLY_ID or self.combinator in _ASKS_NOTHING):
            self.ids += part.ids
        else:
            self.nested.append(part)

    def undecided(self) -> Await:
        """Return an await like this one whose success only the handler can judge."""
        if self.combinator is Combinator.FIRST_COMPLETED:
            return Await(Combinator.UNKNOWN, self.ids, self.nested)
        return Await(Combinator.UNKNOWN, nested=[self])

    def all_ids(self) -> list[NotificationId]:
        """Return the ids of all notifications in the tree."""
        ids = list(self.ids)
        for child in self.nested:
            ids += child.all_ids()
        return ids

    def to_message(self, depth: int = _MAX_DEPTH) -> pb.Future:
        """Return the tree as a protocol message (v7).

        Args:
            depth: how many levels may follow. What is deeper becomes one list, of which any id may
                end the wait: ending it too early is harmless, while Restate refuses a tree that is
                too deep.
        """
        if depth == 0 and self.nested:
            return Await(Combinator.UNKNOWN, self.all_ids()).to_message()
        message = pb.Future(combinator_type=_COMBINATORS[self.combinator])
        add_awaited(message, self.ids)
        for child in self.nested:
            message.nested_futures.append(child.to_message(depth - 1))
        return message


class Waiting:
    """What a handler waits for, and the notifications that have arrived.

    Args:
        journal: the attempt's journal.

    Attributes:
        queue: the notifications that have not taken effect yet, in their order; None before the
            first.
        arrived: the ids of all that have arrived; a run whose result has arrived is not executed.
        proposals: the proposed results of runs that wait for their acks, by completion id, because
            acks (v7) do not repeat them; None before the first.
        pending_calls: the calls that have no result yet, which are cancelled with their caller: for
            the notification id of the invocation id, the invocation id, or None if it is not known
            yet.
        runs: the runs that have no result yet: for the notification id, the index and the name of
            the command.
        cancel_requested: whether the invocation's cancellation has taken effect and the handler is
            still to be told; the runtime resets it then.
        suspends: whether a wait is a suspension.
    """

    __slots__ = (
        "_expected",
        "_journal",
        "_next_hint",
        "arrived",
        "cancel_requested",
        "pending_calls",
        "proposals",
        "queue",
        "runs",
        "suspends",
    )

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._next_hint = 0  # how many notifications have to have arrived for it
        self.queue: deque[tuple[NotificationId, Result]] | None = None
        self.arrived: dict[NotificationId, None] = EMPTY_DICT
        self._expected: dict[NotificationId, ResultKind] = EMPTY_DICT
        self.proposals: dict[int, Result] | None = None
        self.pending_calls: dict[int, str | None] = EMPTY_DICT
        self.runs: dict[NotificationId, tuple[int, str]] = EMPTY_DICT
        self.cancel_requested = False
        self.suspends = False

    # ---- What comes ----

    def add(self, notification: tuple[NotificationId, Result]) -> None:
        """Take a notification that has arrived."""
        if self.queue is None:
            self.queue = deque()
        self.queue.append(notification)
        if self.arrived is EMPTY_DICT:
            self.arrived = {}
        self.arrived[notification[0]] = None

    def expect(self, id_: NotificationId, kind: ResultKind) -> None:
        """Expect a result other than a payload; remember calls by their invocation ids."""
        if self._expected is EMPTY_DICT:
            self._expected = {}
        self._expected[id_] = kind

    # ---- While there are notifications ----

    def poll(self) -> tuple[NotificationId, Result] | None:
        """Let the next notification take effect, in the order that every attempt sees.

        Call it only while the handler waits for something. It returns None if no notification is
        left.

        Raises:
            AttemptEnded: the result is of a kind that the operation cannot have, or its payload
                cannot be decoded.
        """
        if not self.queue or self._journal.phase is _CLOSED:
            return None
        notification = self.queue.popleft()
        id_, result = notification
        if id_ == CANCEL_SIGNAL:
            self.cancel_requested = True
            return notification
        kind = result.kind
        expected = self._expected.pop(id_, None) if self._expected else None
        calls = self.pending_calls
        if calls and isinstance(id_, int) and calls.get(id_, "") is None:
            expected = _INVOCATION_ID
        if kind is not expected and (expected is not None or kind in _NO_PAYLOADS):
            self._on_wrong_kind(id_, kind)
        payloads = self._journal.payloads
        if payloads is not None:
            what = self._describe_one(id_)
            notification = id_, payloads.decode_result(self._journal, result, what)
        if calls and isinstance(id_, int):
            if id_ in calls:
                calls[id_] = result.value
            elif (
                calls.pop(id_ - 1, "") is None
            ):  # a call's result has the id that follows its invocation id's
                self.expect(id_ - 1, _INVOCATION_ID)
        return notification

    def _on_wrong_kind(self, id_: NotificationId, kind: ResultKind) -> None:
        journal = self._journal
        has_begun = isinstance(id_, str) or id_ <= journal.last_completion_id
        if has_begun or journal.phase is not _REPLAYING:
            text = f"Protocol violation: {kind.name} as the result {id_!r}"
            journal.fail(AttemptError(Code.PROTOCOL_VIOLATION, text))
        # The code has not begun this operation, so it has changed. Its next step will show that.

    def calls_without_id(self) -> list[NotificationId]:
        """Return the pending calls whose invocation id is not known; cancelling needs it."""
        return [id_ for id_, invocation_id in self.pending_calls.items() if invocation_id is None]

    # ---- When there are none ----

    @property
    def parks_silently(self) -> bool:
        """Whether `park` would write nothing: input may come, and no hint is due.

        A hint (v7) names everything that is awaited. The more that is, the more has to arrive
        before the next hint: otherwise the hints for thousands of tasks would cost more than the
        tasks.
        """
        journal = self._journal
        return (
            (journal.version < 7 or len(self.arrived) < self._next_hint)
            and not self.suspends
            and journal.phase is _PROCESSING
        )

    def park(self, awaiting: Await, *, executing: bool) -> None:
        """Wait for input or suspend, because the handler waits and no notification is left.

        Args:
            awaiting: what the handler waits for.
            executing: whether a run's function is being executed. The attempt is not suspended
                then, because the function's result would be lost.

        Raises:
            AttemptEnded: the attempt was suspended, or the wait shows that other code wrote the
                journal.
        """
        journal = self._journal
        rule = journal.phase.on_wait
        if rule is _MISMATCH:
            # The journal goes on from here, so what was awaited had arrived then. Now it has not.
            ids = [id_ for id_ in awaiting.all_ids() if id_ != CANCEL_SIGNAL]
            run = next((self.run_command(id_) for id_ in ids if id_ in self.runs), None)
            journal.mismatch(f"an await of {self._describe(ids) or 'nothing'}", run)
        if rule is not _WRITE:
            journal.raise_ended()
        if executing:
            return
        if self.suspends:
            self._suspend(awaiting)
        elif journal.version >= 7:
            self._next_hint = len(self.arrived) + len(awaiting.all_ids()) // _HINT_SHARE
            message = pb.AwaitingOnMessage(awaiting_on=awaiting.to_message())
            journal.send(MessageType.AWAITING_ON, message)

    def run_command(self, id_: NotificationId) -> RelatedCommand:
        """Return the command of a run that has no result yet."""
        index, name = self.runs[id_]
        return RelatedCommand(index, name, MessageType.RUN)

    def _suspend(self, awaiting: Await) -> None:
        journal = self._journal
        # Checked because a mistake is costly: Restate would resume the attempt at once, for ever.
        present = [id_ for id_ in awaiting.all_ids() if id_ in self.arrived]
        if present:
            text = (
                f"The handler waits for {self._describe(present)}, which the journal has already: "
                "Restate would resume it at once, again and again."
            )
            journal.fail(AttemptError(Code.INTERNAL, text))
        message = pb.SuspensionMessage()
        if journal.version >= 7:
            message.awaiting_on.CopyFrom(awaiting.to_message())
        else:
            add_awaited(message, dict.fromkeys(awaiting.all_ids()))
        journal.suspend(message)

    def _describe(self, ids: list[NotificationId]) -> str:
        return ", ".join(map(self._describe_one, ids))

    def _describe_one(self, id_: NotificationId) -> str:
        if isinstance(id_, str):
            return f"signal '{id_}'"
        if id_ < 0:
            return f"awakeable {awakeable_id(self._journal.start.id, -id_)}"
        run = self.runs.get(id_)
        return f"run '{run[1]}'" if run is not None else f"the result of operation {id_}"
