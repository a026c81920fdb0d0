"""How fast a connection is read, so that one peer cannot starve the others.

Two bounds, for two dangers:

- A *share* of each loop turn. What one read brought is given to the engine in portions, and when
  these have made a share of work, the rest waits while the loop serves others. All connections
  that wait take turns: one share in each loop turn, however many there are.
- A *budget* for what moves nothing on. Every byte read is spent from it, and bodies and requests
  earn theirs back, so that an honest peer never comes near its end; PING, SETTINGS, PRIORITY,
  WINDOW_UPDATE, unknown and tiny frames, resets and bombs of header fields do. It refills with
  time. A connection that has used it up is read as slowly as it refills, and ended only when that
  goes on and on.

Bytes are the measure of both, because no frame has fewer than nine: it is the same for both engines,
and needs no look at single frames where the library does not give one.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

from restate_proto.http2.engines.base import PORTION
from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.states import ConnectionState

if TYPE_CHECKING:
    import asyncio

    from restate_proto.http2.engines.base import Engine

__all__ = [
    "BURST",
    "PATIENCE",
    "RATE",
    "SHARE",
    "Budget",
    "Intake",
    "Turns",
]

SHARE: Final = PORTION
"""Work of the engine, as bytes of small frames, that a connection may cause in one loop turn."""

BURST: Final = 1_048_576
"""Bytes that moved nothing on which a connection may send at once."""

RATE: Final = 131_072
"""Bytes that move nothing on which it may send in a second."""

PATIENCE: Final = 30.0
"""Seconds of slowed reading after which it is ended; they are forgiven at `_FORGIVENESS`."""

_FORGIVENESS: Final = 0.25
_LEAST_PAUSE: Final = 0.01

_NOTHING: Final = memoryview(b"")
_CLOSING: Final = ConnectionState.CLOSING


class Budget:
    """A leaky bucket: what is spent leaks out at a rate, and a burst of it may be outstanding.

    Spending is adding to `spent`, and needs no clock; `wait` looks at the clock, and is asked when
    `spent` is above `burst`.

    Args:
        burst: how much may be outstanding at once.
        rate: how much leaks out in a second.
        now: the time, in seconds of any clock.

    Attributes:
        burst: as given.
        spent: what was spent and has not leaked out at the last `wait`.
    """

    __slots__ = ("_rate", "_since", "burst", "spent")

    def __init__(self, burst: float, rate: float, now: float) -> None:
        self.burst = burst
        self.spent: float = 0
        self._rate = rate
        self._since = now

    def wait(self, now: float) -> float:
        """Seconds until no more than the burst is outstanding; 0 when that is so now.

        Args:
            now: the time, of the same clock.
        """
        self.spent = max(0.0, self.spent - (now - self._since) * self._rate)
        self._since = now
        return max(0.0, self.spent - self.burst) / self._rate


class IntakeConnection(Protocol):
    """What an intake needs of its connection."""

    engine: Engine
    transport: asyncio.Transport | None
    state: ConnectionState
    flush_pending: bool

    def flush(self) -> None:
        """Writes what the engine has."""
        ...

    def give_up(self, error: Exception) -> None:
        """Closes it: its engine failed."""
        ...

    def end(self, code: int, reason: str) -> None:
        """Ends it: its peer does what it should not."""
        ...


class Turns:
    """Connections that have more to read than a share; one of them is served in each loop turn."""

    def __init__(self) -> None:
        self._waiting: deque[Intake] = deque()

    def join(self, intake: Intake) -> None:
        """Has `intake.go_on` called when it is its turn."""
        self._waiting.append(intake)
        if len(self._waiting) == 1:
            intake.loop.call_soon(self._serve)

    def _serve(self) -> None:
        waiting = self._waiting
        intake = waiting[0]
        try:
            intake.go_on()
        finally:
            waiting.popleft()
            if waiting:
                intake.loop.call_soon(self._serve)


class Intake:
    """Takes what the socket gives to one connection's engine.

    Args:
        connection: the connection.
        turns: the queue that it shares with others.
        loop: the running event loop, whose clock counts.

    Attributes:
        budget: what was spent on bytes that moved nothing on.
        is_held: nothing is read from the socket for now.
    """

    __slots__ = (
        "_connection",
        "_patience",
        "_rest",
        "_timer",
        "_turns",
        "budget",
        "is_held",
        "loop",
    )

    def __init__(
        self, connection: IntakeConnection, turns: Turns, loop: asyncio.AbstractEventLoop
    ) -> None:
        now = loop.time()
        self.loop = loop
        self.budget = Budget(BURST, RATE, now)
        self.is_held = False
        self._patience = Budget(PATIENCE, _FORGIVENESS, now)
        self._connection = connection
        self._turns = turns
        self._rest = _NOTHING
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether the budget is overdrawn, and has to refill before anything is taken."""
        return self._timer is not None

    def take(self, data: bytes) -> None:
        """Bytes from the socket."""
        if self.is_held:
            # A transport may deliver what it had read before it was told to pause.
            self._rest = memoryview(bytes(self._rest) + data)
            return
        if len(data) > SHARE:
            self._take_share(memoryview(data))
            return
        connection = self._connection
        budget = self.budget
        connection.flush_pending = True
        try:
            spent = len(data) - connection.engine.receive(data)
        except Exception as error:  # noqa: BLE001 - must not reach the event loop
            connection.give_up(error)
            spent = 0
        spent += budget.spent
        budget.spent = spent if spent > 0 else 0  # noqa: FURB136 - max() is a call for each read
        connection.flush()
        if spent > budget.burst:
            self._hold_or_resume()

    def go_on(self) -> None:
        """It is this connection's turn again."""
        if not self.is_held:
            return
        self._timer = None
        rest, self._rest = self._rest, _NOTHING
        if rest:
            self._take_share(rest)
        else:
            self._hold_or_resume()

    def stop(self) -> None:
        """The connection is over: what was not taken is dropped."""
        self.is_held = False
        self._rest = _NOTHING
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _take_share(self, data: memoryview) -> None:
        connection = self._connection
        engine = connection.engine
        budget = self.budget
        connection.flush_pending = True
        size = len(data)
        start = 0
        enough = engine.work + SHARE
        try:
            while start < size and engine.work < enough and connection.state < _CLOSING:
                end = engine.portion(data, start)
                spent = end - start - engine.receive(data[start:end])
                budget.spent = max(0, budget.spent + spent)
                start = end
        except Exception as error:  # noqa: BLE001 - must not reach the event loop
            connection.give_up(error)
        connection.flush()
        self._rest = data[start:]
        if self._rest or self.is_held or budget.spent > budget.burst:
            self._hold_or_resume()

    def _hold_or_resume(self) -> None:
        """Reads on when nothing is left of the last read and the budget is not overdrawn."""
        connection = self._connection
        transport = connection.transport
        if connection.state >= _CLOSING or transport is None or transport.is_closing():
            self.stop()
            return
        now = self.loop.time()
        seconds = self.budget.wait(now)
        if seconds:
            self._patience.spent += seconds
            if self._patience.wait(now):
                self.stop()
                connection.end(
                    ErrorCode.ENHANCE_YOUR_CALM,
                    f"more frames that move nothing on than {RATE} bytes a second, for too long",
                )
                return
        elif not self._rest:
            if self.is_held:
                self.is_held = False
                transport.resume_reading()
            return
        if not self.is_held:
            self.is_held = True
            transport.pause_reading()
        if seconds:
            pause = max(seconds, _LEAST_PAUSE)
            self._timer = self.loop.call_later(pause, self._turns.join, self)
        else:
            self._turns.join(self)
