"""Set up `logging` for a process that serves."""

from __future__ import annotations

import logging
from typing import Literal, TypeAlias, get_args

from restate_proto.logs.formatters import JsonFormatter, TextFormatter
from restate_proto.logs.invocation import InvocationFilter

__all__ = ["LEVELS", "LogFormat", "configure_logging"]

LogFormat: TypeAlias = Literal["text", "json"]

LEVELS = ("debug", "info", "warning", "error", "critical")
"""The levels that `configure_logging` knows."""

_FORMATTERS = {"text": TextFormatter, "json": JsonFormatter}


def configure_logging(level: str | None = None, format: LogFormat | None = None) -> None:  # noqa: A002 - reads best at the call
    """Write the log of the process to stderr, with the invocation in every record.

    The application's own configuration stays as it is: if `logging` has a handler and neither
    argument is given, only the filter is added, to every handler. So import the application
    first. The function may be called again.

    Args:
        level: the level of the root logger: "debug", "info", "warning", "error" or "critical".
                By default "info", if nothing has configured `logging`.
        format: "text" or "json", which replaces the handlers of the root logger. By default text,
            if there are none.

    Raises:
        ValueError: the level or the format is unknown.
    """
    if level is not None and level.lower() not in LEVELS:
        raise ValueError(f"level={level!r}: must be one of {', '.join(LEVELS)}")
    if format is not None and format not in get_args(LogFormat):
        raise ValueError(f"format={format!r}: must be one of {', '.join(get_args(LogFormat))}")
    root = logging.getLogger()
    is_configured = bool(root.handlers)
    if level is not None or not is_configured:
        root.setLevel((level or "info").upper())
    if format is not None or not is_configured:
        for each in list(root.handlers):
            root.removeHandler(each)
            each.close()
        handler = logging.StreamHandler()
        handler.setFormatter(_FORMATTERS[format or "text"]())
        root.addHandler(handler)
    _filter_all()


def _filter_all() -> None:
    """Put the filter on every handler of every logger, unless it is there already."""
    loggers = [logging.getLogger(), *logging.root.manager.loggerDict.values()]
    for logger in loggers:
        for handler in logger.handlers if isinstance(logger, logging.Logger) else ():
            if not any(isinstance(each, InvocationFilter) for each in handler.filters):
                handler.addFilter(InvocationFilter())
