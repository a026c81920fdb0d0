"""Lay out Java and Kotlin text: indentation, doc comments, strings, and lists that wrap."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

__all__ = ["Printer", "javadoc", "kdoc", "quote"]

_WIDTH = 100
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ENTITIES = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "@": "&#64;",
        "\\": "&#92;",  # javac also reads \uXXXX in comments
    }
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_LAID_OUT = re.compile(r"^(\s|[-*+] |\d+[.)] )", re.MULTILINE)


def quote(text: str, *, escape_dollar: bool = False) -> str:
    """Return the literal of a string in ASCII, so that the file's encoding does not matter.

    Args:
        text: the value of the literal.
        escape_dollar: whether `$` is special in literals, as it is in Kotlin.
    """
    return f'"{"".join(_escape(character, escape_dollar) for character in text)}"'


def _escape(character: str, escape_dollar: bool) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character == "$" and escape_dollar:
        return "\\$"
    if " " <= character <= "~":
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


class Printer:
    """Collects lines of text.

    Args:
        indent: the indentation of a block.
    """

    def __init__(self, indent: str = "  ") -> None:
        self.lines: list[str] = []
        self._indent = indent
        self._margin = ""

    def line(self, text: str = "") -> None:
        """Add a line at the current indentation, or an empty one."""
        self.lines.append(f"{self._margin}{text}" if text else "")

    @contextmanager
    def indented(self) -> Generator[None]:
        """Indent what is added inside."""
        before, self._margin = self._margin, self._margin + self._indent
        yield
        self._margin = before

    @contextmanager
    def continued(self) -> Generator[None]:
        """Indent the continuation of a line, as Java's conventions have it."""
        with self.indented(), self.indented():
            yield

    @contextmanager
    def block(self, head: str, after: str = "") -> Generator[None]:
        """Add `head {` and, after what is added inside, `}` and `after`."""
        self.line(f"{head} {{")
        with self.indented():
            yield
        self.line(f"}}{after}")

    def doc(self, lines: Sequence[str]) -> None:
        """Add a doc comment of lines that are escaped already."""
        if len(lines) == 1 and len(self._margin) + len(lines[0]) + 7 <= _WIDTH:
            self.line(f"/** {lines[0]} */")
            return
        self.line("/**")
        for line in lines:
            self.line(f" * {line}" if line else " *")
        self.line(" */")

    def wrapped(self, before: str, items: Iterable[str], after: str) -> None:
        """Add `before(item, item)after`, the items on a line or lines of their own if it is long.

        Args:
            before: the text up to the parenthesis: `public void add`.
            items: the parameters or arguments.
            after: the text after the closing parenthesis: ` {` or `;`.
        """
        items = tuple(items)
        short = f"{before}({', '.join(items)}){after}"
        if not items or len(self._margin) + len(short) <= _WIDTH:
            self.line(short)
            return
        self.line(f"{before}(")
        with self.continued():
            together = f"{', '.join(items)}){after}"
            if len(self._margin) + len(together) <= _WIDTH:
                self.line(together)
                return
            for item in items[:-1]:
                self.line(f"{item},")
            self.line(f"{items[-1]}){after}")

    def assignment(self, left: str, call: str, arguments: Iterable[str], after: str = "") -> None:
        """Add `left = call(argument, argument)after`, on several lines if it is too long."""
        arguments = tuple(arguments)
        short = f"{left} = {call}({', '.join(arguments)}){after}"
        if len(self._margin) + len(short) <= _WIDTH:
            self.line(short)
            return
        self.line(f"{left} =")
        with self.continued():
            self.wrapped(call, arguments, after)

    def invocation(self, call: str, arguments: Iterable[str], then: str) -> None:
        """Add `call(argument, argument)then`; if it is too long, `then` is the first to wrap."""
        arguments = tuple(arguments)
        if (
            len(self._margin) + len(f"{call}({', '.join(arguments)}){then}") <= _WIDTH
            or then == ";"
        ):
            self.wrapped(call, arguments, then)
            return
        self.wrapped(call, arguments, "")
        with self.continued():
            self.line(then)


def javadoc(text: str) -> list[str]:
    """Return the lines of a Javadoc comment, without its margin.

    Paragraphs become paragraphs; those with a layout (a list, indented code) keep their lines.
    """
    lines: list[str] = []
    for number, paragraph in enumerate(re.split(r"\n\s*\n", _printable(text))):
        escaped = paragraph.translate(_ENTITIES).replace("*/", "*&#47;").split("\n")
        if number:
            lines.append("")
        if _LAID_OUT.search(paragraph):
            lines += [f"<pre>{escaped[0]}", *escaped[1:]]
            lines[-1] += "</pre>"
        else:
            lines += [f"<p>{escaped[0]}" if number else escaped[0], *escaped[1:]]
    return lines


def kdoc(text: str) -> list[str]:
    """Return the lines of a KDoc comment, without its margin; KDoc is Markdown, as comments are."""
    escaped = _printable(text).replace("*/", "*&#47;").replace("/*", "/&#42;")
    return re.sub(r"^(\s*)@", r"\1&#64;", escaped, flags=re.MULTILINE).split("\n")


def _printable(text: str) -> str:
    return _CONTROL.sub("\ufffd", text)
