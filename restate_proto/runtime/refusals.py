"""Refuse what a handler must not ask of its event loop; errors name the line and what to write."""

from __future__ import annotations

import asyncio
import inspect
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from restate_proto.runtime.user_code import users_line

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import CellType, FrameType

__all__ = [
    "NOT_REPEATABLE",
    "STEP_OF_ASYNCIO",
    "USED_BY_STRANGER",
    "RefusesTheRest",
    "caller_of",
    "check_creator",
    "is_asyncio",
    "refusal_to_await",
    "refuse",
    "refuse_anyio",
    "refuse_first_step",
    "refuse_shared",
]


_AS_COMPLETED = ("as_completed", "_AsCompletedIterator")
"""How the names of asyncio's functions that take the arguments of `as_completed` begin."""

STEP_OF_ASYNCIO = "TaskStepMethWrapper"
"""The type of the callbacks with which `asyncio.Task` begins and goes on."""

NOT_REPEATABLE = (
    "sockets, threads and processes are not repeatable. Give the code that needs them to "
    "`ctx.run(name, function)`, whose function runs on the real event loop"
)

USED_BY_STRANGER = (
    "a Lock, Queue, Event, future or task of one invocation was used by another invocation, a "
    "thread or the function of a ctx.run. Make one for each invocation, in the handler; what "
    "invocations share belongs into a virtual object"
)

_SHARED: tuple[type[Any], ...] = (asyncio.Queue, asyncio.Event)
"""What a function can fill or set even if no task waits for it."""


def caller_of(depth: int = 1) -> FrameType:
    """Return the frame of the caller's caller, or of one `depth` levels further up."""
    return sys._getframe(depth + 1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]


def refuse(what: str, why: str, *_: object, **__: object) -> NoReturn:
    """Refuse something, naming the line of the user's code that asks for it.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError(
        f"{what} in a handler ({users_line(caller_of()) or 'unknown place'}): {why}."
    )


class _Refused:
    """A method of a loop that is refused when it is called.

    It is a descriptor, because a `__getattr__` would slow down all attributes of the loop.

    Args:
        name: the method's name.
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type[Any]) -> Callable[..., NoReturn]:
        return partial(refuse, f"loop.{self._name}()", NOT_REPEATABLE)


class RefusesTheRest:
    """The base of a handler's loop: it refuses what asyncio's loops have and the subclass has not.

    No other attempt could repeat what these methods do.
    """

    __slots__ = ()


for _name in dir(asyncio.AbstractEventLoop):
    if not _name.startswith("_"):
        setattr(RefusesTheRest, _name, _Refused(_name))


def _is_anyio(frame: FrameType) -> bool:
    if frame.f_globals.get("__name__") == "weakref" and frame.f_back is not None:
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", "")).startswith("anyio.")


def is_asyncio(frame: FrameType) -> bool:
    """Tell whether a frame belongs to asyncio's own code."""
    return str(frame.f_globals.get("__name__", "")).startswith("asyncio.")


def check_creator(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Refuse tasks that another process would run in a different order, and those of anyio.

    `asyncio.as_completed` puts its arguments into a set, in which coroutines have no stable order.
    """
    frame: FrameType | None = caller_of(2)
    while frame is not None and is_asyncio(frame):
        is_as_completed = frame.f_code.co_qualname.startswith(_AS_COMPLETED)
        # Else it wraps a durable future.
        if is_as_completed and coroutine.__name__ != "_wrap_awaitable":
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


def refuse_first_step(step: Any) -> None:
    """Refuse a task of asyncio's own, when it is to begin.

    asyncio's C code lets nothing refuse in its later steps.

    Args:
        step: a callback of the type `STEP_OF_ASYNCIO`.
    """
    if inspect.getcoroutinestate(step.__self__.get_coro()) == inspect.CORO_CREATED:
        refuse(
            "asyncio.Task()",
            "a task of asyncio's own knows no durable future, and stands in another place of a set "
            "in every process. Write asyncio.create_task(coroutine)",
        )


def refusal_to_await(future: asyncio.Future[Any]) -> RuntimeError:
    """Return what a task is told that awaits a future of another loop."""
    return RuntimeError(
        f"a handler cannot await {future!r}, which belongs to the real event loop or to another "
        "invocation: its end is not in the journal, so no other attempt could repeat it. Give the "
        "code that awaits it to `ctx.run(name, function)`"
    )


def refuse_shared(name: str, function: Any, args: tuple[Any, ...]) -> None:
    """Refuse to give the function of a `ctx.run` a queue or event that the handler's tasks use.

    The next attempt does not call the function, so it would find the queue empty. If a task already
    waits for the queue, its loop refuses to be woken by the function. If none waits yet, the queue
    has no loop; it is then found here, among the function's arguments and variables, if it is a
    variable of the code that calls `ctx.run`.

    Args:
        name: the run's name.
        function: the function that the run executes.
        args: its arguments.

    Raises:
        RuntimeError: a queue or an event is among the arguments, or the variables that the function
            uses.
    """
    cells = getattr(function, "__closure__", None) or ()
    if not _any_shared(args, cells):
        return
    caller = caller_of(2)
    given: list[Any] = []
    if any(isinstance(each, _SHARED) for each in args):
        inherited = caller.f_code.co_freevars
        own = [each for key, each in caller.f_locals.items() if key not in inherited]
        given += [each for each in args if any(each is mine for mine in own)]
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


def _any_shared(values: tuple[Any, ...], cells: tuple[CellType, ...]) -> bool:
    """Tell whether something shared is among values and variables; nearly always it is not."""
    for value in values:
        if isinstance(value, _SHARED):
            return True
    for cell in cells:
        try:
            if isinstance(cell.cell_contents, _SHARED):
                return True
        except ValueError:  # the variable has no value yet
            pass
    return False


def _is_of_process(shared: Any) -> bool:
    """Tell whether something waits, or has waited, for it on the real loop."""
    return isinstance(getattr(shared, "_loop", None), asyncio.AbstractEventLoop)


def refuse_anyio(caller: FrameType) -> None:
    """Refuse anyio's tasks and cancel scopes, and with them httpx and other users of anyio.

    Args:
        caller: the frame that asks for something.

    Raises:
        RuntimeError: the frame belongs to anyio.
    """
    if _is_anyio(caller):
        refuse(
            "anyio (which httpx and others use)",
            "its scopes and task groups are made for the real event loop. Write asyncio.TaskGroup "
            "and asyncio.timeout, or give the code to `ctx.run(name, function)`",
        )
