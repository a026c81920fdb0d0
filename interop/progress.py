"""Report progress on the terminal."""

from __future__ import annotations

from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from time import monotonic


class Step:
    """Print a step and how long it took. Several steps may run at once.

    Args:
        what: the step in words.
    """

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        print(f"{self._what} ...", flush=True)
        self._began = monotonic()

    def __exit__(self, kind: object, *_: object) -> None:
        took = f"{monotonic() - self._began:.0f} s" if kind is None else "failed"
        print(f"{self._what}: {took}", flush=True)


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its child processes that have ended."""
    used = (getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)
