"""Loggers that escape the texts of peers and exceptions, so that nobody can forge lines of the log.

Such a text may contain line breaks, which look like further records, and escape sequences, which a
terminal obeys.
"""

from __future__ import annotations

import logging
import re
from traceback import TracebackException
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["escape", "escape_json", "get_logger"]

# Invisible characters: controls (C0, C1), line and paragraph separators, marks that change the
# direction of the text around them, and halves of surrogate pairs, which no stream can encode.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def escape(text: str) -> str:
    r"""Write a text on one line, with control characters as in a Python string: `\n`, `\x1b`."""
    return _UNSEEN.sub(_text_escape, text) if not text.isascii() or not text.isprintable() else text


def escape_json(text: str) -> str:
    """Write JSON on one line, and escape the invisible characters that JSON allows."""
    return _UNSEEN.sub(_json_escape, text) if not text.isprintable() else text


def _json_escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _text_escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def get_logger(name: str) -> logging.Logger:
    """Return a logger that escapes every argument and every exception text of its records.

    The exception itself stays in the record (`exc_info`), for handlers that do more with it than
    write.

    Args:
        name: the logger's name.
    """
    logger = logging.getLogger(name)
    if _escape_record not in logger.filters:
        logger.addFilter(_escape_record)
    return logger


def _escape_record(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(map(_escape_argument, record.args))
    if record.exc_info is not None and record.exc_info[1] is not None:
        # Formatters use this text if it is set.
        record.exc_text = _format(record.exc_info[1])
    return True


def _escape_argument(argument: object) -> object:
    return argument if isinstance(argument, (int, float)) else escape(str(argument))


class _Traceback(TracebackException):
    """A traceback with the exceptions' own texts escaped; further lines of a text are indented."""

    def format_exception_only(self, *args: Any, **options: Any) -> Generator[str]:
        for number, text in enumerate(super().format_exception_only(*args, **options)):
            line = escape(text.removesuffix("\n"))
            yield f"{line}\n" if number == 0 or line.startswith(" ") else f"  {line}\n"


def _format(error: BaseException) -> str:
    traceback = TracebackException.from_exception(error)
    others = [traceback]
    while others:  # causes, contexts and the members of groups, which the base class makes
        each = others.pop()
        each.__class__ = _Traceback
        others += [other for other in (each.__cause__, each.__context__) if other is not None]
        others += each.exceptions or ()
    return "".join(traceback.format()).removesuffix("\n")
