"""An attempt that records which line of its handler issues which command."""

from __future__ import annotations

import sys
from inspect import unwrap
from typing import TYPE_CHECKING, Any, cast

from typing_extensions import override

from restate_proto.protocol import Phase
from restate_proto.protocol.journal import Journal
from restate_proto.protocol.messages import MessageType
from restate_proto.protocol.mismatch import summary
from restate_proto.runtime.debug.borrowed import borrowed_from_handlers
from restate_proto.runtime.debug.watched_run import watched_run
from restate_proto.runtime.handler_loop import HandlerLoop, LoopOwner
from restate_proto.runtime.intercepted_attempt import InterceptedAttempt
from restate_proto.runtime.interception import InterceptedMachine
from restate_proto.runtime.located_journal import LocatedJournal
from restate_proto.runtime.timers import TimerSleep
from restate_proto.runtime.user_code import users_line

if TYPE_CHECKING:
    from types import CodeType

    from google.protobuf.message import Message

    from restate_proto.protocol import ErrorBehavior, NotificationId
    from restate_proto.protocol.stored_payloads import StoredPayloads
    from restate_proto.runtime.byte_stream import ByteStream
    from restate_proto.runtime.debug.watch import Watch
    from restate_proto.runtime.handler import BoundHandler
    from restate_proto.runtime.operations import Run
    from restate_proto.runtime.runtime import Runtime

__all__ = ["WatchedAttempt", "WatchedJournal", "WatchedLoop"]


class WatchedLoop(HandlerLoop):
    """A handler's loop that tells a watch when code of the handler begins and stops running."""

    __slots__ = ("_steps", "watch")

    def __init__(self, owner: LoopOwner, journal: Journal, handler: str, thread: int) -> None:
        self.watch: Watch | None = None
        self._steps = False
        super().__init__(owner, journal, handler, thread)

    @property
    def is_stepping(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride] - as the attribute
        """Whether code of the handler is running."""
        return self._steps

    @is_stepping.setter
    def is_stepping(self, steps: bool) -> None:
        if steps is self._steps:
            return
        self._steps = steps
        if self.watch is not None:
            (self.watch.enter if steps else self.watch.leave)()


class WatchedJournal(LocatedJournal):
    """A journal that records the line that issued each of its commands.

    Attributes:
        lines: the lines, by the index of the command; some commands have none.
        asked: for each notification id that answers a command, the command in words and its line.
    """

    __slots__ = ("asked", "lines")

    def __init__(
        self,
        version: int,
        max_outbound: int,
        on_mismatch: ErrorBehavior,
        payloads: StoredPayloads | None,
    ) -> None:
        super().__init__(version, max_outbound, on_mismatch, payloads)
        self.lines: dict[int, str] = {}
        self.asked: dict[NotificationId, tuple[str, str]] = {}

    @override
    def issue(self, type_: int, message: Message, name: str = "", ids: int = 0) -> None:
        super().issue(type_, message, name, ids)
        line = self.note_line()
        if line is not None and ids and type_ != MessageType.ONE_WAY_CALL:
            what = summary(type_, message.SerializeToString())
            # A call has two ids: the last is its result's.
            self.asked[self.last_completion_id] = what, line

    @override
    def issue_payload(
        self, type_: int, before: bytes, payload: bytes, after: bytes = b"", name: str = ""
    ) -> None:
        super().issue_payload(type_, before, payload, after, name)
        self.note_line()

    @override
    def take_recorded(self, type_: int, name: str = "", ids: int = 0) -> None:
        super().take_recorded(type_, name, ids)
        self.note_line()

    def note_line(self) -> str | None:
        """Record the line that issues a command."""
        line = users_line(sys._getframe(2))  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        if line is not None:
            self.lines[self.command_index] = line
        return line


class _WatchedMachine(InterceptedMachine):
    """A state machine whose journal notes lines."""

    __slots__ = ()

    _journal_class = WatchedJournal


class WatchedAttempt(InterceptedAttempt):
    """An attempt whose handler is watched.

    Args:
        handler: the handler to invoke.
        version: the service protocol version of the stream.
        stream: where output goes.
        runtime: what the attempts of one endpoint share.
        watch: records what the handler's code does.
    """

    __slots__ = ("_watch",)

    _machine_class = _WatchedMachine
    _loop_class = WatchedLoop

    def __init__(
        self,
        handler: BoundHandler,
        version: int,
        stream: ByteStream,
        runtime: Runtime,
        watch: Watch,
    ) -> None:
        super().__init__(handler, version, stream, runtime)
        self._watch = watch
        watch.code = _code_of(handler)
        cast("WatchedLoop", self._loop).watch = watch

    @property
    def loop(self) -> HandlerLoop:
        """The loop of the attempt's handler."""
        return self._loop

    def line_of(self, index: int | None) -> str:
        """Return the line that issued a command; else the line where the attempt ended.

        Args:
            index: the index of the command.
        """
        journal = cast("WatchedJournal", self._journal)
        line = None if index is None else journal.lines.get(index)
        failed_at = None if journal.error is None else journal.error.line
        return line or failed_at or self._watch.left_at or "an unknown line"

    @override
    def handler_ended(self, result: Any, error: BaseException | None) -> None:
        if error is None and self._journal.phase is not Phase.CLOSED:
            self._warn_of_unawaited()
        super().handler_ended(result, error)

    def _warn_of_unawaited(self) -> None:
        journal = cast("WatchedJournal", self._journal)
        for id_, future in self._operations.waited_for().items():
            is_awaited = future.is_used or isinstance(future, TimerSleep)
            if id_ in journal.asked and not is_awaited and not future.has_parents:
                self._watch.left_unawaited(*journal.asked[id_])

    @override
    def _execute_runs(self) -> None:
        if self._journal.phase is Phase.PROCESSING:  # during the replay, no run is executed
            operations = self._operations
            self._warn_of_borrowed(operations.begun_runs)
            watched = [watched_run(run, self._description) for run in operations.begun_runs]
            operations.begun_runs = watched
        super()._execute_runs()

    def _warn_of_borrowed(self, runs: list[Run]) -> None:
        for run in runs:
            for what in borrowed_from_handlers(run.function, run.args):
                index, name = self._machine.waiting.runs[run.id]
                self._watch.borrowed(name, what, self.line_of(index))

    @override
    def _start(self) -> None:
        self._watch.description = self._description
        super()._start()


def _code_of(handler: BoundHandler) -> CodeType | None:
    """Return the code of the function that the user wrote as the handler."""
    function: Any = unwrap(handler.method)
    return getattr(getattr(function, "__func__", function), "__code__", None)
