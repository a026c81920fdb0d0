"""Types for methods that a generated client takes over from another generated client.

A method such as `return self._send(_CART_SHOW, None, options)` does whatever `_send` of its class
does: in a handler it begins a journal entry, outside it sends a request, and in a synchronous
client it waits for the answer. So one function serves all the clients of a service. Only its return
type differs. The functions here tell type checkers which type it is, so that a client takes over a
method in one line, with the parameters of the original.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from restate_proto.ingress.handle import IngressInvocationHandle
    from restate_proto.ingress.sync_handle import SyncInvocationHandle
    from restate_proto.runtime.invocations import CallFuture, InvocationHandle

__all__ = ["SharedMethod", "ingress_send", "sync_call", "sync_send"]

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class SharedMethod(Protocol[P, R_co]):
    """A function as an attribute of a class, with the type that it has in that class."""

    def __get__(self, instance: object, owner: Any = None) -> Callable[P, R_co]:
        """Return the bound method."""
        ...


def ingress_send(
    method: Callable[Concatenate[Any, P], InvocationHandle[R]],
) -> SharedMethod[P, Coroutine[Any, Any, IngressInvocationHandle[R]]]:
    """Return a handler-side send method as a method of the send client for outside of Restate."""
    return cast("SharedMethod[P, Coroutine[Any, Any, IngressInvocationHandle[R]]]", method)


def sync_call(method: Callable[Concatenate[Any, P], CallFuture[R]]) -> SharedMethod[P, R]:
    """Return a handler-side call method as a method of the synchronous client."""
    return cast("SharedMethod[P, R]", method)


def sync_send(
    method: Callable[Concatenate[Any, P], InvocationHandle[R]],
) -> SharedMethod[P, SyncInvocationHandle[R]]:
    """Return a handler-side send method as a method of the synchronous send client."""
    return cast("SharedMethod[P, SyncInvocationHandle[R]]", method)
