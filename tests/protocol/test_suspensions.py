"""What an attempt says it waits for: when it suspends, and in v7 while it waits."""

from __future__ import annotations

import pytest
from google.protobuf.message import Message

from restate_proto.protocol import AttemptEnded, Await, Combinator, Phase
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import ALL_VERSIONS, Case, closed, named_signal, signal, value, void

each_version = pytest.mark.parametrize("version", ALL_VERSIONS)

# gather(run 1, select(signal 17, "abc"), all of [2, any of [3, 4]]), or the cancellation.
TREE = Await(
    Combinator.FIRST_COMPLETED,
    [-1],
    [
        Await(
            Combinator.ALL_SUCCEEDED_OR_FIRST_FAILED,
            [1],
            [
                Await(Combinator.FIRST_COMPLETED, [-17, "abc"]),
                Await(
                    Combinator.ALL_COMPLETED,
                    [2],
                    [Await(Combinator.FIRST_SUCCEEDED_OR_ALL_FAILED, [3, 4])],
                ),
            ],
        )
    ],
)
TREE_MESSAGE = pb.Future(
    combinator_type=pb.FIRST_COMPLETED,
    waiting_signals=[1],
    nested_futures=[
        pb.Future(
            combinator_type=pb.ALL_SUCCEEDED_OR_FIRST_FAILED,
            waiting_completions=[1],
            nested_futures=[
                pb.Future(
                    combinator_type=pb.FIRST_COMPLETED,
                    waiting_signals=[17],
                    waiting_named_signals=["abc"],
                ),
                pb.Future(
                    combinator_type=pb.ALL_COMPLETED,
                    waiting_completions=[2],
                    nested_futures=[
                        pb.Future(
                            combinator_type=pb.FIRST_SUCCEEDED_OR_ALL_FAILED,
                            waiting_completions=[3, 4],
                        )
                    ],
                ),
            ],
        )
    ],
)


def suspend(case: Case, awaiting: Await) -> Message:
    case.close_input()
    with pytest.raises(AttemptEnded, match="suspended"):
        case.machine.waiting.park(awaiting, executing=False)
    message = case.sent_one(pb.SuspensionMessage)
    assert closed(case)
    assert case.machine.journal.error is None
    return message


@pytest.mark.parametrize("version", [5, 6])
def test_a_suspension_lists_everything_until_v6(version: int) -> None:
    assert suspend(Case(version=version), TREE) == pb.SuspensionMessage(
        waiting_completions=[1, 2, 3, 4],
        waiting_signals=[1, 17],
        waiting_named_signals=["abc"],
    )


def test_a_suspension_has_the_tree_since_v7() -> None:
    assert suspend(Case(version=7), TREE) == pb.SuspensionMessage(awaiting_on=TREE_MESSAGE)


@each_version
def test_a_suspension_byte_for_byte(version: int) -> None:
    case = Case(version=version).close_input()
    with pytest.raises(AttemptEnded):
        case.machine.waiting.park(Await(ids=[1, 300, -1, -17, "a"]), executing=False)
    ids = "0a0301ac02" + "12020111" + "1a0161"
    assert case.machine.journal.take_output().hex() == (
        f"000100000000000c{ids}" if version < 7 else f"0001000000000010220e{ids}2801"
    )


def test_waiting_in_v7_byte_for_byte() -> None:
    case = Case(version=7)
    case.machine.waiting.park(Await(ids=[1, -1]), executing=False)
    assert case.machine.journal.take_output().hex() == "000600000000000a" + "0a080a01011201012801"


@pytest.mark.parametrize("combinator", list(Combinator))
def test_every_combinator_has_its_number(combinator: Combinator) -> None:
    message = Await(combinator, [1]).to_message()
    assert int(message.combinator_type) == int(combinator)
    name = pb.CombinatorType.Name(message.combinator_type)
    assert name.removeprefix("COMBINATOR_TYPE_") == combinator.name


@pytest.mark.parametrize("version", [5, 6])
def test_waiting_is_silent_until_v6(version: int) -> None:
    case = Case(version=version)
    assert case.machine.waiting.parks_silently
    case.machine.waiting.park(TREE, executing=False)
    assert case.sent() == []
    case.close_input()
    assert not case.machine.waiting.parks_silently


def test_waiting_is_told_in_v7() -> None:
    case = Case(version=7)
    assert not case.machine.waiting.parks_silently
    case.machine.waiting.park(TREE, executing=False)
    assert case.sent() == [pb.AwaitingOnMessage(awaiting_on=TREE_MESSAGE)]


@each_version
def test_waiting_for_a_function_of_this_attempt_is_told_to_nobody(version: int) -> None:
    case = Case(version=version)
    case.machine.waiting.park(TREE, executing=True)
    case.close_input()
    case.machine.waiting.park(TREE, executing=True)
    assert case.sent() == []
    assert case.machine.journal.phase is Phase.PROCESSING


@each_version
def test_nothing_waits_silently_that_has_to_replay_or_is_over(version: int) -> None:
    case = Case(pb.ClearAllStateCommandMessage(), version=version)
    assert not case.machine.waiting.parks_silently
    case.machine.journal.abandon()
    assert not case.machine.waiting.parks_silently


@each_version
def test_trigger_suspension_with_get_state(version: int) -> None:
    case = Case(version=version)
    assert case.machine.commands.state.get("Personaggio") == 1
    case.close_input()
    with pytest.raises(AttemptEnded):
        case.wait(1)
    state, suspension = case.sent()
    assert state == pb.GetLazyStateCommandMessage(key=b"Personaggio", result_completion_id=1)
    assert isinstance(suspension, pb.SuspensionMessage)


@each_version
def test_trigger_suspension_with_correct_awakeable(version: int) -> None:
    case = Case(version=version)
    case.machine.commands.awakeable()
    _, second = case.machine.commands.awakeable()
    message = suspend(case, Await(ids=[second, -1]))
    assert isinstance(message, pb.SuspensionMessage)
    waits = message.awaiting_on if version >= 7 else message
    assert waits.waiting_signals == [18, 1]


@each_version
def test_await_many_notifications(version: int) -> None:
    case = Case(version=version)
    _, awakeable = case.machine.commands.awakeable()
    state = case.machine.commands.state.get("Personaggio")
    assert isinstance(state, int)
    case.machine.journal.take_output()
    message = suspend(case, Await(ids=[-1], nested=[Await(ids=[awakeable, "abc", state])]))
    assert isinstance(message, pb.SuspensionMessage)
    if version < 7:
        assert message == pb.SuspensionMessage(
            waiting_completions=[1], waiting_signals=[1, 17], waiting_named_signals=["abc"]
        )
        return
    assert message.awaiting_on.waiting_signals == [1]
    assert list(message.awaiting_on.nested_futures) == [
        pb.Future(
            waiting_completions=[1],
            waiting_signals=[17],
            waiting_named_signals=["abc"],
            combinator_type=pb.FIRST_COMPLETED,
        )
    ]


@each_version
def test_no_suspension_when_the_completion_came_before_the_input_was_closed(version: int) -> None:
    case = Case(version=version)
    case.machine.commands.awakeable()
    _, second = case.machine.commands.awakeable()
    assert case.wait(second) is None
    case.feed(signal(18, b"completion")).close_input()
    case.machine.journal.take_output()
    assert case.value_of(second) == b"completion"
    case.returns(b"completion")
    assert case.sent() == [pb.OutputCommandMessage(value=value(b"completion")), pb.EndMessage()]


@each_version
def test_what_came_while_the_handler_was_busy_is_not_lost_by_closing_the_input(
    version: int,
) -> None:
    case = Case(version=version).feed(named_signal("a", b"1"), void(1)).close_input()
    case.machine.commands.sleep(1)
    assert case.wait(1) is not None
    assert case.value_of("a") == b"1"


def nested(depth: int) -> Await:
    tree = Await(Combinator.ALL_COMPLETED, [depth])
    for level in range(depth - 1, 0, -1):
        tree = Await(Combinator.ALL_COMPLETED, [level], [tree])
    return tree


def depth_of(message: pb.Future) -> int:
    return 1 + max(map(depth_of, message.nested_futures), default=0)


def ids_of(message: pb.Future) -> list[int]:
    ids = list(message.waiting_completions)
    for child in message.nested_futures:
        ids += ids_of(child)
    return ids


@pytest.mark.parametrize("depth", [1, 50, 51, 52, 53, 300])
def test_a_tree_that_is_too_deep_ends_in_a_list(depth: int) -> None:
    case = Case(version=7)
    message = suspend(case, nested(depth))
    assert isinstance(message, pb.SuspensionMessage)
    again = pb.SuspensionMessage.FromString(message.SerializeToString())  # parsers allow that depth
    assert ids_of(again.awaiting_on) == list(range(1, depth + 1))
    assert depth_of(again.awaiting_on) == min(depth, 51)
    if depth > 51:  # below that any of the rest may end the wait
        bottom = again.awaiting_on
        while bottom.nested_futures:
            bottom = bottom.nested_futures[0]
        assert bottom.combinator_type == pb.COMBINATOR_TYPE_UNKNOWN


@pytest.mark.parametrize("version", [5, 6])
def test_depth_does_not_matter_for_a_list(version: int) -> None:
    message = suspend(Case(version=version), nested(300))
    assert message == pb.SuspensionMessage(waiting_completions=range(1, 301))
