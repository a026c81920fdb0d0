"""An allowance that is used up and refills with time."""

from __future__ import annotations

__all__ = ["Budget"]


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
