"""Lay out Python text: indentation, docstrings, strings, and calls that wrap if they are long."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

__all__ = ["Call", "Expression", "Items", "Printer", "Text", "quote"]

_WIDTH = 100
_INDENT = "    "

# Characters that would be invisible in a file, or end a line there.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal; if it is long and has several lines, each line is written on its own."""

    value: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call `function(positional, keyword=value)`; a positional argument has an empty keyword."""

    function: str
    arguments: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A tuple `(a, b)`, a list `[a, b]`, or a dict `{a: b}` of items that are already laid out."""

    brackets: str
    items: tuple[Expression, ...]


Expression = str | Text | Call | Items
"""What can be laid out; a `str` is code that is left as it is."""


def quote(text: str) -> str:
    """Return the Python literal of a string, in double quotes unless that escapes more."""
    mark = "'" if text.count('"') > text.count("'") else '"'
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
    return mark + _escape_unprintable(escaped.replace(mark, "\\" + mark)) + mark


def _escape_unprintable(text: str) -> str:
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


class Printer:
    """Collects lines of text."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._margin = ""

    def line(self, text: str = "") -> None:
        """Add a line at the current indentation, or an empty one."""
        self.lines.append(f"{self._margin}{text}" if text else "")

    @contextmanager
    def indented(self) -> Generator[None]:
        """Indent what is added inside."""
        before, self._margin = self._margin, self._margin + _INDENT
        yield
        self._margin = before

    def docstring(self, text: str) -> None:
        """Add a docstring; the text may contain anything."""
        # Every `"` that could end the docstring early is escaped, beginning with the last character:
        # three at the end would otherwise be escaped twice.
        text = text.replace("\\", "\\\\")
        if text.endswith('"'):
            text = text[:-1] + '\\"'
        text = _escape_unprintable(text.replace('"""', '\\"\\"\\"'))
        first, *rest = text.split("\n")
        if not rest:
            self.line(f'"""{first}"""')
            return
        self.line(f'"""{first}')
        for line in rest:
            self.line(line)
        self.line('"""')

    def class_(self, name: str, *bases: str) -> None:
        """Add the first line of a class, after the empty lines that set it apart."""
        self.line()
        self.line()
        self.line(f"class {name}({', '.join(bases)}):" if bases else f"class {name}:")

    def signature(self, head: str, parameters: Sequence[str], returns: str, body: str = "") -> None:
        """Add a `def`; if it is too long for one line, each parameter gets a line.

        Args:
            head: the text up to the parenthesis: `async def run`.
            parameters: the parameters as they are written.
            returns: the return type.
            body: the text after the colon, such as `...`; may be empty.
        """
        between = ", ".join(parameters)
        last = f") -> {returns}:{' ' if body else ''}{body}"
        if len(self._margin) + len(head) + 1 + len(between) + len(last) <= _WIDTH:
            self.line(f"{head}({between}{last}")
            return
        self.line(f"{head}(")
        with self.indented():
            self._fill(("", parameter) for parameter in parameters)
        self.line(last)

    def statement(self, before: str, expression: Expression, after: str = "") -> None:
        """Add `before expression after`, wrapped if it is too long for one line."""
        short = before + _one_line(expression) + after
        if len(self._margin) + len(short) <= _WIDTH or not _can_wrap(expression):
            self.line(short)
            return
        opening, closing = _brackets(expression)
        self.line(before + opening)
        with self.indented():
            if isinstance(expression, Text):
                for part in expression.value.splitlines(keepends=True):
                    self.line(quote(part))
            elif isinstance(expression, Call):
                self._fill(expression.arguments)
            elif isinstance(expression, Items):
                self._fill(("", item) for item in expression.items)
        self.line(closing + after)

    def _fill(self, arguments: Iterable[tuple[str, Expression]]) -> None:
        """Add arguments with their keywords, as many on each line as fit."""
        line = ""
        for keyword, value in arguments:
            before = f"{keyword}=" if keyword else ""
            short = f"{before}{_one_line(value)},"
            has_own_lines = len(self._margin) + len(short) > _WIDTH and _can_wrap(value)
            if line and (has_own_lines or len(self._margin) + len(line) + 1 + len(short) > _WIDTH):
                self.line(line)
                line = ""
            if has_own_lines:
                self.statement(before, value, ",")
            else:
                line = f"{line} {short}" if line else short
        if line:
            self.line(line)


def _one_line(expression: Expression) -> str:
    match expression:
        case Text(value):
            return quote(value)
        case Call(function, arguments):
            inner = (f"{k}={_one_line(v)}" if k else _one_line(v) for k, v in arguments)
            return f"{function}({', '.join(inner)})"
        case Items(brackets, items):
            inner = ", ".join(map(_one_line, items))
            comma = "," if brackets == "()" and len(items) == 1 else ""
            return f"{brackets[0]}{inner}{comma}{brackets[1]}"
        case str(code):
            return code


def _can_wrap(expression: Expression) -> bool:
    match expression:
        case Text(value):
            return "\n" in value.rstrip("\n")
        case Call(_, arguments):
            return bool(arguments)
        case Items(_, items):
            return bool(items)
        case str():
            return False


def _brackets(expression: Expression) -> tuple[str, str]:
    match expression:
        case Call(function):
            return f"{function}(", ")"
        case Items(brackets):
            return brackets[0], brackets[1]
        case _:
            return "(", ")"
