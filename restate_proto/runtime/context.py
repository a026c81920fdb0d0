"""What every handler can do durably, whatever its kind."""

from __future__ import annotations

from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from inspect import iscoroutine
from random import Random
from time import time
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, Unpack, overload
from uuid import UUID

from restate_proto.codec.registry import codec_for
from restate_proto.errors import checked_code
from restate_proto.model.arguments import (
    DURATION,
    STRING,
    check_string,
    wrong_key,
    wrong_type,
)
from restate_proto.model.keys import AwakeableId, AwakeableKey, SignalKey
from restate_proto.model.retry import RetryPolicy
from restate_proto.protocol import CANCEL_SIGNAL, MARKER_PREFIX, Failure
from restate_proto.runtime.calling_context import CallingContext
from restate_proto.runtime.external_events import Awakeable, ExternalValue
from restate_proto.runtime.futures import Leaf
from restate_proto.runtime.operations import Run, after
from restate_proto.runtime.refusals import refuse_shared
from restate_proto.runtime.values import PLAIN, read_nothing, reader, write

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from restate_proto.model.codec import Codec
    from restate_proto.protocol import Result
    from restate_proto.runtime.futures import DurableFuture
    from restate_proto.runtime.operations import Operations

__all__ = ["Context", "operations_of"]

R = TypeVar("R")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Context(CallingContext):
    """What every handler has: calls, messages, side effects, timers, awakeables, signals.

    Every operation is recorded by Restate and starts when it is called, in that order. Its result
    is a `DurableFuture`. After a failure or a suspension the handler runs again from the start,
    and recorded operations give their recorded results; so the code between them has to be
    deterministic: what is not, belongs in `ctx.run`.
    """

    __slots__ = ()

    @property
    def cancelled(self) -> DurableFuture[None]:
        """Done when the invocation is cancelled, in a handler with explicit cancellation.

        Await it, combine it with others, or ask `ctx.cancelled.done()`, which changes where the
        handler waits. The calls that the handler has made go on.

        Raises:
            RuntimeError: the handler's cancellation is implicit: it is raised where it waits.
        """
        operations = self._operations
        if not operations.is_told_of_cancellation:
            raise RuntimeError(
                "ctx.cancelled is for handlers that ask for it in the contract, with `option "
                "(restatepb.v1.handler) = {cancellation: CANCELLATION_EXPLICIT}`. In this one "
                "CancelledError is raised where it waits."
            )
        if self._cancelled is None:
            self._cancelled = operations.begin(
                lambda: Leaf(operations, read_nothing, CANCEL_SIGNAL)
            )
        return self._cancelled

    # ---- Side effects ----

    @overload
    def run(
        self,
        name: str,
        function: Callable[[Unpack[Ts]], Awaitable[T]],
        *args: *Ts,
        type: type[T] | None = None,
        retry: RetryPolicy | None = None,
    ) -> DurableFuture[T]: ...
    @overload
    def run(
        self,
        name: str,
        function: Callable[[Unpack[Ts]], T],
        *args: *Ts,
        type: type[T] | None = None,
        retry: RetryPolicy | None = None,
    ) -> DurableFuture[T]: ...
    def run(
        self,
        name: str,
        function: Callable[[Unpack[Ts]], Any],
        *args: *Ts,
        type: type[Any] | None = None,  # noqa: A002 - reads best at the call
        retry: RetryPolicy | None = None,
    ) -> DurableFuture[Any]:
        """Execute a side effect and record its result, so that it is not executed again.

        The function is called when the handler next waits, whatever for. It is executed at least
        once: a crash between the effect and the record repeats it.

        Args:
            name: what Restate shows; the same in every attempt.
            function: a coroutine function, or an ordinary one, which runs in a thread. It must
                use nothing of the context but what `RunContext` has.
            *args: its arguments; type checkers hold them against its parameters.
            type: the message class of its result. Without it, the result is a plain value (None,
                bool, int, float, str, list, dict), kept as JSON.
            retry: how often it is retried before its failure becomes a `TerminalError` or pauses
                the invocation; without it, the invocation's retry policy applies.

        Returns:
            The future of the result. A `TerminalError` of the function is raised by awaiting it.

        Raises:
            TypeError: an argument is of a wrong type.
            ValueError: the name begins as the marker of a patch does, `patch: `.
            RuntimeError: the function is given an `asyncio.Queue` or `asyncio.Event` of the handler.
        """
        if not (isinstance(name, str) and callable(function)):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise _wrong_run_arguments(name, function)
        if name.startswith(MARKER_PREFIX):
            raise ValueError(
                f"ctx.run {name!r}: names that begin with {MARKER_PREFIX!r} are those of the markers "
                "that ctx.patched records. Take another name"
            )
        if args or getattr(function, "__closure__", None):
            refuse_shared(name, function, args)
        if retry is not None and not isinstance(retry, RetryPolicy):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise wrong_type(f"ctx.run {name!r}", "retry", retry, "a RetryPolicy")
        codec: Codec[Any] = PLAIN if type is None else codec_for(type)
        read = reader(codec, self._encoding, "the result of ctx.run", name)
        return self._run(name, function, args, codec, read, retry)

    def _run(
        self,
        name: str,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        codec: Codec[Any],
        read: Callable[[Result], T],
        retry: RetryPolicy | None = None,
    ) -> Leaf[T]:
        context = copy_context()
        operations, commands, encoding = self._operations, self._commands, self._encoding

        def run() -> Leaf[T]:
            if retry is None or retry.on_max_attempts is None:
                id_, is_new = commands.run(name)
            else:
                id_, is_new = commands.run(name, may_pause=True)
            leaf = Leaf(operations, read, id_)
            if is_new:
                run = Run(id_, name, function, args, codec, encoding, retry, context)
                operations.begun_runs.append(run)
            return leaf

        return operations.begin(run)

    # ---- Time and chance ----

    def sleep(self, duration: timedelta, name: str = "") -> DurableFuture[None]:
        """A timer; the invocation holds no resources while it waits.

        Args:
            duration: from now; less than nothing is nothing.
            name: what Restate shows for it.

        Raises:
            TypeError: the duration is no timedelta.
        """
        if not isinstance(duration, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_type("ctx.sleep", "duration", duration, DURATION)
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise wrong_type("ctx.sleep", "name", name, STRING)
        operations, commands = self._operations, self._commands
        return operations.begin(
            lambda: Leaf(operations, read_nothing, commands.sleep(after(duration), name))
        )

    def time(self) -> DurableFuture[datetime]:
        """The current time, recorded: an aware `datetime` in UTC."""
        codec = codec_for(float)
        read = reader(codec, self._encoding, "the result of ctx.time")
        return self._run(
            "time", _now, (), codec, lambda result: datetime.fromtimestamp(read(result), UTC)
        )

    @property
    def random(self) -> Random:
        """Random numbers that are the same in every attempt of this invocation."""
        self._operations.check_caller()
        if self._random is None:
            self._random = Random(self._commands.random_seed())  # noqa: S311 - repeatable by design
        return self._random

    def uuid(self) -> UUID:
        """A random UUID (version 4) that is the same in every attempt of this invocation."""
        return UUID(int=self.random.getrandbits(128), version=4)

    # ---- Awakeables and signals ----

    def awakeable(self, type: type[T] | AwakeableKey[Any, T]) -> Awakeable[T]:  # noqa: A002 - reads best at the call
        """A future that somebody outside completes: hand out its `.id`.

        Args:
            type: the type of the value, or the field that the id is going to be in: its constant
                knows the type.
        """
        codec: Codec[T] = codec_for(type.type if isinstance(type, AwakeableKey) else type)
        operations, commands, encoding = self._operations, self._commands, self._encoding

        def make() -> Awakeable[T]:
            id_, notification = commands.awakeable()
            return Awakeable(
                operations, reader(codec, encoding, "awakeable", id_), id_, notification
            )

        return operations.begin(make)

    @overload
    def resolve_awakeable(
        self,
        id: AwakeableId[T],
        message: T,
        *,
        name: str = "",
    ) -> None: ...
    @overload
    def resolve_awakeable(self, id: str, message: Any, *, name: str = "") -> None: ...
    def resolve_awakeable(
        self,
        id: str | AwakeableId[Any],  # noqa: A002
        message: Any,
        *,
        name: str = "",
    ) -> None:
        """Complete an awakeable, of whatever invocation, with a message.

        Args:
            id: its id: a string, or what the constant of the field gives that holds it.
            message: the message.
            name: what Restate shows for the entry.

        Raises:
            TypeError: the field is for messages of another type.
        """
        type_ = None
        if isinstance(id, AwakeableId):
            id, type_ = id.id, id.type  # noqa: A001 - as users see it
        check_string("ctx.resolve_awakeable", "id", id)
        check_string("ctx.resolve_awakeable", "name", name)
        payload = write(message, type_, self._encoding)
        self._operations.check_caller()
        self._commands.complete_awakeable(id, payload, name)

    def reject_awakeable(
        self,
        id: str | AwakeableId[Any],  # noqa: A002
        reason: str,
        *,
        code: int = 500,
        name: str = "",
    ) -> None:
        """Fail an awakeable: who awaits it gets a `TerminalError` with this code, 400 to 599."""
        if isinstance(id, AwakeableId):
            id = id.id  # noqa: A001 - as users see it
        check_string("ctx.reject_awakeable", "id", id)
        check_string("ctx.reject_awakeable", "reason", reason)
        check_string("ctx.reject_awakeable", "name", name)
        failure = Failure(checked_code("reject_awakeable", code), reason)
        self._operations.check_caller()
        self._commands.complete_awakeable(id, failure, name)

    def signal(self, key: SignalKey[T]) -> DurableFuture[T]:
        """Wait for a signal to this invocation, which `InvocationHandle.signal` sends.

        Args:
            key: the signal; once for each name, whose future can be awaited as often as wanted.

        Raises:
            TypeError: the key is no `SignalKey`.
            RuntimeError: the invocation has waited for a signal of this name.
        """
        if not isinstance(key, SignalKey):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise wrong_key("ctx.signal", key, SignalKey)
        read = reader(codec_for(key.type), self._encoding, "signal", key.name)
        operations = self._operations

        def wait() -> ExternalValue[T]:
            future = ExternalValue(operations, read)
            future.notification = key.name
            operations.expect_signal(key.name, future)
            return future

        return operations.begin(wait)


def operations_of(context: Context) -> Operations:
    """The operations of the attempt that a context belongs to; for generated clients."""
    return context._operations  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - this module's own


def _wrong_run_arguments(name: object, function: object) -> TypeError:
    if not isinstance(name, str):
        return wrong_type("ctx.run", "name", name, STRING)
    expected = "the function itself, with its arguments after it: ctx.run(name, function, *args)"
    if iscoroutine(function):
        function.close()  # nobody is going to await it
    return wrong_type(f"ctx.run {name!r}", "function", function, expected)


async def _now() -> float:
    return time()
