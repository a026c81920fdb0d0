"""Write values into SQL for Restate's introspection, and read values from its rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["any_of", "literal", "read_object", "read_time"]


def literal(text: str) -> str:
    """Quote a string for SQL, so that nothing in it is interpreted."""
    return "'" + text.replace("'", "''") + "'"


def any_of(column: str, values: Iterable[str]) -> str:
    """Write the condition that a column has one of these values, of which there is at least one."""
    return f"{column} IN ({', '.join(map(literal, values))})"


def read_object(value: Any) -> dict[str, Any]:
    """Read a JSON object that a row has as a string.

    Raises:
        ValueError: it is something else; likewise in `read_time`.
    """
    found = json.loads(value)
    if not isinstance(found, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 - of an answer
    return cast("dict[str, Any]", found)


def read_time(value: Any) -> datetime:
    """Read a timestamp of a row, such as `2026-11-29T23:45:02.650Z`."""
    # The fraction of now() has nine digits, of which Python 3.11 takes the first six.
    found = datetime.fromisoformat(str(value))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
