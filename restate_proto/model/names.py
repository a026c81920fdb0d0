"""Check which names Restate accepts for services and handlers."""

from __future__ import annotations

import re

__all__ = ["handler_name_problem", "service_name_problem"]

_SERVICE_NAME = re.compile(r"([a-zA-Z]|_[a-zA-Z0-9])[a-zA-Z0-9._-]*")
_HANDLER_NAME = re.compile(r"([a-zA-Z]|_[a-zA-Z0-9])[a-zA-Z0-9_]*")


def service_name_problem(name: str) -> str | None:
    """Say why Restate refuses the name of a service; None if it does not."""
    if not name:
        return "a service needs a name"
    if not _SERVICE_NAME.fullmatch(name):
        return 'it begins with a letter and has only letters, digits, ".", "_" and "-"'
    if name.lower().startswith("restate") or name.lower() == "openapi":
        return 'names that begin with "restate", and "openapi", are Restate\'s own'
    return None


def handler_name_problem(name: str) -> str | None:
    """Say why Restate refuses the name of a handler; None if it does not."""
    if not name:
        return "a handler needs a name"
    if not _HANDLER_NAME.fullmatch(name):
        return 'it begins with a letter and has only letters, digits and "_"'
    return None
