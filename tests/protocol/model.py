"""Handlers made of random operations, and their invocations."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from restate_proto.model.target import Target
from restate_proto.protocol import (
    CANCEL_SIGNAL,
    AttemptEnded,
    Await,
    Combinator,
    Failure,
    InvocationTarget,
    NotificationId,
    Phase,
    Result,
    StateMachine,
)
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import CANCEL, Cancelled, ack, frame, read_messages, signal, start
from tests.restate import Restate, awaited_ids, is_command

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from random import Random

    from google.protobuf.message import Message

__all__ = ["Follower", "Operation", "attempt", "invoke", "perform"]

Operation: TypeAlias = tuple[str, int]
"""What a handler does, and a number from which its arguments are made."""

Handler: TypeAlias = "Generator[tuple[NotificationId, ...], tuple[NotificationId, Result], None]"

_TARGET = Target("Greeter", "greet")


# ---- The handler ----


def perform(machine: StateMachine, operations: Sequence[Operation], seen: list[object]) -> Handler:
    """Play the handler of these operations; yield the ids of which it awaits the first."""
    ids: list[NotificationId] = []
    for operation in operations:
        try:
            yield from _do(machine, operation, ids, seen)
        except Cancelled:
            seen.append("cancelled")
    machine.commands.write_output(b"done")
    machine.journal.end()


def _do(
    machine: StateMachine, operation: Operation, ids: list[NotificationId], seen: list[object]
) -> Handler:
    kind, number = operation
    text = f"k{number % 3}"
    payload = b"%d" % number
    match kind:
        case "get" | "keys":
            found = (
                machine.commands.state.get(text) if kind == "get" else machine.commands.state.keys()
            )
            if isinstance(found, int):
                _, found = yield (found,)
            seen.append(found)
        case "set":
            machine.commands.state.set(text, payload)
        case "clear":
            machine.commands.state.clear(text)
        case "clear all":
            machine.commands.state.clear_all()
        case "sleep":
            ids.append(machine.commands.sleep(number, text))
        case "call":
            ids += machine.commands.call(_TARGET, payload, [("h", text)], name=text)
        case "send":
            ids.append(machine.commands.send(_TARGET, payload, idempotency_key=text))
        case "run":
            id_, execute = machine.commands.run(text)
            if execute:
                result = payload if number % 4 else Failure(500, "failed")
                machine.commands.propose_run(id_, result)
            ids.append(id_)
        case "promise":
            ids += (
                machine.commands.get_promise(text),
                machine.commands.peek_promise(text),
                machine.commands.complete_promise(text, payload),
            )
        case "awakeable":
            awakeable, id_ = machine.commands.awakeable()
            seen.append(awakeable)
            ids.append(id_)
        case "tell":
            machine.commands.complete_awakeable("sign_1abc", payload)
            machine.commands.send_signal("inv_other", text, Failure(409, "no"))
            machine.commands.cancel_invocation("inv_other")
        case "attach":
            target = InvocationTarget(f"inv_{number}")
            ids += machine.commands.attach(target), machine.commands.get_output(target)
        case "wait" | "wait any" if ids:
            chosen = (ids[number % len(ids)], ids[number // 3 % len(ids)])
            id_, result = yield chosen[: 1 if kind == "wait" else 2]
            seen.append((ids.index(id_), result))
        case _:
            pass


# ---- Attempts ----


class _Attempt:
    """Drives a handler on a state machine as a runtime does."""

    def __init__(self, version: int, operations: Sequence[Operation]) -> None:
        self.machine = StateMachine(version)
        self.seen: list[object] = []
        self._handler = perform(self.machine, operations, self.seen)
        self._results: dict[NotificationId, Result] = {}
        self._for_cancellation: list[NotificationId] = [CANCEL_SIGNAL]  # it is waited for once

    def run(self, on_wait: Callable[[tuple[NotificationId, ...]], None]) -> None:
        """Run the handler to the attempt's end; `on_wait` feeds the machine."""
        machine = self.machine
        machine.read_input()
        try:
            waits = next(self._handler)
            while True:
                resume = self._progress(waits)
                if resume is not None:
                    waits = resume()
                else:
                    on_wait(waits)
        except (AttemptEnded, StopIteration):
            assert machine.journal.phase is Phase.CLOSED

    def _progress(
        self, waits: tuple[NotificationId, ...]
    ) -> Callable[[], tuple[NotificationId, ...]] | None:
        machine = self.machine
        while True:
            if machine.waiting.cancel_requested:
                if not machine.waiting.calls_without_id():
                    machine.waiting.cancel_requested = False
                    self._for_cancellation = []
                    machine.commands.cancel_calls()
                    return lambda: self._handler.throw(Cancelled())
            else:
                for id_ in waits:
                    if id_ in self._results:
                        done = id_, self._results[id_]
                        return lambda: self._handler.send(done)
            notification = machine.waiting.poll()
            if notification is None:
                break
            self._results.setdefault(*notification)
        tree = (
            Await(Combinator.ALL_COMPLETED, machine.waiting.calls_without_id())
            if machine.waiting.cancel_requested
            else Await(Combinator.FIRST_COMPLETED, [*waits, *self._for_cancellation])
        )
        machine.waiting.park(tree, executing=False)
        return None


def _stream(restate: Restate, length: int | None = None) -> bytes:
    """Return the request that replays the journal, or so much of it."""
    entries = restate.journal[:length]
    state = [] if restate.partial else restate.start_state(entries)
    first = start(len(entries), partial_state=restate.partial, state_map=state)
    return b"".join(map(frame, (first, *entries)))


def _receive(restate: Restate, machine: StateMachine) -> Message | None:
    """Give Restate what the attempt wrote; return the attempt's last message, if there is one."""
    last = None
    for message in read_messages(machine.journal.take_output()):
        assert last is None, "something was written after the end"
        restate.receive(message)
        if isinstance(message, (pb.EndMessage, pb.SuspensionMessage, pb.ErrorMessage)):
            last = message
    return last


def invoke(
    restate: Restate, operations: Sequence[Operation], random: Random, *, cancel: bool = False
) -> list[object]:
    """Run an invocation to its end, in a random number of attempts.

    Returns:
        What the handler saw.
    """
    while True:
        attempt = _Attempt(restate.version, operations)
        machine = attempt.machine
        machine.feed(_stream(restate))

        def on_wait(waits: tuple[NotificationId, ...], machine: StateMachine = machine) -> None:
            assert _receive(restate, machine) is None
            if random.random() < 0.2:
                machine.close_input()
            else:
                told = restate.complete(_something(restate, waits, random, cancel=cancel))
                machine.feed(frame(told))

        attempt.run(on_wait)
        last = _receive(restate, machine)
        if isinstance(last, pb.EndMessage):
            return attempt.seen
        assert isinstance(last, pb.SuspensionMessage), last
        restate.end_attempt(arrives=lambda: random.random() < 0.5)
        waits = tuple(awaited_ids(last))
        restate.complete(_something(restate, waits, random, cancel=cancel))


def _something(
    restate: Restate, waits: tuple[NotificationId, ...], random: Random, *, cancel: bool
) -> Message:
    """Let something happen to an invocation that waits."""
    if cancel and random.random() < 0.1:
        return CANCEL
    choices = [*restate.to_come, *restate.proposed.values()]
    choices += [signal(-id_, b"%d" % -id_) for id_ in waits if isinstance(id_, int) and id_ < -1]
    if not choices:  # a run whose proposal was lost is executed again
        return signal(99)
    return random.choice(choices)


def attempt(restate: Restate, operations: Sequence[Operation]) -> Message | None:
    """Run one attempt on the journal as it is, and return its last message."""
    one = _Attempt(restate.version, operations)
    one.machine.feed(_stream(restate))
    one.machine.close_input()
    restate.proposed.clear()
    one.run(lambda _: None)
    return _receive(restate, one.machine)


class Follower:
    """Replays a prefix of a journal; then the rest happens as it did.

    Args:
        original: the invocation as it was.
        length: how many entries are replayed.
        early: whether what follows in the journal has arrived when the handler starts.
    """

    def __init__(
        self, original: Restate, operations: Sequence[Operation], length: int, *, early: bool
    ) -> None:
        self._original = original
        self._position = length
        self._fed = 0
        self._proposed: set[int] = set()
        self._attempt = attempt = _Attempt(original.version, operations)
        self.machine = attempt.machine
        self.machine.feed(_stream(original, length))
        if early:
            self._feed_notifications()

    def run(self) -> list[object]:
        """Run to the end, and return what the handler saw."""

        def on_wait(_: tuple[NotificationId, ...]) -> None:
            before = self._fed
            self._receive()
            if self._fed == before:
                self._feed_notifications(most=1)
            assert self._fed > before, "the handler waits where it went on before"

        self._attempt.run(on_wait)
        self._receive()
        assert self._position == len(self._original.journal)
        return self._attempt.seen

    def _receive(self) -> None:
        for message in read_messages(self.machine.journal.take_output()):
            if is_command(message):
                # What had come before this command though the handler did not wait for it.
                self._feed_notifications()
                assert message == self._original.journal[self._position]
                self._position += 1
            elif isinstance(message, pb.ProposeRunCompletionMessage):
                self._proposed.add(message.result_completion_id)
            else:
                assert isinstance(message, (pb.EndMessage, pb.AwaitingOnMessage)), message

    def _feed_notifications(self, most: int = 1_000_000) -> None:
        journal = self._original.journal
        while most > 0 and self._position < len(journal):
            message = journal[self._position]
            if is_command(message):
                return
            if (
                isinstance(message, pb.RunCompletionNotificationMessage)
                and message.completion_id in self._proposed
                and self._original.version >= 7
            ):
                message = ack(message.completion_id)
            self.machine.feed(frame(message))
            self._fed += 1
            self._position += 1
            most -= 1
