"""From service objects to handlers by path, with every check that can be made before serving."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from restate_proto.model.service import ServiceBase
from restate_proto.protocol import MAX_LENGTH
from restate_proto.runtime import BoundHandler, context_class

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.model.service import ServiceDescriptor
    from restate_proto.runtime import ThreadPool

__all__ = ["bind"]


def bind(
    services: Iterable[ServiceBase], threads: ThreadPool, max_message: int = MAX_LENGTH
) -> dict[str, BoundHandler]:
    """The handlers of services, by the path that invokes them: `/invoke/{service}/{handler}`.

    Args:
        services: objects that implement generated bases.
        threads: the threads for ordinary functions in `ctx.run`.
        max_message: the longest message of the service protocol that is taken, in bytes.

    Raises:
        TypeError: an object is no service, or a handler is no coroutine function.
        ValueError: two services have one name, or there is none.
    """
    handlers: dict[str, BoundHandler] = {}
    seen: dict[str, ServiceBase] = {}
    for service in services:
        descriptor = _descriptor(service)
        other = seen.setdefault(descriptor.name, service)
        if other is not service:
            raise ValueError(
                f"two services are named {descriptor.name}: {type(other).__qualname__} and "
                f"{type(service).__qualname__}"
            )
        for handler in descriptor.handlers:
            method = getattr(service, handler.method)
            if not inspect.iscoroutinefunction(method):
                raise TypeError(
                    f"{type(service).__qualname__}.{handler.method} must be `async def`: it is the "
                    f"handler {handler.service}/{handler.name}"
                )
            bound = BoundHandler(handler, method, context_class(handler), threads, max_message)
            handlers[f"/invoke/{handler.service}/{handler.name}"] = bound
    if not handlers:
        raise ValueError("an endpoint needs at least one service: Endpoint(Greeter())")
    return handlers


def _descriptor(service: object) -> ServiceDescriptor:
    if isinstance(service, type):
        raise TypeError(f"give a service object, not the class: {service.__qualname__}(...)")
    if not isinstance(service, ServiceBase):
        raise TypeError(
            f"{service!r} is no service: subclass a generated base, such as GreeterBase"
        )
    try:
        return service.__restate_service__
    except AttributeError:
        raise TypeError(
            f"{type(service).__qualname__} has no contract: subclass a generated base, such as "
            "GreeterBase"
        ) from None
