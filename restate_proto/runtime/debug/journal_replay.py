"""Run a handler on an invocation's recorded journal, and stop where the journal ends."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from typing_extensions import override

from restate_proto.protocol import Phase
from restate_proto.protocol.messages import COMMANDS, MessageType
from restate_proto.runtime.debug.repetition import Repetition
from restate_proto.runtime.debug.watch import Watch
from restate_proto.runtime.debug.watched_attempt import WatchedJournal
from restate_proto.runtime.interception import InterceptedMachine
from restate_proto.runtime.user_code import raised_at, users_line, waits_at
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from restate_proto.protocol import AttemptError
    from restate_proto.protocol.frames import Frame
    from restate_proto.protocol.player import Player
    from restate_proto.runtime.handler import BoundHandler
    from restate_proto.runtime.runtime import Runtime

__all__ = ["JournalReplay", "ReplayEnd"]


class ReplayEnd(NamedTuple):
    """How far the code came on a journal, and what it does there.

    Args:
        commands: how many commands of the journal the code has issued again.
        line: the line of user code that it came to, as `file:line`; None if it is not known.
        next: the command that it issues next, which the journal does not have; None if there is
            none.
        error: the error that the attempt fails with; None if it does not fail.
        raised: the exception of the handler, if that is what it fails with.
        runs: the names of the runs that would be executed now.
        delays: the commands that now send a message with a delay and used to send it without, or
            the reverse: for each, how many commands are before it, and the line.
    """

    commands: int
    line: str | None
    next: Frame | None
    error: AttemptError | None
    raised: BaseException | None
    runs: tuple[str, ...]
    delays: tuple[tuple[int, str | None], ...]


class _Journal(WatchedJournal):
    """A journal that ends the attempt where a command would be added, except for the output.

    Attributes:
        next: that command.
        stopped_at: the line that issues it.
        redact: redacts commands before they are compared; None if the recorded ones are not
            redacted.
        delays: see `ReplayEnd`.
    """

    __slots__ = ("delays", "next", "redact", "stopped_at")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.next: Frame | None = None
        self.stopped_at: str | None = None
        self.redact: Callable[[Message], None] | None = None
        self.delays: list[tuple[int, str | None]] = []

    @override
    def issue(self, type_: int, message: Message, name: str = "", ids: int = 0) -> None:
        if self.phase is Phase.PROCESSING and type_ != MessageType.OUTPUT:
            self.next = type_, message.SerializeToString()
            self.stopped_at = users_line(sys._getframe(1))  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
            self.abandon()
            self.raise_ended()
        if self.redact is not None:
            self.redact(message)
        if isinstance(message, pb.OneWayCallCommandMessage) and self.phase is Phase.REPLAYING:
            self._compare_delays(message)
        super().issue(type_, message, name, ids)

    @override
    def issue_payload(
        self, type_: int, before: bytes, payload: bytes, after: bytes = b"", name: str = ""
    ) -> None:
        """Issue a payload as a message: redacting and comparing is done on messages here."""
        class_, _ = COMMANDS[type_]
        self.issue(type_, class_.FromString(before + payload + after), name)

    def _compare_delays(self, message: pb.OneWayCallCommandMessage) -> None:
        """Ignore times in the comparison, which always differ; but note where there is only one."""
        type_, payload = self.recorded[-1]
        if type_ == MessageType.ONE_WAY_CALL:
            recorded = pb.OneWayCallCommandMessage.FromString(payload)
            if bool(recorded.invoke_time) != bool(message.invoke_time):
                line = users_line(sys._getframe(2))  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
                self.delays.append((self.command_index + 1, line))

    @override
    def note_line(self) -> None:
        """Do nothing: the last line is enough."""


class _Machine(InterceptedMachine):
    """A state machine with such a journal."""

    __slots__ = ()

    _journal_class = _Journal


class JournalReplay(Repetition):
    """An attempt on a recorded journal. It executes no run, and adds nothing to the journal.

    Args:
        handler: the handler.
        version: the service protocol version of the invocation.
        runtime: a runtime made by `runtime_of_repetitions`.
        recorded: the journal.
        finds_end: whether to find the line at which the handler returns, which takes time.
    """

    __slots__ = ("_raised", "_waits_at")

    _machine_class = _Machine

    def __init__(
        self,
        handler: BoundHandler,
        version: int,
        runtime: Runtime,
        recorded: Player,
        *,
        finds_end: bool = False,
    ) -> None:
        self._raised: BaseException | None = None
        self._waits_at: str | None = None
        super().__init__(handler, version, runtime, recorded, (), Watch(profiles=finds_end))

    def redact(self, redact: Callable[[Message], None]) -> None:
        """Redact commands before they are compared, as the journal was redacted."""
        cast("_Journal", self._journal).redact = redact

    @property
    def end(self) -> ReplayEnd:
        """Return how far it came; call it after `play`."""
        journal = cast("_Journal", self._journal)
        raised = self._raised if journal.error is not None else None
        line = journal.stopped_at if raised is None else raised_at(raised)
        failed_at = None if journal.error is None else journal.error.line
        awaited = self.player.awaited_ids
        return ReplayEnd(
            journal.command_index + 1,
            line or failed_at or self._waits_at or self._watch.left_at,
            journal.next,
            journal.error,
            raised,
            tuple(run.name for run in self._runs_without_result if run.id in awaited),
            tuple(journal.delays),
        )

    @override
    def handler_ended(self, result: Any, error: BaseException | None) -> None:
        if self._journal.phase is not Phase.CLOSED:
            self._raised = error
        super().handler_ended(result, error)

    @override
    def _park(self) -> None:
        tasks = () if self._task is None else (self._task, *self._loop.tasks.values())
        places = [waits_at(task.get_coro()) for task in tasks]
        super()._park()
        if self._journal.phase is Phase.CLOSED:
            self._waits_at = next(filter(None, places), None)
