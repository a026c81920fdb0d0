"""`Headers`: the header fields of a request, found by a name in any case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Headers"]


class Headers(Mapping[str, str]):
    """Header fields as a mapping: names are found in any case, and listed in lower case.

    Fields with the same name are one entry, whose value joins their values with commas, as RFC 9110
    (section 5.3) says. The fields are parsed at the first access, so that making an object costs
    nothing.

    Args:
        fields: names and values, in their order; bytes are read as Latin-1.
    """

    __slots__ = ("_fields", "_values")

    def __init__(self, fields: Sequence[tuple[str, str]] | Sequence[tuple[bytes, bytes]]) -> None:
        self._fields = fields
        self._values: dict[str, str] | None = None

    def _read(self) -> dict[str, str]:
        values = self._values
        if values is None:
            values = self._values = {}
            for given, text in self._fields:
                name = (given.decode("latin-1") if isinstance(given, bytes) else given).lower()
                value = text.decode("latin-1") if isinstance(text, bytes) else text
                values[name] = f"{values[name]}, {value}" if name in values else value
        return values

    def __getitem__(self, name: str) -> str:
        values = self._read()
        try:
            return values[name.lower()]
        except KeyError:
            raise KeyError(name) from None  # in the caller's spelling

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._read()

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Headers):
            return self._read() == other._read()
        if isinstance(other, Mapping):
            return self._read() == Headers(tuple(other.items()))._read()  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType] - whatever it maps
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as no mapping that compares by its items has one

    def __repr__(self) -> str:
        return f"Headers({self._read()!r})"
