"""Paths that a contract brings along: those of its files, and those that generated files get.

Whoever writes a contract chooses them, and they go into command lines, argument files, generated code
and file systems. So none passes that would be something else than a path there.
"""

from __future__ import annotations

import re

__all__ = ["path_problem", "printable", "proto_path_problem"]

# What ends a line or steers a terminal, and what is no text: half of a surrogate pair.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_DRIVE = re.compile("[a-zA-Z]:")


def printable(text: str) -> str:
    """Returns a text with its control characters written as Python writes them."""
    return _UNPRINTABLE.sub(_escaped, text)


def path_problem(path: str) -> str | None:
    """Says why a path cannot be that of a file below a folder, or returns None.

    Args:
        path: the path, with `/` between its parts.
    """
    shown = printable(path) or "''"
    if shown != path:
        return f"{shown} is no path below a folder: it has characters that cannot be printed"
    if "\\" in path:
        return f"{shown} is no path below a folder: it has a backslash; write `/`"
    if _DRIVE.match(path) or {"", ".", ".."} & set(path.split("/")):
        return f"{shown} is no path below a folder"
    return None


def proto_path_problem(path: str) -> str | None:
    """Says why a file of a contract cannot have a proto path, or returns None.

    Args:
        path: such as `shop/v1/cart.proto`.
    """
    problem = path_problem(path)
    if problem is None and path.startswith(("-", "@")):
        problem = f"{path} begins with {path[0]!r}, as options of protoc do"
    return problem and f"the proto path {problem}; rename the file"


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    width = 2 if character <= "\xff" else 4
    return _SHORT.get(character) or f"\\{'x' if width == 2 else 'u'}{ord(character):0{width}x}"
