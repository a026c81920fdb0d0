"""How an attempt fails, and what it tells Restate."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from restate_proto.model.target import Target
from restate_proto.protocol import (
    AttemptEnded,
    AttemptError,
    ErrorBehavior,
    Failure,
    Phase,
    RelatedCommand,
    StateMachine,
)
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import (
    ALL_VERSIONS,
    Case,
    ack,
    closed,
    error_of,
    frame,
    raw,
    replaying,
    start,
    stream,
    value,
    void,
)

each_version = pytest.mark.parametrize("version", ALL_VERSIONS)

INPUT = frame(pb.InputCommandMessage(value=value(b"my-data")))


def fed(*chunks: bytes, version: int = 6) -> StateMachine:
    machine = StateMachine(version)
    for chunk in chunks:
        machine.feed(chunk)
    return machine


def violation_of(machine: StateMachine) -> str:
    error = error_of(machine)
    assert error.code == 571
    return error.message


class TestErrors:
    @each_version
    def test_an_error_byte_for_byte(self, version: int) -> None:
        case = Case(version=version)
        with pytest.raises(AttemptEnded, match="boom"):
            case.machine.journal.fail(
                AttemptError(500, "boom", "trace", retry_after=timedelta(seconds=1))
            )
        # code, message, stacktrace, the related command's index and type, the delay
        expected = "08f4031204626f6f6d1a057472616365200030800840e807"
        assert (
            case.machine.journal.take_output().hex()
            == f"000200000000{len(expected) // 2:04x}{expected}"
        )

    @each_version
    def test_an_error_belongs_to_the_last_command(self, version: int) -> None:
        case = replaying(pb.ClearStateCommandMessage(key=b"a"), version=version)
        case.machine.commands.state.clear("a")
        case.machine.commands.sleep(1, "expiry")
        case.machine.journal.fail_with(AttemptError(500, "boom"))
        assert error_of(case) == pb.ErrorMessage(
            code=500,
            message="boom",
            related_command_index=2,
            related_command_name="expiry",
            related_command_type=0x040C,
        )

    def test_a_command_without_a_name_leaves_it_out(self) -> None:
        case = Case()
        case.machine.commands.state.clear_all()
        case.machine.journal.fail_with(AttemptError(500, "boom"))
        assert not error_of(case).HasField("related_command_name")

    def test_an_error_belongs_to_the_command_that_is_given(self) -> None:
        case = Case()
        case.machine.commands.state.clear_all()
        related = RelatedCommand(7, "next", 0x040D)
        case.machine.journal.fail_with(AttemptError(500, "boom", related=related))
        error = error_of(case)
        assert error.related_command_index == 7
        assert error.related_command_name == "next"
        assert error.related_command_type == 0x040D

    def test_explicit_error_notification(self) -> None:
        case = Case()
        error = AttemptError(
            500,
            "my-error",
            retry_after=timedelta(seconds=10),
            related=RelatedCommand(1, "", 0x040D),
        )
        case.machine.journal.fail_with(error)
        assert error_of(case) == pb.ErrorMessage(
            code=500,
            message="my-error",
            related_command_index=1,
            related_command_type=0x040D,
            next_retry_delay=10_000,
        )

    def test_notify_error_with_should_pause(self) -> None:
        case = Case(version=7)
        case.machine.journal.fail_with(
            AttemptError(500, "please pause", behavior=ErrorBehavior.PAUSE)
        )
        error = error_of(case)
        assert (error.message, error.behavior) == ("please pause", pb.PAUSE)
        assert not error.HasField("next_retry_delay")

    def test_an_error_before_the_input_belongs_to_nothing(self) -> None:
        case = Case(read=False)
        case.machine.journal.fail_with(AttemptError(500, "boom"))
        assert error_of(case) == pb.ErrorMessage(code=500, message="boom")

    def test_the_first_error_counts(self) -> None:
        case = Case()
        with pytest.raises(AttemptEnded, match="first"):
            case.machine.journal.fail(AttemptError(500, "first"))
        with pytest.raises(AttemptEnded, match="first"):
            case.machine.journal.fail(AttemptError(500, "second"))
        case.machine.journal.fail_with(AttemptError(500, "third"))
        assert error_of(case).message == "first"

    def test_what_was_written_before_is_sent_before(self) -> None:
        case = Case()
        case.machine.commands.state.clear_all()
        case.machine.journal.fail_with(AttemptError(500, "boom"))
        assert [type(message) for message in case.sent()] == [
            pb.ClearAllStateCommandMessage,
            pb.ErrorMessage,
        ]

    @pytest.mark.parametrize("code", [-1, 0, 65_536, 2**32])
    def test_a_number_that_is_no_code_is_500(self, code: int) -> None:
        case = Case()
        case.machine.journal.fail_with(AttemptError(code, "boom"))
        assert error_of(case).code == 500
        case = Case()
        case.machine.commands.write_output(Failure(code, "boom"))
        assert case.sent_one(pb.OutputCommandMessage).failure.code == 500

    def test_text_that_is_no_unicode_is_told_all_the_same(self) -> None:
        name = os.fsdecode(b"caf\xe9.txt")  # with a lone surrogate, as names of files may have
        case = Case(version=7)
        case.machine.commands.write_output(Failure(500, name, ((name, name),)))
        case.machine.journal.fail_with(AttemptError(500, f"no file {name}", f"Traceback {name}"))
        output, error = case.sent()
        assert isinstance(output, pb.OutputCommandMessage)
        assert isinstance(error, pb.ErrorMessage)
        text = "caf\\udce9.txt"
        assert output.failure == pb.Failure(
            code=500, message=text, metadata=[pb.FailureMetadata(key=text, value=text)]
        )
        assert error.message == f"no file {text}"
        assert error.stacktrace == f"Traceback {text}"

    def test_attempt_ended_passes_a_handler_s_except_exception(self) -> None:
        assert not issubclass(AttemptEnded, Exception)


class TestClosedStreams:
    """The request ends where it should not."""

    @each_version
    def test_got_closed_stream_before_end_of_replay(self, version: int) -> None:
        machine = fed(frame(start(2)), INPUT, version=version)
        machine.close_input()
        assert not machine.is_ready
        assert violation_of(machine) == (
            "Broken stream: the request ended while waiting for the journal to replay"
        )

    @each_version
    def test_got_closed_stream_before_the_start(self, version: int) -> None:
        machine = fed(version=version)
        machine.close_input()
        assert violation_of(machine) == (
            "Broken stream: the request ended while waiting for the start message"
        )

    @each_version
    @pytest.mark.parametrize("length", [1, 7, 8, 9])
    def test_got_closed_stream_inside_a_message(self, length: int, version: int) -> None:
        truncated = frame(void(1))[:length]
        case = Case(version=version)
        case.machine.commands.sleep(1)
        case.feed(truncated).close_input()
        assert violation_of(case.machine) == "Broken stream: the request ended inside a message"

    def test_got_closed_stream_inside_a_message_while_replaying(self) -> None:
        case = replaying(pb.ClearAllStateCommandMessage())
        case.feed(b"\0").close_input()
        assert violation_of(case.machine).startswith("Broken stream")

    def test_closing_twice_is_closing_once(self) -> None:
        case = Case().close_input().close_input()
        with pytest.raises(AttemptEnded, match="suspended"):
            case.wait(1)
        case.close_input()
        assert len(case.sent()) == 1

    def test_every_truncation_of_a_stream_is_broken(self) -> None:
        data = stream(
            pb.InputCommandMessage(value=value(b"my-data")),
            pb.SleepCommandMessage(result_completion_id=1),
            void(1),
        )
        for length in range(len(data)):
            machine = fed(data[:length])
            machine.close_input()
            assert violation_of(machine).startswith("Broken stream: the request ended ")


class TestUnexpectedMessages:
    def test_a_second_start(self) -> None:
        for before in (frame(start(2)), stream(INPUT)):
            machine = fed(before, frame(start(1)))
            assert violation_of(machine) == "Protocol violation: a second start message"

    def test_zero_known_entries(self) -> None:
        assert violation_of(fed(frame(start(0)))) == (
            "Protocol violation: a start message with no known entries"
        )

    @pytest.mark.parametrize(
        "first",
        [
            pb.OutputCommandMessage(value=value(b"")),
            pb.RunCommandMessage(result_completion_id=1),
            raw(0xFC00),
        ],
    )
    def test_a_journal_that_does_not_begin_with_the_input(
        self, first: pb.OutputCommandMessage | bytes
    ) -> None:
        for machine in (fed(stream(first)), fed(stream(void(1), first, INPUT))):
            assert violation_of(machine) == (
                "Protocol violation: a journal that does not begin with the handler's input"
            )

    def test_a_journal_of_notifications_only(self) -> None:
        assert "begin with the handler's input" in violation_of(fed(stream(void(1), void(2))))

    def test_a_notification_before_the_start(self) -> None:
        assert violation_of(fed(frame(void(1)))) == (
            "Protocol violation: a notification before the start message"
        )

    def test_a_command_before_the_start(self) -> None:
        assert violation_of(fed(INPUT)) == (
            "Protocol violation: the command 'the handler's input' while waiting for the start "
            "message"
        )

    @pytest.mark.parametrize("type_", [0x0400, 0x0411, 0x0450, 0x7FFF, 0xFC00, 0xFFFF])
    def test_a_command_after_the_replayed_part(self, type_: int) -> None:
        replay = replaying(pb.ClearAllStateCommandMessage()).feed(raw(type_))
        processing = Case().feed(raw(type_))
        assert violation_of(replay.machine).endswith("' while replaying")
        assert violation_of(processing.machine).endswith("' while processing")

    @pytest.mark.parametrize("type_", [1, 2, 3, 4, 5, 6, 8, 0x03FF])
    def test_a_control_message_that_is_not_for_us(self, type_: int) -> None:
        for before in (b"", frame(start(2)), stream(INPUT)):
            machine = fed(before, raw(type_))
            assert violation_of(machine) == (
                f"Protocol violation: unexpected message type {type_:#06x}"
            )

    def test_an_ack_of_nothing(self) -> None:
        for before in (b"", frame(start(2)), stream(INPUT)):
            machine = fed(before, frame(ack(1)), version=7)
            assert "an ack for the run 1, which was not proposed" in violation_of(machine)

    @pytest.mark.parametrize("type_", [0x8000, 0x8002, 0x8FFF, 0xFBFF])
    def test_a_notification_without_an_id(self, type_: int) -> None:
        machine = fed(stream(INPUT), raw(type_, bytes.fromhex("2200")))
        assert violation_of(machine) == "Protocol violation: a notification without an id"

    def test_a_notification_without_a_result(self) -> None:
        machine = fed(stream(INPUT), raw(0x800C, bytes.fromhex("0801")))
        assert violation_of(machine) == (
            "Protocol violation: a notification without a result (id 1)"
        )

    @pytest.mark.parametrize("type_", [0x8000, 0x8003, 0x8FFF, 0xFBFE])
    def test_an_unknown_notification_is_one_like_others(self, type_: int) -> None:
        # All have the same shape: newer ones can come.
        machine = fed(stream(INPUT), raw(type_, bytes.fromhex("08012200")))
        assert machine.journal.phase is Phase.REPLAYING
        assert machine.waiting.poll() is not None

    def test_the_rest_of_the_input_does_not_matter_any_more(self) -> None:
        machine = fed(frame(start(0)) + frame(start(1)) + INPUT + raw(4))
        assert "no known entries" in violation_of(machine)
        machine.feed(stream(INPUT))
        machine.close_input()
        assert closed(machine)
        assert machine.journal.take_output() == b""


UNDECODABLE = {
    "start": (b"", raw(0x0000, b"\xff")),
    "start, text that is no UTF-8": (b"", raw(0x0000, bytes.fromhex("1201ff"))),
    "notification": (stream(INPUT), raw(0x800C, b"\xff")),
    "notification of a truncated value": (stream(INPUT), raw(0xFBFF, bytes.fromhex("2a0561"))),
    "notification, a name that is no UTF-8": (
        stream(INPUT),
        raw(0xFBFF, bytes.fromhex("1a01ff2200")),
    ),
    "notification, an id that is no UTF-8": (
        stream(INPUT),
        raw(0x800E, bytes.fromhex("0801820101ff")),
    ),
    "notification, deep": (stream(INPUT), raw(0x800C, b"\x0b" * 500)),
    "ack": (stream(INPUT), raw(0x0007, b"\xff")),
}


@each_version
@pytest.mark.parametrize(("before", "message"), UNDECODABLE.values(), ids=UNDECODABLE.keys())
def test_an_undecodable_message_is_a_broken_stream(
    before: bytes, message: bytes, version: int
) -> None:
    machine = fed(before, message, version=version)
    assert violation_of(machine).startswith("Broken stream: undecodable message: ")


def test_protobuf_without_its_c_core_is_no_different() -> None:
    # It raises UnicodeDecodeError where the C core raises DecodeError.
    this = Path(__file__)
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-k",
            "undecodable and not c_core",
            str(this),
            str(this.with_name("test_mismatch.py")),
        ],
        env=os.environ | {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"},
        cwd=this.parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    "recorded", [bytes.fromhex("0a01ff"), bytes.fromhex("6201ff"), bytes.fromhex("ff")]
)
def test_a_recorded_command_whose_text_is_no_utf_8_is_a_violation(recorded: bytes) -> None:
    case = replaying(raw(0x0409, recorded))
    with pytest.raises(AttemptEnded):
        case.machine.commands.get_promise("a")
    assert "the journal's command 1 is undecodable" in violation_of(case.machine)
    case = replaying(raw(0x0409, recorded))
    with pytest.raises(AttemptEnded):
        case.machine.commands.call(Target("S", "h"), b"")
    assert violation_of(case.machine)
