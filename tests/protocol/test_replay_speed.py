"""A replay costs the same for each entry, however many entries there are."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import restate_proto.protocol
from restate_proto.protocol import Phase, StateMachine
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import frame, start, value

if TYPE_CHECKING:
    from types import FrameType

PROTOCOL = str(Path(restate_proto.protocol.__file__).parent)


def journal(rounds: int) -> bytes:
    """Return four entries per round: a write, a read, a run and its completion."""
    entries: list[bytes] = [frame(pb.InputCommandMessage())]
    for id_ in range(1, rounds + 1):
        key = b"key %d" % (id_ % 7)
        entries += (
            frame(pb.SetStateCommandMessage(key=key, value=value(b"v"))),
            frame(pb.GetEagerStateCommandMessage(key=key, value=value(b"v"))),
            frame(pb.RunCommandMessage(result_completion_id=id_, name="step")),
            frame(pb.RunCompletionNotificationMessage(completion_id=id_, value=value(b"r"))),
        )
    return frame(start(len(entries))) + b"".join(entries)


def replay(data: bytes, rounds: int, chunk: int) -> StateMachine:
    machine = StateMachine(6)
    for begin in range(0, len(data), chunk):
        machine.feed(data[begin : begin + chunk])
    machine.read_input()
    for id_ in range(1, rounds + 1):
        key = f"key {id_ % 7}"
        machine.commands.state.set(key, b"v")
        machine.commands.state.get(key)
        assert machine.commands.run("step") == (id_, False)
        notification = machine.waiting.poll()
        assert notification is not None
        assert notification[0] == id_
    assert machine.journal.phase is Phase.PROCESSING
    assert machine.journal.take_output() == b""
    return machine


def calls_of(rounds: int, chunk: int) -> int:
    """Count the calls, of Python and of C functions, that the protocol's code makes in a replay."""
    data = journal(rounds)
    calls = 0

    def count(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        if event in ("call", "c_call") and frame.f_code.co_filename.startswith(PROTOCOL):
            calls += 1

    sys.setprofile(count)
    try:
        replay(data, rounds, chunk)
    finally:
        sys.setprofile(None)
    return calls


def test_each_entry_costs_the_same() -> None:
    for chunk in (1 << 30, 1_400):
        few, many, more = (calls_of(rounds, chunk) for rounds in (10, 260, 510))
        assert abs((more - many) - (many - few)) <= 0.02 * (many - few)


def test_an_entry_costs_few_calls() -> None:
    per_entry = (calls_of(250, 1 << 30) - calls_of(0, 1 << 30)) / 1_000
    assert 5 < per_entry < 20


def test_a_long_journal_needs_no_deep_stack() -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(context=0)) + 60)
    try:
        replay(journal(2_000), 2_000, 1 << 30)
    finally:
        sys.setrecursionlimit(limit)
