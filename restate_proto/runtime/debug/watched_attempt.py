"""An attempt that notes which lines of its handler do what: with a loop and a journal that tell it."""

from __future__ import annotations

import sys
from inspect import unwrap
from typing import TYPE_CHECKING, Any, cast

from typing_extensions import override

from restate_proto.protocol import Phase
from restate_proto.protocol.journal import Journal
from restate_proto.protocol.messages import MessageType
from restate_proto.protocol.mismatch import summary
from restate_proto.runtime.debug.watched_run import watched_run
from restate_proto.runtime.handler_loop import HandlerLoop, LoopOwner
from restate_proto.runtime.intercepted_attempt import InterceptedAttempt
from restate_proto.runtime.interception import InterceptedMachine
from restate_proto.runtime.timers import TimerSleep
from restate_proto.runtime.user_code import users_line

if TYPE_CHECKING:
    from types import CodeType

    from google.protobuf.message import Message

    from restate_proto.protocol import AttemptError, ErrorBehavior, NotificationId
    from restate_proto.protocol.stored_payloads import StoredPayloads
    from restate_proto.runtime.byte_stream import ByteStream
    from restate_proto.runtime.debug.watch import Watch
    from restate_proto.runtime.handler import BoundHandler
    from restate_proto.runtime.runtime import Runtime

__all__ = ["WatchedAttempt", "WatchedLoop"]


class WatchedLoop(HandlerLoop):
    """A handler's loop that tells a watch when code of the handler runs."""

    __slots__ = ("_steps", "watch")

    def __init__(self, owner: LoopOwner, journal: Journal, handler: str) -> None:
        self.watch: Watch | None = None
        self._steps = False
        super().__init__(owner, journal, handler)

    @property
    def is_stepping(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride] - as the attribute
        """Whether code of the handler runs now."""
        return self._steps

    @is_stepping.setter
    def is_stepping(self, steps: bool) -> None:
        if steps is self._steps:
            return
        self._steps = steps
        if self.watch is not None:
            (self.watch.enter if steps else self.watch.leave)()


class _WatchedJournal(Journal):
    """A journal that notes which lines have issued its commands.

    Attributes:
        lines: the lines by the index of the command; some commands have none.
        failed_at: the line at which the attempt failed; None where no line did it.
        asked: by the id of the notification that answers it: a command, in words, and its line.
    """

    __slots__ = ("asked", "failed_at", "lines")

    def __init__(
        self,
        version: int,
        max_outbound: int,
        on_mismatch: ErrorBehavior,
        payloads: StoredPayloads | None,
    ) -> None:
        super().__init__(version, max_outbound, on_mismatch, payloads)
        self.lines: dict[int, str] = {}
        self.failed_at: str | None = None
        self.asked: dict[NotificationId, tuple[str, str]] = {}

    @override
    def issue(self, type_: int, message: Message, name: str = "", ids: int = 0) -> None:
        super().issue(type_, message, name, ids)
        line = self._note()
        if line is not None and ids and type_ != MessageType.ONE_WAY_CALL:
            what = summary(type_, message.SerializeToString())
            self.asked[self.last_completion_id] = what, line  # a call has two ids: the last counts

    @override
    def take_recorded(self, type_: int, name: str = "", ids: int = 0) -> None:
        super().take_recorded(type_, name, ids)
        self._note()

    @override
    def fail_with(self, error: AttemptError) -> None:
        if self.phase is not Phase.CLOSED:
            self.failed_at = users_line(sys._getframe(1))  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        super().fail_with(error)

    def _note(self) -> str | None:
        line = users_line(sys._getframe(2))  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        if line is not None:
            self.lines[self.command_index] = line
        return line


class _WatchedMachine(InterceptedMachine):
    """A state machine whose journal notes lines."""

    __slots__ = ()

    _journal_class = _WatchedJournal


class WatchedAttempt(InterceptedAttempt):
    """An attempt with a watch.

    Args:
        handler: the handler to invoke.
        version: the service protocol version of the stream.
        stream: where output goes.
        runtime: what it shares with the other attempts of its endpoint.
        watch: what is told when the handler's code runs.
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
        """The loop of its handler."""
        return self._loop

    def line_of(self, index: int | None) -> str:
        """The line that has issued a command; else where the attempt has failed, or the handler ended.

        Args:
            index: the command's.
        """
        journal = cast("_WatchedJournal", self._journal)
        line = None if index is None else journal.lines.get(index)
        return line or journal.failed_at or self._watch.left_at or "an unknown line"

    @override
    def handler_ended(self, result: Any, error: BaseException | None) -> None:
        if error is None and self._journal.phase is not Phase.CLOSED:
            self._tell_of_unawaited()
        super().handler_ended(result, error)

    def _tell_of_unawaited(self) -> None:
        journal = cast("_WatchedJournal", self._journal)
        for id_, future in self._operations.waited_for().items():
            is_awaited = future.is_used or isinstance(future, TimerSleep)
            if id_ in journal.asked and not is_awaited and not future.has_parents:
                self._watch.left_unawaited(*journal.asked[id_])

    @override
    def _execute_runs(self) -> None:
        if self._journal.phase is Phase.PROCESSING:  # else they wait for the end of the replay
            operations = self._operations
            watched = [watched_run(run, self._description) for run in operations.begun_runs]
            operations.begun_runs = watched
        super()._execute_runs()

    @override
    def _start(self) -> None:
        self._watch.description = self._description
        super()._start()


def _code_of(handler: BoundHandler) -> CodeType | None:
    """The code of the function that a user has written as a handler."""
    function: Any = unwrap(handler.method)
    return getattr(getattr(function, "__func__", function), "__code__", None)
