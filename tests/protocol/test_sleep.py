"""Timers."""

from __future__ import annotations

import pytest

from restate_proto.protocol import AttemptEnded, Result, ResultKind
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import ALL_VERSIONS, CANCEL, Case, closed, frame, value, void

WAKE_UP = 1_721_123_699_086

each_version = pytest.mark.parametrize("version", ALL_VERSIONS)


def sleep_handler(case: Case) -> bool:
    """Sleep, then return; tell whether the handler got that far."""
    id_ = case.machine.commands.sleep(WAKE_UP)
    result = case.wait(id_)
    if result is None:
        return False
    assert result == Result(ResultKind.VOID, None)
    case.returns()
    return True


def suspended_on(case: Case, completion: int) -> bool:
    (message,) = case.sent()[-1:]
    assert isinstance(message, pb.SuspensionMessage)
    waits = message.awaiting_on if case.machine.journal.version >= 7 else message
    assert waits.waiting_completions == [completion]
    assert waits.waiting_signals == [1]
    assert not waits.waiting_named_signals
    return closed(case)


@each_version
def test_sleep_suspends(version: int) -> None:
    case = Case(version=version).close_input()
    with pytest.raises(AttemptEnded, match="suspended"):
        sleep_handler(case)
    written = case.machine.journal.take_output()
    command = frame(pb.SleepCommandMessage(wake_up_time=WAKE_UP, result_completion_id=1))
    assert written.startswith(command)
    assert written[len(command) :].hex() == (
        "000100000000000a22080a01011201012801" if version == 7 else "00010000000000060a0101120101"
    )
    assert closed(case)


@each_version
def test_sleep_completed(version: int) -> None:
    case = Case(
        pb.SleepCommandMessage(wake_up_time=1, result_completion_id=1), void(1), version=version
    ).close_input()
    assert sleep_handler(case)
    assert case.sent() == [pb.OutputCommandMessage(value=value(b"")), pb.EndMessage()]
    assert closed(case)


@each_version
def test_sleep_still_sleeping(version: int) -> None:
    case = Case(
        pb.SleepCommandMessage(wake_up_time=1, result_completion_id=1), version=version
    ).close_input()
    with pytest.raises(AttemptEnded):
        sleep_handler(case)
    assert suspended_on(case, 1)


@each_version
def test_sleep_completed_while_the_handler_waits(version: int) -> None:
    case = Case(version=version)
    assert not sleep_handler(case)
    waiting = case.sent()
    assert waiting[0] == pb.SleepCommandMessage(wake_up_time=WAKE_UP, result_completion_id=1)
    assert len(waiting) == (2 if version == 7 else 1)
    assert case.wait(1) is None
    case.feed(void(1))
    assert case.wait(1) == Result(ResultKind.VOID, None)


def test_the_time_of_a_replayed_sleep_is_the_journal_s() -> None:
    case = Case(pb.SleepCommandMessage(wake_up_time=1, result_completion_id=1, name="a"))
    assert case.machine.commands.sleep(2, "a") == 1
    assert case.machine.journal.error is None
    assert case.sent() == []


def test_a_sleep_that_ends_with_a_cancellation_is_a_notification_like_others() -> None:
    case = Case().feed(CANCEL)
    assert case.machine.waiting.poll() == (-1, Result(ResultKind.VOID, None))
    assert case.machine.waiting.cancel_requested


def test_a_time_that_is_no_time_is_the_caller_s_error_and_leaves_the_machine_alone() -> None:
    case = Case()
    with pytest.raises(ValueError, match="-1"):
        case.machine.commands.sleep(-1)
    case.returns()
    assert case.sent()[-1] == pb.EndMessage()


def test_sleep_with_out_of_bounds_duration_fails() -> None:
    case = Case()
    with pytest.raises(ValueError, match=str(2**64)):
        case.machine.commands.sleep(2**64)
    case.machine.commands.sleep(2**64 - 1)
    (command,) = case.sent()
    assert command == pb.SleepCommandMessage(wake_up_time=2**64 - 1, result_completion_id=1)
