"""Scenarios of asyncio's own functions; each is a function that reports what it does and sees."""

from __future__ import annotations

from tests.runtime.asyncio_scenarios import groups, locks, queues, tasks, timeouts, waiting
from tests.runtime.asyncio_scenarios.account import SCENARIOS, BodyError, ChildError, Scenario, told

__all__ = [
    "SCENARIOS",
    "BodyError",
    "ChildError",
    "Scenario",
    "groups",
    "locks",
    "queues",
    "tasks",
    "timeouts",
    "told",
    "waiting",
]
