"""Repeat an attempt that has ended, on its own journal, and find the first difference."""

from __future__ import annotations

import logging
import math
from contextlib import contextmanager
from copy import copy
from threading import get_ident
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from restate_proto.errors import RestateError
from restate_proto.logs import get_logger
from restate_proto.protocol import MAX_LENGTH, Phase
from restate_proto.protocol.player import Player
from restate_proto.runtime.debug.watch import Watch
from restate_proto.runtime.debug.watched_attempt import WatchedAttempt, WatchedLoop
from restate_proto.runtime.runtime import Runtime, Scheduling, place_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Generator, Sequence

    from restate_proto.runtime.handler import BoundHandler
    from restate_proto.runtime.operations import Completable, Run
    from restate_proto.runtime.task import Stepper

__all__ = ["NotRepeatableError", "Repetition", "runtime_of_repetitions"]


class NotRepeatableError(RestateError):
    """A handler's code did something else when it was run again on its own journal."""


class _Output:
    """A stream that takes what an attempt writes, without ever asking it to wait."""

    above_high_water = False

    def __init__(self, player: Player, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self._player = player
        self.headers = headers

    def write(self, data: bytes, *, end: bool = False) -> None:
        del end
        self._player.written(data)

    def acknowledge(self, amount: int) -> None:
        pass


class _SilentLoop(WatchedLoop):
    """The loop of a repetition: nothing is logged a second time."""

    __slots__ = ()

    @property
    @override
    def is_silent(self) -> bool:
        """True: the first attempt has logged everything already."""
        return True


class Repetition(WatchedAttempt):
    """A second attempt on the journal of one that has ended, in one go; it executes no run.

    Args:
        handler: the handler.
        version: the service protocol version of the first attempt.
        runtime: a runtime made by `runtime_of_repetitions`.
        first: the record of the first attempt.
        headers: the headers of the first attempt's request.
        watch: records the lines of the handler.

    Attributes:
        player: gives it the journal, and takes what it writes.
    """

    __slots__ = ("_first", "_runs_without_result", "_waits_in", "player")

    _is_repetition = True
    _loop_class = _SilentLoop

    def __init__(
        self,
        handler: BoundHandler,
        version: int,
        runtime: Runtime,
        first: Player,
        headers: Sequence[tuple[bytes, bytes]],
        watch: Watch | None = None,
    ) -> None:
        handler = copy(handler)
        handler.max_message = MAX_LENGTH  # its own commands are input now
        handler.report_failure = None
        self.player = Player(handler.payload_codecs)
        self._first = first
        self._runs_without_result: list[Run] = []
        self._waits_in = ""
        output = _Output(self.player, headers)
        super().__init__(handler, version, output, runtime, watch or Watch())

    def play(self) -> None:
        """Replay the first attempt's journal, and stop where that attempt ended."""
        journal = self._first.journal()
        self.player.given(journal)
        with _silenced():
            self.data_received(journal)
            self._take_turns()
            self.eof_received()
            self._take_turns()
            if self._journal.phase is not Phase.CLOSED:
                self.aborted("the repetition is over")

    @override
    def line_of(self, index: int | None) -> str:
        return self._waits_in if index is None and self._waits_in else super().line_of(index)

    def _take_turns(self) -> None:
        while self.is_postponed and self._journal.phase is not Phase.CLOSED:
            self._turn_begins()

    @override
    def _postpone(self) -> None:
        self.is_postponed = True

    @override
    def _execute_runs(self) -> None:
        self._runs_without_result += self._operations.begun_runs
        self._operations.begun_runs = []

    @override
    def handler_ended(self, result: Any, error: BaseException | None) -> None:
        self._leave_runs()
        super().handler_ended(result, error)

    @override
    def _unawaited(self) -> list[Completable]:
        self._leave_runs()
        return super()._unawaited()

    def _leave_runs(self) -> None:
        """Leave runs unfinished that the first attempt had to wait for when its handler ended.

        If Restate has not confirmed a run's result, the journal does not say whether the run was
        executed.
        """
        self._execute_runs()
        awaited = self._first.awaited_ids
        self._operations.begun_runs = [r for r in self._runs_without_result if r.id in awaited]
        self._runs_without_result = [r for r in self._runs_without_result if r.id not in awaited]

    @override
    def _park(self) -> None:
        """Note where the handler and all its tasks wait, in case the attempt ends here."""
        tasks: list[Stepper] = (
            [] if self._task is None else [self._task, *self._loop.tasks.values()]
        )
        self._waits_in = "; ".join(filter(None, map(place_of, tasks)))
        super()._park()
        if self._journal.phase is not Phase.CLOSED:
            self._waits_in = ""


def runtime_of_repetitions(loop: asyncio.AbstractEventLoop) -> Runtime:
    """Return a runtime whose attempts never have to wait for their turn."""
    return Runtime(loop, Scheduling(turn_seconds=math.inf))


@contextmanager
def _silenced() -> Generator[None]:
    """Drop this thread's log records of the runtime, because the first attempt has logged them."""
    thread = get_ident()
    logger = get_logger("restate_proto")

    def is_of_another(record: logging.LogRecord) -> bool:
        return record.thread != thread

    logger.addFilter(is_of_another)
    try:
        yield
    finally:
        logger.removeFilter(is_of_another)
