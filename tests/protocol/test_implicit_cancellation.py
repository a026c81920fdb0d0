"""Cancellation: at an await, and with the calls that are pending."""

from __future__ import annotations

import pytest

from restate_proto.model.target import Target
from restate_proto.protocol import AttemptEnded, Phase, Result, ResultKind
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import (
    ALL_VERSIONS,
    CANCEL,
    Cancelled,
    Case,
    error_of,
    replaying,
    value,
    void,
)

TARGET = Target("MySvc", "MyHandler")

each_version = pytest.mark.parametrize("version", ALL_VERSIONS)


def invocation_id(id_: int, text: str) -> pb.CallInvocationIdCompletionNotificationMessage:
    return pb.CallInvocationIdCompletionNotificationMessage(completion_id=id_, invocation_id=text)


def result_of(id_: int) -> pb.CallCompletionNotificationMessage:
    return pb.CallCompletionNotificationMessage(completion_id=id_, value=value(b"ok"))


def call(id_: int) -> pb.CallCommandMessage:
    return pb.CallCommandMessage(
        service_name="MySvc",
        handler_name="MyHandler",
        invocation_id_notification_idx=id_,
        result_completion_id=id_ + 1,
    )


def cancels(text: str) -> pb.SendSignalCommandMessage:
    return pb.SendSignalCommandMessage(target_invocation_id=text, idx=1, void=pb.Void())


@each_version
def test_call_then_get_invocation_id_then_cancel(version: int) -> None:
    case = Case(version=version).feed(invocation_id(1, "my-id"), CANCEL).close_input()
    id_, result = case.machine.commands.call(TARGET, b"")
    assert case.wait(id_) == Result(ResultKind.INVOCATION_ID, "my-id")
    with pytest.raises(Cancelled):
        case.wait(result)
    case.machine.journal.end()
    assert case.sent() == [call(1), cancels("my-id"), pb.EndMessage()]


@each_version
def test_call_then_cancel(version: int) -> None:
    case = Case(version=version).feed(invocation_id(1, "my-id"), CANCEL).close_input()
    _, result = case.machine.commands.call(TARGET, b"")
    with pytest.raises(Cancelled):
        case.wait(result)
    assert case.sent() == [call(1), cancels("my-id")]


@each_version
def test_call_then_cancel_without_invocation_id(version: int) -> None:
    case = Case(version=version).feed(CANCEL).close_input()
    _, result = case.machine.commands.call(TARGET, b"")
    with pytest.raises(AttemptEnded, match="suspended"):
        case.wait(result)
    first, suspension = case.sent()
    assert first == call(1)
    assert isinstance(suspension, pb.SuspensionMessage)
    waits = suspension.awaiting_on if version >= 7 else suspension
    assert waits.waiting_completions == [1]
    assert not waits.waiting_signals


@each_version
def test_the_id_that_the_cancellation_waits_for_comes_later(version: int) -> None:
    case = Case(version=version).feed(CANCEL)
    _, result = case.machine.commands.call(TARGET, b"")
    assert case.wait(result) is None
    assert case.machine.waiting.calls_without_id() == [1]
    case.machine.journal.take_output()
    case.feed(invocation_id(1, "my-id"))
    with pytest.raises(Cancelled):
        case.wait(result)
    assert case.sent() == [cancels("my-id")]


@each_version
def test_replay_while_cancelling(version: int) -> None:
    case = replaying(
        call(1),
        invocation_id(1, "my-id-1"),
        call(3),
        invocation_id(3, "my-id-2"),
        CANCEL,
        cancels("my-id-1"),
        version=version,
    ).close_input()
    case.machine.commands.call(TARGET, b"")
    _, result = case.machine.commands.call(TARGET, b"")
    assert case.machine.journal.phase is Phase.REPLAYING
    with pytest.raises(Cancelled):
        case.wait(result)
    case.machine.journal.end()
    assert case.sent() == [cancels("my-id-2"), pb.EndMessage()]


def test_calls_are_cancelled_in_the_order_that_they_were_made_in() -> None:
    case = Case().feed(invocation_id(3, "b"), invocation_id(1, "a"), CANCEL)
    case.machine.commands.call(TARGET, b"")
    case.machine.commands.call(TARGET, b"")
    with pytest.raises(Cancelled):
        case.wait(2)
    assert case.sent()[2:] == [cancels("a"), cancels("b")]


def test_a_call_that_is_done_is_left_alone() -> None:
    case = Case().feed(invocation_id(1, "done"), result_of(2), invocation_id(3, "pending"), CANCEL)
    case.machine.commands.call(TARGET, b"")
    case.machine.commands.call(TARGET, b"")
    assert case.wait(2) is not None
    with pytest.raises(Cancelled):
        case.wait(4)
    assert case.sent()[2:] == [cancels("pending")]


def test_a_result_without_an_invocation_id_before_it_ends_the_call_too() -> None:
    case = Case().feed(result_of(2), CANCEL)
    case.machine.commands.call(TARGET, b"")
    assert case.wait(2) is not None
    assert case.machine.waiting.calls_without_id() == []
    with pytest.raises(Cancelled):
        case.wait(99)
    assert case.sent() == [call(1)]
    case.feed(invocation_id(1, "late"))
    assert case.wait(1) == Result(ResultKind.INVOCATION_ID, "late")
    assert case.machine.waiting.calls_without_id() == []


def test_sends_go_on() -> None:
    case = Case().feed(invocation_id(1, "sent"), CANCEL)
    case.machine.commands.send(TARGET, b"")
    with pytest.raises(Cancelled):
        case.wait(99)
    assert len(case.sent()) == 1  # the message, and no signal


def test_calls_after_a_cancellation_are_cancelled_by_the_next() -> None:
    case = Case().feed(invocation_id(1, "a"), CANCEL, invocation_id(3, "b"))
    case.machine.commands.call(TARGET, b"")
    with pytest.raises(Cancelled):
        case.wait(2)
    case.machine.commands.call(TARGET, b"")  # the handler undoes what it did
    assert case.wait(4) is None
    case.feed(CANCEL)
    with pytest.raises(Cancelled):
        case.wait(4)
    assert case.sent() == [call(1), cancels("a"), call(3), cancels("b")]


@each_version
def test_what_is_done_first_counts(version: int) -> None:
    case = Case(version=version).feed(void(1), CANCEL)
    case.machine.commands.sleep(1)
    case.machine.commands.sleep(1)
    assert case.wait(1) is not None
    assert not case.machine.waiting.cancel_requested
    with pytest.raises(Cancelled):
        case.wait(2)


@each_version
@pytest.mark.parametrize(
    "result",
    [
        pb.CallCompletionNotificationMessage(completion_id=1, value=value(b"\xff")),
        pb.SleepCompletionNotificationMessage(completion_id=1, void=pb.Void()),
        pb.CallCompletionNotificationMessage(completion_id=1, failure=pb.Failure(code=1)),
        pb.GetLazyStateKeysCompletionNotificationMessage(
            completion_id=1, state_keys=pb.StateKeys()
        ),
    ],
)
def test_an_invocation_id_that_is_none_is_a_violation(
    result: pb.CallCompletionNotificationMessage, version: int
) -> None:
    case = Case(version=version).feed(result, CANCEL)
    case.machine.commands.call(TARGET, b"")
    with pytest.raises(AttemptEnded):
        case.wait(2)
    error = error_of(case)
    assert error.code == 571
    assert error.message.endswith("as the result 1")


def test_the_cancel_signal_may_carry_anything() -> None:
    case = Case().feed(
        pb.SignalNotificationMessage(idx=1, failure=pb.Failure(code=409, message="cancelled"))
    )
    with pytest.raises(Cancelled):
        case.wait(99)


@each_version
def test_call_then_cancel_disabling_children_cancellation(version: int) -> None:
    case = Case(version=version).feed(CANCEL).close_input()
    id_, result = case.machine.commands.call(TARGET, b"")
    case.machine.commands.spare(id_)
    with pytest.raises(Cancelled):  # without waiting for the call's invocation id
        case.wait(result)
    case.machine.journal.end()
    assert case.sent() == [call(1), pb.EndMessage()]


@each_version
def test_saga_compensation_call_is_not_cancelled(version: int) -> None:
    case = Case(version=version).feed(invocation_id(1, "reserve"), result_of(2))
    _, reserved = case.machine.commands.call(TARGET, b"")
    assert case.wait(reserved) is not None
    sleep = case.machine.commands.sleep(60_000)
    case.feed(CANCEL)
    with pytest.raises(Cancelled):
        case.wait(sleep)
    id_, unreserved = case.machine.commands.call(TARGET, b"")
    assert case.wait(unreserved) is None
    case.feed(invocation_id(id_, "unreserve"), result_of(unreserved)).close_input()
    assert case.wait(unreserved) is not None
    case.returns()
    assert not any(isinstance(each, pb.SendSignalCommandMessage) for each in case.sent())
