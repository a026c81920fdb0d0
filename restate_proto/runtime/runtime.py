"""What the attempts of one endpoint have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.runtime.cleanups import CLEANUP_SECONDS, Cleanups
from restate_proto.runtime.turn_share import TURN_SECONDS, TurnShare

if TYPE_CHECKING:
    import asyncio

__all__ = ["Runtime"]


class Runtime:
    """Where the attempts of one endpoint run; one for each event loop.

    Args:
        loop: the running event loop.
        expose_tracebacks: whether Restate gets the tracebacks of exceptions. It shows them to who
            looks at an invocation, and passes them on to the caller of one that is killed.
        cleanup_seconds: how long a handler may go on after its attempt has ended.
        turn_seconds: how much of one turn of the event loop handlers get.
    """

    __slots__ = ("cleanups", "expose_tracebacks", "loop", "turn_share")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        expose_tracebacks: bool = False,
        cleanup_seconds: float = CLEANUP_SECONDS,
        turn_seconds: float = TURN_SECONDS,
    ) -> None:
        self.loop = loop
        self.expose_tracebacks = expose_tracebacks
        self.cleanups = Cleanups(loop, cleanup_seconds)
        self.turn_share = TurnShare(loop, turn_seconds)
