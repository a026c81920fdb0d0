"""Proto comments as Javadoc and KDoc: whatever they hold, they end where they should."""

from __future__ import annotations

import re

__all__ = ["javadoc", "kdoc"]

_ENTITIES = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "@": "&#64;",
        "\\": "&#92;",  # javac reads \uXXXX in comments too
    }
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_LAID_OUT = re.compile(r"^(\s|[-*+] |\d+[.)] )", re.MULTILINE)


def javadoc(text: str) -> list[str]:
    """Returns the lines of a Javadoc comment, without its margin.

    Paragraphs become paragraphs; one that is laid out (a list, indented code) keeps its lines.
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
    """Returns the lines of a KDoc comment, without its margin; KDoc is Markdown, as comments are."""
    escaped = _printable(text).replace("*/", "*&#47;").replace("/*", "/&#42;")
    return re.sub(r"^(\s*)@", r"\1&#64;", escaped, flags=re.MULTILINE).split("\n")


def _printable(text: str) -> str:
    return _CONTROL.sub("\ufffd", text)
