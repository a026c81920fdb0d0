"""For each rule: changes of a contract that break it, and the safe way to the same goal."""

from __future__ import annotations

from tests.evolution.cases import declarations, handlers, keys, messages, services
from tests.evolution.cases.contract import CONTRACT, Case, edited

__all__ = ["CASES", "CONTRACT", "Case", "edited"]

CASES = [
    *services.CASES,
    *handlers.CASES,
    *keys.CASES,
    *declarations.CASES,
    *messages.CASES,
]
