"""The lifespan: what an endpoint sets up before its first request and tears down after its last."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias, cast

from restate_proto.errors import RestateError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable

    from restate_proto.model.service import ServiceBase

__all__ = ["Lifespan", "LifespanError", "alive", "check_lifespan"]

Lifespan: TypeAlias = "Callable[[], AbstractAsyncContextManager[object]]"
"""Makes the context that is entered before the first request, and left when nothing runs."""


class LifespanError(RestateError):
    """The endpoint's lifespan or a service could not be set up; `__cause__` is the exception."""


def check_lifespan(lifespan: object) -> None:
    """Refuse a lifespan that does not make a context.

    Raises:
        TypeError: it is not callable, or it is itself a context, which could be entered only once.
    """
    if isinstance(lifespan, AbstractAsyncContextManager):
        raise TypeError(
            "Endpoint: lifespan takes the function that makes the context, not the context: each "
            "worker and each run of the endpoint enters one of its own. Write lifespan=connect, "
            "not lifespan=connect()"
        )
    if lifespan is not None and not callable(lifespan):
        raise TypeError(
            "Endpoint: lifespan takes a function that makes an asynchronous context, such as one "
            f"with @asynccontextmanager, not {lifespan!r}"
        )


@asynccontextmanager
async def alive(lifespan: Lifespan | None, services: Iterable[ServiceBase]) -> AsyncGenerator[None]:
    """Set up the lifespan, then each service that is an asynchronous context manager.

    When the context is left, they are torn down in reverse order.

    Args:
        lifespan: makes the context of the endpoint.
        services: the services, in the order in which they are set up.

    Raises:
        LifespanError: one of them could not be set up; those before it are torn down.
    """
    async with AsyncExitStack() as stack:
        if lifespan is not None:
            await _set_up("the endpoint's lifespan", stack.enter_async_context(lifespan()))
        for service in services:
            if isinstance(service, AbstractAsyncContextManager):
                context = cast("AbstractAsyncContextManager[object]", service)
                what = f"the service {type(service).__qualname__}"
                await _set_up(what, stack.enter_async_context(context))
        yield


async def _set_up(what: str, entered: Awaitable[object]) -> None:
    try:
        await entered
    except Exception as error:
        raise LifespanError(f"cannot set up {what}: {type(error).__name__}: {error}") from error
