"""Says what is being done."""

from __future__ import annotations

from time import monotonic


class Step:
    """Prints what is being done, and how long it took.

    Args:
        what: what, in words.
    """

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        print(f"{self._what} ...", end=" ", flush=True)
        self._began = monotonic()

    def __exit__(self, kind: object, *_: object) -> None:
        print(f"{monotonic() - self._began:.0f} s" if kind is None else "failed", flush=True)
