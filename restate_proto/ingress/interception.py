"""Run the hooks of interceptors around calls of a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from restate_proto.model.hooks import nest
from restate_proto.model.intercepted import ClientCall

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from restate_proto.ingress.handler_call import HandlerCall
    from restate_proto.model.hooks import Hooks

__all__ = ["intercepted"]

T = TypeVar("T")


async def intercepted(
    hooks: Hooks,
    call: HandlerCall[Any, Any],
    make: Callable[[HandlerCall[Any, Any]], Awaitable[T]],
    *,
    is_message: bool,
) -> T:
    """Make a call or send a message, wrapped by the hooks of a client.

    Args:
        hooks: the hooks.
        call: the call.
        make: makes it.
        is_message: whether it is a one-way message.
    """
    told = ClientCall(call.target, is_message, {})

    async def innermost() -> T:
        if not told.headers:
            return await make(call)
        headers = {**(call.options.get("headers") or {}), **told.headers}
        return await make(call._replace(options={**call.options, "headers": headers}))

    return await nest((each.client for each in hooks.client), told, innermost)
