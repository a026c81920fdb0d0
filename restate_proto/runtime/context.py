"""The context of every handler: calls, side effects, timers, awakeables and signals."""

from __future__ import annotations

from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, Unpack, overload

from restate_proto.codec.registry import codec_for
from restate_proto.model.arguments import (
    DURATION,
    STRING,
    check_string,
    wrong_key,
    wrong_type,
)
from restate_proto.model.keys import AwakeableId, AwakeableKey, SignalKey
from restate_proto.model.retry import RetryPolicy
from restate_proto.protocol import CANCEL_SIGNAL, MARKER_PREFIX
from restate_proto.protocol.ids import check_awakeable_id
from restate_proto.runtime.calling_context import CallingContext
from restate_proto.runtime.external_events import Awakeable, ExternalValue
from restate_proto.runtime.failures import DEFAULT_CODE, rejection
from restate_proto.runtime.futures import Leaf
from restate_proto.runtime.missing import NO_KEY, NO_PROMISES, NO_STATE, Missing
from restate_proto.runtime.operations import new_run
from restate_proto.runtime.refusals import refuse_shared
from restate_proto.runtime.values import PLAIN, read_nothing, reader, write

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from random import Random
    from uuid import UUID

    from restate_proto.errors import TerminalError
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

    Restate records every operation; it starts when it is called, in that order, and its result is a
    `DurableFuture`. After a failure or a suspension the handler runs again from the start, and
    operations that were recorded return their recorded results. So the code between operations has
    to be deterministic; anything else belongs in `ctx.run`.
    """

    __slots__ = ()

    if not TYPE_CHECKING:
        key = Missing(NO_KEY)
        get = Missing(NO_STATE)
        state_keys = Missing(NO_STATE)
        set = Missing(NO_STATE)
        clear = Missing(NO_STATE)
        clear_all = Missing(NO_STATE)
        promise = Missing(NO_PROMISES)

    @property
    def cancelled(self) -> DurableFuture[None]:
        """A future that is done once the invocation is cancelled, for handlers that ask for it.

        Such a handler has explicit cancellation in the contract. It can await the future, combine
        it, or ask `ctx.cancelled.done()`, whose answer changes only where the handler waits. The
        calls that the handler has made go on.

        Raises:
            RuntimeError: the handler has implicit cancellation, which is raised where it waits.
        """
        operations = self._operations
        if not operations.is_told_of_cancellation:
            raise RuntimeError(
                "ctx.cancelled needs explicit cancellation: write `option "
                "(restatepb.v1.handler) = {cancellation: CANCELLATION_EXPLICIT}` in the contract. "
                "Without it, CancelledError is raised where the handler waits."
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

        The function is called when the handler next waits for anything. It is executed at least
        once: a crash between the effect and its record repeats it.

        Args:
            name: the name that Restate shows; it must be the same in every attempt.
            function: a coroutine function, or an ordinary one, which runs in a thread. Of the
                context, it may use only what `RunContext` has.
            *args: its arguments; type checkers compare them with its parameters.
            type: the message class of its result. Without it, the result is a plain value (None,
                bool, int, float, str, list, dict), kept as JSON.
            retry: how often it is retried before its failure becomes a `TerminalError` or pauses
                the invocation; by default, the invocation's retry policy applies.

        Returns:
            The future of the result. Awaiting it raises the function's `TerminalError`, if it
            raised one.

        Raises:
            TypeError: an argument is of a wrong type.
            ValueError: the name begins with `patch: `, as the markers of patches do.
            RuntimeError: the function was given an `asyncio.Queue` or `asyncio.Event` of the
                handler.
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
                run = new_run((id_, name, function, args, codec, encoding, retry, context))
                operations.begun_runs.append(run)
            return leaf

        return operations.begin(run)

    # ---- Time and chance ----

    def sleep(self, duration: timedelta, name: str = "") -> DurableFuture[None]:
        """Return a timer; the invocation holds no resources while it waits for it.

        Args:
            duration: the time from now; a negative duration is over at once.
            name: the name that Restate shows.

        Raises:
            TypeError: the duration is not a timedelta.
        """
        if not isinstance(duration, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_type("ctx.sleep", "duration", duration, DURATION)
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise wrong_type("ctx.sleep", "name", name, STRING)
        operations, commands = self._operations, self._commands
        return operations.begin(
            lambda: Leaf(operations, read_nothing, commands.sleep(operations.after(duration), name))
        )

    def time(self) -> DurableFuture[datetime]:
        """Return the current time, recorded: an aware `datetime` in UTC."""
        codec = codec_for(float)
        read = reader(codec, self._encoding, "the result of ctx.time")
        clock = self._operations.clock
        return self._run(
            "time", _now, (clock,), codec, lambda result: datetime.fromtimestamp(read(result), UTC)
        )

    @property
    def random(self) -> Random:
        """Random numbers that are the same in every attempt of this invocation."""
        self._operations.check_caller()
        if self._random is None:
            from random import Random  # noqa: PLC0415 - imported late: processes start faster

            self._random = Random(self._commands.random_seed())  # noqa: S311 - repeatable by design
        return self._random

    def uuid(self) -> UUID:
        """Return a random UUID (version 4) that is the same in every attempt of this invocation."""
        from uuid import UUID  # noqa: PLC0415 - as above

        return UUID(int=self.random.getrandbits(128), version=4)

    # ---- Awakeables and signals ----

    def awakeable(self, type: type[T] | AwakeableKey[Any, T]) -> Awakeable[T]:  # noqa: A002 - reads best at the call
        """Return a future that somebody else completes by its `.id`, which you hand out.

        Args:
            type: the class of the value; or, if the id goes into a field that the contract marks as
                an awakeable, the generated constant of that field, which knows the class.
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
        """Complete an awakeable, of any invocation, with a message.

        Args:
            id: the awakeable's id: a string, or what the generated constant reads from a field.
            message: the message.
            name: the name that Restate shows for the entry.

        Raises:
            TypeError: the field was declared for messages of another type.
            ValueError: the text is not the id of an awakeable.
        """
        type_ = None
        if isinstance(id, AwakeableId):
            id, type_ = id.id, id.type  # noqa: A001 - as users see it
        check_string("ctx.resolve_awakeable", "id", id)
        check_awakeable_id("ctx.resolve_awakeable", id)
        check_string("ctx.resolve_awakeable", "name", name)
        payload = write(message, type_, self._encoding)
        self._operations.check_caller()
        self._commands.complete_awakeable(id, payload, name)

    def reject_awakeable(
        self,
        id: str | AwakeableId[Any],  # noqa: A002
        reason: str | TerminalError,
        *,
        code: int = DEFAULT_CODE,
        name: str = "",
    ) -> None:
        """Fail an awakeable: whoever awaits it gets a `TerminalError`.

        Args:
            id: the awakeable's id: a string, or what the generated constant reads from a field.
            reason: the text of the error; or the error itself, which may be a typed error of the
                contract.
            code: the HTTP status code for a text, 400 to 599.
            name: the name that Restate shows for the entry.

        Raises:
            TypeError: an argument is of a wrong type, or a code is given beside an error.
            ValueError: the code is not 400 to 599, or the text is not the id of an awakeable.
        """
        if isinstance(id, AwakeableId):
            id = id.id  # noqa: A001 - as users see it
        check_string("ctx.reject_awakeable", "id", id)
        check_awakeable_id("ctx.reject_awakeable", id)
        check_string("ctx.reject_awakeable", "name", name)
        failure = rejection("ctx.reject_awakeable", reason, code)
        self._operations.check_caller()
        self._commands.complete_awakeable(id, failure, name)

    def signal(self, key: SignalKey[T]) -> DurableFuture[T]:
        """Wait for a signal to this invocation, which `InvocationHandle.signal` sends.

        Args:
            key: the signal. Ask once for each name; the future can be awaited as often as you like.

        Raises:
            TypeError: the key is not a `SignalKey`.
            RuntimeError: this invocation has already waited for a signal of this name.
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
    """Return the operations of the attempt that a context belongs to; for generated clients."""
    return context._operations  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - this module's own


def _wrong_run_arguments(name: object, function: object) -> TypeError:
    if not isinstance(name, str):
        return wrong_type("ctx.run", "name", name, STRING)
    expected = "the function itself, with its arguments after it: ctx.run(name, function, *args)"
    if iscoroutine(function):
        function.close()  # it will not be awaited, and Python would warn of that
    return wrong_type(f"ctx.run {name!r}", "function", function, expected)


async def _now(clock: Callable[[], float]) -> float:
    return clock()
