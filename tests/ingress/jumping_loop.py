"""An event loop whose clock a test sets forward, so that waits end when the test says so."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import override

if TYPE_CHECKING:
    from restate_proto.http2.stream import ServerStream
    from tests.ingress.fake_ingress import Behaviour, FakeIngress

__all__ = ["JumpingLoop", "Leave"]


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop with a clock that can be set forward."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead = 0.0

    @override
    def time(self) -> float:
        return super().time() + self._ahead

    def jump(self, seconds: float) -> None:
        """Set the clock forward."""
        self._ahead += seconds


@dataclass
class Leave:
    """A step of a fake ingress that lets time pass, and leaves the request unanswered.

    Args:
        seconds: how much time.
        then: what to do with the request instead.
    """

    seconds: float
    then: Behaviour | None = None

    def act(self, fake: FakeIngress, stream: ServerStream) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, JumpingLoop)
        loop.jump(self.seconds)
        if self.then is not None:
            self.then.act(fake, stream)
