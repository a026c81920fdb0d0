"""The elements of asyncio scenarios: functions that report what they do and see."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = [
    "SCENARIOS",
    "BodyError",
    "ChildError",
    "Say",
    "Scenario",
    "cleaning",
    "names",
    "scenario",
    "stubborn",
    "this_task",
    "told",
    "work",
]

Say: TypeAlias = "Callable[[object], None]"
Scenario: TypeAlias = "Callable[[Say], Coroutine[Any, Any, object]]"

SCENARIOS: dict[str, Scenario] = {}
"""All scenarios, by name; the modules beside this one add theirs."""


class BodyError(Exception):
    """What scenarios fail with on purpose."""


class ChildError(Exception):
    """Likewise, in a task."""


def scenario(function: Scenario) -> Scenario:
    """Add a function to the scenarios."""
    SCENARIOS[function.__name__.replace("_", " ")] = function
    return function


async def work(say: Say, name: str, seconds: float = 1, error: Exception | None = None) -> str:
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError as cancelled:
        say(f"{name} cancelled {cancelled.args}")
        raise
    if error is not None:
        say(f"{name} fails")
        raise error
    say(f"{name} done")
    return name


async def stubborn(say: Say, name: str, seconds: float = 1, more: float = 1) -> str:
    """Goes on when it is cancelled."""
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        say(f"{name} goes on")
        await asyncio.sleep(more)
    say(f"{name} done")
    return name


async def cleaning(say: Say, name: str, seconds: float = 1) -> None:
    try:
        await asyncio.sleep(seconds)
    finally:
        await asyncio.sleep(1)
        say(f"{name} cleaned")


def names(tasks: set[asyncio.Task[Any]]) -> list[str]:
    return sorted(task.get_name() for task in tasks)


def this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task


def told(error: BaseException) -> str:
    """An exception as text; of a group, each of its leaves."""
    if isinstance(error, BaseExceptionGroup):
        group: Any = error  # pyright: ignore[reportUnknownVariableType]
        return f"{type(group).__name__}({', '.join(map(told, group.exceptions))})"
    name = "CancelledError" if isinstance(error, asyncio.CancelledError) else type(error).__name__
    return f"{name}{error.args}"
