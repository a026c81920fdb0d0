"""A workflow's durable promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto.protocol import Failure, Result, ResultKind
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import ALL_VERSIONS, Case, failure, replaying, value

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from restate_proto.protocol import StateMachine

KEY = "my-prom"
VOID = Result(ResultKind.VOID, None)
VALUE = Result(ResultKind.VALUE, b"my-value")
FAILED = Result(ResultKind.FAILURE, Failure(500, "myerror"))

GET = pb.GetPromiseCommandMessage(key=KEY, result_completion_id=1)
PEEK = pb.PeekPromiseCommandMessage(key=KEY, result_completion_id=1)
RESOLVE = pb.CompletePromiseCommandMessage(
    key=KEY, completion_value=value(b"my-val"), result_completion_id=1
)
REJECT = pb.CompletePromiseCommandMessage(
    key=KEY, completion_failure=failure(455, "my-error"), result_completion_id=1
)


def do(machine: StateMachine, command: Message) -> int:
    if command is GET:
        return machine.commands.get_promise(KEY)
    if command is PEEK:
        return machine.commands.peek_promise(KEY)
    return machine.commands.complete_promise(
        KEY, b"my-val" if command is RESOLVE else Failure(455, "my-error")
    )


CASES: list[tuple[Message, Message, Result]] = [
    (
        GET,
        pb.GetPromiseCompletionNotificationMessage(completion_id=1, value=value(b"my-value")),
        VALUE,
    ),
    (
        GET,
        pb.GetPromiseCompletionNotificationMessage(
            completion_id=1, failure=failure(500, "myerror")
        ),
        FAILED,
    ),
    (
        PEEK,
        pb.PeekPromiseCompletionNotificationMessage(completion_id=1, value=value(b"my-value")),
        VALUE,
    ),
    (
        PEEK,
        pb.PeekPromiseCompletionNotificationMessage(
            completion_id=1, failure=failure(500, "myerror")
        ),
        FAILED,
    ),
    (PEEK, pb.PeekPromiseCompletionNotificationMessage(completion_id=1, void=pb.Void()), VOID),
    (
        RESOLVE,
        pb.CompletePromiseCompletionNotificationMessage(completion_id=1, void=pb.Void()),
        VOID,
    ),
    (
        RESOLVE,
        pb.CompletePromiseCompletionNotificationMessage(
            completion_id=1, failure=failure(500, "myerror")
        ),
        FAILED,
    ),
    (
        REJECT,
        pb.CompletePromiseCompletionNotificationMessage(completion_id=1, void=pb.Void()),
        VOID,
    ),
    (
        REJECT,
        pb.CompletePromiseCompletionNotificationMessage(
            completion_id=1, failure=failure(500, "myerror")
        ),
        FAILED,
    ),
]

NAMES = [
    "get_promise::completed_with_success",
    "get_promise::completed_with_failure",
    "peek_promise::completed_with_success",
    "peek_promise::completed_with_failure",
    "peek_promise::completed_with_null",
    "complete_promise::resolve_promise_succeeds",
    "complete_promise::resolve_promise_fails",
    "complete_promise::reject_promise_succeeds",
    "complete_promise::reject_promise_fails",
]

each_case = pytest.mark.parametrize(("command", "notification", "result"), CASES, ids=NAMES)


@pytest.mark.parametrize("version", ALL_VERSIONS)
@each_case
def test_a_promise_in_processing(
    command: Message, notification: Message, result: Result, version: int
) -> None:
    case = Case(version=version)
    assert do(case.machine, command) == 1
    assert case.wait(1) is None
    assert case.sent()[0] == command
    case.feed(notification)
    assert case.wait(1) == result


@pytest.mark.parametrize("version", ALL_VERSIONS)
@each_case
def test_a_promise_in_replay(
    command: Message, notification: Message, result: Result, version: int
) -> None:
    case = replaying(command, notification, version=version)
    assert do(case.machine, command) == 1
    assert case.wait(1) == result
    case.returns()
    assert case.sent() == [pb.OutputCommandMessage(value=value(b"")), pb.EndMessage()]


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_metadata_of_a_rejection_since_v6(version: int) -> None:
    case = Case(version=version)
    case.machine.commands.complete_promise(KEY, Failure(409, "no", (("why", "late"),)))
    rejection = case.sent_one(pb.CompletePromiseCommandMessage).completion_failure
    assert len(rejection.metadata) == (0 if version == 5 else 1)
