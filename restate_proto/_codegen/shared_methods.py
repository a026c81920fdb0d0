"""Methods that several generated clients share, each with a type of its own.

`return self._send(_CART_SHOW, None, options)` does what the client's base has `_send` for: in a handler
it begins a journal entry, outside it sends a request, and a synchronous client waits for the answer.
So one function serves them all. What they return differs, and type checkers learn it here: a client
takes one line for a method, and its parameters are those of the function that it shares.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from restate_proto.ingress import IngressInvocationHandle, SyncInvocationHandle
    from restate_proto.runtime.invocations import CallFuture, InvocationHandle

__all__ = ["SharedMethod", "ingress_send", "sync_call", "sync_send"]

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class SharedMethod(Protocol[P, R_co]):
    """A function as an attribute of a class, with the type that it has in that class."""

    def __get__(self, instance: object, owner: Any = None) -> Callable[P, R_co]:
        """The bound method."""
        ...


def ingress_send(
    method: Callable[Concatenate[Any, P], InvocationHandle[R]],
) -> SharedMethod[P, Coroutine[Any, Any, IngressInvocationHandle[R]]]:
    """A method of a send client, in the one for outside of Restate."""
    return cast("SharedMethod[P, Coroutine[Any, Any, IngressInvocationHandle[R]]]", method)


def sync_call(method: Callable[Concatenate[Any, P], CallFuture[R]]) -> SharedMethod[P, R]:
    """A method of a client, in the synchronous one."""
    return cast("SharedMethod[P, R]", method)


def sync_send(
    method: Callable[Concatenate[Any, P], InvocationHandle[R]],
) -> SharedMethod[P, SyncInvocationHandle[R]]:
    """A method of a send client, in the synchronous one."""
    return cast("SharedMethod[P, SyncInvocationHandle[R]]", method)
