"""The start, the handler's input and its output."""

from __future__ import annotations

import pytest

from restate_proto.protocol import (
    MAX_VERSION,
    MIN_VERSION,
    MUCH_OUTPUT,
    AttemptEnded,
    AttemptError,
    Failure,
    Phase,
    StateMachine,
    content_type,
    parse_version,
)
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import (
    ALL_VERSIONS,
    Case,
    closed,
    error_of,
    frame,
    raw,
    read_messages,
    start,
    stream,
    value,
)

each_version = pytest.mark.parametrize("version", ALL_VERSIONS)


def given(machine: StateMachine) -> tuple[bytes, tuple[tuple[str, str], ...]]:
    """Return the input that the handler is invoked with."""
    input_ = machine.read_input()
    return input_.payload, input_.headers


def output(payload: bytes) -> pb.OutputCommandMessage:
    return pb.OutputCommandMessage(value=value(payload))


@each_version
def test_echo(version: int) -> None:
    machine = StateMachine(version)
    assert machine.journal.take_output() == b""
    machine.feed(stream(pb.InputCommandMessage(value=value(b"my-data"))))
    machine.close_input()
    assert machine.is_ready
    machine.commands.write_output(machine.read_input().payload)
    machine.journal.end()
    assert machine.journal.take_output().hex() == (
        "040100000000000b"
        "72090a076d792d64617461"  # the output
        "0003000000000000"  # the end
    )
    assert closed(machine)


@each_version
def test_the_smallest_stream_byte_for_byte(version: int) -> None:
    machine = StateMachine(version)
    machine.feed(bytes.fromhex("00000000000000070a033132331801"))
    assert machine.journal.phase is Phase.WAITING_REPLAY
    assert machine.journal.start.id == b"123"
    machine.feed(bytes.fromhex("040000000000000472020a00"))
    assert machine.is_ready
    assert given(machine) == (b"", ())


def test_headers() -> None:
    case = Case(read=False)
    machine = StateMachine(6)
    machine.feed(
        stream(
            pb.InputCommandMessage(
                headers=[
                    pb.Header(key="x-my-header", value="my-value"),
                    pb.Header(key="x-my-header", value="again"),
                ],
                value=value(b"other-value"),
            )
        )
    )
    assert given(machine) == (
        b"other-value",
        (("x-my-header", "my-value"), ("x-my-header", "again")),
    )
    assert given(case.machine) == (b"my-data", ())


def test_an_input_without_a_value_is_zero_bytes() -> None:
    machine = StateMachine(6)
    machine.feed(stream(pb.InputCommandMessage()))
    assert machine.read_input().payload == b""


def test_the_invocation_s_metadata_is_at_hand() -> None:
    case = Case(version=7, key="alice", scope="tenant-a", limit_key="u", idempotency_key="i")
    start_ = case.machine.journal.start
    assert (start_.debug_id, start_.key) == ("inv_123", "alice")
    assert (start_.scope, start_.limit_key, start_.idempotency_key) == ("tenant-a", "u", "i")


def test_the_random_seed_is_restate_s_since_v6() -> None:
    for version in (6, 7):
        assert (
            Case(version=version, random_seed=2**64 - 1).machine.commands.random_seed() == 2**64 - 1
        )
    # v5 has none: the first eight bytes of the id's hash, the same in every attempt.
    seed = Case(version=5, random_seed=7).machine.commands.random_seed()
    assert seed == 0xA665A45920422F9D  # sha256sum of "123"


@each_version
def test_a_terminal_failure_is_an_output_too(version: int) -> None:
    case = Case(version=version)
    case.machine.commands.write_output(Failure(409, "sold out", (("left", "0"), ("of", "9"))))
    case.machine.journal.end()
    written, end = case.sent()
    assert isinstance(written, pb.OutputCommandMessage)
    assert (written.failure.code, written.failure.message) == (409, "sold out")
    metadata = [(one.key, one.value) for one in written.failure.metadata]
    # v5 has no metadata: it is left out.
    assert metadata == ([] if version == 5 else [("left", "0"), ("of", "9")])
    assert end == pb.EndMessage()


def test_replay_output_too() -> None:
    case = Case(output(b"my-data"))
    case.returns(b"my-data")
    assert case.sent() == [pb.EndMessage()]
    assert closed(case)


def test_an_output_may_be_followed_by_more() -> None:
    # Restate refuses that, not the machine: another attempt must see the same.
    case = Case()
    case.machine.commands.write_output(b"a")
    assert case.sent() == [output(b"a")]
    assert case.machine.journal.phase is Phase.PROCESSING


@each_version
def test_the_input_may_be_closed_while_the_handler_is_busy(version: int) -> None:
    case = Case(pb.ClearStateCommandMessage(key=b"a"), version=version)
    case.close_input()
    assert case.machine.journal.phase is Phase.REPLAYING
    case.machine.commands.state.clear("a")
    case.machine.commands.state.clear("b")
    case.close_input()
    case.returns()
    assert case.sent() == [pb.ClearStateCommandMessage(key=b"b"), output(b""), pb.EndMessage()]


def test_after_the_end_nothing_is_written() -> None:
    case = Case()
    run, _ = case.machine.commands.run("quote")
    case.returns(b"done")
    assert case.sent()[-1] == pb.EndMessage()
    machine = case.machine
    machine.journal.end()
    machine.journal.abandon()
    machine.commands.propose_run(run, b"late")
    machine.journal.fail_with(AttemptError(500, "late"))
    for call in (
        machine.read_input,
        machine.commands.awakeable,
        machine.commands.state.keys,
        machine.commands.state.clear_all,
        lambda: machine.commands.state.get("a"),
        lambda: machine.commands.state.set("a", b""),
        lambda: machine.commands.write_output(b"again"),
        lambda: machine.journal.fail(AttemptError(500, "late")),
    ):
        with pytest.raises(AttemptEnded):
            call()
    assert machine.journal.error is None
    assert machine.journal.take_output() == b""


def test_an_abandoned_attempt_says_nothing() -> None:
    case = Case()
    case.machine.journal.abandon()
    assert case.sent() == []
    assert closed(case)


def test_what_was_written_before_the_end_is_still_to_be_sent_after_it() -> None:
    case = Case()
    case.machine.commands.state.clear("a")
    case.machine.journal.abandon()
    assert case.sent() == [pb.ClearStateCommandMessage(key=b"a")]


def test_much_output_is_noticed_until_it_is_taken() -> None:
    case = Case()
    assert case.machine.journal.output_size <= MUCH_OUTPUT
    for _ in range(3):
        case.machine.commands.state.set("a", b"x" * 400_000)
    assert case.machine.journal.output_size > MUCH_OUTPUT
    assert len(case.machine.journal.take_output()) > 1_200_000
    assert case.machine.journal.output_size <= MUCH_OUTPUT
    run, _ = case.machine.commands.run("big")
    case.machine.commands.propose_run(run, b"x" * 2_000_000)
    assert case.machine.journal.output_size > MUCH_OUTPUT


@each_version
def test_the_input_is_no_command_to_be_replayed_twice(version: int) -> None:
    machine = StateMachine(version)
    machine.feed(stream(pb.InputCommandMessage()))
    machine.read_input()
    with pytest.raises(AttemptEnded):
        machine.read_input()


def test_notifications_may_come_before_the_input() -> None:
    machine = StateMachine(6)
    machine.feed(stream(raw(0xFBFF, bytes.fromhex("10012200")), pb.InputCommandMessage()))
    assert machine.is_ready
    assert given(machine) == (b"", ())


def test_an_undecodable_input_is_a_violation() -> None:
    machine = StateMachine(6)
    machine.feed(stream(raw(0x0400, b"\xff")))
    assert machine.is_ready
    with pytest.raises(AttemptEnded):
        machine.read_input()
    error = error_of(machine)
    assert error.code == 571
    assert "command 0 is undecodable" in error.message


def test_start_and_input_may_come_apart() -> None:
    machine = StateMachine(6)
    machine.feed(frame(start(2)))
    assert not machine.is_ready
    machine.feed(frame(pb.InputCommandMessage()))
    assert not machine.is_ready
    machine.feed(frame(pb.SleepCommandMessage(result_completion_id=1)))
    assert machine.is_ready
    assert read_messages(machine.journal.take_output()) == []


def test_versions_and_their_content_types() -> None:
    assert (MIN_VERSION, MAX_VERSION) == (5, 7)
    for version in ALL_VERSIONS:
        text = f"application/vnd.restate.invocation.v{version}"
        assert content_type(version) == text
        assert parse_version(text) == version
        assert parse_version(f"{text} ; charset=utf-8") == version
    for text in (
        "",
        "application/json",
        "application/vnd.restate.invocation.v4",
        "application/vnd.restate.invocation.v8",
        "application/vnd.restate.invocation.v",
        "application/vnd.restate.invocation.v66",
    ):
        assert parse_version(text) is None
