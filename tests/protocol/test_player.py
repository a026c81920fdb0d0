"""Restate's side in miniature: one attempt's input and output are the journal of the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto.protocol.player import Difference, Player, awaited_ids
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import ack, frame, raw, read_messages, start

if TYPE_CHECKING:
    from google.protobuf.message import Message

INPUT = pb.InputCommandMessage(value=pb.Value(content=b"input"))
RUN = pb.RunCommandMessage(result_completion_id=1, name="work")
PROPOSAL = pb.ProposeRunCompletionMessage(result_completion_id=1, value=b"done")
STORED = pb.RunCompletionNotificationMessage(completion_id=1, value=pb.Value(content=b"done"))
SLEEP = pb.SleepCommandMessage(wake_up_time=5, result_completion_id=1, name="a nap")
OUTPUT = pb.OutputCommandMessage(value=pb.Value(content=b"output"))
END = pb.EndMessage()
SUSPENSION = pb.SuspensionMessage(waiting_completions=[1], waiting_signals=[1])


def stream(*messages: Message) -> bytes:
    return b"".join(map(frame, messages))


def recorded(*written: Message, entries: tuple[Message, ...] = (INPUT,)) -> Player:
    """Return an attempt that was given these entries, and has written those."""
    player = Player()
    player.given(stream(start(len(entries)), *entries))
    player.written(stream(*written))
    return player


def repeated(first: Player, *written: Message) -> Player:
    """Return another attempt on the journal of the first."""
    player = Player()
    player.given(first.journal())
    player.written(stream(*written))
    return player


def set_state(key: bytes, content: bytes = b"x") -> pb.SetStateCommandMessage:
    return pb.SetStateCommandMessage(key=key, value=pb.Value(content=content))


# ---- The journal ----


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
def test_it_has_what_came_and_what_was_written_in_their_order(chunk: int) -> None:
    player = Player()
    data = stream(start(1, partial_state=False, key="k"), INPUT)
    for at in range(0, len(data), chunk):
        player.given(data[at : at + chunk])
    data = stream(RUN, pb.AwaitingOnMessage())
    for at in range(0, len(data), chunk):
        player.written(data[at : at + chunk])
    player.given(frame(STORED))
    player.written(stream(set_state(b"a"), OUTPUT, END))

    first, *entries = read_messages(player.journal())
    assert first == start(4, partial_state=False, key="k", state_map=[{"key": b"a", "value": b"x"}])
    assert entries == [INPUT, RUN, STORED, set_state(b"a")]


def test_a_proposal_is_in_it_from_when_it_is_confirmed() -> None:
    player = recorded(RUN, PROPOSAL)
    assert read_messages(player.journal())[1:] == [INPUT, RUN]
    player.given(frame(ack(1)))
    assert read_messages(player.journal())[1:] == [INPUT, RUN, STORED]


def test_the_state_is_what_it_is_after_what_the_attempt_has_written() -> None:
    player = Player()
    known = [{"key": b"a", "value": b"1"}, {"key": b"b", "value": b"2"}]
    # What was replayed has had its effect on the state before.
    player.given(stream(start(2, state_map=known), INPUT, pb.ClearStateCommandMessage(key=b"a")))
    player.written(stream(pb.ClearStateCommandMessage(key=b"b"), set_state(b"c")))
    first = read_messages(player.journal())[0]
    assert isinstance(first, pb.StartMessage)
    assert {entry.key: entry.value for entry in first.state_map} == {b"a": b"1", b"c": b"x"}


def test_without_a_start_there_is_none() -> None:
    player = Player()
    player.given(raw(0x0000, b"\xff"))
    with pytest.raises(ValueError, match="has not begun"):
        player.journal()


def test_what_a_suspended_attempt_waits_for() -> None:
    nested = pb.Future(waiting_completions=[3], nested_futures=[pb.Future(waiting_signals=[17])])
    message = pb.SuspensionMessage(
        waiting_completions=[1], waiting_named_signals=["go"], awaiting_on=nested
    )
    assert awaited_ids(message) == {1, "go", 3, -17}
    assert recorded(SLEEP, message).awaited_ids == {1, "go", 3, -17}
    assert recorded(OUTPUT, END).awaited_ids == set()


# ---- Differences ----


@pytest.mark.parametrize(
    ("first", "second", "difference"),
    [
        ([OUTPUT, END], [OUTPUT, END], None),
        ([SLEEP, SUSPENSION], [SUSPENSION], None),
        (
            [OUTPUT, END],
            [pb.OutputCommandMessage(value=pb.Value(content=b"other")), END],
            Difference(
                "Journal mismatch at command 1: 'the handler's return' differs: value: "
                'content: "other" in the code, content: "output" in the journal.',
                1,
            ),
        ),
        (
            [SLEEP, SUSPENSION],
            [set_state(b"a"), SUSPENSION],
            Difference("'set state a' is added, where it waits for 'sleep a nap' before", 2),
        ),
        (
            [SLEEP, SUSPENSION],
            [pb.SuspensionMessage(waiting_named_signals=["go"])],
            Difference("it waits for signal 'go', not for 'sleep a nap'", None),
        ),
        (
            [SLEEP, SUSPENSION],
            [OUTPUT, END],
            Difference(
                "'the handler's return' is added, where it waits for 'sleep a nap' before", 2
            ),
        ),
        (
            [SLEEP, OUTPUT, END],
            [SUSPENSION],
            Difference("'the handler's return' is gone: it waits for 'sleep a nap'", None),
        ),
        (
            [SLEEP, SUSPENSION],
            [pb.ErrorMessage(code=500, message="OSError: no", related_command_index=1)],
            Difference("OSError: no", None),
        ),
        (
            [SLEEP, SUSPENSION],
            [pb.ErrorMessage(code=570, message="another one", related_command_index=1)],
            Difference("another one", 1),
        ),
        (
            [SLEEP, SUSPENSION],
            [],
            Difference("it does not end, where it waits for 'sleep a nap' before", None),
        ),
    ],
)
def test_how_a_second_attempt_differs(
    first: list[Message], second: list[Message], difference: Difference | None
) -> None:
    one = recorded(*first)
    assert one.difference(repeated(one, *second)) == difference
