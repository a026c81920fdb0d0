"""What is wrong with a contract, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.contract.paths import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Location", "PluginError", "Problems"]


@dataclass(frozen=True, order=True, slots=True)
class Location:
    """A place in a .proto file; line and column count from 1, and are 0 where unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class PluginError(Exception):
    """What the plugin was asked cannot be done; `str()` of it is for the user to read."""


class Problems:
    """Collects every problem of a request, so that all are reported at once."""

    def __init__(self) -> None:
        self._found: dict[tuple[Location, str], None] = {}

    def add(self, location: Location, text: str) -> None:
        """Notes a problem.

        Args:
            location: the place to look at.
            text: what is wrong; what to write instead.
        """
        self._found.setdefault((location, text))

    def raise_if_any(self) -> None:
        """Raises a `PluginError` that lists all problems, in the order of the files."""
        if self._found:
            raise PluginError("\n".join(_sorted_lines(self._found)))


def _sorted_lines(found: Iterable[tuple[Location, str]]) -> list[str]:
    # Stable: problems of one place stay in the order in which they were found. A name out of the
    # contract may hold anything; each problem is one line all the same.
    ordered = sorted(found, key=lambda item: item[0])
    return [printable(f"{location}: {text}") for location, text in ordered]
