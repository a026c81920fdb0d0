"""Lays out Kotlin text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.jvm import printer

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Printer", "quote"]

_WIDTH = 100


def quote(text: str) -> str:
    """Returns the Kotlin literal of a string."""
    return printer.quote(text, escape_dollar=True)


class Printer(printer.Printer):
    """Collects lines of text in the style of Kotlin's own conventions."""

    def __init__(self) -> None:
        super().__init__("    ")

    def wrapped(self, before: str, items: Iterable[str], after: str) -> None:
        """Adds `before(item, item)after`, its items on lines of their own where it is too long.

        Args:
            before: up to the parenthesis: `public fun add`.
            items: parameters or arguments.
            after: what follows the closing parenthesis: ` {`, or nothing.
        """
        items = tuple(items)
        short = f"{before}({', '.join(items)}){after}"
        if not items or len(self._margin) + len(short) <= _WIDTH:
            self.line(short)
            return
        self.line(f"{before}(")
        with self.indented():
            for item in items:
                self.line(f"{item},")
        self.line(f"){after}")

    def function(self, before: str, parameters: Iterable[str], returns: str, code: str) -> None:
        """Adds a function that is one expression."""
        parameters = tuple(parameters)
        short = f"{before}({', '.join(parameters)}): {returns} = {code}"
        if len(self._margin) + len(short) <= _WIDTH:
            self.line(short)
            return
        self.wrapped(before, parameters, f": {returns} =")
        with self.indented():
            self.line(code)
