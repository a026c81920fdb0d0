"""Payload codecs between a handler and its journal, message by message."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto import TerminalError, Zstd
from restate_proto.model.payload_codec import MARK, PayloadCodecError, PayloadCodecs
from restate_proto.protocol import AttemptEnded, ErrorBehavior, Failure, Phase, Result, ResultKind
from restate_proto.protocol.machine import StateMachine
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import frame, named_signal, signal, stream, value
from tests.protocol.payload_case import (
    AFTER,
    BEFORE,
    ISSUES,
    SECRET,
    WITHOUT_KEY,
    Issue,
    codecs,
    machine,
    poll,
    sent,
    stored,
)

if TYPE_CHECKING:
    from types import FrameType

    from google.protobuf.message import Message

each_issue = pytest.mark.parametrize("issue", ISSUES.values(), ids=ISSUES)


def payload_of(message: Any) -> bytes:
    match message:
        case pb.CallCommandMessage() | pb.OneWayCallCommandMessage():
            return message.parameter
        case pb.CompletePromiseCommandMessage():
            return message.completion_value.content
        case _:
            return message.value.content


@each_issue
def test_what_is_written_is_encoded(issue: Issue) -> None:
    made = machine()
    issue(made, SECRET)
    (message,) = sent(made)
    written = payload_of(message)
    assert written.startswith(MARK)
    assert SECRET not in message.SerializeToString()
    assert BEFORE.decode(written) == SECRET


@each_issue
def test_zero_bytes_stay(issue: Issue) -> None:
    made = machine()
    issue(made, b"")
    (message,) = sent(made)
    assert payload_of(message) == b""


@each_issue
@pytest.mark.parametrize("now", [BEFORE, AFTER], ids=["same codecs", "new key and other level"])
def test_what_decodes_to_the_same_is_no_mismatch(issue: Issue, now: PayloadCodecs) -> None:
    first = machine()
    issue(first, SECRET)
    again = machine(*sent(first), codecs=now)
    issue(again, SECRET)
    assert again.journal.phase is Phase.PROCESSING
    assert again.journal.error is None
    assert sent(again) == []


@each_issue
def test_a_journal_of_before_there_were_codecs_is_replayed(issue: Issue) -> None:
    first = machine(codecs=None)
    issue(first, SECRET)
    again = machine(*sent(first), codecs=AFTER)
    issue(again, SECRET)
    assert again.journal.phase is Phase.PROCESSING


@each_issue
def test_another_payload_is_a_mismatch_that_shows_neither(issue: Issue) -> None:
    first = machine()
    issue(first, SECRET)
    again = machine(*sent(first))
    with pytest.raises(AttemptEnded):
        issue(again, b"another secret, sesame")
    error = again.journal.error
    assert error is not None
    assert error.code == 570
    assert "an encoded payload of" in error.message
    assert "sesame" not in error.message


@each_issue
def test_a_journal_of_a_key_that_is_gone_is_retried(issue: Issue) -> None:
    first = machine()
    issue(first, SECRET)
    again = machine(*sent(first), codecs=WITHOUT_KEY)
    with pytest.raises(AttemptEnded):
        issue(again, SECRET)
    error = again.journal.error
    assert error is not None
    assert (error.code, error.behavior) == (500, ErrorBehavior.RETRY)
    assert "encrypted with the key 'old', but there are only 'new'" in error.message


@each_issue
def test_what_a_codec_refuses_is_not_written(issue: Issue) -> None:
    made = machine(codecs=codecs(Zstd(max_size=100)))
    with pytest.raises(ValueError, match="longer than Zstd"):
        issue(made, bytes(101))
    assert made.journal.phase is Phase.PROCESSING
    issue(made, bytes(100))
    assert len(sent(made)) == 1


NOTIFICATIONS: dict[str, Callable[[pb.Value], Message]] = {
    "state": lambda v: pb.GetLazyStateCompletionNotificationMessage(completion_id=1, value=v),
    "promise": lambda v: pb.GetPromiseCompletionNotificationMessage(completion_id=1, value=v),
    "response": lambda v: pb.CallCompletionNotificationMessage(completion_id=1, value=v),
    "run": lambda v: pb.RunCompletionNotificationMessage(completion_id=1, value=v),
    "awakeable": lambda v: signal(17, v.content),
    "signal": lambda v: named_signal("go", v.content),
}
each_notification = pytest.mark.parametrize(
    "notification", NOTIFICATIONS.values(), ids=NOTIFICATIONS
)


@each_notification
@pytest.mark.parametrize("by", [BEFORE, AFTER], ids=["old key", "new key"])
def test_results_are_decoded(
    notification: Callable[[pb.Value], Message], by: PayloadCodecs
) -> None:
    made = machine(codecs=AFTER)
    made.feed(frame(notification(stored(SECRET, by))))
    assert poll(made) == Result(ResultKind.VALUE, SECRET)


@each_notification
@pytest.mark.parametrize("plain", [b"", b"{}", b'"by curl"', b"\x0a\x01a"])
def test_plain_results_are_read(notification: Callable[[pb.Value], Message], plain: bytes) -> None:
    made = machine()
    made.feed(frame(notification(value(plain))))
    assert poll(made) == Result(ResultKind.VALUE, plain)


@each_notification
def test_a_result_of_an_unknown_key_is_retried(
    notification: Callable[[pb.Value], Message],
) -> None:
    made = machine(codecs=WITHOUT_KEY)
    made.feed(frame(notification(stored(SECRET))))
    with pytest.raises(AttemptEnded):
        made.waiting.poll()
    error = made.journal.error
    assert error is not None
    assert (error.code, error.behavior) == (500, ErrorBehavior.RETRY)
    assert "encrypted with the key 'old'" in error.message


@each_notification
def test_a_bomb_is_a_failure(notification: Callable[[pb.Value], Message]) -> None:
    made = machine(codecs=codecs(Zstd(max_size=1_000)))
    made.feed(frame(notification(stored(bytes(10_000_000), codecs(Zstd())))))
    result = poll(made)
    assert result.kind is ResultKind.FAILURE
    assert result.value.code == 413
    assert "has more than Zstd(max_size=1000) bytes" in result.value.message


def test_the_input_is_decoded() -> None:
    for by in (BEFORE, AFTER):
        made = StateMachine(6, payload_codecs=AFTER)
        made.feed(stream(pb.InputCommandMessage(value=stored(SECRET, by))))
        assert made.read_input().payload == SECRET


def test_an_input_that_cannot_be_decoded() -> None:
    made = StateMachine(6, payload_codecs=WITHOUT_KEY)
    made.feed(stream(pb.InputCommandMessage(value=stored(SECRET))))
    with pytest.raises(PayloadCodecError, match="add that key"):
        made.read_input()
    made = StateMachine(6, payload_codecs=codecs(Zstd(max_size=10)))
    made.feed(stream(pb.InputCommandMessage(value=stored(bytes(1_000), codecs(Zstd())))))
    with pytest.raises(TerminalError, match="more than"):
        made.read_input()


def test_what_has_no_payload_is_as_ever() -> None:
    """Keys, names, headers and times are compared and written as without codecs."""

    def play(made: StateMachine) -> list[Message]:
        commands = made.commands
        commands.state.clear("KEY")
        commands.sleep(int(timedelta(seconds=1).total_seconds()), "nap")
        commands.get_promise("done")
        commands.cancel_invocation("inv_1")
        commands.complete_awakeable("sign_1", Failure(500, "no"))
        return sent(made)

    assert play(machine()) == play(machine(codecs=None))


def test_without_codecs_nothing_of_them_is_called() -> None:
    called: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            called.append(frame.f_code.co_filename)

    def play() -> None:
        first = machine(codecs=None)
        for issue in ISSUES.values():
            issue(first, SECRET)
        again = machine(*sent(first), codecs=None)
        for issue in ISSUES.values():
            issue(again, SECRET)
        again.feed(frame(named_signal("go", SECRET)))
        poll(again)

    play()
    sys.setprofile(note)
    try:
        play()
    finally:
        sys.setprofile(None)
    assert any(path.endswith("journal.py") for path in called)
    assert not [
        path for path in called if path.endswith(("/stored_payloads.py", "/payload_codec.py"))
    ]
