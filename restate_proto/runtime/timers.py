"""The durable sleep behind each of asyncio's timers in a handler."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from typing_extensions import override

from restate_proto.runtime.futures import Leaf
from restate_proto.runtime.values import read_nothing

if TYPE_CHECKING:
    from restate_proto.protocol import Result
    from restate_proto.runtime.loop_clock import LoopTimer
    from restate_proto.runtime.operations import Operations

__all__ = ["TimerSleep"]


class TimerSleep(Leaf[None]):
    """The durable sleep of one timer of the handler's loop; it starts when it is constructed.

    Args:
        operations: the durable operations of the handler.
        timer: the timer to fire when the sleep is over.
        name: the name that Restate shows, such as `asyncio.timeout`.
    """

    __slots__ = ("_timer",)

    def __init__(self, operations: Operations, timer: LoopTimer, name: str) -> None:
        self._timer = timer
        wake_up_time = operations.after(timedelta(seconds=timer.delay))
        super().__init__(operations, read_nothing, operations.commands.sleep(wake_up_time, name))

    @override
    def settle(self, result: Result) -> None:
        super().settle(result)
        self.operations.loop.timer_fired(self._timer)
