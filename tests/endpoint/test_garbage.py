"""The garbage collector of a serving process: it works less, and still bounds what cycles keep."""

from __future__ import annotations

import gc
import weakref

from restate_proto.endpoint.event_loop import run_until_done
from restate_proto.endpoint.garbage import collecting_rarely


class Cycle:
    def __init__(self, alive: set[int], number: int) -> None:
        self.myself = self
        weakref.finalize(self, alive.discard, number).atexit = False


def test_cycles_are_collected_while_it_serves() -> None:
    alive: set[int] = set()
    most = 0
    with collecting_rarely():
        for number in range(60_000):
            alive.add(number)
            Cycle(alive, number)
            most = max(most, len(alive))
    assert most < 20_000


def test_what_was_loaded_is_not_looked_at_while_it_serves() -> None:
    before = gc.get_threshold()
    seen: list[tuple[int, tuple[int, ...]]] = []

    async def main() -> None:
        seen.append((gc.get_freeze_count(), gc.get_threshold()))

    run_until_done(main())
    ((frozen, thresholds),) = seen
    assert frozen > 10_000
    assert thresholds[0] >= 10_000
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() < 10_000


def test_who_collects_more_rarely_or_never_keeps_that() -> None:
    before = gc.get_threshold()
    try:
        for own in ((50_000, 50, 50), (0, 10, 10)):
            gc.set_threshold(*own)
            with collecting_rarely():
                assert gc.get_threshold()[:2] == own[:2]
    finally:
        gc.set_threshold(*before)
