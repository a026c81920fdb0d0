"""The supervisor: a process that listens, and starts, replaces and ends the workers that serve.

the start          clients can connect when all workers are ready; if one cannot start, none does
a worker ends      another is started, after a pause that grows while workers keep ending
SIGHUP             the settings are read again, and new workers replace the old ones, which finish
                   what they run; but if their code or contracts differ, the old ones stay
SIGTERM, SIGINT    clients can no longer connect, and all workers finish what they run; asked again,
                   they end at once
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

from restate_proto.endpoint.event_loop import on_signal
from restate_proto.endpoint.identity import is_loopback, warn_of_strangers
from restate_proto.endpoint.standard_output import say_serving
from restate_proto.errors import RestateError
from restate_proto.logs import configure_logging, get_logger
from restate_proto.serving.acceptor import Acceptor
from restate_proto.serving.changes import has_watchfiles, python_changes
from restate_proto.serving.fingerprint import Fingerprint
from restate_proto.serving.listening import address_of, bound_socket
from restate_proto.serving.sources import SettingsError
from restate_proto.serving.stopping import SAME_SECONDS, SERVING_LOG
from restate_proto.serving.worker_process import (
    SILENT_SECONDS,
    WorkerFailedError,
    WorkerProcess,
    describe_code,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from restate_proto.serving.settings import Settings

__all__ = ["SupervisorError", "supervise"]

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
# The end of a worker that has served for this long does not count as a failed start.
_STEADY_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 5.0
# The time after the grace for cleanups of handlers, and for tearing down services.
_OVERTIME_SECONDS: Final = 30.0

_log = get_logger(SERVING_LOG)


class SupervisorError(RestateError):
    """The workers cannot be started; the text says why."""


def supervise(read: Callable[[], Settings], settings: Settings) -> None:
    """Serve with workers until SIGTERM or SIGINT.

    Args:
        read: reads the settings again, at each SIGHUP.
        settings: the settings.

    Raises:
        ListenError: the process cannot listen at the address of the settings.
        SupervisorError: this system does not support workers, or the first ones could not start.
        SystemExit: a worker that has served ended badly, as the log says.
    """
    if settings.reload and not has_watchfiles():
        raise SupervisorError("reload needs watchfiles: run `pip install 'restate-proto[dev]'`")
    if not hasattr(socket, "send_fds"):
        raise SupervisorError(
            "workers and reload need a Unix, because other systems cannot hand connections to "
            "another process; serve without them"
        )
    configure_logging(settings.log_level, settings.log_format)
    with bound_socket(settings.listen) as bound:
        supervisor = Supervisor(read, settings, bound)
        with asyncio.Runner() as runner:
            runner.run(supervisor.run())
    _log.info("process %d and all workers have stopped", os.getpid())
    if not supervisor.is_orderly:
        sys.exit(1)


class Supervisor:
    """The workers of one address.

    Args:
        read: reads the settings.
        settings: the settings at the start.
        bound: the socket to listen on.
    """

    def __init__(
        self, read: Callable[[], Settings], settings: Settings, bound: socket.socket
    ) -> None:
        self._read = read
        self._settings = settings
        self._address = address_of(bound, settings)
        self._acceptor = Acceptor(bound)
        self._serving: list[WorkerProcess] = []
        self._living: set[WorkerProcess] = set()
        self._served = Fingerprint("", {})
        self._stop = asyncio.Event()
        self._times_asked_to_stop = 0
        self._asked_at = 0.0
        self._renewing = asyncio.Lock()
        self._replacing: set[asyncio.Task[None]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures = 0
        self.is_orderly = True

    async def run(self) -> None:
        """Serve until it is told to stop.

        Raises:
            SupervisorError: the first workers could not start.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            on_signal(number, self._ask_to_stop)
        on_signal(signal.SIGHUP, lambda: self._spawn(self._renew("SIGHUP")))
        try:
            if await self._begin():
                await self._stop.wait()
        finally:
            self._acceptor.close()
            for task in self._tasks | self._replacing:
                task.cancel()
            await self._end_all()

    async def _begin(self) -> bool:
        """Start the first workers; return False if the process is told to stop meanwhile."""
        starting = asyncio.create_task(self._start(self._settings))
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not starting.done():
            starting.cancel()
            return False
        try:
            workers = starting.result()
        except WorkerFailedError as error:
            raise SupervisorError(str(error)) from None
        self._serving = workers
        self._served = workers[0].fingerprint
        self._acceptor.use(workers)
        self._acceptor.open()
        say_serving(workers[0].what, self._address)
        _log.info("process %d serves %s with %s", os.getpid(), self._address, _names_of(workers))
        host = self._settings.listen[0] if isinstance(self._settings.listen, tuple) else "localhost"
        if workers[0].is_open and not is_loopback(host):
            warn_of_strangers(self._address)
        self._spawn(self._look_for_stuck_workers())
        if self._settings.reload:
            self._spawn(self._reload())
        return True

    # Starting.

    async def _start(self, settings: Settings, number: int | None = None) -> list[WorkerProcess]:
        """Start workers, and wait until all are ready.

        Raises:
            WorkerFailedError: one could not start; the others are ended.
        """
        count = number or settings.workers or 1
        workers = [await WorkerProcess.start(settings) for _ in range(count)]
        self._living.update(workers)
        for worker in workers:
            worker.watch = asyncio.create_task(self._watch(worker))
        try:
            for worker in workers:
                await worker.ready()
        except BaseException:
            for worker in workers:
                worker.stop()
            raise
        return workers

    async def _watch(self, worker: WorkerProcess) -> None:
        """Wait until a worker ends, and replace it if it was still needed."""
        code = await worker.ended()
        self._living.discard(worker)
        if worker not in self._serving or self._stop.is_set():
            # A signal may find it after its last instruction, which is no disorder.
            if worker.has_served and code not in {0, -signal.SIGTERM, -signal.SIGINT}:
                _log.error("%s has ended with %s", worker, describe_code(code))
                self.is_orderly = self.is_orderly and code < 0
            return
        self._serving.remove(worker)
        self._acceptor.use(self._serving)
        if worker.served_seconds > _STEADY_SECONDS:
            self._failures = 0
        how = describe_code(code)
        _log.error("%s has ended with %s; Restate retries what ran in it", worker, how)
        task = asyncio.create_task(self._replace())
        self._replacing.add(task)
        task.add_done_callback(self._replacing.discard)

    async def _replace(self) -> None:
        """Start a worker in place of one that has ended, and try again until one serves."""
        while True:
            pause = min(_FIRST_PAUSE * 2**self._failures, _LONGEST_PAUSE)
            self._failures += 1
            _log.info("another worker is started in %g s", pause)
            await asyncio.sleep(pause)
            try:
                (worker,) = await self._start(self._settings, 1)
            except WorkerFailedError as error:
                _log.error("a worker cannot start: %s", error)
                continue
            if self._stop_if_other_code(worker, "the worker", self._settings):
                continue
            self._serving.append(worker)
            self._acceptor.use(self._serving)
            _log.info("%s serves", worker)
            return

    # Renewing.

    async def _renew(self, reason: str) -> None:
        """Replace all workers by new ones."""
        async with self._renewing:
            try:
                settings = self._read()
            except SettingsError as error:
                _log.error("%s: nothing changes: %s", reason, error)
                return
            if settings.listen != self._settings.listen:
                _log.warning("%s: a new address takes effect only after a restart", reason)
            try:
                workers = await self._start(settings)
            except WorkerFailedError as error:
                _log.error(
                    "%s: the workers stay as they are: a new one cannot start: %s", reason, error
                )
                return
            if self._stop_if_other_code(workers[0], f"{reason}: the new workers", settings):
                for worker in workers[1:]:
                    worker.stop()
                return
            for task in self._replacing:
                task.cancel()
            before, self._serving = self._serving, workers
            self._settings = settings
            self._acceptor.use(workers)
            self._failures = 0
            _log.info(
                "%s: new connections now go to %s; running attempts are finished by %s",
                reason,
                _names_of(workers),
                _names_of(before) or "no older worker",
            )
            for worker in before:
                worker.drain()

    def _stop_if_other_code(self, worker: WorkerProcess, what: str, settings: Settings) -> bool:
        """End a worker whose code or contracts are not those that this address serves."""
        if settings.allow_code_change or settings.reload:
            self._served = worker.fingerprint
            return False
        differences = self._served.differences(worker.fingerprint)
        if differences:
            _log.error(
                "%s would run other code than this address serves: %s. The journals of invocations "
                "in flight may not fit it, so nothing changes: deploy the new code at a new "
                "address, or start with --allow-code-change",
                what,
                differences,
            )
            worker.stop()
        return bool(differences)

    async def _reload(self) -> None:
        """Replace the worker whenever a Python file changes."""
        _log.info("process %d watches the Python files below %s", os.getpid(), Path.cwd())
        async for names in python_changes():
            _log.info(
                "%s: a new worker runs the new code; invocations in flight continue on it, although "
                "their journals may not fit it",
                names,
            )
            await self._renew("reload")

    async def _look_for_stuck_workers(self) -> None:
        """Warn of workers that no longer report anything."""
        named: set[WorkerProcess] = set()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            silent = {each for each in self._serving if each.silent_seconds > SILENT_SECONDS}
            for worker in silent - named:
                _log.warning(
                    "%s has reported nothing for %g s: something blocks its event loop; it gets no "
                    "new connections while other workers answer",
                    worker,
                    worker.silent_seconds,
                )
            named = silent

    # Stopping.

    def _ask_to_stop(self) -> None:
        now = monotonic()
        if now - self._asked_at < SAME_SECONDS:
            return
        self._asked_at = now
        self._stop.set()
        self._times_asked_to_stop += 1
        if self._times_asked_to_stop == 2:
            for worker in self._living:
                worker.stop()
        elif self._times_asked_to_stop > 2:
            for worker in self._living:
                worker.kill()

    async def _end_all(self) -> None:
        """End all workers, and wait until they have ended."""
        self._stop.set()
        for worker in self._living:
            worker.drain()
        ending = {worker.watch for worker in self._living}
        if not ending:
            return
        seconds = self._settings.grace.total_seconds() + _OVERTIME_SECONDS
        _, overdue = await asyncio.wait(ending, timeout=seconds)
        for worker in list(self._living):
            _log.error("%s has not ended in %g s: it is killed", worker, seconds)
            worker.kill()
        if overdue:
            await asyncio.wait(overdue)

    def _spawn(self, coroutine: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a bug in the supervisor", exc_info=error)


def _names_of(workers: list[WorkerProcess]) -> str:
    """Name workers for the log."""
    pids = ", ".join(str(worker.pid) for worker in workers)
    return f"worker{'s' if len(workers) != 1 else ''} {pids}" if workers else ""
