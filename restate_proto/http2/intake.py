"""Limit how fast a connection is read, so that one peer cannot starve the others.

There are two bounds, for two dangers:

- A *share* of each loop turn. The bytes of one read are given to the engine in portions. Once these
  have caused a share of work or taken a share of time, the rest waits while the loop serves others.
  Connections that wait take turns: there is one share in each loop turn, however many wait. A
  connection whose last read made no progress waits for its turn even before the next read, so that
  many small floods together get no more than a large one.
- A *budget* for bytes that make no progress. Every byte read is spent from it; bodies and requests
  earn theirs back, so that an honest peer never comes near its end. PING, SETTINGS, PRIORITY,
  WINDOW_UPDATE, unknown and tiny frames, resets and bombs of header fields earn nothing. The budget
  refills with time. A connection that has used it up is read as slowly as it refills, and is ended
  only if that goes on for long.

Both are measured in bytes, because no frame has fewer than nine. That works alike for both engines,
and needs no look at single frames, which a library may not show.
"""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Final, Protocol

from restate_proto.http2.errors import ErrorCode
from restate_proto.http2.states import ConnectionState

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from restate_proto.http2.engines.base import Engine

__all__ = [
    "BURST",
    "FEW",
    "PATIENCE",
    "RATE",
    "SHARE",
    "SHARE_SECONDS",
    "Budget",
    "Intake",
    "Turns",
]

SHARE: Final = 4_096
"""The work that a connection may cause in one loop turn, in bytes of small frames."""

SHARE_SECONDS: Final = 0.005
"""The time, in seconds, that this and its effects may take; what has begun is finished."""

FEW: Final = 512
"""The bytes of a read that are taken at once in any case: a few frames of an honest peer."""

BURST: Final = 1_048_576
"""The bytes without progress that a connection may send at once."""

RATE: Final = 131_072
"""The bytes without progress that a connection may send in a second."""

PATIENCE: Final = 30.0
"""The seconds of slowed reading after which a connection is ended; `_FORGIVENESS` reduces them."""

_FORGIVENESS: Final = 0.25
_LEAST_PAUSE: Final = 0.01

_READ: Final = 262_144
"""The most bytes that are read from a socket at once."""

_NOTHING: Final = memoryview(b"")
_CLOSING: Final = ConnectionState.CLOSING


class Budget:
    """A leaky bucket: what is spent leaks out at a rate, and a burst may be outstanding.

    Spending means adding to `spent`, which needs no clock. `wait`, which looks at the clock, is
    called only when `spent` is above `burst`.

    Args:
        burst: how much may be outstanding at once.
        rate: how much leaks out in a second.
        now: the time, in seconds of any clock.

    Attributes:
        burst: as given.
        spent: what was spent and had not leaked out at the last `wait`.
    """

    __slots__ = ("_rate", "_since", "burst", "spent")

    def __init__(self, burst: float, rate: float, now: float) -> None:
        self.burst = burst
        self.spent: float = 0
        self._rate = rate
        self._since = now

    def wait(self, now: float) -> float:
        """Return the seconds until no more than the burst is outstanding; 0 if that is so now.

        Args:
            now: the time, on the same clock.
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
        """Write the engine's output."""
        ...

    def give_up(self, error: Exception) -> None:
        """Close the connection, because its engine failed."""
        ...

    def end(self, code: int, reason: str) -> None:
        """End the connection, because its peer violates the rules."""
        ...


class Turns:
    """The connections that have more than a share to read; each loop turn serves one of them.

    Attributes:
        clock: returns the time in seconds; the loop's own clock may stand still within a turn.
        buffer: where each of them reads its socket into. What is not taken at once is copied.
    """

    def __init__(self) -> None:
        self.buffer = memoryview(bytearray(_READ))
        self.clock: Callable[[], float] = monotonic
        self._waiting: deque[Intake] = deque()

    def join(self, intake: Intake) -> None:
        """Call `intake.go_on` when it is its turn."""
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
    """Passes what the socket delivers to the engine of one connection.

    Args:
        connection: the connection.
        turns: the queue that it shares with other connections.
        loop: the running event loop, whose clock is used.

    Attributes:
        budget: what was spent on bytes that made no progress.
        is_held: whether reading from the socket is paused.
    """

    __slots__ = (
        "_connection",
        "_moves_on",
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
        # Whether the last read made progress.
        self._moves_on = False
        self._turns = turns
        self._rest = _NOTHING
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether the budget is overdrawn, and has to refill before anything is taken."""
        return self._timer is not None

    def take(self, data: bytes | memoryview) -> None:
        """Take bytes from the socket, which may change once this method returns."""
        if self.is_held:
            # A transport may deliver what it had read before it was told to pause.
            self._rest = memoryview(bytes(self._rest) + data)
            return
        connection = self._connection
        size = len(data)
        if size > FEW and (size > connection.engine.portion_size or not self._moves_on):
            if self._moves_on:
                self._take_share(memoryview(data))
                if self._rest:
                    self._rest = memoryview(bytes(self._rest))
            else:
                self._rest = memoryview(bytes(data))
                self._hold_or_resume()
            return
        budget = self.budget
        connection.flush_pending = True
        try:
            spent = size - connection.engine.receive(data)
        except Exception as error:  # noqa: BLE001 - must not reach the event loop
            connection.give_up(error)
            spent = 0
        if spent <= 0:
            self._moves_on = True
        elif spent > FEW:
            self._moves_on = False
        spent += budget.spent
        budget.spent = spent if spent > 0 else 0  # noqa: FURB136 - max() would be one more call for each read
        connection.flush()
        if spent > budget.burst:
            self._hold_or_resume()

    def go_on(self) -> None:
        """Go on reading, because it is this connection's turn."""
        if not self.is_held:
            return
        self._timer = None
        rest, self._rest = self._rest, _NOTHING
        if rest:
            self._take_share(rest)
        else:
            self._hold_or_resume()

    def stop(self) -> None:
        """Drop what was not taken, because the connection is over."""
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
        start = earned = 0
        enough = engine.work + SHARE
        clock = self._turns.clock
        end_of_share = clock() + SHARE_SECONDS
        try:
            while start < size and engine.work < enough and connection.state < _CLOSING:
                end = engine.portion(data, start)
                earned_now = engine.receive(data[start:end])
                earned += earned_now
                budget.spent = max(0, budget.spent + end - start - earned_now)
                start = end
                if clock() > end_of_share:
                    break
        except Exception as error:  # noqa: BLE001 - must not reach the event loop
            connection.give_up(error)
        connection.flush()
        self._moves_on = earned >= start
        self._rest = data[start:]
        if self._rest or self.is_held or budget.spent > budget.burst:
            self._hold_or_resume()

    def _hold_or_resume(self) -> None:
        """Resume reading if nothing is left of the last read and the budget is not overdrawn."""
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
                    f"frames without progress, more than {RATE} bytes a second, for too long",
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
