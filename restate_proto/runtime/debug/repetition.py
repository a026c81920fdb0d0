"""Repeats an attempt that has ended, on its own journal, and says in what the second differs."""

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
from restate_proto.runtime.runtime import Runtime, place_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Generator, Sequence

    from restate_proto.runtime.handler import BoundHandler
    from restate_proto.runtime.operations import Completable, Run
    from restate_proto.runtime.task import Stepper

__all__ = ["NotRepeatableError", "Repetition", "runtime_of_repetitions"]


class NotRepeatableError(RestateError):
    """A handler's code does something else when it is run again on its own journal."""


class _Output:
    """Takes what an attempt writes, at any speed."""

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
    """A handler's loop in which all is done a second time, and nothing is logged again."""

    __slots__ = ()

    @property
    @override
    def is_silent(self) -> bool:
        """Always: the first attempt has logged it."""
        return True


class Repetition(WatchedAttempt):
    """Another attempt on the journal of one that has ended, in one go; it calls no function of a run.

    Args:
        handler: the handler.
        version: the service protocol version of the first attempt.
        runtime: as `runtime_of_repetitions` makes it.
        first: what was recorded of the first attempt.
        headers: the headers of the request for it.

    Attributes:
        player: what it is given and writes.
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
    ) -> None:
        handler = copy(handler)
        handler.max_message = MAX_LENGTH  # its own commands come back
        handler.report_failure = None
        self.player = Player(handler.payload_codecs)
        self._first = first
        self._runs_without_result: list[Run] = []
        self._waits_in = ""
        super().__init__(handler, version, _Output(self.player, headers), runtime, Watch())

    def play(self) -> None:
        """Replay the journal of the first attempt, and end where that does."""
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
        while self._is_postponed and self._journal.phase is not Phase.CLOSED:
            self._turn_begins()

    @override
    def _postpone(self) -> None:
        self._is_postponed = True

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
        """Leave those runs unfinished that the first attempt had to wait for when its handler ended.

        Of a run whose result Restate has not confirmed, the journal does not say if it was executed.
        """
        self._execute_runs()
        awaited = self._first.awaited_ids
        self._operations.begun_runs = [r for r in self._runs_without_result if r.id in awaited]
        self._runs_without_result = [r for r in self._runs_without_result if r.id not in awaited]

    @override
    def _park(self) -> None:
        """All of it waits: note where, in case that this is its end."""
        tasks: list[Stepper] = (
            [] if self._task is None else [self._task, *self._loop.tasks.values()]
        )
        self._waits_in = "; ".join(filter(None, map(place_of, tasks)))
        super()._park()
        if self._journal.phase is not Phase.CLOSED:
            self._waits_in = ""


def runtime_of_repetitions(loop: asyncio.AbstractEventLoop) -> Runtime:
    """A runtime whose attempts are never told to wait for a turn."""
    return Runtime(loop, turn_seconds=math.inf)


@contextmanager
def _silenced() -> Generator[None]:
    """What the runtime logs in this thread, it has logged of the first attempt."""
    thread = get_ident()
    logger = get_logger("restate_proto")

    def is_of_another(record: logging.LogRecord) -> bool:
        return record.thread != thread

    logger.addFilter(is_of_another)
    try:
        yield
    finally:
        logger.removeFilter(is_of_another)
