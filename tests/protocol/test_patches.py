"""Patches: which code an invocation takes, decided by its journal; and the marker, byte for byte."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restate_proto.protocol import AttemptEnded, Patches
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import ALL_VERSIONS, Case, ack, error_of, frame, raw, value, void

if TYPE_CHECKING:
    from google.protobuf.message import Message

each_version = pytest.mark.parametrize("version", ALL_VERSIONS)


def marker(id_: int, name: str = "vat") -> pb.RunCommandMessage:
    return pb.RunCommandMessage(name=f"patch: {name}", result_completion_id=id_)


def done(id_: int) -> pb.RunCompletionNotificationMessage:
    return pb.RunCompletionNotificationMessage(completion_id=id_, value=value(b"true"))


def sleep(id_: int, name: str = "") -> pb.SleepCommandMessage:
    return pb.SleepCommandMessage(wake_up_time=1, result_completion_id=id_, name=name)


def patches(case: Case) -> Patches:
    return Patches(case.machine.journal, case.machine.commands)


@each_version
def test_past_the_journal_the_marker_is_written(version: int) -> None:
    case = Case(version=version)
    assert patches(case).is_patched("vat") is True
    run, proposal = case.sent_frames()
    assert raw(run.type, run.payload, run.flags) == frame(marker(1))
    expected = pb.ProposeRunCompletionMessage(result_completion_id=1, value=b"true")
    flags = 0x8000 if version >= 7 else 0  # an ack is enough where Restate gives acks
    assert raw(proposal.type, proposal.payload, proposal.flags) == frame(expected, flags)
    case.feed(ack(1) if version >= 7 else done(1))
    assert case.machine.journal.error is None
    # Nobody waits for the marker's result: it takes effect beside what is waited for.
    case.machine.commands.sleep(1)
    assert case.feed(void(2)).wait(2) is not None


@each_version
def test_where_the_marker_is_next_it_is_taken(version: int) -> None:
    case = Case(marker(1), done(1), sleep(2), version=version)
    assert patches(case).is_patched("vat") is True
    assert case.machine.commands.sleep(1) == 2
    assert case.sent() == []


@each_version
@pytest.mark.parametrize("more", [(), (sleep(2),)])
def test_a_marker_whose_result_was_lost_gets_it(version: int, more: tuple[Message, ...]) -> None:
    case = Case(marker(1), *more, version=version)
    assert patches(case).is_patched("vat") is True
    proposal = case.sent_one(pb.ProposeRunCompletionMessage)
    assert (proposal.result_completion_id, proposal.value) == (1, b"true")


@each_version
@pytest.mark.parametrize(
    "entry",
    [
        sleep(1),
        sleep(1, "patch: vat"),
        marker(1, "another"),
        pb.RunCommandMessage(name="vat", result_completion_id=1),
    ],
)
def test_where_another_command_is_next_nothing_is_written(version: int, entry: Message) -> None:
    case = Case(entry, version=version)
    assert patches(case).is_patched("vat") is False
    assert case.sent() == []


def test_the_first_answer_holds() -> None:
    case = Case(sleep(1))
    of_attempt = patches(case)
    assert of_attempt.is_patched("vat") is False
    case.machine.commands.sleep(1)  # the journal ends here
    assert of_attempt.is_patched("vat") is False
    assert of_attempt.is_patched("other") is True
    assert of_attempt.is_patched("other") is True
    assert [type(message) for message in case.sent()] == [
        pb.RunCommandMessage,
        pb.ProposeRunCompletionMessage,
    ]


def test_an_attempt_that_is_over_has_no_answer() -> None:
    case = Case()
    case.machine.journal.abandon()
    with pytest.raises(AttemptEnded):
        patches(case).is_patched("vat")
    with pytest.raises(AttemptEnded):
        patches(case).deprecate("vat")


def test_a_suspension_does_not_wait_for_the_marker() -> None:
    case = Case()
    patches(case).is_patched("vat")
    case.machine.commands.sleep(1)
    case.sent()
    with pytest.raises(AttemptEnded):
        case.close_input().wait(2)
    assert list(case.sent_one(pb.SuspensionMessage).waiting_completions) == [2]


# ---- Removal ----


@each_version
def test_a_deprecated_marker_is_read_over(version: int) -> None:
    case = Case(marker(1), done(1), sleep(2), version=version)
    of_attempt = patches(case)
    of_attempt.deprecate("vat")
    of_attempt.deprecate("vat")
    assert case.machine.commands.sleep(1) == 2
    assert case.sent() == []


@pytest.mark.parametrize("entries", [(), (sleep(1),), (marker(1, "another"),)])
def test_where_it_is_not_next_nothing_happens(entries: tuple[Message, ...]) -> None:
    case = Case(*entries)
    patches(case).deprecate("vat")
    assert case.sent() == []
    assert case.machine.journal.command_index == 0


def test_both_agree_in_one_attempt() -> None:
    case = Case(marker(1), done(1))
    of_attempt = patches(case)
    of_attempt.deprecate("vat")
    assert of_attempt.is_patched("vat") is True
    assert case.sent() == []


@pytest.mark.parametrize("ends", [False, True])
def test_code_without_the_patch_is_told_what_to_write(ends: bool) -> None:
    case = Case(marker(1), done(1))
    go_on = case.returns if ends else partial(case.machine.commands.sleep, 1)
    with pytest.raises(AttemptEnded):
        go_on()
    error = error_of(case)
    assert error.code == 570
    assert "'run patch: vat' in the journal" in error.message
    assert "ctx.patched('vat')" in error.message
    assert "ctx.deprecate_patch('vat')" in error.message


def test_code_that_asks_at_another_place_is_told_so() -> None:
    case = Case(sleep(1), marker(2), done(2))
    of_attempt = patches(case)
    assert of_attempt.is_patched("vat") is False  # too early
    case.machine.commands.sleep(1)
    with pytest.raises(AttemptEnded):
        case.machine.commands.sleep(1)
    assert "where the patch was first asked about" in error_of(case).message


# ---- Old code, new code, code after the patch ----

NAMES = st.sampled_from("abc")


@given(
    before=st.lists(NAMES, max_size=4),
    old=st.lists(NAMES, max_size=3),
    new=st.lists(NAMES, max_size=3),
    after=st.lists(NAMES, max_size=3),
    data=st.data(),
)
def test_every_attempt_takes_the_same_code(
    before: list[str], old: list[str], new: list[str], after: list[str], data: st.DataObject
) -> None:
    """An invocation begun with old code and cut off anywhere goes on with new code to one end."""

    def attempt(entries: list[Message], *, has_patch: bool) -> tuple[list[Message], bool]:
        """Run one attempt; return the journal after it, and whether it took the new code."""
        case = Case(*entries)
        commands, is_new = case.machine.commands, False
        for name in before:
            commands.sleep(1, name)
        if has_patch:
            is_new = patches(case).is_patched("vat")
        for name in (new if is_new else old) + after:
            commands.sleep(1, name)
        written = [it for it in case.sent() if not isinstance(it, pb.ProposeRunCompletionMessage)]
        return entries + written, is_new

    complete, _ = attempt([], has_patch=False)
    entries = complete[: data.draw(st.integers(0, len(complete)))]
    grown, is_new = attempt(entries, has_patch=True)
    assert is_new is (len(entries) <= len(before))
    for length in range(len(entries), len(grown) + 1):
        assert attempt(grown[:length], has_patch=True) == (grown, is_new)
