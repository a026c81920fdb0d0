"""Check the paths in a contract: those of its files and those of generated files.

The author of a contract chooses them, and they end up in command lines, argument files, generated
code and file systems. So anything that could be understood there as something other than a path is
refused.
"""

from __future__ import annotations

import re

__all__ = ["path_problem", "printable", "proto_path_problem"]

# Characters that end a line or control a terminal, and halves of surrogate pairs.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_DRIVE = re.compile("[a-zA-Z]:")


def printable(text: str) -> str:
    """Escape the control characters of a text as Python does."""
    return _UNPRINTABLE.sub(_escaped, text)


def path_problem(path: str) -> str | None:
    """Return why a path cannot be that of a file inside a folder; None if it can.

    Args:
        path: the path, with `/` between its parts.
    """
    shown = printable(path) or "''"
    if shown != path:
        return f"{shown} is not a path below a folder: it has characters that cannot be printed"
    if "\\" in path:
        return f"{shown} is not a path below a folder: it has a backslash; write `/`"
    if _DRIVE.match(path) or {"", ".", ".."} & set(path.split("/")):
        return f"{shown} is not a path below a folder"
    return None


def proto_path_problem(path: str) -> str | None:
    """Return why a .proto file cannot have this path; None if it can.

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
