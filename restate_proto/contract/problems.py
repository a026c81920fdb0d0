"""Collect the problems of a contract, each with its place in a .proto file."""

from __future__ import annotations

from dataclasses import dataclass

from restate_proto.contract.paths import printable

__all__ = ["Location", "PluginError", "Problems"]


@dataclass(frozen=True, order=True, slots=True)
class Location:
    """A place in a .proto file; line and column count from 1 and are 0 if unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class PluginError(Exception):
    """A plugin cannot do what it was asked to do; `str()` of the error is a message for the user.

    Args:
        text: what is wrong.
        found: the individual problems, each with its place.
    """

    def __init__(self, text: str, found: tuple[tuple[Location, str], ...] = ()) -> None:
        super().__init__(text)
        self.found = found


class Problems:
    """Collects every problem of a request, so that all are reported at once."""

    def __init__(self) -> None:
        self._found: dict[tuple[Location, str], None] = {}

    def add(self, location: Location, text: str) -> None:
        """Add a problem.

        Args:
            location: the place of the problem.
            text: what is wrong, and what to write instead.
        """
        self._found.setdefault((location, text))

    @property
    def found(self) -> tuple[tuple[Location, str], ...]:
        """The problems, in the order of the files."""
        # The sort is stable: problems of one place stay in the order in which they were found.
        return tuple(sorted(self._found, key=lambda item: item[0]))

    def raise_if_any(self) -> None:
        """Raise a `PluginError` that lists all problems, in the order of the files."""
        if self._found:
            found = self.found
            # A name from the contract may contain line breaks, but each problem has to be one line.
            lines = (printable(f"{location}: {text}") for location, text in found)
            raise PluginError("\n".join(lines), found)
