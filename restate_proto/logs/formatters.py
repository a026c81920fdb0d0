"""Formatters of records: as text for people, and as JSON for log collectors."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from typing_extensions import override

from restate_proto.logs.escaping import escape, escape_json

__all__ = ["JsonFormatter", "TextFormatter"]

_STANDARD = {
    *vars(logging.makeLogRecord({})),
    *("asctime", "message", "taskName"),  # the first two are set by formatters, the last since 3.12
    *("invocation_id", "invocation_target", "invocation_key", "invocation_attempt"),
}


class TextFormatter(logging.Formatter):
    """Writes one line for each record, with its invocation at the end, and then its traceback.

    ```text
    2026-12-01 10:15:02,123 INFO shop.cart: added t1 [shop.v1.Cart/ada/AddTicket inv_1a2b attempt 1]
    ```
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    @override
    def formatMessage(self, record: logging.LogRecord) -> str:
        """Write the line, without a traceback."""
        line = super().formatMessage(record)
        id_ = getattr(record, "invocation_id", "")
        if not id_ or id_ in line:  # the library's own messages may name the invocation already
            return line
        target, attempt = (
            record.__dict__["invocation_target"],
            record.__dict__["invocation_attempt"],
        )
        return f"{line} [{escape(target)} {escape(id_)} attempt {attempt}]"


class JsonFormatter(logging.Formatter):
    """Writes one JSON object on one line for each record.

    Its members are `timestamp` (RFC 3339, UTC), `level`, `logger` and `message`; the fields of the
    invocation, if there is one, as `InvocationFilter` names them; the record's `extra`; and
    `exception` and `stack` with the traceback, as text. A value that JSON cannot express is written
    as `str` gives it.
    """

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Write a record as JSON."""
        at = datetime.fromtimestamp(record.created, UTC)
        members: dict[str, Any] = {
            "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if getattr(record, "invocation_id", ""):
            for name in ("invocation_id", "invocation_target", "invocation_key"):
                if value := getattr(record, name, ""):
                    members[name] = value
            members["invocation_attempt"] = getattr(record, "invocation_attempt", 0)
        for name, value in vars(record).items():
            if name not in _STANDARD:
                members.setdefault(name, value)
        if record.exc_info:
            members["exception"] = record.exc_text or self.formatException(record.exc_info)
        if record.stack_info:
            members["stack"] = self.formatStack(record.stack_info)
        return escape_json(_dumps(members))


def _dumps(members: dict[str, Any]) -> str:
    """Write members as JSON; each that JSON cannot express as a text."""
    try:
        return json.dumps(members, default=str, ensure_ascii=False, allow_nan=False)
    except Exception:  # noqa: BLE001 - `str` may raise anything, and a record must not be lost
        return json.dumps(
            {name: _expressible(value) for name, value in members.items()}, ensure_ascii=False
        )


def _expressible(value: object) -> object:
    """Return a value that JSON can express; its text, or at least its type, in place of others."""
    try:
        return json.loads(json.dumps(value, default=str, allow_nan=False))
    except Exception:  # noqa: BLE001 - as above
        try:
            return str(value)
        except Exception:  # noqa: BLE001 - as above
            return object.__repr__(value)
