"""A random course of an invocation: attempts are cut off anywhere, until one ends it.

It fails for a journal that does not match, an invocation that waits for something that never comes,
a stream that does not end, and an attempt that hangs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import ObjectContext
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.restate import Restate, awaited_ids, id_of
from tests.runtime.case import Case

if TYPE_CHECKING:
    import random

    from google.protobuf.message import Message

    from restate_proto.runtime.debug import Debugger

__all__ = ["Body", "invoke"]

Body: TypeAlias = Callable[[ObjectContext, Parcel], Coroutine[Any, Any, Parcel]]

MOST_ATTEMPTS = 400
MOST_IDLE_ROUNDS = 300


class Connection:
    """An attempt on a connection that may break at any time and before any message.

    Args:
        case: the attempt.
        restate: what it is connected to.
        draw: what everything is drawn from.
    """

    def __init__(self, case: Case, restate: Restate, draw: random.Random) -> None:
        self._case = case
        self._restate = restate
        self._draw = draw
        # None for a connection that holds.
        self._messages_left = draw.randrange(12) if draw.random() < 0.6 else None
        self._is_closed = False
        self._last: Message | None = None

    async def until_it_ends(self) -> Message | None:
        """Run the attempt, and return its last message; None if the connection broke before."""
        if self._draw.random() < 0.5:
            self._close_input()
        idle = 0
        while not self._take_output():
            for _ in range(self._draw.randrange(4)):
                await asyncio.sleep(0)
            if not self._is_closed and self._draw.random() < 0.6 and self._deliver():
                idle = 0
                continue
            if self._messages_left is not None and self._draw.random() < 0.1:
                self._break()
                break
            idle += 1
            assert idle < MOST_IDLE_ROUNDS, f"it hangs; {self._restate}"
            if idle > MOST_IDLE_ROUNDS / 3 or self._draw.random() < 0.1:
                self._close_input()
        return self._last

    def _close_input(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._case.close_input()

    def _break(self) -> None:
        self._case.attempt.aborted("the connection broke")

    def _deliver(self) -> bool:
        notification = something_to_come(self._restate, self._draw)
        if notification is None:
            return False
        self._case.feed(self._restate.complete(notification))
        return True

    def _take_output(self) -> bool:
        """Store the attempt's output; return whether the attempt or the connection has ended."""
        for message in self._case.sent():
            if self._messages_left == 0:
                self._break()
                return True
            if self._messages_left is not None:
                self._messages_left -= 1
            if isinstance(message, (pb.SuspensionMessage, pb.ErrorMessage, pb.EndMessage)):
                self._last = message
                return True
            self._restate.receive(message)
        assert not self._case.stream.ended, "it ended without an end"
        return False


def something_to_come(restate: Restate, draw: random.Random) -> Message | None:
    """Return a notification that may come next; a call's result comes after its invocation id."""
    without_id = {
        each.completion_id
        for each in restate.to_come
        if isinstance(each, pb.CallInvocationIdCompletionNotificationMessage)
    }
    choices = [
        each
        for each in (*restate.to_come, *restate.proposed.values())
        if not isinstance(each, pb.CallCompletionNotificationMessage)
        or each.completion_id - 1 not in without_id
    ]
    return draw.choice(choices) if choices else None


async def invoke(
    restate: Restate,
    body: Body,
    draw: random.Random,
    debugger: Debugger | None = None,
    *,
    explicit_cancellation: bool = False,
) -> int:
    """Make attempts until one of them ends the invocation; return their number.

    Args:
        restate: where the invocation is.
        body: the handler.
        draw: what the course of the invocation is drawn from.
        debugger: what repeats the attempts, in development mode.
        explicit_cancellation: whether the handler asks if it is cancelled.
    """
    new_case = partial(
        Case,
        body,
        version=restate.version,
        kind=ServiceKind.VIRTUAL_OBJECT,
        handler_kind=HandlerKind.EXCLUSIVE,
        explicit_cancellation=explicit_cancellation,
    )
    is_lazy = draw.random() < 0.5
    for attempts in range(1, MOST_ATTEMPTS):
        restate.partial = is_lazy and draw.random() < 0.8
        state = [
            entry
            for entry in restate.start_state(restate.journal)
            if not restate.partial or draw.random() < 0.5
        ]
        case = new_case(debugger=debugger)
        entries = restate.journal[1:]  # the case has an input of its own
        case.start(*entries, state_map=state, partial_state=restate.partial, key="k")
        last = await Connection(case, restate, draw).until_it_ends()
        if isinstance(last, pb.EndMessage):
            await repeat_the_last(restate, new_case())
            return attempts
        if isinstance(last, pb.ErrorMessage):
            assert "meant to fail" in last.message, f"{last}; {restate}"
        if isinstance(last, pb.SuspensionMessage):
            resume(restate, awaited_ids(last), draw)
        for _ in range(5):
            await asyncio.sleep(0)  # whatever the attempt has left behind
        restate.end_attempt()
        while draw.random() < 0.4 and (notification := something_to_come(restate, draw)):
            restate.complete(notification)
    raise AssertionError(f"{MOST_ATTEMPTS} attempts; {restate}")


async def repeat_the_last(restate: Restate, case: Case) -> None:
    """Let another attempt end the invocation, which it does by the same command."""
    is_output = [isinstance(entry, pb.OutputCommandMessage) for entry in restate.journal]
    end = is_output.index(True)
    case.start(*restate.journal[1:end], state_map=restate.start_state(restate.journal), key="k")
    restate.proposed.clear()
    written: list[Message] = []
    for _ in range(MOST_IDLE_ROUNDS):
        await asyncio.sleep(0)
        for message in case.sent():
            if not isinstance(message, pb.ProposeRunCompletionMessage):
                written.append(message)
            elif not case.stream.ended:
                restate.receive(message)
                case.feed(restate.complete(restate.proposed[message.result_completion_id]))
        if case.stream.ended:
            break
    written = [each for each in written + case.sent() if not isinstance(each, pb.AwaitingOnMessage)]
    last = written[-1] if written else None
    if not (isinstance(last, pb.ErrorMessage) and "meant to fail" in last.message):
        expected = [restate.journal[end], pb.EndMessage()]
        assert written == expected, f"{written} and not {expected}; {restate}"


def resume(restate: Restate, awaited: set[int | str], draw: random.Random) -> None:
    """Store notifications until one is there that a suspended attempt waits for."""
    assert awaited, f"suspended for nothing; {restate}"
    present = set(map(id_of, restate.notifications))
    while awaited.isdisjoint(present):
        notification = something_to_come(restate, draw)
        assert notification is not None, f"{awaited} will never come; {restate}"
        restate.complete(notification)
        present.add(id_of(notification))
