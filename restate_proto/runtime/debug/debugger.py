"""The entry point of development mode: makes the checked attempts of an endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.runtime.debug.checked_attempt import CheckedAttempt
from restate_proto.runtime.debug.guards import Guards
from restate_proto.runtime.debug.repetition import runtime_of_repetitions
from restate_proto.runtime.debug.watchdog import Watchdog

if TYPE_CHECKING:
    from restate_proto.runtime.byte_stream import ByteStream
    from restate_proto.runtime.handler import BoundHandler
    from restate_proto.runtime.runtime import Runtime

__all__ = ["Debugger"]


class Debugger:
    """Development mode, for the attempts of one runtime.

    Args:
        runtime: the runtime of the attempts.
        repeats: whether each attempt is repeated as soon as it ends or is suspended.

    """

    def __init__(self, runtime: Runtime, *, repeats: bool = True) -> None:
        self._repetitions = runtime_of_repetitions(runtime.loop) if repeats else None
        self._guards = Guards()
        self._watchdog = Watchdog(self._guards)

    def attempt(
        self, handler: BoundHandler, version: int, stream: ByteStream, runtime: Runtime
    ) -> CheckedAttempt:
        """Return a checked attempt, in place of an `Attempt`."""
        watch = self._guards.watch()
        return CheckedAttempt(handler, version, stream, runtime, watch, self._repetitions)

    def close(self) -> None:
        """Stop the checks, because the endpoint has stopped."""
        self._watchdog.stop()
