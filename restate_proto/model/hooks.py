"""Sort interceptors by the hooks that they define, check the hooks, and nest their calls."""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

from restate_proto.model.arguments import wrong_type
from restate_proto.model.interceptors import Interceptor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

__all__ = ["Hooks", "nest"]

_ASYNCHRONOUS = ("handler", "run", "client")
_OTHERS = ("call", "attempt_ended")


class Hooks:
    """The interceptors of an endpoint or a client, sorted by the hooks that they define.

    Args:
        where: the class that they were passed to, for error messages.
        interceptors: the interceptors, the outermost first.

    Attributes:
        handler: those that define this hook; likewise `run`, `call`, `client` and `attempt_ended`.

    Raises:
        TypeError: one is not an `Interceptor`, or a hook is `async def` where `def` is required,
            or the other way round.
    """

    def __init__(self, where: str, interceptors: Iterable[Interceptor]) -> None:
        each = tuple(interceptors)
        for interceptor in each:
            _check(where, interceptor)
        self.handler = tuple(i for i in each if _has(i, "handler"))
        self.run = tuple(i for i in each if _has(i, "run"))
        self.call = tuple(i for i in each if _has(i, "call"))
        self.client = tuple(i for i in each if _has(i, "client"))
        self.attempt_ended = tuple(i for i in each if _has(i, "attempt_ended"))


def nest(
    hooks: Iterable[Callable[[Any, Callable[[], Awaitable[Any]]], Awaitable[Any]]],
    call: object,
    innermost: Callable[[], Awaitable[Any]],
) -> Awaitable[Any]:
    """Call hooks, each around the next.

    Args:
        hooks: the hooks, the outermost first.
        call: what each hook gets as its first argument.
        innermost: what the last hook wraps.
    """
    call_next = innermost
    for hook in reversed(tuple(hooks)):
        call_next = partial(hook, call, call_next)
    return call_next()


def _has(interceptor: Interceptor, hook: str) -> bool:
    return getattr(type(interceptor), hook) is not getattr(Interceptor, hook)


def _check(where: str, interceptor: object) -> None:
    if not isinstance(interceptor, Interceptor):
        raise wrong_type(where, "interceptors", interceptor, "objects of subclasses of Interceptor")
    for hook in (*_ASYNCHRONOUS, *_OTHERS):
        is_wanted = hook in _ASYNCHRONOUS
        if inspect.iscoroutinefunction(getattr(interceptor, hook)) is not is_wanted:
            name = f"{type(interceptor).__qualname__}.{hook}"
            raise TypeError(f"{where}: {name} must be `{'async def' if is_wanted else 'def'}`")
