"""Unexpected lines in the logs of the endpoints and of restate-server."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["endpoint_complaints", "server_complaints"]

_RECORD = re.compile(r"^[\d-]+ [\d:,]+ (WARNING|ERROR|CRITICAL) ")
_EXCEPTION = re.compile(r"^(\w+\.)*\w+(Error|Exception|Exit|Interrupt|Warning|Group)\b")
_OF_THE_ENDPOINT = re.compile(
    r"\bHiccup: |ended with signal SIGKILL|the supervisor is gone|an unfinished frame for"
)
"""What handlers do on purpose, what the storm does, and what a connection that stalls for long does."""
_FAILED_ATTEMPT = "(transient) error from the service"
_NUMBERS = re.compile(r"inv_\w+|\d+")


def endpoint_complaints(log: str) -> list[str]:
    """Return an endpoint's log lines, except those of deliberate failures and of kills."""
    return _by_kind(
        line
        for line in log.splitlines()
        if (_RECORD.match(line) or _EXCEPTION.match(line)) and not _OF_THE_ENDPOINT.search(line)
    )


def server_complaints(log: str) -> list[str]:
    """Return the attempts that failed by the endpoint's fault, except deliberate failures.

    The connections that break are not among them.
    """
    lines = log.splitlines()
    told = (following for line, following in pairwise(lines) if _FAILED_ATTEMPT in line)
    return _by_kind(line for line in told if "Hiccup: " not in line)


def _by_kind(lines: Iterable[str]) -> list[str]:
    """Return the first line of each kind, and the number of such lines."""
    kinds: Counter[str] = Counter()
    firsts: dict[str, str] = {}
    for line in lines:
        kind = _NUMBERS.sub("N", line)
        kinds[kind] += 1
        firsts.setdefault(kind, line)
    return [f"{number} times: {firsts[kind]}" for kind, number in kinds.most_common()]
