"""What each message does in each phase: the table of `phases.py`, tried cell by cell."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from restate_proto.protocol import AttemptEnded, AttemptError, Await, Phase, StateMachine
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import ack, frame, raw, read_messages, start, stream, void

if TYPE_CHECKING:
    from collections.abc import Callable

INPUT = pb.InputCommandMessage()
SLEEP = pb.SleepCommandMessage(wake_up_time=5, result_completion_id=2)
RUN = pb.RunCommandMessage(result_completion_id=1, name="r")


def waiting_start() -> StateMachine:
    return StateMachine(7)


def waiting_replay() -> StateMachine:
    """Return a case in which two entries are missing."""
    machine = StateMachine(7)
    machine.feed(frame(start(4)) + frame(INPUT) + frame(RUN))
    return machine


def replaying() -> StateMachine:
    """Return a case that has begun a run, and has a sleep next."""
    machine = StateMachine(7)
    machine.feed(stream(INPUT, RUN, SLEEP))
    machine.read_input()
    machine.commands.run("r")
    return machine


def processing() -> StateMachine:
    """Return a case that has begun a run."""
    machine = StateMachine(7)
    machine.feed(stream(INPUT, RUN))
    machine.read_input()
    machine.commands.run("r")
    return machine


def closed() -> StateMachine:
    """Return a case that has begun a run, and has ended."""
    machine = processing()
    machine.journal.abandon()
    return machine


MACHINES = (waiting_start, waiting_replay, replaying, processing, closed)


def acknowledge(machine: StateMachine) -> None:
    if machine.waiting.runs and machine.journal.phase is not Phase.CLOSED:
        machine.commands.propose_run(1, b"v")
        machine.journal.take_output()
    machine.feed(frame(ack(1)))


def propose(machine: StateMachine) -> None:
    machine.waiting.runs = {1: (1, "r"), **machine.waiting.runs}  # where nothing has begun, too
    machine.commands.propose_run(1, b"v")


MESSAGES: dict[str, Callable[[StateMachine], object]] = {
    "start": lambda machine: machine.feed(frame(start(1))),
    "recorded command": lambda machine: machine.feed(frame(SLEEP)),
    "notification": lambda machine: machine.feed(frame(void(9))),
    "ack": acknowledge,
    "request end": lambda machine: machine.close_input(),
    "other message": lambda machine: machine.feed(raw(0x0008)),
    "command": lambda machine: machine.commands.sleep(5),
    "wait": lambda machine: machine.waiting.park(Await(ids=[1]), executing=False),
    "run result": propose,
    "end": lambda machine: machine.journal.end(),
    "failure": lambda machine: machine.journal.fail_with(AttemptError(500, "boom")),
}


def begins(machine: StateMachine) -> None:
    assert machine.journal.phase is Phase.WAITING_REPLAY
    assert not machine.is_ready


def is_entry(machine: StateMachine) -> None:
    assert machine.journal.phase is Phase.WAITING_REPLAY
    machine.feed(frame(void(8)))
    assert machine.journal.phase is Phase.REPLAYING


def is_queued(machine: StateMachine) -> None:
    assert machine.waiting.poll() is not None
    assert machine.waiting.poll() is None
    assert machine.journal.take_output() == b""


def suspends(machine: StateMachine) -> None:
    assert machine.journal.take_output() == b""
    if machine.journal.phase is Phase.REPLAYING:
        machine.commands.sleep(5)
    assert machine.journal.phase is Phase.PROCESSING
    with pytest.raises(AttemptEnded, match="suspended"):
        machine.waiting.park(Await(ids=[1]), executing=False)


def is_matched(machine: StateMachine) -> None:
    assert machine.journal.phase is Phase.PROCESSING
    assert machine.journal.command_index == 2
    assert machine.journal.take_output() == b""


def is_written(machine: StateMachine) -> None:
    (message,) = read_messages(machine.journal.take_output())
    assert not isinstance(message, pb.ErrorMessage)
    is_last = isinstance(message, pb.EndMessage)
    assert (machine.journal.phase is Phase.CLOSED) == is_last


def is_ignored(machine: StateMachine) -> None:
    assert machine.journal.take_output() == b""
    assert machine.journal.error is None
    assert machine.waiting.poll() is None


def is_refused(machine: StateMachine) -> None:
    """Check that the handler is told so, and that nothing else happens."""
    is_ignored(machine)


def fails_with(code: int, text: str) -> Callable[[StateMachine], None]:
    def check(machine: StateMachine) -> None:
        (message,) = read_messages(machine.journal.take_output())
        assert isinstance(message, pb.ErrorMessage)
        assert message.code == code
        assert message.message.startswith(text)
        assert machine.journal.phase is Phase.CLOSED

    return check


is_illegal = fails_with(571, "Protocol violation: ")
is_broken = fails_with(571, "Broken stream: ")
is_error = fails_with(500, "boom")
mismatches = fails_with(570, "Journal mismatch")

TABLE: dict[str, tuple[Callable[[StateMachine], None], ...]] = {
    "start": (begins, is_illegal, is_illegal, is_illegal, is_ignored),
    "recorded command": (is_illegal, is_entry, is_illegal, is_illegal, is_ignored),
    "notification": (is_illegal, is_entry, is_queued, is_queued, is_ignored),
    "ack": (is_illegal, is_illegal, is_queued, is_queued, is_ignored),
    "request end": (is_broken, is_broken, suspends, suspends, is_ignored),
    "other message": (is_illegal, is_illegal, is_illegal, is_illegal, is_ignored),
    "command": (is_refused, is_refused, is_matched, is_written, is_refused),
    "wait": (is_refused, is_refused, mismatches, is_written, is_refused),
    "run result": (is_ignored, is_ignored, is_written, is_written, is_ignored),
    "end": (is_ignored, is_ignored, mismatches, is_written, is_ignored),
    "failure": (is_error, is_error, is_error, is_error, is_ignored),
}


@pytest.mark.parametrize("phase", Phase, ids=lambda phase: phase.name)
@pytest.mark.parametrize("message", TABLE)
def test_a_message_in_a_phase(message: str, phase: Phase) -> None:
    place = list(Phase).index(phase)
    machine = MACHINES[place]()
    assert machine.journal.phase is phase
    check = TABLE[message][place]
    with pytest.raises(AttemptEnded) if check in (is_refused, mismatches) else nullcontext():
        MESSAGES[message](machine)
    check(machine)
