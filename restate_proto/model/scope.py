"""Checks of scopes and limit keys: which ones Restate accepts (service protocol v7)."""

from __future__ import annotations

import re

__all__ = ["check_scope"]

_PART = r"[a-zA-Z0-9_.-]{1,36}"
_is_scope = re.compile(_PART).fullmatch
_is_limit_key = re.compile(f"{_PART}(/{_PART})?").fullmatch

_CHARACTERS = "1 to 36 characters of a-z, A-Z, 0-9, '_', '.' and '-'"


def check_scope(where: object, scope: str | None, limit_key: str | None = None) -> None:
    """Refuse a scope or limit key that Restate would refuse.

    Without this check, Restate's refusal would make it retry the handler for ever.

    Args:
        where: the call or target, for the error.
        scope: the scope; None for none.
        limit_key: the limit key; None for none.

    Raises:
        ValueError: one of the two is malformed, or there is a limit key without a scope.
    """
    if scope is not None and not _is_scope(scope):
        raise ValueError(f"{where}: scope={scope!r}: must be {_CHARACTERS}")
    if limit_key is None:
        return
    if not _is_limit_key(limit_key):
        raise ValueError(
            f"{where}: limit_key={limit_key!r}: must be one or two parts, 'tenant' or "
            f"'tenant/user', each of {_CHARACTERS}"
        )
    if scope is None:
        raise ValueError(f"{where}: a limit key needs a scope")
