"""`Interceptor`: hooks that observe or change what an endpoint and an ingress client do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from restate_proto.model.intercepted import (
        ClientCall,
        EndedAttempt,
        HandlerCall,
        OutgoingCall,
        RunCall,
    )

__all__ = ["Interceptor"]


class Interceptor:
    """Hooks around what endpoints and ingress clients do. A subclass defines those that it needs.

    ```python
    class Audit(Interceptor):
        async def handler(self, call, call_next):
            log.info("called by %s", call.attempt.headers.get("x-user"))
            return await call_next()


    endpoint = Endpoint(Cart(), interceptors=[Audit()])
    ```

    The first of several interceptors is the outermost. One object serves all attempts at once.
    """

    async def handler(self, call: HandlerCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
        """Wrap a handler, in each of its attempts. The code runs in the handler's own event loop.

        The hook is a part of the handler: it sees and may change what the handler returns and
        raises, and has to be as deterministic. Operations on the context are recorded in the
        journal, so every attempt has to do the same ones. When the attempt ends before the handler
        does, `call_next()` raises `AttemptEnded`, a `BaseException`.

        An exception from here counts as the handler's own.

        Args:
            call: what is called.
            call_next: runs the handler, wrapped by the interceptors that follow.

        Returns:
            The handler's response.
        """
        return await call_next()

    async def run(self, call: RunCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
        """Wrap the function of a `ctx.run`, each time that it is executed; never in a replay.

        The hook runs in the real event loop, with the context variables of the function.

        An exception from here counts as the function's own. So one that is raised after
        `call_next()` has returned makes Restate execute the function again.

        Args:
            call: what is executed.
            call_next: executes the function, wrapped by the interceptors that follow.

        Returns:
            The function's result.
        """
        return await call_next()

    def call(self, call: OutgoingCall) -> None:
        """Look at a call or one-way message of a handler, in each attempt, replays included.

        An exception from here is raised in the handler, at the line of the call.

        Args:
            call: the call, whose headers may be added to.
        """

    async def client(self, call: ClientCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
        """Wrap a call or one-way message of an ingress client.

        An exception from here is raised to the caller.

        Args:
            call: the call, whose headers may be added to.
            call_next: makes the call, wrapped by the interceptors that follow.

        Returns:
            The response of a call, the handle of a message.
        """
        return await call_next()

    def attempt_ended(self, ended: EndedAttempt) -> None:
        """Look at an attempt that has ended, in whatever way; functions of runs may still go on.

        The hook runs in the real event loop and must not block. An exception from here is logged
        and has no other effect.

        Args:
            ended: the attempt, and how it has ended.
        """
