"""Side effects: executed once, their results stored before they count."""

from __future__ import annotations

from datetime import timedelta

import pytest

from restate_proto.protocol import AttemptEnded, Await, Failure, Phase, Result, ResultKind
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import ALL_VERSIONS, Case, ack, closed, error_of, replaying, value, void

RUN = pb.RunCommandMessage(result_completion_id=1, name="my-side-effect")
NAME = "my-side-effect"
OK = Result(ResultKind.VALUE, b"123")
FAILED = Result(ResultKind.FAILURE, Failure(500, "my-failure"))

each_version = pytest.mark.parametrize("version", ALL_VERSIONS)


def completion(id_: int = 1, content: bytes = b"123") -> pb.RunCompletionNotificationMessage:
    return pb.RunCompletionNotificationMessage(completion_id=id_, value=value(content))


PROPOSAL = pb.ProposeRunCompletionMessage(result_completion_id=1, value=b"123")


def stored(version: int) -> pb.RunCompletionNotificationMessage | pb.ProposeRunCompletionAckMessage:
    """Return Restate's answer to the proposal of 123."""
    return ack(1) if version >= 7 else completion()


@each_version
def test_the_proposal_byte_for_byte(version: int) -> None:
    case = Case(version=version)
    case.machine.commands.run(NAME)
    case.machine.journal.take_output()
    case.machine.commands.propose_run(1, b"123")
    flags = "8000" if version >= 7 else "0000"
    assert case.machine.journal.take_output().hex() == f"0005{flags}00000007" + "08017203313233"


@each_version
def test_only_a_proposal_has_the_flag_that_asks_for_an_ack(version: int) -> None:
    case = Case(version=version)
    case.machine.commands.run(NAME)
    case.machine.commands.propose_run(1, b"123")
    case.wait(1)
    case.feed(stored(version))
    case.wait(1)
    case.returns()
    flags = {frame.type: frame.flags for frame in case.sent_frames()}
    assert flags.pop(0x0005) == (0x8000 if version >= 7 else 0)
    assert set(flags.values()) == {0}


@each_version
def test_enter_then_propose_completion_then_suspend(version: int) -> None:
    case = Case(version=version)
    assert case.machine.commands.run(NAME) == (1, True)
    assert case.wait(1, executing=True) is None
    case.machine.commands.propose_run(1, b"123")
    assert case.wait(1) is None
    case.close_input()
    with pytest.raises(AttemptEnded, match="suspended"):
        case.wait(1)
    kinds = [type(message) for message in case.sent()]
    waits = [pb.AwaitingOnMessage] if version >= 7 else []
    assert kinds == [
        pb.RunCommandMessage,
        pb.ProposeRunCompletionMessage,
        *waits,
        pb.SuspensionMessage,
    ]


@each_version
def test_enter_then_propose_completion_then_complete(version: int) -> None:
    case = Case(version=version)
    assert case.machine.commands.run(NAME) == (1, True)
    assert case.wait(1, executing=True) is None
    assert case.sent() == [RUN]
    case.machine.commands.propose_run(1, b"123")
    assert case.sent() == [PROPOSAL]
    assert case.wait(1) is None
    case.machine.journal.take_output()
    case.feed(stored(version)).close_input()
    assert case.wait(1) == OK
    case.returns(b"123")
    assert case.sent() == [pb.OutputCommandMessage(value=value(b"123")), pb.EndMessage()]


@each_version
def test_enter_then_propose_completion_then_complete_with_failure(version: int) -> None:
    case = Case(version=version)
    case.machine.commands.run(NAME)
    case.machine.commands.propose_run(1, Failure(500, "my-failure", (("a", "b"),)))
    _, proposal = case.sent()
    assert isinstance(proposal, pb.ProposeRunCompletionMessage)
    assert (proposal.failure.code, proposal.failure.message) == (500, "my-failure")
    assert len(proposal.failure.metadata) == (0 if version == 5 else 1)
    if version >= 7:
        case.feed(ack(1))
    else:
        case.feed(pb.RunCompletionNotificationMessage(completion_id=1, failure=proposal.failure))
    result = case.wait(1)
    assert result is not None
    assert result.kind is ResultKind.FAILURE
    assert result.value == Failure(500, "my-failure", () if version == 5 else (("a", "b"),))


@each_version
def test_enter_then_notify_input_closed_then_propose_completion(version: int) -> None:
    case = Case(version=version)
    case.machine.commands.run(NAME)
    case.close_input()
    # Suspended now, the result would be lost.
    assert case.wait(1, executing=True) is None
    assert case.sent() == [RUN]
    case.machine.commands.propose_run(1, b"123")
    with pytest.raises(AttemptEnded, match="suspended"):
        case.wait(1)
    proposal, suspension = case.sent()
    assert proposal == PROPOSAL
    assert isinstance(suspension, pb.SuspensionMessage)
    assert closed(case)


@each_version
def test_replay_without_completion(version: int) -> None:
    case = replaying(RUN, version=version).close_input()
    assert case.machine.commands.run(NAME) == (1, True)
    case.machine.commands.propose_run(1, b"123")
    with pytest.raises(AttemptEnded, match="suspended"):
        case.wait(1)
    proposal, _ = case.sent()
    assert proposal == PROPOSAL


@each_version
def test_replay_without_completion_with_any(version: int) -> None:
    case = replaying(
        RUN,
        pb.SleepCommandMessage(result_completion_id=2),
        pb.SleepCommandMessage(result_completion_id=3),
        void(2),
        version=version,
    ).close_input()
    machine = case.machine
    assert machine.commands.run(NAME) == (1, True)
    machine.commands.sleep(1)
    assert case.wait_for(lambda: bool(case.results.keys() & {1, 2}), Await(ids=[1, 2]))
    assert machine.journal.phase is Phase.REPLAYING
    machine.commands.sleep(1)
    assert machine.journal.phase is Phase.PROCESSING
    machine.commands.propose_run(1, b"123")
    with pytest.raises(AttemptEnded, match="suspended"):
        case.wait_for(lambda: bool(case.results.keys() & {1, 3}), Await(ids=[1, 3]))
    proposal, suspension = case.sent()
    assert proposal == PROPOSAL
    assert isinstance(suspension, pb.SuspensionMessage)
    waits = suspension.awaiting_on if version >= 7 else suspension
    assert waits.waiting_completions == [1, 3]


@each_version
def test_replay_with_completion(version: int) -> None:
    case = replaying(RUN, completion(), version=version)
    assert case.machine.commands.run(NAME) == (1, False)
    assert case.wait(1) == OK
    case.returns(b"123")
    assert case.sent() == [pb.OutputCommandMessage(value=value(b"123")), pb.EndMessage()]


def test_replay_with_completion_followed_by_another_command_is_replayed() -> None:
    case = replaying(RUN, pb.SleepCommandMessage(result_completion_id=2), completion())
    assert case.machine.commands.run(NAME) == (1, False)
    assert case.machine.journal.phase is Phase.REPLAYING
    case.machine.commands.sleep(0)
    assert case.wait(1) == OK
    assert case.sent() == []


@each_version
def test_a_result_proposed_while_the_journal_is_replayed_is_sent(version: int) -> None:
    # The function was executed at once though a recorded command is still to come: were its
    # result dropped, whoever awaits it would wait for ever.
    case = replaying(RUN, pb.SleepCommandMessage(result_completion_id=2), void(2), version=version)
    assert case.machine.commands.run(NAME) == (1, True)
    case.machine.commands.propose_run(1, b"123")
    assert case.machine.journal.phase is Phase.REPLAYING
    assert case.sent() == [PROPOSAL]
    case.machine.commands.sleep(0)
    assert case.wait(2) is not None
    case.feed(stored(version))
    assert case.wait(1) == OK


@each_version
def test_a_completion_that_arrives_right_after_the_replay_is_the_run_s(version: int) -> None:
    # The attempt before proposed it; Restate stored that after it had counted the entries.
    case = replaying(RUN, version=version).feed(completion())
    assert case.machine.commands.run(NAME) == (1, False)
    assert case.wait(1) == OK
    assert case.sent() == []


@each_version
def test_several_runs_at_once_complete_in_restate_s_order(version: int) -> None:
    case = Case(version=version)
    for name in ("a", "b", "c"):
        case.machine.commands.run(name)
    for id_ in (2, 1, 3):
        case.machine.commands.propose_run(id_, b"%d" % id_)
    for id_ in (3, 1, 2):
        case.feed(ack(id_) if version >= 7 else completion(id_, b"%d" % id_))
    order = [case.machine.waiting.poll() for _ in range(4)]
    assert order == [
        (3, Result(ResultKind.VALUE, b"3")),
        (1, Result(ResultKind.VALUE, b"1")),
        (2, Result(ResultKind.VALUE, b"2")),
        None,
    ]


def test_an_ack_keeps_its_place_among_the_notifications() -> None:
    case = Case(version=7)
    case.machine.commands.sleep(1)
    case.machine.commands.run(NAME)
    case.machine.commands.sleep(1)
    case.machine.commands.propose_run(2, b"123")
    case.feed(void(1), ack(2), void(3))
    polled = [case.machine.waiting.poll() for _ in range(3)]
    assert [one[0] for one in polled if one] == [1, 2, 3]


def test_a_v7_server_may_send_the_completion_instead_of_the_ack() -> None:
    case = Case(version=7)
    case.machine.commands.run(NAME)
    case.machine.commands.propose_run(1, b"123")
    case.feed(completion())
    assert case.wait(1) == OK


class TestViolations:
    @pytest.mark.parametrize("version", ALL_VERSIONS)
    def test_ack_with_unknown_completion_id_errors(self, version: int) -> None:
        case = Case(version=version)
        case.machine.commands.run(NAME)
        case.machine.commands.propose_run(1, b"123")
        case.feed(ack(99))
        error = error_of(case)
        assert error.code == 571
        assert error.message == (
            "Protocol violation: an ack for the run 99, which was not proposed in this attempt"
        )

    def test_ack_during_replay_is_unexpected(self) -> None:
        case = Case(RUN, ack(1), version=7, read=False)
        assert error_of(case).code == 571

    def test_a_second_ack_is_one_too_many(self) -> None:
        case = Case(version=7)
        case.machine.commands.run(NAME)
        case.machine.commands.propose_run(1, b"123")
        case.feed(ack(1), ack(1))
        assert error_of(case).code == 571

    def test_an_ack_before_v7_was_not_asked_for(self) -> None:
        case = Case(version=6)
        case.machine.commands.run(NAME)
        case.machine.commands.propose_run(1, b"123")
        case.feed(ack(1))
        assert error_of(case).code == 571

    def test_a_proposal_is_made_once(self) -> None:
        case = Case()
        case.machine.commands.run(NAME)
        case.machine.commands.propose_run(1, b"123")
        with pytest.raises(KeyError):
            case.machine.commands.propose_run(1, b"123")


class TestAfterTheAttempt:
    @pytest.mark.parametrize("version", ALL_VERSIONS)
    def test_a_result_that_comes_too_late_is_dropped(self, version: int) -> None:
        case = Case(version=version)
        case.machine.commands.run(NAME)
        case.machine.journal.abandon()
        case.machine.journal.take_output()
        case.machine.commands.propose_run(1, b"123")
        assert case.machine.journal.take_output() == b""

    def test_a_failure_that_comes_too_late_is_dropped(self) -> None:
        case = Case()
        case.machine.commands.run("a")
        case.machine.commands.run("b")
        case.machine.commands.fail_run(1, "first")
        assert error_of(case).message == "first"
        case.machine.commands.fail_run(2, "second")
        assert case.machine.journal.error is not None
        assert case.machine.journal.error.message == "first"
        assert case.machine.journal.take_output() == b""


class TestRetries:
    def test_a_failed_run_names_its_command(self) -> None:
        case = Case(version=7)
        case.machine.commands.run("first")
        case.machine.commands.run("second")
        case.machine.commands.sleep(1)
        case.machine.commands.fail_run(
            1,
            "boom",
            code=418,
            stacktrace="Traceback",
            retry_after=timedelta(seconds=1.5),
        )
        assert error_of(case) == pb.ErrorMessage(
            code=418,
            message="boom",
            stacktrace="Traceback",
            related_command_index=1,
            related_command_name="first",
            related_command_type=0x0411,
            next_retry_delay=1500,
        )

    def test_without_a_delay_restate_s_policy_holds(self) -> None:
        case = Case()
        case.machine.commands.run(NAME)
        case.machine.commands.fail_run(1, "boom")
        error = error_of(case)
        assert error.code == 500
        assert not error.HasField("next_retry_delay")

    @pytest.mark.parametrize(
        ("delay", "milliseconds"),
        [
            (timedelta(0), 0),
            (timedelta(seconds=-1), 0),
            (timedelta(microseconds=1500), 2),
            (timedelta(days=1), 86_400_000),
            (timedelta.max, 86_400_000_000_000_000),
        ],
    )
    def test_delays_are_milliseconds(self, delay: timedelta, milliseconds: int) -> None:
        case = Case()
        case.machine.commands.run(NAME)
        case.machine.commands.fail_run(1, "boom", retry_after=delay)
        error = error_of(case)
        assert error.HasField("next_retry_delay")
        assert error.next_retry_delay == milliseconds

    def test_history_of_a_run_that_the_attempt_before_began(self) -> None:
        case = replaying(
            RUN,
            retry_count_since_last_stored_entry=9,
            duration_since_last_stored_entry=1500,
        )
        case.machine.commands.run(NAME)
        assert case.machine.commands.run_history() == (9, timedelta(seconds=1.5))

    def test_the_time_without_an_attempt_is_no_history(self) -> None:
        # Restate's duration then is the pause between the last entry and this attempt.
        case = replaying(RUN, duration_since_last_stored_entry=100_000)
        case.machine.commands.run(NAME)
        assert case.machine.commands.run_history() == (0, timedelta(0))

    def test_retry_info_is_zero_when_entry_is_the_one_after_the_first_new_entry(self) -> None:
        case = Case(retry_count_since_last_stored_entry=10, duration_since_last_stored_entry=10_000)
        case.machine.commands.sleep(1)
        case.machine.commands.run(NAME)
        assert case.machine.commands.run_history() == (0, timedelta(0))

    def test_a_run_of_this_attempt_has_no_history(self) -> None:
        case = Case(retry_count_since_last_stored_entry=10)
        case.machine.commands.run(NAME)
        assert case.machine.commands.run_history() == (0, timedelta(0))


def test_enter_then_notify_error() -> None:
    case = Case()
    case.machine.commands.run(NAME)
    case.machine.commands.fail_run(1, "my-error", stacktrace="my-error-description")
    run, error = case.sent()
    assert run == RUN
    assert isinstance(error, pb.ErrorMessage)
    assert (error.message, error.stacktrace) == ("my-error", "my-error-description")
