"""Find the queues, locks and events of a handler that the function of a `ctx.run` uses.

asyncio binds such an object to a loop when a task first waits for it. So everything found here is a
mistake, but an object that no task has waited for yet is missed.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from restate_proto.runtime.handler_loop import HandlerLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["borrowed_from_handlers"]


def borrowed_from_handlers(function: Callable[..., Any], args: tuple[Any, ...]) -> Iterator[str]:
    """Yield the attributes, such as `self.queue`, that tasks of a handler have waited for.

    Args:
        function: the run's function. The attributes that its code names are looked up on its object
            and on the variables that it encloses.
        args: its arguments, which are searched in the same way.
    """
    while isinstance(function, partial):
        args = (*function.args, *args)
        function = function.func
    code: Any = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None:
        return
    owner = getattr(function, "__self__", None)
    given = (owner, *args) if owner is not None else args
    holders: dict[str, Any] = dict(zip(code.co_varnames, given, strict=False))
    for name, cell in zip(
        code.co_freevars, getattr(function, "__closure__", None) or (), strict=True
    ):
        try:
            holders[name] = cell.cell_contents
        except ValueError:  # it has no value yet
            continue
    for name, holder in holders.items():
        for attribute in code.co_names:
            value = getattr(holder, "__dict__", {}).get(attribute)
            if isinstance(getattr(value, "_loop", None), HandlerLoop):
                yield f"{name}.{attribute}"
