"""What a handler's code must not ask of its event loop, refused with the line and what to write."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

from restate_proto.runtime.user_code import users_line

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from types import FrameType

__all__ = ["caller_of", "check_creator", "is_asyncio", "refuse", "refuse_anyio"]


_AS_COMPLETED = ("as_completed", "_AsCompletedIterator")
"""How asyncio's own functions begin that take arguments of `as_completed`: a class since 3.13."""


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
