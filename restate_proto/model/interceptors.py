"""What observes or changes what an endpoint and an ingress client do: `Interceptor` and its hooks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from restate_proto.model.target import Target

__all__ = [
    "AttemptInfo",
    "AttemptOutcome",
    "ClientCall",
    "EndedAttempt",
    "HandlerCall",
    "Interceptor",
    "OutgoingCall",
    "RunCall",
]


class AttemptOutcome(StrEnum):
    """How an attempt has ended."""

    COMPLETED = "completed"
    """The handler has returned: the invocation has ended."""
    FAILED = "failed"
    """The handler has raised a `TerminalError`: likewise."""
    SUSPENDED = "suspended"
    """It waits, and Restate makes another attempt when it can go on."""
    ERROR = "error"
    """It failed. Restate retries it, or pauses or ends the invocation."""
    MISMATCH = "mismatch"
    """The code does something else than its journal says: error 570."""
    ABORTED = "aborted"
    """The stream was cut off, by Restate or by the end of the process."""


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class AttemptInfo:
    """One attempt of an invocation; the same object in all the hooks that are called for it.

    Args:
        invocation_id: the invocation's id, `inv_...`.
        target: the handler, with the object key or workflow id.
        number: the number of the attempt, from 1; it begins anew when the journal has grown.
        known_entries: how many entries of the journal the attempt replays, its input among them.
        headers: the headers of the caller; a name is found in any case.
        attempt_headers: likewise, those of Restate's HTTP request for this attempt.
        is_repetition: whether development mode repeats an attempt that was made. Its hooks are
            called again, but for those of runs: what they tell others, they have told.
    """

    invocation_id: str
    target: Target
    number: int
    known_entries: int
    headers: Mapping[str, str]
    attempt_headers: Mapping[str, str]
    is_repetition: bool


@dataclass(frozen=True, slots=True)
class HandlerCall:
    """A handler that is about to run.

    Args:
        attempt: the attempt.
        context: the handler's context.
        request: its request.
    """

    attempt: AttemptInfo
    context: Any
    request: Any


@dataclass(frozen=True, slots=True)
class RunCall:
    """A function of `ctx.run` that is about to be executed.

    Args:
        attempt: the attempt.
        name: the name of the run.
        retries: how often the function was executed before and failed, as far as Restate knows.
    """

    attempt: AttemptInfo
    name: str
    retries: int


@dataclass(frozen=True, slots=True)
class OutgoingCall:
    """A call or one-way message that a handler is about to make.

    Args:
        attempt: the attempt that makes it.
        target: the handler that is called.
        is_message: whether it is a one-way message.
        headers: the headers that it is made with; a hook may add some. They stand in the journal,
            so every attempt has to come to the same ones.
    """

    attempt: AttemptInfo
    target: Target
    is_message: bool
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class ClientCall:
    """A call or one-way message that an ingress client is about to make.

    Args:
        target: the handler that is called.
        is_message: whether it is a one-way message.
        headers: headers that are sent beside those of the caller; a hook may add some.
    """

    target: Target
    is_message: bool
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class EndedAttempt:
    """An attempt that has ended.

    Args:
        attempt: the attempt.
        outcome: how it has ended.
        error: the exception that it has ended with; None where there is none.
        code: the code of its failure, of whichever kind; None where it has not failed.
        message: the text of its failure; "" where it has not failed.
        seconds: how long it took, waits included.
        bytes_received: the bytes that Restate has sent for it: its journal, and what came since.
        bytes_sent: the bytes that it has answered with.
    """

    attempt: AttemptInfo
    outcome: AttemptOutcome
    error: BaseException | None
    code: int | None
    message: str
    seconds: float
    bytes_received: int
    bytes_sent: int


class Interceptor:
    """Hooks around what an endpoint and an ingress client do. A subclass has those that it needs.

    ```python
    class Audit(Interceptor):
        async def handler(self, call, call_next):
            log.info("called by %s", call.attempt.headers.get("x-user"))
            return await call_next()


    endpoint = Endpoint(Cart(), interceptors=[Audit()])
    ```

    Of several, the first is the outermost. One object serves all attempts at once.
    """

    async def handler(self, call: HandlerCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
        """Around a handler, in each of its attempts; the code runs in the handler's own event loop.

        It is a part of the handler: it sees and may change what the handler returns and raises, and
        what holds for the handler's code holds for it. An operation of the context is recorded in
        the journal, so every attempt has to come to the same ones. When the attempt ends before the
        handler does, `call_next()` raises `AttemptEnded`, which is no `Exception`.

        What this raises, the handler has raised.

        Args:
            call: what is called.
            call_next: runs the handler, inside of the interceptors that follow.

        Returns:
            The handler's response.
        """
        return await call_next()

    async def run(self, call: RunCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
        """Around the function of a `ctx.run`, each time that it is executed; never in a replay.

        It runs in the real event loop, in the context variables of the function.

        What this raises, the function has raised. So an exception after `call_next()` has returned
        has the function executed again.

        Args:
            call: what is executed.
            call_next: executes the function, inside of the interceptors that follow.

        Returns:
            The function's result.
        """
        return await call_next()

    def call(self, call: OutgoingCall) -> None:
        """A handler calls another or sends it a message; in each attempt, those that replay as well.

        What this raises is raised in the handler, where it calls.

        Args:
            call: the call, whose headers may be added to.
        """

    async def client(self, call: ClientCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
        """Around a call or one-way message of an ingress client.

        What this raises is raised to the caller.

        Args:
            call: the call, whose headers may be added to.
            call_next: makes it, inside of the interceptors that follow.

        Returns:
            The response of a call, the handle of a message.
        """
        return await call_next()

    def attempt_ended(self, ended: EndedAttempt) -> None:
        """An attempt has ended, however, and its handler with it; only functions of runs may go on.

        It is called in the real event loop, and must not block. What it raises is logged, and has
        no other effect.

        Args:
            ended: the attempt, and how it has ended.
        """
