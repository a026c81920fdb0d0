"""Calls, one-way messages, attaching and cancelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto.model.target import Target
from restate_proto.protocol import AttemptEnded, Failure, InvocationTarget, Result, ResultKind
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import ALL_VERSIONS, Case, error_of, value

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto.protocol import StateMachine

TARGET = Target("MySvc", "MyHandler")

each_version = pytest.mark.parametrize("version", ALL_VERSIONS)


def invocation_id(
    id_: int, text: str = "my-id"
) -> pb.CallInvocationIdCompletionNotificationMessage:
    return pb.CallInvocationIdCompletionNotificationMessage(completion_id=id_, invocation_id=text)


def result_of(id_: int, content: bytes) -> pb.CallCompletionNotificationMessage:
    return pb.CallCompletionNotificationMessage(completion_id=id_, value=value(content))


CANCELS = pb.SendSignalCommandMessage(target_invocation_id="my-id", idx=1, void=pb.Void())


@each_version
def test_call_then_get_invocation_id_then_cancel_invocation(version: int) -> None:
    case = Case(version=version).feed(invocation_id(1))
    id_, _ = case.machine.commands.call(TARGET, b"")
    assert case.wait(id_) == Result(ResultKind.INVOCATION_ID, "my-id")
    case.machine.commands.cancel_invocation("my-id")
    case.machine.journal.end()
    call, cancel, end = case.sent()
    assert call == pb.CallCommandMessage(
        service_name="MySvc",
        handler_name="MyHandler",
        invocation_id_notification_idx=1,
        result_completion_id=2,
    )
    assert cancel == CANCELS
    assert end == pb.EndMessage()


@each_version
def test_send_then_get_invocation_id_then_cancel_invocation(version: int) -> None:
    case = Case(version=version).feed(invocation_id(1))
    id_ = case.machine.commands.send(TARGET, b"")
    assert case.wait(id_) == Result(ResultKind.INVOCATION_ID, "my-id")
    case.machine.commands.cancel_invocation("my-id")
    send, cancel = case.sent()
    assert send == pb.OneWayCallCommandMessage(
        service_name="MySvc", handler_name="MyHandler", invocation_id_notification_idx=1
    )
    assert cancel == CANCELS


@each_version
def test_a_call_s_result(version: int) -> None:
    case = Case(version=version)
    _, result = case.machine.commands.call(TARGET, b"")
    assert case.wait(result) is None
    case.feed(invocation_id(1), result_of(2, b"hello"))
    assert case.value_of(result) == b"hello"


def test_a_call_s_failure_with_metadata() -> None:
    case = Case()
    _, result = case.machine.commands.call(TARGET, b"")
    failure = pb.Failure(
        code=409, message="taken", metadata=[pb.FailureMetadata(key="by", value="bob")]
    )
    case.feed(pb.CallCompletionNotificationMessage(completion_id=2, failure=failure))
    assert case.wait(result) == Result(ResultKind.FAILURE, Failure(409, "taken", (("by", "bob"),)))


def test_ids_of_calls_and_sends() -> None:
    machine = Case().machine
    assert machine.commands.call(TARGET, b"") == (1, 2)
    assert machine.commands.send(TARGET, b"") == 3
    assert machine.commands.call(TARGET, b"") == (4, 5)
    assert machine.commands.attach(InvocationTarget("inv_1")) == 6
    assert machine.commands.get_output(InvocationTarget("inv_1")) == 7


def test_headers_keep_their_order_and_repetitions() -> None:
    case = Case()
    headers = [("b", "1"), ("a", "2"), ("b", "3")]
    case.machine.commands.call(TARGET, b"", headers)
    case.machine.commands.send(TARGET, b"", iter(headers))
    call, send = case.sent()
    assert isinstance(call, pb.CallCommandMessage)
    assert isinstance(send, pb.OneWayCallCommandMessage)
    for command in (call, send):
        assert [(header.key, header.value) for header in command.headers] == headers


def test_send_with_out_of_bounds_delay_fails() -> None:
    case = Case()
    with pytest.raises(ValueError, match=str(2**64)):
        case.machine.commands.send(TARGET, b"", invoke_time=2**64)
    case.machine.commands.send(TARGET, b"", invoke_time=2**64 - 1)
    assert case.sent_one(pb.OneWayCallCommandMessage).invoke_time == 2**64 - 1


def test_an_object_s_key_may_be_empty() -> None:
    case = Case()
    case.machine.commands.call(Target.object("Cart", "", "add"), b"")
    assert case.sent_one(pb.CallCommandMessage).key == ""


SCOPED = Target("MySvc", "MyHandler", None, "tenant-a")
NEEDS_V7: dict[str, tuple[str, Callable[[StateMachine], object]]] = {
    "call in a scope": ("scope", lambda m: m.commands.call(SCOPED, b"")),
    "call with a limit key": (
        "limit_key",
        lambda m: m.commands.call(TARGET, b"", limit_key="user-42"),
    ),
    "send in a scope": ("scope", lambda m: m.commands.send(SCOPED, b"")),
    "send with a limit key": (
        "limit_key",
        lambda m: m.commands.send(TARGET, b"", limit_key="user-42"),
    ),
    "attach to a workflow": ("scope", lambda m: m.commands.attach(InvocationTarget(target=SCOPED))),
    "output of a request": (
        "scope",
        lambda m: m.commands.get_output(InvocationTarget(target=SCOPED, idempotency_key="k")),
    ),
}


@pytest.mark.parametrize("version", [5, 6])
@pytest.mark.parametrize(("feature", "use"), NEEDS_V7.values(), ids=NEEDS_V7.keys())
def test_what_needs_v7_says_so(
    feature: str, use: Callable[[StateMachine], object], version: int
) -> None:
    case = Case(version=version)
    with pytest.raises(AttemptEnded):
        use(case.machine)
    error = error_of(case)
    assert error.code == 573
    assert error.message.startswith(
        f"'{feature}' needs service protocol v7, but Restate speaks v{version} here."
    )


@pytest.mark.parametrize(("feature", "use"), NEEDS_V7.values(), ids=NEEDS_V7.keys())
def test_what_needs_v7_has_it(feature: str, use: Callable[[StateMachine], object]) -> None:
    case = Case(version=7)
    use(case.machine)
    (command,) = case.sent()
    assert ("tenant-a" if feature == "scope" else "user-42") in str(command)


EMPTY: list[tuple[str, Callable[[StateMachine], object]]] = [
    ("idempotency_key", lambda m: m.commands.call(TARGET, b"", idempotency_key="")),
    ("idempotency_key", lambda m: m.commands.send(TARGET, b"", idempotency_key="")),
    ("scope", lambda m: m.commands.call(Target("S", "h", None, ""), b"")),
    ("limit_key", lambda m: m.commands.call(TARGET, b"", limit_key="")),
    ("scope", lambda m: m.commands.attach(InvocationTarget(target=Target("S", "h", None, "")))),
    (
        "idempotency_key",
        lambda m: m.commands.attach(InvocationTarget(target=TARGET, idempotency_key="")),
    ),
]


@each_version
@pytest.mark.parametrize(("what", "use"), EMPTY)
def test_what_is_given_must_not_be_empty(
    what: str, use: Callable[[StateMachine], object], version: int
) -> None:
    case = Case(version=version)
    with pytest.raises(AttemptEnded):
        use(case.machine)
    error = error_of(case)
    assert error.code == 500
    assert error.message == f"'{what}' is given, but empty: leave it out."


@each_version
@pytest.mark.parametrize(
    "notification",
    [
        pb.AttachInvocationCompletionNotificationMessage(completion_id=1, value=value(b"done")),
        pb.AttachInvocationCompletionNotificationMessage(
            completion_id=1, failure=pb.Failure(code=409, message="no")
        ),
    ],
)
def test_attach(
    notification: pb.AttachInvocationCompletionNotificationMessage, version: int
) -> None:
    case = Case(version=version)
    id_ = case.machine.commands.attach(InvocationTarget("inv_1"))
    assert case.wait(id_) is None
    result = case.feed(notification).wait(id_)
    assert result is not None
    assert result.value == (b"done" if notification.HasField("value") else Failure(409, "no"))


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"void": pb.Void()}, Result(ResultKind.VOID, None)),
        ({"value": value(b"done")}, Result(ResultKind.VALUE, b"done")),
        (
            {"failure": pb.Failure(code=500, message="no")},
            Result(ResultKind.FAILURE, Failure(500, "no")),
        ),
    ],
)
def test_get_output(field: dict[str, pb.Void], expected: Result) -> None:
    case = Case()
    id_ = case.machine.commands.get_output(InvocationTarget("inv_1"))
    case.feed(pb.GetInvocationOutputCompletionNotificationMessage(completion_id=1, **field))  # pyright: ignore[reportArgumentType] - one of the result's fields
    assert case.wait(id_) == expected
