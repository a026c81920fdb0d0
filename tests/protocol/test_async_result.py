"""The order in which results take effect, which every attempt has to repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto.model.target import Target
from restate_proto.protocol import (
    AttemptEnded,
    Await,
    Combinator,
    InvocationTarget,
    Phase,
    Result,
    ResultKind,
)
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import (
    ALL_VERSIONS,
    Case,
    closed,
    error_of,
    raw,
    replaying,
    signal,
    value,
    void,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto.protocol import StateMachine

GREETER = Target("Greeter", "greeter")
VOID = Result(ResultKind.VOID, None)
CLEAR = pb.ClearAllStateCommandMessage()

each_version = pytest.mark.parametrize("version", ALL_VERSIONS)


def call(id_: int, parameter: bytes) -> pb.CallCommandMessage:
    return pb.CallCommandMessage(
        service_name="Greeter",
        handler_name="greeter",
        parameter=parameter,
        invocation_id_notification_idx=id_,
        result_completion_id=id_ + 1,
    )


def result_of(id_: int, content: bytes) -> pb.CallCompletionNotificationMessage:
    return pb.CallCompletionNotificationMessage(completion_id=id_, value=value(content))


def suspended_on(case: Case, *completions: int) -> bool:
    suspension = case.sent()[-1]
    assert isinstance(suspension, pb.SuspensionMessage)
    waits = suspension.awaiting_on if case.machine.journal.version >= 7 else suspension
    assert list(waits.waiting_completions) == list(completions)
    return closed(case)


@each_version
@pytest.mark.parametrize("close", [False, True])
def test_dont_await_call(close: bool, version: int) -> None:
    case = Case(version=version)
    if close:
        case.close_input()
    case.machine.commands.call(GREETER, b"Francesco")
    case.returns(b"Whatever")
    assert case.sent() == [
        call(1, b"Francesco"),
        pb.OutputCommandMessage(value=value(b"Whatever")),
        pb.EndMessage(),
    ]


@each_version
def test_await_twice_the_same_id(version: int) -> None:
    case = Case(version=version)
    _, id_ = case.machine.commands.awakeable()
    assert case.wait(id_) is None
    assert case.wait(id_) is None
    assert len(case.sent()) == (2 if version >= 7 else 0)  # each wait is told
    case.close_input()
    with pytest.raises(AttemptEnded, match="suspended"):
        case.wait(id_)


def test_notifications_take_effect_one_by_one_in_the_order_that_they_came_in() -> None:
    case = Case().feed(void(3), signal(17), void(1)).feed(void(2))
    assert [case.machine.waiting.poll() for _ in range(5)] == [
        (3, VOID),
        (-17, VOID),
        (1, VOID),
        (2, VOID),
        None,
    ]


def test_a_result_is_there_before_anybody_asks_for_it() -> None:
    case = Case().feed(void(1))
    assert case.machine.commands.sleep(1) == 1
    assert case.wait(1) == VOID


def test_awaiting_on_shrinks_across_waits() -> None:
    case = Case(version=7)
    ids = [case.machine.commands.awakeable()[1] for _ in range(3)]

    def wait() -> bool:
        left = [id_ for id_ in ids if id_ not in case.results]
        return case.wait_for(
            lambda: all(id_ in case.results for id_ in ids),
            Await(nested=[Await(Combinator.ALL_COMPLETED, left)]),
        )

    told: list[list[int]] = []
    for index in (17, 18, 19):
        # A runtime polls before it says what it waits for.
        while (notification := case.machine.waiting.poll()) is not None:
            case.results[notification[0]] = notification[1]
        assert not wait()
        message = case.sent_one(pb.AwaitingOnMessage)
        assert message.awaiting_on.waiting_signals == [1]
        assert message.awaiting_on.nested_futures[0].combinator_type == pb.ALL_COMPLETED
        told.append(list(message.awaiting_on.nested_futures[0].waiting_signals))
        assert not message.executing_side_effects
        case.feed(signal(index, b"v"))
    assert told == [[17, 18, 19], [18, 19], [19]]
    assert wait()


class TestReverseAwaitOrder:
    """Two calls; the second is awaited first."""

    def handler(self, case: Case) -> None:
        _, first = case.machine.commands.call(GREETER, b"Francesco")
        _, second = case.machine.commands.call(GREETER, b"Till")
        second_value = case.value_of(second)
        case.machine.commands.state.set("A2", second_value)
        first_value = case.value_of(first)
        case.returns(first_value + b"-" + second_value)

    def calls(self) -> list[pb.CallCommandMessage]:
        return [call(1, b"Francesco"), call(3, b"Till")]

    @each_version
    def test_none_completed(self, version: int) -> None:
        case = Case(version=version).close_input()
        with pytest.raises(AttemptEnded):
            self.handler(case)
        assert suspended_on(case, 4)

    @each_version
    @pytest.mark.parametrize("order", [(2, 4), (4, 2)])
    def test_both_completed(self, order: tuple[int, int], version: int) -> None:
        results = {2: result_of(2, b"FRANCESCO"), 4: result_of(4, b"TILL")}
        case = Case(version=version).feed(*(results[id_] for id_ in order)).close_input()
        self.handler(case)
        assert case.sent() == [
            *self.calls(),
            pb.SetStateCommandMessage(key=b"A2", value=value(b"TILL")),
            pb.OutputCommandMessage(value=value(b"FRANCESCO-TILL")),
            pb.EndMessage(),
        ]

    @each_version
    def test_only_a2_completed(self, version: int) -> None:
        case = Case(version=version).feed(result_of(4, b"TILL")).close_input()
        with pytest.raises(AttemptEnded):
            self.handler(case)
        assert suspended_on(case, 2)

    @each_version
    def test_only_a1_completed(self, version: int) -> None:
        case = Case(version=version).feed(result_of(2, b"FRANCESCO")).close_input()
        with pytest.raises(AttemptEnded):
            self.handler(case)
        assert suspended_on(case, 4)


@each_version
def test_replay_with_combinator_and_entry_afterwards(version: int) -> None:
    # a = sleep(); b = sleep(); await any(a, b); c = sleep(); await c
    case = replaying(
        pb.SleepCommandMessage(result_completion_id=1),
        pb.SleepCommandMessage(result_completion_id=2),
        void(2),
        pb.SleepCommandMessage(result_completion_id=3),
        version=version,
    ).close_input()
    case.machine.commands.sleep(0)
    case.machine.commands.sleep(0)
    assert case.wait_for(lambda: bool(case.results), Await(ids=[1, 2]))
    assert case.results == {2: VOID}
    case.machine.commands.sleep(0)
    assert case.machine.journal.phase is Phase.PROCESSING
    with pytest.raises(AttemptEnded):
        case.wait(3)
    assert suspended_on(case, 3)


def test_a_result_of_nothing_that_the_handler_did_is_passed_over() -> None:
    case = Case().feed(void(77), signal(99), signal(0), void(1))
    case.machine.commands.sleep(1)
    assert case.wait(1) == VOID
    case.returns()
    assert case.machine.journal.error is None


def test_the_same_result_twice_is_given_twice() -> None:
    # Restate does not do that; the machine keeps no list of what was completed.
    case = Case().feed(void(1), void(1))
    case.machine.commands.sleep(1)
    assert [case.machine.waiting.poll() for _ in range(3)] == [(1, VOID), (1, VOID), None]


KINDS = {
    "nothing": pb.SleepCompletionNotificationMessage(completion_id=1, void=pb.Void()),
    "value": pb.CallCompletionNotificationMessage(completion_id=1, value=value(b"\xff")),
    "failure": pb.CallCompletionNotificationMessage(completion_id=1, failure=pb.Failure(code=1)),
    "invocation id": pb.CallInvocationIdCompletionNotificationMessage(
        completion_id=1, invocation_id="inv_1"
    ),
    "state keys": pb.GetLazyStateKeysCompletionNotificationMessage(
        completion_id=1, state_keys=pb.StateKeys()
    ),
}
PAYLOADS = {"nothing", "value", "failure"}
OPERATIONS: dict[str, tuple[set[str], Callable[[StateMachine], object]]] = {
    "sleep": (PAYLOADS, lambda m: m.commands.sleep(1)),
    "state": (PAYLOADS, lambda m: m.commands.state.get("a")),
    "state keys": ({"state keys"}, lambda m: m.commands.state.keys()),
    "promise": (PAYLOADS, lambda m: m.commands.get_promise("a")),
    "run": (PAYLOADS, lambda m: m.commands.run("a")),
    "send": ({"invocation id"}, lambda m: m.commands.send(GREETER, b"")),
    "call": ({"invocation id"}, lambda m: m.commands.call(GREETER, b"")),
    "attach": (PAYLOADS, lambda m: m.commands.attach(InvocationTarget("inv_1"))),
    "nothing yet": (PAYLOADS, lambda m: m.commands.state.clear_all()),
}


@each_version
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_result_is_of_a_kind_that_the_operation_can_have(
    operation: str, kind: str, version: int
) -> None:
    fitting, do = OPERATIONS[operation]
    case = Case(version=version)
    do(case.machine)
    case.feed(KINDS[kind])
    if kind in fitting:
        assert case.machine.waiting.poll() is not None
        return
    with pytest.raises(AttemptEnded):
        case.machine.waiting.poll()
    error = error_of(case)
    assert error.code == 571
    assert error.message.startswith("Protocol violation: ")
    assert error.message.endswith(" as the result 1")


@pytest.mark.parametrize(
    "result", [bytes.fromhex("820101") + b"a", bytes.fromhex("8a0100")], ids=["id", "keys"]
)
def test_a_signal_is_no_invocation_id_and_no_state_keys(result: bytes) -> None:
    for id_ in (bytes.fromhex("1011"), bytes.fromhex("1a0161")):
        case = Case().feed(raw(0xFBFF, id_ + result))
        with pytest.raises(AttemptEnded):
            case.machine.waiting.poll()
        assert error_of(case).code == 571


def test_a_recorded_result_of_the_wrong_kind_is_a_violation() -> None:
    case = replaying(pb.SleepCommandMessage(result_completion_id=1), KINDS["state keys"], CLEAR)
    case.machine.commands.sleep(1)
    with pytest.raises(AttemptEnded):
        case.machine.waiting.poll()
    assert error_of(case).code == 571


def test_a_recorded_result_of_what_the_code_has_not_done_is_a_mismatch() -> None:
    # The journal has a call and its invocation id; the code awaits something before it.
    case = replaying(
        pb.SleepCommandMessage(result_completion_id=1),
        pb.OneWayCallCommandMessage(invocation_id_notification_idx=2),
        pb.CallInvocationIdCompletionNotificationMessage(completion_id=2, invocation_id="inv_1"),
    )
    case.machine.commands.sleep(1)
    with pytest.raises(AttemptEnded):
        case.wait(1)
    assert error_of(case).code == 570
