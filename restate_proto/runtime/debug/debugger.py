"""What the attempts of an endpoint in development mode share."""

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
        runtime: where the attempts run.
        repeats: whether each attempt that ends or is suspended is repeated at once.

    """

    def __init__(self, runtime: Runtime, *, repeats: bool = True) -> None:
        self._repetitions = runtime_of_repetitions(runtime.loop) if repeats else None
        self._guards = Guards()
        self._watchdog = Watchdog(self._guards)

    def attempt(
        self, handler: BoundHandler, version: int, stream: ByteStream, runtime: Runtime
    ) -> CheckedAttempt:
        """An attempt that is checked, in place of an `Attempt`."""
        watch = self._guards.watch()
        return CheckedAttempt(handler, version, stream, runtime, watch, self._repetitions)

    def close(self) -> None:
        """The endpoint has stopped."""
        self._watchdog.stop()
