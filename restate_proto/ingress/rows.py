"""The rows of a query of Restate's SQL introspection, whose tables belong to the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from restate_proto.ingress.errors import InvalidResponseError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

__all__ = ["Row", "UnexpectedRowError"]

T = TypeVar("T")


class UnexpectedRowError(InvalidResponseError):
    """A row of an answer lacks a column, or has a value in it that cannot be read."""


class Row(dict[str, Any]):
    """A row by the names of its columns. Restate leaves columns out that are null.

    So `get` is for columns that may be null, and `row[name]` for those that never are.

    Args:
        values: the values of the columns.
        sql: the query that was asked.
    """

    __slots__ = ("_sql",)

    def __init__(self, values: dict[str, Any], sql: str) -> None:
        super().__init__(values)
        self._sql = sql

    def __missing__(self, column: str) -> NoReturn:
        """Refuse a row without a column.

        Raises:
            UnexpectedRowError: always.
        """
        self._refuse(f"has no value in the column {column!r}")

    def read(self, column: str, read: Callable[[Any], T]) -> T:
        """Return what a function makes of the value of a column.

        Args:
            column: the name of the column.
            read: the function.

        Raises:
            UnexpectedRowError: there is no value, or the function raised an error.
        """
        value = self[column]
        try:
            return read(value)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            self._refuse(f"has {value!r} in the column {column!r}, which cannot be read", error)

    def read_if_any(self, column: str, read: Callable[[Any], T]) -> T | None:
        """Return the same as `read`; None if there is no value."""
        return None if self.get(column) is None else self.read(column, read)

    def _refuse(self, what: str, cause: Exception | None = None) -> NoReturn:
        text = (
            f"a row that Restate answered {what}. This version of restate-proto was tested with "
            "Restate 1.7: use that, or another version of restate-proto. "
            f"The query was: {self._sql}"
        )
        raise UnexpectedRowError(text, reason=text) from cause
