"""Make Python look for reference cycles less often in a process that does nothing but serve."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["collecting_rarely"]

_THRESHOLDS = (10_000, 10, 10)
"""When each generation is collected; Python's default is (700, 10, 10) or (2000, 10, ...).

An attempt that has ended leaves no cycles, so a collection finds only those of user code. But it
looks at every object that was made since the last one, and there are many while thousands of
invocations wait. The thresholds also bound how much garbage user code can leave in cycles: about a
million objects.
"""


@contextmanager
def collecting_rarely() -> Generator[None]:
    """Exclude existing objects (modules, classes, contracts) from collections, which become rare.

    Settings of the application are kept if it has set higher thresholds or turned the collector
    off.
    """
    before = gc.get_threshold()
    gc.freeze()
    if before[0]:
        gc.set_threshold(*map(max, before, _THRESHOLDS))
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
