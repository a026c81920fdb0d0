"""Scenarios of asyncio's own functions: in a handler they do what they do on asyncio's own loop.

Each scenario is a function that reports what it does and sees. It runs twice, and both reports have
to be the same. Neither run waits: the clock of asyncio's loop jumps to the next timer, and the
handler's durable sleeps end in the order of their wake-up times. The handler then runs once more,
on the journal of the first run.
"""

from __future__ import annotations

import asyncio
import math
import selectors
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from conformance.v1.conformance_pb2 import Parcel
from restate_proto.runtime import Runtime, Scheduling
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.asyncio_scenarios import SCENARIOS, BodyError, ChildError, told
from tests.runtime.case import Case, in_loop, result

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from restate_proto import Context
    from tests.runtime.asyncio_scenarios import Scenario


class _JumpingSelector(selectors.DefaultSelector):
    """Takes no time: the clock jumps to the next timer."""

    now = 0.0

    @override
    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "it hangs"
            self.now += timeout
        return ready


def on_asyncio(function: Scenario) -> list[str]:
    """What a scenario says, and how it ends, on asyncio's own loop."""
    selector = _JumpingSelector()
    lines: list[str] = []

    def make_loop() -> asyncio.AbstractEventLoop:
        loop = asyncio.SelectorEventLoop(selector)
        loop.time = lambda: selector.now
        loop.set_exception_handler(_ignore)  # of callbacks
        return loop

    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(_account(function, lines))
    return lines


def _ignore(_: asyncio.AbstractEventLoop, problem: dict[str, Any]) -> None:
    """Callbacks of scenarios fail on purpose."""


async def _account(function: Scenario, lines: list[str]) -> None:
    try:
        result = await function(lambda what: lines.append(str(what)))
    except (BodyError, ChildError, asyncio.CancelledError) as error:
        lines.append(told(error))
    else:
        lines.append(f"returned {result}")


class _Driver:
    """Restate, as far as scenarios need it: the sleeps of a handler are over one by one.

    Args:
        function: the scenario that the handler is.
    """

    def __init__(self, function: Scenario) -> None:
        self.now = 1_000_000.0
        self.lines: list[str] = []
        self.journal: list[Message] = []
        self._sleeps: list[tuple[int, int]] = []

        async def body(_: Context, parcel: Parcel) -> Parcel:
            self.lines = []
            await _account(function, self.lines)
            return parcel

        self._body = body

    async def play(self) -> list[str]:
        """Run the handler to its end. Returns what the scenario says."""
        case = self._case().start()
        while not await self._has_ended(case):
            assert self._sleeps, f"it hangs: {self.lines}"
            self._sleeps.sort()
            wake_up_time, id_ = self._sleeps.pop(0)
            self.now = wake_up_time / 1000
            self.journal.append(result(id_))
            case.feed(self.journal[-1])
        return self.lines

    async def replay(self) -> list[str]:
        """Run the handler on the journal. Returns what the scenario says."""
        case = self._case().start(*self.journal)
        assert await self._has_ended(case), f"it hangs: {self.lines}"
        return self.lines

    def _case(self) -> Case:
        loop = asyncio.get_running_loop()
        runtime = Runtime(loop, Scheduling(turn_seconds=math.inf, clock=lambda: self.now))
        return Case(self._body, runtime=runtime)

    async def _has_ended(self, case: Case) -> bool:
        for _ in range(3):
            await asyncio.sleep(0)
        for message in case.sent():
            if isinstance(message, pb.SleepCommandMessage):
                self._sleeps.append((message.wake_up_time, message.result_completion_id))
                self.journal.append(message)
            else:
                assert not isinstance(message, pb.ErrorMessage), message
        return case.stream.ended


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_a_handler_does_what_asyncio_does(name: str) -> None:
    expected = on_asyncio(SCENARIOS[name])
    driver = _Driver(SCENARIOS[name])

    @in_loop
    async def in_a_handler() -> None:
        assert await driver.play() == expected
        assert await driver.replay() == expected

    in_a_handler()
