"""Show each known difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("restate", reason="the official SDK is not installed")

from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.differential.known import KNOWN
from tests.differential.official import Official
from tests.differential.ours import Ours
from tests.differential.side import CANCELLED, WAITS, Ended, Side
from tests.protocol.case import CANCEL, frame, raw, read_messages, signal, start, value

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

SHOWN: dict[str, Callable[[], None]] = {}


def shows(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """The function shows a difference."""

    def keep(function: Callable[[], None]) -> Callable[[], None]:
        SHOWN[name] = function
        return function

    return keep


def on_both(does: Callable[[Side], Any], *entries: Message, version: int = 6) -> tuple[Any, Any]:
    """What a handler comes to on ours and on the official one.

    Args:
        does: the handler.
        *entries: the journal after the input.
        version: the protocol version.
    """
    results: list[Any] = []
    for side in (Ours(version), Official(version)):
        state = [pb.StartMessage.StateEntry(key=b"a", value=b"1")]
        state.append(pb.StartMessage.StateEntry(key=b"b", value=b"2"))
        first = start(1 + len(entries), partial_state=False, state_map=state)
        journal = (first, pb.InputCommandMessage(value=value(b"in")), *entries)
        side.feed(b"".join(map(frame, journal)))
        side.begin()
        results.append(does(side))
    return results[0], results[1]


def written(side: Side) -> list[Any]:
    return read_messages(side.output())


def awaited(side: Side) -> set[int]:
    """What a suspension waits for: completions, and signals as negative numbers."""
    (message,) = (each for each in written(side) if isinstance(each, pb.SuspensionMessage))
    return {*message.waiting_completions, *(-index for index in message.waiting_signals)}


def call_id(id_: int) -> pb.CallInvocationIdCompletionNotificationMessage:
    return pb.CallInvocationIdCompletionNotificationMessage(
        completion_id=id_, invocation_id=f"inv_{id_}"
    )


@shows("the id after an eager read")
def eager_read() -> None:
    def does(side: Side) -> int:
        side.get("a")
        side.run("run")
        return written(side)[-1].result_completion_id

    # Ours is told to count, for the two to be compared.
    machine = Ours(6).machine
    machine.feed(frame(start(1, partial_state=False)) + frame(pb.InputCommandMessage()))
    machine.read_input()
    machine.commands.state.get("a")
    assert machine.commands.run("run")[0] == 1
    assert on_both(does) == (2, 2)


@shows("keys that were cleared")
def cleared_keys() -> None:
    def does(side: Side) -> list[bytes]:
        side.clear("a")
        side.keys()
        return list(written(side)[-1].value.keys)

    assert on_both(does) == ([b"b"], [b"a", b"b"])


@shows("calls that have a result")
def ended_calls() -> None:
    def does(side: Side) -> list[str]:
        side.call("k", b"", None)
        side.output()
        result = pb.CallCompletionNotificationMessage(completion_id=2, value=value(b"r"))
        for message in (call_id(1), result):
            side.feed(frame(message))
        assert side.wait([1]) == (1, ("value", b"r"))
        side.feed(frame(CANCEL))
        side.sleep(1, "")
        assert side.wait([2]) is CANCELLED
        commands = [each for each in written(side) if isinstance(each, pb.SendSignalCommandMessage)]
        return [command.target_invocation_id for command in commands]

    assert on_both(does) == ([], ["inv_1"])


@shows("several calls without an id")
def calls_without_id() -> None:
    def does(side: Side) -> set[int]:
        side.call("k", b"", None)
        side.call("k", b"", None)
        side.feed(frame(CANCEL))
        side.close_input()
        with pytest.raises(Ended):
            side.wait([1])
        return awaited(side) - {-1}

    assert on_both(does) == ({1, 3}, {1})


@shows("waiting for a second cancellation")
def second_cancellation() -> None:
    def does(side: Side) -> set[int]:
        side.sleep(1, "")
        side.feed(frame(CANCEL))
        assert side.wait([0]) is CANCELLED
        side.close_input()
        with pytest.raises(Ended):
            side.wait([0])
        return awaited(side)

    assert on_both(does) == ({1}, {1, -1})


@shows("two cancellations at once")
def two_cancellations() -> None:
    def does(side: Side) -> object:
        side.call("k", b"", None)
        side.feed(frame(CANCEL))
        assert side.wait([1]) is WAITS
        side.feed(frame(CANCEL))
        assert side.wait([1]) is WAITS
        side.feed(frame(call_id(1)))
        assert side.wait([1]) is CANCELLED
        return side.wait([1])

    assert on_both(does) == (WAITS, CANCELLED)


@shows("a signal that is awaited twice")
def signal_twice() -> None:
    def does(side: Side) -> tuple[object, object]:
        side.signal("name")
        side.signal("name")
        side.feed(frame(pb.SignalNotificationMessage(name="name", void=pb.Void())))
        return side.wait([0]), side.wait([1])

    ours, official = on_both(does)
    assert ours == ((0, ("void",)), (1, ("void",)))
    assert official == ((0, ("void",)), WAITS)


@shows("which run is executed first")
def first_run() -> None:
    def does(side: Side) -> object:
        for _ in range(3):
            side.run("run")
        return side.wait([2, 1, 0])

    ours, official = on_both(does)
    assert ours == 0
    assert official in {0, 1, 2}


@shows("the place of a mismatch")
def place_of_mismatch() -> None:
    def does(side: Side) -> tuple[int, int]:
        side.sleep(1, "")
        with pytest.raises(Ended):
            side.wait([0])
        error = written(side)[-1]
        return error.code, error.related_command_type

    sleep, set_ = (
        pb.SleepCommandMessage(result_completion_id=1),
        pb.SetStateCommandMessage(key=b"a"),
    )
    assert on_both(does, sleep, set_) == ((570, 0x0403), (570, 0))


@shows("a request that cannot be read")
def unreadable() -> None:
    codes: list[int] = []
    for side in (Ours(6), Official(6)):
        side.feed(raw(0x0000, b"\xff"))
        codes.append(written(side)[-1].code)
    assert codes == [571, 500]


@pytest.mark.parametrize("name", KNOWN)
def test_known_difference(name: str) -> None:
    SHOWN[name]()


def test_a_signal_of_nobody_is_no_difference() -> None:
    def does(side: Side) -> object:
        side.sleep(1, "")
        side.feed(frame(signal(99)))
        return side.wait([0])

    assert on_both(does) == (WAITS, WAITS)
