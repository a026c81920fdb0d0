"""Payload codecs between a handler and its journal, message by message."""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import pytest

from restate_proto import AesGcmSiv, TerminalError, Zstd
from restate_proto.model.payload_codec import MARK, PayloadCodec, PayloadCodecError, PayloadCodecs
from restate_proto.model.target import Target
from restate_proto.protocol import AttemptEnded, ErrorBehavior, Failure, Phase, Result, ResultKind
from restate_proto.protocol.machine import StateMachine
from restate_proto.protocol.player import Player
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import (
    ALL_VERSIONS,
    ack,
    frame,
    named_signal,
    read_messages,
    signal,
    stream,
    value,
)

if TYPE_CHECKING:
    from types import FrameType

    from google.protobuf.message import Message

M = TypeVar("M")
Issue: TypeAlias = Callable[[StateMachine, bytes], Any]

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
SECRET = b"a secret that is long enough to be compressed: " + b"sesame " * 50
DETAIL = "restatepb.detail/shop.v1.SoldOut"
OTHER = Target.service("Greeter", "Greet")


def codecs(*parts: PayloadCodec) -> PayloadCodecs:
    return PayloadCodecs(parts)


BEFORE = codecs(Zstd(1), AesGcmSiv({"old": OLD}))
AFTER = codecs(Zstd(19), AesGcmSiv({"new": NEW, "old": OLD}))
WITHOUT_KEY = codecs(Zstd(), AesGcmSiv({"new": NEW}))


def machine(
    *entries: Message, codecs: PayloadCodecs | None = BEFORE, version: int = 6, **fields: Any
) -> StateMachine:
    made = StateMachine(version, payload_codecs=codecs)
    made.feed(stream(pb.InputCommandMessage(value=value(b"plain")), *entries, **fields))
    assert made.read_input().payload == b"plain"
    return made


def sent(made: StateMachine) -> list[Message]:
    return read_messages(made.journal.take_output())


ISSUES: dict[str, Issue] = {
    "call": lambda made, data: made.commands.call(OTHER, data),
    "send": lambda made, data: made.commands.send(OTHER, data),
    "state": lambda made, data: made.commands.state.set("KEY", data),
    "signal": lambda made, data: made.commands.send_signal("inv_1", "go", data),
    "awakeable": lambda made, data: made.commands.complete_awakeable("sign_1", data),
    "promise": lambda made, data: made.commands.complete_promise("done", data),
    "output": lambda made, data: made.commands.write_output(data),
}
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


def stored(data: bytes, by: PayloadCodecs = BEFORE) -> pb.Value:
    return value(by.encode(data))


def poll(made: StateMachine) -> Result:
    notification = made.waiting.poll()
    assert notification is not None
    return notification[1]


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


class TestEagerState:
    def entry(self, data: bytes) -> pb.StartMessage.StateEntry:
        return pb.StartMessage.StateEntry(key=b"KEY", value=BEFORE.encode(data))

    def made(self, *entries: Message, codecs: PayloadCodecs = AFTER) -> StateMachine:
        state = [self.entry(SECRET)]
        return machine(*entries, codecs=codecs, state_map=state, partial_state=False)

    def test_it_is_decoded_and_recorded_as_it_was_stored(self) -> None:
        made = self.made()
        assert made.commands.state.get("KEY") == Result(ResultKind.VALUE, SECRET)
        (recorded,) = sent(made)
        assert isinstance(recorded, pb.GetEagerStateCommandMessage)
        assert recorded.value.content.startswith(MARK)
        again = self.made(recorded)
        assert again.commands.state.get("KEY") == Result(ResultKind.VALUE, SECRET)
        assert again.journal.phase is Phase.PROCESSING

    def test_what_was_set_is_got(self) -> None:
        made = self.made()
        made.commands.state.set("KEY", b"other")
        assert made.commands.state.get("KEY") == Result(ResultKind.VALUE, b"other")
        put, got = sent(made)
        assert isinstance(put, pb.SetStateCommandMessage)
        assert isinstance(got, pb.GetEagerStateCommandMessage)
        assert got.value.content == put.value.content
        again = self.made(put, got)
        again.commands.state.set("KEY", b"other")
        assert again.commands.state.get("KEY") == Result(ResultKind.VALUE, b"other")

    def test_a_key_that_is_gone_is_retried(self) -> None:
        recorded = pb.GetEagerStateCommandMessage(key=b"KEY", value=stored(SECRET))
        for made in (
            self.made(codecs=WITHOUT_KEY),
            self.made(recorded, codecs=WITHOUT_KEY),
        ):
            with pytest.raises(AttemptEnded):
                made.commands.state.get("KEY")
            error = made.journal.error
            assert error is not None
            assert "state 'KEY': the payload cannot be decoded" in error.message


class TestRuns:
    @pytest.mark.parametrize("version", ALL_VERSIONS)
    def test_a_result_comes_back_decoded(self, version: int) -> None:
        """On v7 Restate acknowledges it and does not repeat it."""
        made = machine(version=version)
        id_, _ = made.commands.run("step")
        payloads = made.journal.payloads
        assert payloads is not None
        made.commands.propose_run(id_, payloads.encode(SECRET))
        _, proposal = sent(made)
        assert isinstance(proposal, pb.ProposeRunCompletionMessage)
        assert proposal.value.startswith(MARK)
        answer = pb.RunCompletionNotificationMessage(completion_id=id_, value=value(proposal.value))
        made.feed(frame(ack(id_) if version >= 7 else answer))
        assert poll(made) == Result(ResultKind.VALUE, SECRET)

    @pytest.mark.parametrize("version", [6, 7])
    def test_the_details_of_a_failure_are_encoded(self, version: int) -> None:
        made = machine(version=version)
        id_, _ = made.commands.run("step")
        plain = base64.b64encode(SECRET).decode()
        made.commands.propose_run(id_, Failure(409, "sold out", ((DETAIL, plain), ("by", "Ada"))))
        _, proposal = sent(made)
        assert isinstance(proposal, pb.ProposeRunCompletionMessage)
        written = Failure.from_message(proposal.failure)
        assert (written.code, written.message) == (409, "sold out")
        detail, other = written.metadata
        assert base64.b64decode(detail[1]).startswith(MARK)
        assert other == ("by", "Ada")


class TestFailures:
    FAILURE = Failure(409, "sold out", ((DETAIL, base64.b64encode(SECRET).decode()), ("by", "Ada")))

    def test_the_details_of_an_output_are_encoded_and_compared(self) -> None:
        first = machine()
        first.commands.write_output(self.FAILURE)
        (output,) = sent(first)
        assert isinstance(output, pb.OutputCommandMessage)
        assert Failure.from_message(output.failure) != self.FAILURE
        assert output.failure.message == "sold out"
        again = machine(output, codecs=AFTER)
        again.commands.write_output(self.FAILURE)
        assert again.journal.phase is Phase.PROCESSING
        other = machine(output, codecs=AFTER)
        with pytest.raises(AttemptEnded):
            other.commands.write_output(self.FAILURE._replace(metadata=()))

    def test_they_are_decoded_for_the_caller(self) -> None:
        first = machine()
        first.commands.write_output(self.FAILURE)
        (output,) = sent(first)
        assert isinstance(output, pb.OutputCommandMessage)
        made = machine(codecs=AFTER)
        made.feed(
            frame(pb.CallCompletionNotificationMessage(completion_id=2, failure=output.failure))
        )
        assert poll(made) == Result(ResultKind.FAILURE, self.FAILURE)

    def test_what_is_no_base64_stays(self) -> None:
        failure = Failure(409, "sold out", ((DETAIL, "?"),))
        made = machine()
        made.commands.write_output(failure)
        (output,) = sent(made)
        assert isinstance(output, pb.OutputCommandMessage)
        assert Failure.from_message(output.failure) == failure


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


class TestRepetitions:
    """Development mode compares what two attempts have written, whose payloads are encoded twice."""

    def played(self, payload: bytes, codecs: PayloadCodecs) -> Player:
        player, made = Player(BEFORE), StateMachine(6, payload_codecs=codecs)
        data = stream(pb.InputCommandMessage(value=value(b"")))
        player.given(data)
        made.feed(data)
        made.read_input()
        made.commands.write_output(payload)
        made.journal.end()
        player.written(made.journal.take_output())
        return player

    def test_the_same_payload_is_no_difference(self) -> None:
        first, again = self.played(SECRET, BEFORE), self.played(SECRET, BEFORE)
        assert first.entries != again.entries
        assert first.difference(again) is None

    def test_another_payload_is_one_that_shows_neither(self) -> None:
        difference = self.played(SECRET, BEFORE).difference(self.played(b"sesame", BEFORE))
        assert difference is not None
        assert "an encoded payload of" in difference.text
        assert "sesame" not in difference.text
