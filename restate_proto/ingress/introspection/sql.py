"""Writes values into SQL for Restate's introspection, and reads values from its rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["any_of", "literal", "read_time"]


def literal(text: str) -> str:
    """Quote a string for SQL, so that nothing in it is interpreted."""
    return "'" + text.replace("'", "''") + "'"


def any_of(column: str, values: Iterable[str]) -> str:
    """Write the condition that a column has one of these values, of which there is at least one."""
    return f"{column} IN ({', '.join(map(literal, values))})"


def read_time(value: Any) -> datetime | None:
    """Read a timestamp of a row, such as `2026-11-29T23:45:02.650Z`; None if there is none."""
    if value is None:
        return None
    # The fraction of now() has nine digits, of which Python 3.11 takes the first six.
    found = datetime.fromisoformat(str(value))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
