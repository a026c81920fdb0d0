"""Awakeables and named signals."""

from __future__ import annotations

from base64 import urlsafe_b64decode

import pytest

from restate_proto.protocol import AttemptEnded, Failure, Result, ResultKind
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import (
    ALL_VERSIONS,
    CANCEL,
    Cancelled,
    Case,
    named_signal,
    replaying,
    signal,
)

each_version = pytest.mark.parametrize("version", ALL_VERSIONS)


def test_an_awakeable_s_id_is_the_invocation_s_and_the_signal_s_index() -> None:
    case = Case(id=b"123")
    assert case.machine.commands.awakeable() == ("sign_1MTIzAAAAEQ", -17)
    assert case.machine.commands.awakeable() == ("sign_1MTIzAAAAEg", -18)
    assert case.sent() == []  # an awakeable is no command


@pytest.mark.parametrize("id_", [b"", b"\xff\xfe", bytes(range(24))])
def test_an_awakeable_s_id_is_url_safe_base64_without_padding(id_: bytes) -> None:
    text, _ = Case(id=id_).machine.commands.awakeable()
    encoded = text.removeprefix("sign_1")
    assert "=" not in text
    assert "+" not in text
    assert "/" not in text
    padding = "=" * (-len(encoded) % 4)
    assert urlsafe_b64decode(encoded + padding) == id_ + b"\0\0\0\x11"


@each_version
def test_an_awakeable_is_resolved_by_its_signal(version: int) -> None:
    case = Case(version=version)
    _, id_ = case.machine.commands.awakeable()
    assert case.wait(id_) is None
    case.feed(signal(17, b"yes"))
    assert case.wait(id_) == Result(ResultKind.VALUE, b"yes")


@each_version
def test_an_awakeable_is_rejected_by_its_signal(version: int) -> None:
    case = Case(version=version)
    _, id_ = case.machine.commands.awakeable()
    case.feed(pb.SignalNotificationMessage(idx=17, failure=pb.Failure(code=400, message="no")))
    assert case.wait(id_) == Result(ResultKind.FAILURE, Failure(400, "no"))


def test_an_awakeable_in_replay() -> None:
    case = replaying(signal(17, b"yes"), pb.ClearStateCommandMessage(key=b"a"))
    text, id_ = case.machine.commands.awakeable()
    assert (text, id_) == ("sign_1MTIzAAAAEQ", -17)
    assert case.wait(id_) == Result(ResultKind.VALUE, b"yes")
    case.machine.commands.state.clear("a")
    assert case.sent() == []


@each_version
def test_a_named_signal_is_waited_for_by_its_name(version: int) -> None:
    case = Case(version=version)
    assert case.wait("approved") is None
    case.feed(named_signal("approved", b"yes"))
    assert case.wait("approved") == Result(ResultKind.VALUE, b"yes")


def test_names_and_numbers_are_different_signals() -> None:
    case = Case().feed(named_signal("17", b"name"), signal(17, b"index"), named_signal("", b"none"))
    assert [case.machine.waiting.poll() for _ in range(4)] == [
        ("17", Result(ResultKind.VALUE, b"name")),
        (-17, Result(ResultKind.VALUE, b"index")),
        ("", Result(ResultKind.VALUE, b"none")),
        None,
    ]


def test_a_signal_may_be_sent_more_than_once() -> None:
    case = Case().feed(named_signal("n", b"1"), named_signal("n", b"2"))
    assert case.machine.waiting.poll() == ("n", Result(ResultKind.VALUE, b"1"))
    assert case.machine.waiting.poll() == ("n", Result(ResultKind.VALUE, b"2"))


@each_version
def test_metadata_of_failures_since_v6(version: int) -> None:
    case = Case(version=version)
    failure = Failure(409, "no", (("why", "late"),))
    case.machine.commands.complete_awakeable("sign_1abc", failure)
    case.machine.commands.send_signal("inv_other", "approved", failure)
    awakeable, sent = case.sent()
    assert isinstance(awakeable, pb.CompleteAwakeableCommandMessage)
    assert isinstance(sent, pb.SendSignalCommandMessage)
    for written in (awakeable.failure, sent.failure):
        assert len(written.metadata) == (0 if version == 5 else 1)


def test_no_awakeable_after_the_end() -> None:
    case = Case()
    case.returns()
    with pytest.raises(AttemptEnded):
        case.machine.commands.awakeable()


# ---- The same signal twice: each takes effect, in its order ----

ONE, TWO = Result(ResultKind.VALUE, b"1"), Result(ResultKind.VALUE, b"2")
VOID = Result(ResultKind.VOID, None)


def polled(case: Case) -> list[object]:
    """Return the notifications that are there, in the order of their effect."""
    return list(iter(case.machine.waiting.poll, None))


@each_version
def test_replay_two_named_signals_then_await_directly(version: int) -> None:
    case = Case(named_signal("a", b"1"), named_signal("a", b"2"), version=version)
    assert case.wait("a") == ONE
    assert case.machine.waiting.poll() == ("a", TWO)


@each_version
def test_replay_two_named_signals_while_awaiting_something_else(version: int) -> None:
    case = Case(named_signal("a", b"1"), named_signal("a", b"2"), signal(17), version=version)
    case.machine.commands.awakeable()
    assert polled(case) == [("a", ONE), ("a", TWO), (-17, VOID)]


@each_version
def test_live_two_named_signals_while_awaiting_something_else(version: int) -> None:
    case = Case(version=version)
    _, id_ = case.machine.commands.awakeable()
    assert case.wait(id_) is None
    case.feed(named_signal("a", b"1"))
    assert case.wait(id_) is None
    assert case.results["a"] == ONE
    case.feed(named_signal("a", b"2"), signal(17))
    assert polled(case) == [("a", TWO), (-17, VOID)]


@each_version
def test_replay_awakeable_completed_twice_then_await_directly(version: int) -> None:
    case = Case(signal(17, b"1"), signal(17, b"2"), version=version)
    _, id_ = case.machine.commands.awakeable()
    assert case.wait(id_) == ONE


@each_version
def test_replay_awakeable_completed_twice_while_awaiting_something_else(version: int) -> None:
    case = Case(signal(17, b"1"), signal(17, b"2"), signal(18), version=version)
    case.machine.commands.awakeable()
    case.machine.commands.awakeable()
    assert polled(case) == [(-17, ONE), (-17, TWO), (-18, VOID)]


@each_version
def test_replay_cancel_delivered_twice_while_awaiting_something_else(version: int) -> None:
    case = Case(CANCEL, CANCEL, signal(17), version=version)
    case.machine.commands.awakeable()
    assert polled(case) == [(-1, VOID), (-1, VOID), (-17, VOID)]
    assert case.machine.waiting.cancel_requested


@each_version
def test_replay_cancel_delivered_twice_with_implicit_cancellation(version: int) -> None:
    case = Case(CANCEL, CANCEL, signal(17), version=version)
    _, id_ = case.machine.commands.awakeable()
    for _ in range(2):
        with pytest.raises(Cancelled):
            case.wait(id_)
    assert case.wait(id_) == VOID
