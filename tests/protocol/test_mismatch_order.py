"""A handler that does something else, or waits elsewhere, than the journal says: error 570."""

from __future__ import annotations

import pytest

from restate_proto.protocol import AttemptEnded, Await
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import ALL_VERSIONS, error_of, raw, replaying, value, void

each_version = pytest.mark.parametrize("version", ALL_VERSIONS)


class TestTheHandlerReturnsEarly:
    @each_version
    def test_the_rest_of_the_journal_is_the_mismatch(self, version: int) -> None:
        case = replaying(
            pb.ClearStateCommandMessage(key=b"a"),
            pb.SleepCommandMessage(result_completion_id=1, name="expiry"),
            version=version,
        )
        case.machine.commands.state.clear("a")
        with pytest.raises(AttemptEnded):
            case.machine.journal.end()
        error = error_of(case)
        assert error.code == 570
        assert error.message.startswith(
            "Journal mismatch at command 2: the handler's end in the code, "
            "'sleep expiry' in the journal. "
        )
        assert (error.related_command_index, error.related_command_type) == (2, 0x040C)

    def test_its_output_is_held_against_the_journal(self) -> None:
        case = replaying(pb.ClearStateCommandMessage(key=b"a"))
        with pytest.raises(AttemptEnded):
            case.returns(b"done")
        assert "'the handler's return' in the code" in error_of(case).message

    def test_another_return_value(self) -> None:
        case = replaying(pb.OutputCommandMessage(value=value(b"then")))
        with pytest.raises(AttemptEnded):
            case.returns(b"now")
        assert (
            'content: "now" in the code, content: "then" in the journal' in error_of(case).message
        )


class TestAnAwaitWasAdded:
    """A future awaited while commands are left to replay must have come before them."""

    @each_version
    def test_add_await_run_after_progress_was_made(self, version: int) -> None:
        case = replaying(
            pb.RunCommandMessage(result_completion_id=1, name="my-side-effect"),
            pb.SleepCommandMessage(result_completion_id=2),
            void(2),
            version=version,
        )
        case.machine.commands.run("my-side-effect")
        with pytest.raises(AttemptEnded):
            case.wait(1)
        error = error_of(case)
        assert error.code == 570
        assert error.message.startswith(
            "Journal mismatch at command 2: an await of run 'my-side-effect' in the "
            "code, 'sleep' in the journal. "
        )
        assert (error.related_command_index, error.related_command_name) == (1, "my-side-effect")
        assert error.related_command_type == 0x0411

    @each_version
    def test_add_await_sleep_after_progress_was_made(self, version: int) -> None:
        case = replaying(
            pb.SleepCommandMessage(result_completion_id=1),
            pb.SleepCommandMessage(result_completion_id=2),
            void(2),
            version=version,
        )
        case.machine.commands.sleep(0)
        with pytest.raises(AttemptEnded):
            case.wait(1)
        error = error_of(case)
        assert error.code == 570
        assert "an await of the result of operation 1 in the code, " in error.message
        assert (error.related_command_index, error.related_command_type) == (2, 0x040C)

    @each_version
    def test_add_await_awakeable_after_progress_was_made(self, version: int) -> None:
        case = replaying(pb.SleepCommandMessage(result_completion_id=1), void(1), version=version)
        text, id_ = case.machine.commands.awakeable()
        with pytest.raises(AttemptEnded):
            case.wait(id_)
        assert f"an await of awakeable {text} in the code, " in error_of(case).message

    def test_a_named_signal(self) -> None:
        case = replaying(pb.SleepCommandMessage(result_completion_id=1))
        with pytest.raises(AttemptEnded):
            case.wait("approved")
        assert "an await of signal 'approved' in the code, " in error_of(case).message

    def test_nothing_but_the_cancellation(self) -> None:
        case = replaying(pb.SleepCommandMessage(result_completion_id=1))
        with pytest.raises(AttemptEnded):
            case.machine.waiting.park(Await(ids=[-1]), executing=False)
        assert "an await of nothing in the code, " in error_of(case).message

    def test_executing_a_function_makes_no_difference(self) -> None:
        case = replaying(
            pb.RunCommandMessage(result_completion_id=1, name="a"),
            pb.SleepCommandMessage(result_completion_id=2),
        )
        case.machine.commands.run("a")
        with pytest.raises(AttemptEnded):
            case.wait(1, executing=True)
        assert error_of(case).code == 570


class TestCommandsOfOthers:
    @pytest.mark.parametrize("type_", [0x040F, 0x0415, 0x07FF, 0x7FFF, 0xFC00, 0xFC01, 0xFFFF])
    @each_version
    def test_an_unknown_command_of_the_journal_is_a_mismatch(
        self, type_: int, version: int
    ) -> None:
        case = replaying(raw(type_, b"\xff\xff"), version=version)
        with pytest.raises(AttemptEnded):
            case.machine.commands.run("quote")
        error = error_of(case)
        assert error.code == 570
        assert f"'message type {type_:#06x}' in the journal" in error.message
        assert error.related_command_index == 1

    def test_an_unknown_command_where_the_handler_returns(self) -> None:
        case = replaying(raw(0xFC01, b"\xff\xff"))
        with pytest.raises(AttemptEnded):
            case.machine.journal.end()
        error = error_of(case)
        assert error.code == 570
        assert error.related_command_type == 0xFC01

    def test_a_second_input_is_a_mismatch(self) -> None:
        case = replaying(pb.InputCommandMessage(value=value(b"again")))
        with pytest.raises(AttemptEnded):
            case.machine.commands.state.clear("a")
        assert "'the handler's input' in the journal" in error_of(case).message
