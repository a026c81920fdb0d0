"""Run one handler on both state machines in lockstep; after each step both must have done the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.differential.handler import perform
from tests.differential.official import Official
from tests.differential.ours import Ours
from tests.differential.side import WAITS, Ended
from tests.protocol.case import CANCEL, ack, frame, read_frames, read_messages, signal, start
from tests.restate import Restate, is_command

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from google.protobuf.message import Message

    from tests.differential.handler import Operation
    from tests.differential.side import Side

__all__ = ["Difference", "Pair", "damaged", "invoke", "replay"]


class Difference(Exception):  # noqa: N818 - it is what the tests look for
    """The two have done different things."""


# ---- Both of them ----


@dataclass
class Pair:
    """Both state machines, fed with the same bytes.

    Args:
        version: the protocol version.
        random: cuts the bytes into pieces.
    """

    version: int
    random: Random
    ours: Ours = field(init=False)
    official: Official = field(init=False)
    signals: set[str] = field(default_factory=set[str])
    written: list[Message] = field(default_factory=list["Message"])

    def __post_init__(self) -> None:
        self.ours, self.official = Ours(self.version), Official(self.version)

    @property
    def handles(self) -> list[Any]:
        """The handles of what was begun, as ours knows them."""
        return self.ours.handles

    def feed(self, data: bytes) -> None:
        """Give both the same bytes, in the same pieces."""
        while data:
            length = self.random.choice((len(data), self.random.randint(1, 40)))
            piece, data = data[:length], data[length:]
            self.ours.feed(piece)
            self.official.feed(piece)

    def close_input(self) -> None:
        """The request ends."""
        self.ours.close_input()
        self.official.close_input()

    def do(self, what: str, operation: Callable[[Side], Any]) -> Any:
        """Have both do something.

        Raises:
            Ended: both have ended.
            Difference: they have done different things.
        """
        results: list[Any] = []
        for side in (self.official, self.ours):
            try:
                results.append(operation(side))
            except Ended:
                results.append(Ended)
            self.ours.chosen_run = results[0]
        other, one = results
        self._compare_output(what)
        if one != other:
            raise Difference(f"{what}: ours gives {one}, the official one {other}")
        if one is Ended:
            raise Ended
        return one

    def _compare_output(self, what: str) -> None:
        ours, official = self.ours.output(), self.official.output()
        ignored: set[int | str] = set() if self.ours.awaits_cancellation else {-1}
        waiting = self.ours.machine.waiting
        if waiting.cancel_requested:  # see `KNOWN`
            ignored.update(waiting.calls_without_id())
        one, other = _comparable(ours, ignored), _comparable(official, ignored)
        if one != other:
            raise Difference(f"{what}: ours writes {one}, the official one {other}")
        self.written += read_messages(ours)

    def take_written(self) -> list[Message]:
        """What both have written since the last look."""
        written, self.written = self.written, []
        return written


def _comparable(output: bytes, ignored: set[int | str]) -> list[str]:
    """The messages in words, without what may be different: clocks, and the words of errors.

    Args:
        output: what a state machine has written.
        ignored: the ids of notifications that one may wait for and the other not.
    """
    shown: list[str] = []
    for (_, flags, _), message in zip(read_frames(output), read_messages(output), strict=True):
        match message:
            case pb.SleepCommandMessage():
                message.ClearField("wake_up_time")
            case pb.OneWayCallCommandMessage():
                message.invoke_time = int(message.invoke_time > 0)
            case pb.ErrorMessage():
                for words in ("message", "stacktrace"):
                    message.ClearField(words)
                for place in (
                    "index",
                    "type",
                    "name",
                ):  # which of two commands is a matter of taste
                    message.ClearField(f"related_command_{place}")
            case pb.SuspensionMessage() | pb.AwaitingOnMessage():
                awaited = _awaited(message) - ignored
                shown.append(f"{type(message).__name__} {sorted(map(str, awaited))}")
                continue
            case _:
                pass
        shown.append(f"{type(message).__name__} flags {flags} {message!s}")
    return shown


def _awaited(message: pb.SuspensionMessage | pb.AwaitingOnMessage) -> set[int | str]:
    """All ids that a message names; trees of first-completed alone may be of different shapes."""
    ids: set[int | str] = set()
    trees: list[Any] = [message]
    if isinstance(message, pb.AwaitingOnMessage) or message.HasField("awaiting_on"):
        trees = [message.awaiting_on]
    while trees:
        tree = trees.pop()
        ids.update(tree.waiting_completions)
        ids.update(-each for each in tree.waiting_signals)
        ids.update(tree.waiting_named_signals)
        trees += getattr(tree, "nested_futures", ())
    return ids


# ---- Restate ----


def _request(restate: Restate, length: int) -> bytes:
    entries = restate.journal[:length]
    state = restate.start_state(entries)[: 1 if restate.partial else None]
    first = start(len(entries), partial_state=restate.partial, state_map=state, random_seed=7)
    return b"".join(map(frame, (first, *entries)))


def _receive(pair: Pair, restate: Restate) -> Message | None:
    """Give Restate what was written. Returns the attempt's last message, if it wrote one."""
    last = None
    for message in pair.take_written():
        restate.receive(message)
        if isinstance(message, (pb.EndMessage, pb.SuspensionMessage, pb.ErrorMessage)):
            last = message
    return last


def invoke(
    restate: Restate, operations: Sequence[Operation], random: Random, *, cancel: bool
) -> list[object]:
    """Run an invocation to its end, in as many attempts as chance will have it.

    Returns:
        What the handler saw in the last of them.
    """
    while True:
        pair = Pair(restate.version, random)
        pair.feed(_request(restate, len(restate.journal)))

        def on_wait(indices: list[int], pair: Pair = pair) -> None:
            assert _receive(pair, restate) is None
            if random.random() < 0.15:
                pair.close_input()
            else:
                pair.feed(_told(restate, pair, indices, random, cancel=cancel))

        seen: list[object] = []
        perform(pair, operations, seen, on_wait)
        last = _receive(pair, restate)
        if isinstance(last, pb.EndMessage):
            return seen
        assert isinstance(last, pb.SuspensionMessage), last
        restate.end_attempt(arrives=lambda: random.random() < 0.5)
        _told(restate, pair, [], random, cancel=cancel)


def _told(
    restate: Restate, pair: Pair, indices: list[int], random: Random, *, cancel: bool
) -> bytes:
    """One or more things that may happen to an invocation that waits, as Restate tells of them."""
    told: list[Message] = []
    is_being_cancelled = pair.ours.machine.waiting.cancel_requested
    for _ in range(random.choice((1, 1, 1, 3))):
        has_result = any(map(_is_call_result, restate.journal))
        cancels = cancel and not has_result and random.random() < 0.15  # see `KNOWN`
        if cancels and (indices or CANCEL not in restate.journal) and not is_being_cancelled:
            is_being_cancelled = True
            told.append(restate.complete(CANCEL))
            continue
        choices: list[Message] = [*restate.to_come, *restate.proposed.values()]
        choices = [
            each
            for each in choices
            if not (_is_call_result(each) and (is_being_cancelled or _is_early(each, restate)))
        ]
        for index in indices or range(len(pair.ours.handles)):
            handle = pair.ours.handles[index]
            if isinstance(handle, int) and handle < -1:
                choices.append(signal(-handle, b"signalled"))
            elif isinstance(handle, str):
                choices.append(pb.SignalNotificationMessage(name=handle, void=pb.Void()))
        told.append(restate.complete(random.choice(choices or [signal(99)])))
    return b"".join(map(frame, told))


def _is_call_result(message: Message) -> bool:
    return isinstance(message, pb.CallCompletionNotificationMessage)


def _is_early(message: Message, restate: Restate) -> bool:
    """Whether it is the result of a call whose invocation id Restate has not told yet."""
    return not any(
        isinstance(entry, pb.CallInvocationIdCompletionNotificationMessage)
        and entry.completion_id == cast("Any", message).completion_id - 1
        for entry in restate.journal
    )


def replay(
    original: Restate,
    operations: Sequence[Operation],
    length: int,
    random: Random,
    *,
    follows: bool = True,
) -> Message | None:
    """Replay a prefix of a journal; then what follows in it comes as well.

    Args:
        original: the invocation as it was.
        operations: what the handler does, be it the same or not.
        length: how many entries are replayed.
        random: cuts the bytes into pieces.
        follows: whether the rest of the journal comes; else the input ends.

    Returns:
        The attempt's last message.
    """
    pair = Pair(original.version, random)
    pair.feed(_request(original, length))
    position = length

    def on_wait(_: list[int]) -> None:
        nonlocal position
        journal = original.journal
        ahead = [entry for entry in journal[position:] if not is_command(entry)]
        if not follows or not ahead:
            pair.close_input()
            return
        entry = ahead[0]
        position = journal.index(entry, position) + 1
        proposed = [
            message.result_completion_id
            for message in pair.written
            if isinstance(message, pb.ProposeRunCompletionMessage)
        ]
        is_run = isinstance(entry, pb.RunCompletionNotificationMessage)
        if original.version >= 7 and is_run and entry.completion_id in proposed:
            entry = ack(cast("Any", entry).completion_id)
        pair.feed(frame(entry))

    perform(pair, operations, [], on_wait)
    return pair.written[-1] if pair.written else None


# ---- A request that is damaged ----


class _Alone:
    """One state machine, whose handler never waits: its input has ended."""

    def __init__(self, side: Side, version: int) -> None:
        self.version = version
        self.signals: set[str] = set()
        self._side = side
        self._written = bytearray()

    @property
    def handles(self) -> list[Any]:
        return self._side.handles

    def do(self, what: str, operation: Callable[[Side], Any]) -> Any:
        try:
            result = operation(self._side)
        finally:
            self._written += self._side.output()
        if result is WAITS:
            raise AssertionError(f"{what}: it waits for input that has ended")
        return result

    def last(self) -> Message:
        return read_messages(bytes(self._written + self._side.output()))[-1]


def damaged(
    original: Restate, operations: Sequence[Operation], random: Random
) -> tuple[Message, Message]:
    """Damage the request of a replay.

    Returns:
        What ours and the official one end with.
    """
    request = bytearray(_request(original, len(original.journal)))
    for _ in range(random.randint(1, 3)):
        place = random.randrange(len(request)) if request else 0
        match random.randrange(4):
            case 0 if request:
                request[place] ^= 1 << random.randrange(8)
            case 1:
                del request[place : place + random.randint(1, 12)]
            case 2:
                request[place:place] = random.randbytes(random.randint(1, 12))
            case _:
                del request[place:]
    ends: list[Message] = []
    for side in (Ours(original.version), Official(original.version)):
        alone = _Alone(side, original.version)
        side.feed(bytes(request))
        side.close_input()
        perform(alone, operations, [], lambda _: None)
        ends.append(alone.last())
    return ends[0], ends[1]
