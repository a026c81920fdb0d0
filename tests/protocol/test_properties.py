"""What holds for any bytes, for any handler and for its journal."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from restate_proto.protocol import AttemptEnded, Await, NotificationId, Phase, StateMachine
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import (
    ALL_VERSIONS,
    TYPES,
    closed,
    frame,
    raw,
    read_messages,
    start,
    stream,
    void,
)
from tests.protocol.commands import COMMANDS
from tests.protocol.model import Follower, Operation, attempt, invoke
from tests.restate import Restate

# ---- Any bytes ----

VALID = [
    frame(start(1)),
    frame(start(2)),
    frame(start(5)),
    frame(pb.InputCommandMessage()),
    frame(void(1)),
    frame(pb.ProposeRunCompletionAckMessage(completion_id=1)),
    *(bytes.fromhex(command.golden) for command in COMMANDS.values()),
]

valid = st.sampled_from(VALID)
framed = st.builds(
    raw,
    st.one_of(st.sampled_from(sorted(TYPES.values())), st.integers(0, 0xFFFF)),
    st.binary(max_size=30),
    st.integers(0, 0xFFFF),
)
pieces = st.lists(st.one_of(valid, framed, st.binary(max_size=20)), max_size=8).map(b"".join)
cuts = st.lists(st.integers(min_value=0), max_size=6)
versions = st.sampled_from(ALL_VERSIONS)


def feed(machine: StateMachine, data: bytes, at: list[int]) -> None:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in at), len(data)]
    for begin, end in pairwise(edges):
        machine.feed(data[begin:end])


def is_well(machine: StateMachine, before: list[str]) -> None:
    """Check that the attempt goes on silently, or has ended with one error, 571."""
    written = read_messages(machine.journal.take_output())
    if machine.journal.phase is not Phase.CLOSED:
        assert written == []
        return
    (error,) = written
    assert isinstance(error, pb.ErrorMessage)
    assert error.code == 571
    before.append(error.message)
    assert closed(machine)


@given(st.one_of(st.binary(), pieces), cuts, versions, st.booleans())
@example(bytes.fromhex("00000000000000031201ff"), [], 6, True)
@settings(max_examples=400)
def test_any_bytes_leave_the_machine_waiting_or_closed_with_one_error(
    data: bytes, at: list[int], version: int, close: bool
) -> None:
    errors: list[str] = []
    for chunks in ([], at):
        machine = StateMachine(version)
        feed(machine, data, chunks)
        if close:
            machine.close_input()
        is_well(machine, errors)
    assert len(errors) in {0, 2}
    assert len(set(errors)) <= 1  # the chunking makes no difference


@given(st.lists(st.one_of(valid, framed), max_size=6), pieces, cuts, versions)
@settings(max_examples=400)
def test_any_journal_and_any_later_bytes_end_in_nothing_but_a_defined_error(
    entries: list[bytes], later: bytes, at: list[int], version: int
) -> None:
    machine = StateMachine(version)
    machine.feed(stream(pb.InputCommandMessage(), *entries))
    # What has arrived is waited for no more, as the runtime has it.
    awaited: list[NotificationId] = [1, -1, 1_000]
    try:
        machine.read_input()
        for command in COMMANDS.values():
            command.issue(machine)
            feed(machine, later, at)
            while (notification := machine.waiting.poll()) is not None:
                if notification[0] in awaited:
                    awaited.remove(notification[0])
            if machine.waiting.cancel_requested and not machine.waiting.calls_without_id():
                machine.waiting.cancel_requested = False
                machine.commands.cancel_calls()
            machine.waiting.park(Await(ids=awaited), executing=False)
        machine.close_input()
        machine.waiting.park(Await(ids=awaited), executing=False)
    except AttemptEnded:
        assert machine.journal.phase is Phase.CLOSED
    written = read_messages(machine.journal.take_output())
    kinds = [type(message) for message in written]
    assert closed(machine)
    assert isinstance(written[-1], (pb.ErrorMessage, pb.SuspensionMessage))
    assert not {pb.ErrorMessage, pb.SuspensionMessage, pb.EndMessage} & set(kinds[:-1])
    if isinstance(written[-1], pb.ErrorMessage):
        assert written[-1].code in {570, 571, 573}
    machine.feed(later)
    machine.close_input()
    assert machine.journal.take_output() == b""


# ---- Any handler ----

numbers = st.integers(0, 200)


def operations_of(*kinds: str) -> st.SearchStrategy[list[Operation]]:
    waits = st.tuples(st.just("wait"), numbers)
    return st.lists(st.one_of(st.tuples(st.sampled_from(kinds), numbers), waits), max_size=14)


STATE = ("get", "keys", "set", "clear", "clear all")
OTHERS = ("sleep", "call", "send", "run", "promise", "awakeable", "tell", "attach")
STATES = st.sampled_from([{}, {b"k0": b"0"}, {b"k0": b"0", b"k1": b"", b"other": b"x"}])


@given(
    operations_of(*STATE, *OTHERS, "run", "call", "wait any"),
    STATES,
    st.randoms(use_true_random=False),
    versions,
    st.booleans(),
)
@settings(max_examples=300)
def test_any_prefix_of_a_journal_leads_to_the_same_commands(
    operations: list[Operation],
    state: dict[bytes, bytes],
    random: Random,
    version: int,
    cancel: bool,
) -> None:
    original = Restate(version, state, partial=False)
    seen = invoke(original, operations, random, cancel=cancel)
    for length in range(1, len(original.journal) + 1):
        for early in (False, True):
            follower = Follower(original, operations, length, early=early)
            assert follower.run() == seen
            assert closed(follower.machine)
            assert follower.machine.journal.error is None


@given(
    operations_of(*STATE, *OTHERS),
    STATES,
    st.randoms(use_true_random=False),
    st.tuples(versions, versions),
    st.tuples(st.booleans(), st.booleans()),
)
@settings(max_examples=300)
def test_a_handler_sees_the_same_whatever_happens_around_it(
    operations: list[Operation],
    state: dict[bytes, bytes],
    random: Random,
    version: tuple[int, int],
    partial: tuple[bool, bool],
) -> None:
    # In other versions, with state sent along or not, in other attempts, with results in another
    # order: a handler that awaits one thing after another does not notice.
    outcomes: list[object] = []
    for one, is_partial in zip(version, partial, strict=True):
        restate = Restate(one, state, partial=is_partial)
        seen = invoke(restate, operations, random)
        outcomes.append((seen, restate.state_after(restate.journal)))
    assert outcomes[0] == outcomes[1]


@given(operations_of(*STATE, *OTHERS), STATES, st.randoms(use_true_random=False), versions)
def test_changed_code_fails_with_570_or_goes_on(
    operations: list[Operation], state: dict[bytes, bytes], random: Random, version: int
) -> None:
    restate = Restate(version, state, partial=False)
    invoke(restate, operations, random)
    commands = restate.commands
    changed = random.sample(operations, len(operations))
    last = attempt(restate, changed)
    if isinstance(last, pb.ErrorMessage):
        assert last.code == 570
        assert restate.commands == commands
    else:
        assert isinstance(last, pb.EndMessage)
        assert changed == operations or restate.commands[: len(commands)] == commands


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_a_finished_invocation_is_replayed_in_silence(version: int) -> None:
    operations: list[Operation] = [(kind, number) for number in range(9) for kind in OTHERS]
    operations += [("wait", number) for number in range(200)]
    original = Restate(version, {}, partial=False)
    invoke(original, operations, Random(1))
    assert len(original.commands) > 100
    machine = Follower(original, operations, len(original.journal), early=False)
    machine.run()
    assert machine.machine.journal.take_output() == b""


def test_the_model_does_what_it_says() -> None:
    # A failure of the properties above must not hide in a model that does nothing.
    restate = Restate(7, {}, partial=True)
    operations: list[Operation] = [("run", 1), ("get", 1), ("wait", 0), ("call", 3), ("wait", 2)]
    seen = invoke(restate, operations, Random(3))
    kinds = [type(entry).__name__ for entry in restate.journal]
    assert kinds[0] == "InputCommandMessage"
    assert kinds[-1] == "OutputCommandMessage"
    assert {
        "RunCommandMessage",
        "RunCompletionNotificationMessage",
        "GetLazyStateCommandMessage",
        "GetLazyStateCompletionNotificationMessage",
        "CallCommandMessage",
        "CallCompletionNotificationMessage",
    } <= set(kinds)
    assert len(seen) == 3
