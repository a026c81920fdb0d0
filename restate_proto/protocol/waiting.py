"""Waiting: notifications take effect, and where none is left, the attempt waits or is suspended.

Notifications come at any time, but take effect one by one, in their order, and only while the
handler waits: so every attempt sees the same order.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from restate_proto.protocol.errors import AttemptError, Code, RelatedCommand
from restate_proto.protocol.messages import MessageType
from restate_proto.protocol.notifications import (
    CANCEL_SIGNAL,
    NotificationId,
    ResultKind,
    awakeable_id,
)
from restate_proto.protocol.phases import Phase, Rule
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from restate_proto.protocol.journal import Journal
    from restate_proto.protocol.notifications import Result

__all__ = ["Await", "Combinator", "Waiting"]

_NO_PAYLOADS = (ResultKind.INVOCATION_ID, ResultKind.STATE_KEYS)
_REPLAYING, _PROCESSING, _CLOSED = Phase.REPLAYING, Phase.PROCESSING, Phase.CLOSED
_WRITE, _MISMATCH = Rule.WRITE, Rule.MISMATCH

_MAX_DEPTH = 50
"""How deep an await tree may nest on the wire: protobuf parsers stop at 100 levels."""


_HINT_SHARE = 16
"""A share of the ids of a hint (v7): so many have to arrive before the next one."""


class Combinator(IntEnum):
    """How the children of an await combine; the numbers are the protocol's."""

    UNKNOWN = 0
    FIRST_COMPLETED = 1
    ALL_COMPLETED = 2
    FIRST_SUCCEEDED_OR_ALL_FAILED = 3
    ALL_SUCCEEDED_OR_FIRST_FAILED = 4


_COMBINATORS = (
    pb.COMBINATOR_TYPE_UNKNOWN,
    pb.FIRST_COMPLETED,
    pb.ALL_COMPLETED,
    pb.FIRST_SUCCEEDED_OR_ALL_FAILED,
    pb.ALL_SUCCEEDED_OR_FIRST_FAILED,
)


@dataclass(slots=True)
class Await:
    """What an await waits for: notifications and further awaits under one combinator."""

    combinator: Combinator = Combinator.FIRST_COMPLETED
    ids: list[NotificationId] = field(default_factory=list[NotificationId])
    nested: list[Await] = field(default_factory=list["Await"])

    def add(self, part: Await) -> None:
        """Wait for another await as well, under this combinator; one of a single id is that id."""
        if len(part.ids) == 1 and not part.nested:
            self.ids += part.ids
        else:
            self.nested.append(part)

    def all_ids(self) -> list[NotificationId]:
        """Every notification of the tree."""
        ids = list(self.ids)
        for child in self.nested:
            ids += child.all_ids()
        return ids

    def to_message(self, depth: int = _MAX_DEPTH) -> pb.Future:
        """The tree as a protocol message (v7).

        Args:
            depth: how many levels may follow. Below them is one list, of which any may end the
                wait: too early is harmless, while Restate refuses a tree that is too deep.
        """
        if depth == 0 and self.nested:
            return Await(Combinator.UNKNOWN, self.all_ids()).to_message()
        message = pb.Future(combinator_type=_COMBINATORS[self.combinator])
        for id_ in self.ids:
            if isinstance(id_, str):
                message.waiting_named_signals.append(id_)
            elif id_ < 0:
                message.waiting_signals.append(-id_)
            else:
                message.waiting_completions.append(id_)
        for child in self.nested:
            message.nested_futures.append(child.to_message(depth - 1))
        return message


class Waiting:
    """What a handler waits for, and what happens while it does.

    Args:
        journal: the attempt's journal.

    Attributes:
        queue: the notifications that have not taken effect, in their order.
        arrived: the ids of all that have come: a run that has its result is not executed.
        expected: the kind of result of each id whose result is no payload.
        proposals: results of runs by completion id that wait for their ack, which does not repeat
            them (v7).
        pending_calls: the calls that have no result yet, which are cancelled with their caller:
            from the notification id of the invocation id to that, or None where it is not known.
        runs: the runs that have no result yet: from the notification id to the index and the name
            of the command.
        cancel_requested: whether the invocation's cancellation has taken effect, and the handler
            is to be told; the runtime takes it back then.
        suspends: whether a wait is a suspension.
    """

    __slots__ = (
        "_journal",
        "_next_hint",
        "arrived",
        "cancel_requested",
        "expected",
        "pending_calls",
        "proposals",
        "queue",
        "runs",
        "suspends",
    )

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._next_hint = 0  # how many notifications have to be there for it
        self.queue: deque[tuple[NotificationId, Result]] = deque()
        self.arrived: set[NotificationId] = set()
        self.expected: dict[NotificationId, ResultKind] = {}
        self.proposals: dict[int, Result] = {}
        self.pending_calls: dict[int, str | None] = {}
        self.runs: dict[NotificationId, tuple[int, str]] = {}
        self.cancel_requested = False
        self.suspends = False

    # ---- While there are notifications ----

    def poll(self) -> tuple[NotificationId, Result] | None:
        """Let the next notification take effect, in the order that every attempt sees.

        To be called only while the handler waits for something. None when there is none.

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
        expected = self.expected.pop(id_, None)
        if kind is not expected and (expected is not None or kind in _NO_PAYLOADS):
            self._on_wrong_kind(id_, kind)
        payloads = self._journal.payloads
        if payloads is not None:
            what = self._describe_one(id_)
            notification = id_, payloads.decode_result(self._journal, result, what)
        calls = self.pending_calls
        if calls and isinstance(id_, int):
            if id_ in calls:
                calls[id_] = result.value
            else:
                calls.pop(id_ - 1, None)  # a call's result has the id after its invocation id
        return notification

    def _on_wrong_kind(self, id_: NotificationId, kind: ResultKind) -> None:
        journal = self._journal
        has_begun = isinstance(id_, str) or id_ <= journal.last_completion_id
        if has_begun or journal.phase is not _REPLAYING:
            text = f"Protocol violation: {kind.name} as the result {id_!r}"
            journal.fail(AttemptError(Code.PROTOCOL_VIOLATION, text))
        # Of an operation that the code has not begun: the code has changed, as its next step shows.

    def calls_without_id(self) -> list[NotificationId]:
        """The pending calls whose invocation id is not known: cancelling them has to wait for it."""
        return [id_ for id_, invocation_id in self.pending_calls.items() if invocation_id is None]

    # ---- When there are none ----

    @property
    def parks_silently(self) -> bool:
        """Whether `park` would have nothing to say: input may come, and nobody has to be told.

        A hint (v7) names all of what is waited for. So the more that is, the more has to arrive
        before the next one: hints for thousands of tasks would cost more than the tasks.
        """
        journal = self._journal
        return (
            (journal.version < 7 or len(self.arrived) < self._next_hint)
            and not self.suspends
            and journal.phase is _PROCESSING
        )

    def park(self, awaiting: Await, *, executing: bool) -> None:
        """The handler waits, and no notification is left: wait for input, or suspend.

        Args:
            awaiting: what it waits for.
            executing: whether a run's function is being executed. The attempt is not suspended
                then: its result would be lost.

        Raises:
            AttemptEnded: the attempt was suspended, or the wait shows that the journal is of
                other code.
        """
        journal = self._journal
        rule = journal.phase.on_wait
        if rule is _MISMATCH:
            # The journal went on from here, so what it waited for then was there. Now it is not.
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
        """The command of a run that has no result yet."""
        index, name = self.runs[id_]
        return RelatedCommand(index, name, MessageType.RUN)

    def _suspend(self, awaiting: Await) -> None:
        journal = self._journal
        # What has taken effect is waited for no more; see to it, for the price of a mistake is high.
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
            flat = Await(ids=list(dict.fromkeys(awaiting.all_ids()))).to_message()
            message.waiting_completions.extend(flat.waiting_completions)
            message.waiting_signals.extend(flat.waiting_signals)
            message.waiting_named_signals.extend(flat.waiting_named_signals)
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
