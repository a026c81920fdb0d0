"""Payload codecs: eager state, runs, details of failures, and repetitions in development mode."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from restate_proto.model.payload_codec import MARK, PayloadCodecs
from restate_proto.protocol import AttemptEnded, Failure, Phase, Result, ResultKind
from restate_proto.protocol.machine import StateMachine
from restate_proto.protocol.player import Player
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import ALL_VERSIONS, ack, frame, stream, value
from tests.protocol.payload_case import (
    AFTER,
    BEFORE,
    DETAIL,
    SECRET,
    WITHOUT_KEY,
    machine,
    poll,
    sent,
    stored,
)

if TYPE_CHECKING:
    from google.protobuf.message import Message


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
