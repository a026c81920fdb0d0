"""Virtual time: it stands still while anything runs, and otherwise skips to the next event."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Timeline", "Timer"]


class Timer:
    """Something that happens at a time.

    Args:
        when: the time, in milliseconds since the Unix epoch.
        number: its position among the timers of the same time.
        call: called at that time.
    """

    __slots__ = ("call", "number", "when")

    def __init__(self, when: int, number: int, call: Callable[[], None]) -> None:
        self.when = when
        self.number = number
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Cancel it."""
        self.call = None

    def __lt__(self, other: Timer) -> bool:
        return (self.when, self.number) < (other.when, other.number)


class Timeline:
    """The time, and the events that are due.

    Args:
        start: the time when it begins, in milliseconds since the Unix epoch.

    Attributes:
        now: the time, in milliseconds since the Unix epoch.
    """

    def __init__(self, start: int) -> None:
        self.now = start
        self._awaited: list[Timer] = []
        self._unawaited: list[Timer] = []
        self._number = 0

    def seconds(self) -> float:
        """Return the time, in seconds since the Unix epoch."""
        return self.now / 1000

    def at(self, when: int, call: Callable[[], None], *, is_awaited: bool = True) -> Timer:
        """Call something at a time, or as soon as time moves if that is past.

        Args:
            when: the time, in milliseconds since the Unix epoch.
            call: the function to call.
            is_awaited: whether time may skip to it; not so for the end of a retention, for which
                nothing waits.
        """
        self._number += 1
        timer = Timer(when, self._number, call)
        heappush(self._awaited if is_awaited else self._unawaited, timer)
        return timer

    def next_time(self) -> int | None:
        """Return the time of the next event that time may skip to; None if there is none."""
        return _first_time(self._awaited)

    def fire_next(self, until: int) -> bool:
        """Fire the next event that is due by a time; return whether there was one."""
        times = [(_first_time(timers), timers) for timers in (self._unawaited, self._awaited)]
        due = [(when, timers) for when, timers in times if when is not None and when <= until]
        if not due:
            return False
        timer = heappop(min(due, key=lambda each: each[0])[1])
        self.now = max(self.now, timer.when)
        if timer.call is not None:
            timer.call()
        return True

    def skip_to(self, when: int) -> None:
        """Set the time, unless it is past; no event may be due before."""
        self.now = max(self.now, when)


def _first_time(timers: list[Timer]) -> int | None:
    while timers and timers[0].call is None:
        heappop(timers)
    return timers[0].when if timers else None
