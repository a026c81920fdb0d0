"""What a handler's code must not ask of its event loop, refused with the line and what to write."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from restate_proto.runtime.user_code import users_line

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from types import FrameType

__all__ = [
    "caller_of",
    "check_creator",
    "is_asyncio",
    "refuse",
    "refuse_anyio",
    "refuse_shared",
]


_AS_COMPLETED = ("as_completed", "_AsCompletedIterator")
"""How asyncio's own functions begin that take arguments of `as_completed`: a class since 3.13."""

_SHARED: tuple[type[Any], ...] = (asyncio.Queue, asyncio.Event)
"""What a function may fill or set without that anybody waits for it."""


def caller_of(depth: int = 1) -> FrameType:
    """The frame that has called the function that asks, or one further up."""
    return sys._getframe(depth + 1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]


def refuse(what: str, why: str, *_: object, **__: object) -> NoReturn:
    """Refuse something, with the line of the user's code that asks for it.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError(
        f"{what} in a handler ({users_line(caller_of()) or 'unknown place'}): {why}."
    )


def _is_anyio(frame: FrameType) -> bool:
    if frame.f_globals.get("__name__") == "weakref" and frame.f_back is not None:
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", "")).startswith("anyio.")


def is_asyncio(frame: FrameType) -> bool:
    """Whether a frame is of asyncio's own code."""
    return str(frame.f_globals.get("__name__", "")).startswith("asyncio.")


def check_creator(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Refuse tasks whose order no other process could repeat, and those of anyio.

    `asyncio.as_completed` puts its arguments into a set; coroutines have no stable place in one.
    """
    frame: FrameType | None = caller_of(2)
    while frame is not None and is_asyncio(frame):
        is_as_completed = frame.f_code.co_qualname.startswith(_AS_COMPLETED)
        if is_as_completed and coroutine.__name__ != "_wrap_awaitable":  # not of a durable future
            coroutine.close()
            refuse(
                "asyncio.as_completed() over coroutines",
                "it takes them in an order that changes from process to process. Make tasks of them "
                "first: asyncio.as_completed([asyncio.create_task(c) for c in coroutines])",
            )
        frame = frame.f_back
    if frame is not None and _is_anyio(frame):
        coroutine.close()
        refuse_anyio(frame)


def refuse_shared(name: str, function: Any, args: tuple[Any, ...]) -> None:
    """Refuse to give the function of a `ctx.run` what the handler's tasks wait for.

    The next attempt does not call the function, and so would find the queue empty. One that waits is
    woken by its loop, which refuses that; one that nobody waits for yet has no loop, and is found
    here, where it is a variable of the code that calls `ctx.run`.

    Args:
        name: the run's.
        function: what it executes.
        args: its arguments.

    Raises:
        RuntimeError: a queue or an event is among the arguments, or the variables that it uses.
    """
    caller = caller_of(2)
    given: list[Any] = []
    if any(isinstance(each, _SHARED) for each in args):
        inherited = caller.f_code.co_freevars
        own = [each for key, each in caller.f_locals.items() if key not in inherited]
        given += [each for each in args if any(each is mine for mine in own)]
    cells = getattr(function, "__closure__", None) or ()
    for variable, cell in zip(function.__code__.co_freevars, cells, strict=True) if cells else ():
        if variable in caller.f_code.co_cellvars:
            with suppress(ValueError):  # it has no value yet
                given.append(cell.cell_contents)
    for each in given:
        if isinstance(each, _SHARED) and not _is_of_process(each):
            refuse(
                f"An asyncio.{type(each).__name__} for the function of ctx.run {name!r}",
                "what the function puts there is in no journal, and the next attempt does not call the "
                "function. Return what the handler needs, and await the run",
            )


def _is_of_process(shared: Any) -> bool:
    """Whether somebody waits, or has waited, for it on the real loop."""
    return isinstance(getattr(shared, "_loop", None), asyncio.AbstractEventLoop)


def refuse_anyio(caller: FrameType) -> None:
    """Refuse what anyio does with tasks and loops, and with it httpx and others.

    Args:
        caller: the frame that does something.

    Raises:
        RuntimeError: it is anyio's.
    """
    if _is_anyio(caller):
        refuse(
            "anyio (which httpx and others use)",
            "its scopes and task groups are made for the real event loop. Write asyncio.TaskGroup "
            "and asyncio.timeout, or give the code to `ctx.run(name, function)`",
        )
