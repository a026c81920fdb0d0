"""Lay out TypeScript: expressions, which go on one line if they fit, comments, and strings."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Expression", "List", "call", "lines_of", "member", "object_of", "quote", "tsdoc"]

_WIDTH = 100
_INDENT = "  "
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


@dataclass(frozen=True, slots=True)
class List:
    """Expressions in brackets: on one line if that fits, else each on a line of its own.

    Args:
        head: the text up to the opening bracket: `new StateKey(`.
        items: the expressions between the brackets.
        tail: the closing bracket, and what follows it.
        comment: the lines of a comment above it.
    """

    head: str
    items: tuple[Expression, ...]
    tail: str
    comment: tuple[str, ...] = ()


Expression = str | List


def call(function: str, *arguments: Expression) -> Expression:
    """Return a call; if an object is the only argument, its braces stay beside the parentheses."""
    if len(arguments) == 1 and isinstance(only := arguments[0], List) and only.head == "{":
        return List(f"{function}({{", only.items, "})")
    return List(f"{function}(", arguments, ")")


def object_of(members: Mapping[str, Expression]) -> Expression:
    """Return an object literal."""
    return List("{", tuple(member(name, value) for name, value in members.items()), "}")


def member(name: str, value: Expression, comment: Sequence[str] = ()) -> Expression:
    """Return a member of an object literal.

    Args:
        name: its name, which may be any text.
        value: its value.
        comment: the lines of a comment above it.
    """
    if name == "__proto__":
        name = '["__proto__"]'  # in brackets, it is a member like any other
    elif not _NAME.fullmatch(name):
        name = quote(name)
    if isinstance(value, str):
        return List(f"{name}: {value}", (), "", tuple(comment))
    return replace(value, head=f"{name}: {value.head}", comment=tuple(comment))


def lines_of(expression: Expression, after: str = ";", margin: str = "") -> list[str]:
    """Return the lines of an expression.

    Args:
        expression: the expression; its head may contain what it is assigned to.
        after: the text that follows it.
        margin: the text that all lines begin with.
    """
    if isinstance(expression, str):
        return [f"{margin}{expression}{after}"]
    comment = [f"{margin}{line}" for line in expression.comment]
    on_one_line = None if _has_comments(expression.items) else _on_one_line(expression)
    if on_one_line is not None and (
        len(margin) + len(on_one_line) + len(after) <= _WIDTH or not expression.items
    ):
        return [*comment, f"{margin}{on_one_line}{after}"]
    *others, last = expression.items
    if _is_object(last) and not any(isinstance(item, List) for item in others):
        # The braces of the last argument stay beside the parentheses.
        before = "".join(f"{item}, " for item in others)
        merged = List(expression.head + before + "{", last.items, "}" + expression.tail)
        if others and len(margin) + len(merged.head) <= _WIDTH:
            return [*comment, *lines_of(merged, after, margin)]
    inside = [
        line for item in expression.items for line in lines_of(item, ",", f"{margin}{_INDENT}")
    ]
    return [*comment, f"{margin}{expression.head}", *inside, f"{margin}{expression.tail}{after}"]


def _is_object(expression: Expression) -> TypeGuard[List]:
    return isinstance(expression, List) and expression.head == "{" and not expression.comment


def _has_comments(items: Sequence[Expression]) -> bool:
    return any(isinstance(i, List) and (i.comment or _has_comments(i.items)) for i in items)


def _on_one_line(expression: Expression) -> str:
    if isinstance(expression, str):
        return expression
    items = ", ".join(map(_on_one_line, expression.items))
    space = " " if items and expression.head.endswith("{") else ""
    return f"{expression.head}{space}{items}{space}{expression.tail}"


def quote(text: str) -> str:
    """Return the literal of a string, in ASCII."""
    return json.dumps(text)


def tsdoc(text: str, *, deprecated: str | None = None) -> list[str]:
    """Return the lines of a TSDoc comment of any text, which is Markdown.

    Args:
        text: the text of the comment.
        deprecated: the text for a deprecated subject; None if it is not deprecated.
    """
    lines = list(_escaped(text))
    if deprecated is not None:
        lines += ["", f"@deprecated {deprecated}"]
    if len(lines) == 1:
        return [f"/** {lines[0]} */"]
    return ["/**", *(f" * {line}".rstrip() for line in lines), " */"]


def _escaped(text: str) -> Iterator[str]:
    printable = _CONTROL.sub("\ufffd", text).replace("*/", "*\\/")
    for line in printable.split("\n"):
        yield re.sub(r"(?<![\w`])@(?=\w)", r"\\@", line)
