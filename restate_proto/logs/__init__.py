"""Logging: records name their invocation, are written as text or JSON, and cannot be forged."""

from __future__ import annotations

from restate_proto.logs.configuration import LogFormat, configure_logging
from restate_proto.logs.escaping import escape, get_logger
from restate_proto.logs.formatters import JsonFormatter, TextFormatter
from restate_proto.logs.invocation import (
    InvocationFields,
    InvocationFilter,
    InvocationLogger,
    InvocationScope,
    invocation_of_run,
    is_replaying,
    structlog_processor,
)

__all__ = [
    "InvocationFields",
    "InvocationFilter",
    "InvocationLogger",
    "InvocationScope",
    "JsonFormatter",
    "LogFormat",
    "TextFormatter",
    "configure_logging",
    "escape",
    "get_logger",
    "invocation_of_run",
    "is_replaying",
    "structlog_processor",
]
