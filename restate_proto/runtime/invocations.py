"""Other invocations: calls and one-way messages, and what can be done with what they start."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from restate_proto.errors import checked_code
from restate_proto.model.arguments import (
    DURATION,
    check_headers,
    check_string,
    wrong_key,
    wrong_type,
)
from restate_proto.model.keys import SignalKey
from restate_proto.protocol import Failure, InvocationTarget, Result, ResultKind
from restate_proto.runtime.futures import Deferred, DurableFuture, Leaf
from restate_proto.runtime.operations import after
from restate_proto.runtime.values import optional_reader, read_invocation_id, reader, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from restate_proto.model.codec import Codec
    from restate_proto.model.keys import SendsSignal
    from restate_proto.model.kinds import Encoding
    from restate_proto.model.options import CallOptions, SendOptions
    from restate_proto.model.target import Target
    from restate_proto.runtime.operations import Operations

__all__ = ["CallFuture", "InvocationHandle", "known_id", "start_call", "start_send"]

R = TypeVar("R")
S = TypeVar("S")

_Options: TypeAlias = "tuple[str | None, Iterable[tuple[str, str]], str | None]"
"""Idempotency key, headers and limit key."""

_NO_OPTIONS: _Options = (None, (), None)


class InvocationHandle(Generic[R]):
    """Another invocation: what a one-way message started, or one whose id is known.

    Its operations start when they are called; awaiting them is only needed for their results.
    """

    __slots__ = ("_codec", "_encoding", "_invocation_id", "_operations")

    def __init__(self, invocation_id: Leaf[str], codec: Codec[R], encoding: Encoding) -> None:
        self._operations = invocation_id.operations
        self._invocation_id = invocation_id
        self._codec = codec
        self._encoding = encoding

    def invocation_id(self) -> DurableFuture[str]:
        """Its id, `inv_...`, as the admin API and the CLI take it."""
        return self._invocation_id

    def attach(self) -> DurableFuture[R]:
        """Wait for its result.

        Awaiting it raises `TerminalError` where that invocation failed.
        """
        operations = self._operations
        commands, read = operations.commands, reader(self._codec, self._encoding, "the result")
        return self._with_id(
            lambda id_: Leaf(operations, read, commands.attach(InvocationTarget(id_)))
        )

    def output(self) -> DurableFuture[R | None]:
        """Its result if it has one by now, else None.

        Awaiting it raises `TerminalError` where that invocation failed.
        """
        operations = self._operations
        commands = operations.commands
        read = optional_reader(self._codec, self._encoding, "the result")
        return self._with_id(
            lambda id_: Leaf(operations, read, commands.get_output(InvocationTarget(id_)))
        )

    def cancel(self) -> DurableFuture[None]:
        """Cancel it: its handler gets a `CancelledError` where it waits."""
        return self._with_id(self._operations.commands.cancel_invocation)

    def signal(self, key: SendsSignal[S], message: S) -> DurableFuture[None]:
        """Send it a signal, for its `ctx.signal(key)`.

        Args:
            key: the signal.
            message: what it carries, of the key's type.

        Raises:
            TypeError: the message is not of the key's type.
        """
        if not isinstance(key, SignalKey):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_key("signal", key, SignalKey)
        data = write(message, key.type, self._encoding)
        # Here, for it may not be sent before the invocation's id is known.
        self._operations.journal.check_size("send signal", len(data) + len(key.name))
        return self._signal(key.name, data)

    def reject_signal(
        self, key: SignalKey[Any], reason: str, *, code: int = 500
    ) -> DurableFuture[None]:
        """Fail its `ctx.signal(key)` with a `TerminalError` with this code, 400 to 599."""
        if not isinstance(key, SignalKey):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_key("reject_signal", key, SignalKey)
        check_string("reject_signal", "reason", reason)
        return self._signal(key.name, Failure(checked_code("reject_signal", code), reason))

    def _signal(self, name: str, result: bytes | Failure) -> DurableFuture[None]:
        name.encode()  # what cannot be sent is refused here, and not when the id is there
        commands = self._operations.commands
        return self._with_id(lambda id_: commands.send_signal(id_, name, result))

    def _with_id(self, issue: Callable[[str], DurableFuture[S] | None]) -> DurableFuture[S]:
        return self._operations.begin(lambda: Deferred(self._invocation_id, issue))


class CallFuture(Leaf[R]):
    """The response of a call; awaiting it raises `TerminalError` where the call failed."""

    __slots__ = ("_codec", "_encoding", "_handle", "_id_notification")

    def __init__(
        self,
        operations: Operations,
        codec: Codec[R],
        encoding: Encoding,
        target: Target,
    ) -> None:
        super().__init__(operations, reader(codec, encoding, "the response of", target))
        self._id_notification = 0
        self._codec = codec
        self._encoding = encoding
        self._handle: InvocationHandle[R] | None = None

    def expect_ids(self, ids: tuple[int, int]) -> None:
        """The call is issued: its invocation id and its response have these notifications."""
        self._id_notification, self.notification = ids
        self.operations.expect(ids[1], self)

    @property
    def handle(self) -> InvocationHandle[R]:
        """The invocation that the call started."""
        if self._handle is None:
            self.operations.check_caller()
            id_ = Leaf(self.operations, read_invocation_id, self._id_notification)
            self._handle = InvocationHandle(id_, self._codec, self._encoding)
        return self._handle

    def invocation_id(self) -> DurableFuture[str]:
        """The id of the invocation that the call started."""
        return self.handle.invocation_id()

    def cancel(self) -> DurableFuture[None]:
        """Cancel the invocation that the call started."""
        return self.handle.cancel()

    def signal(self, key: SendsSignal[S], message: S) -> DurableFuture[None]:
        """Send a signal to the invocation that the call started."""
        return self.handle.signal(key, message)


def known_id(operations: Operations, invocation_id: str) -> Leaf[str]:
    """An invocation id that is known from the start, as a future."""
    result = Result(ResultKind.INVOCATION_ID, invocation_id)
    return Leaf(operations, read_invocation_id, result)


def start_call(
    operations: Operations,
    target: Target,
    parameter: bytes,
    response: Codec[R],
    encoding: Encoding,
    options: CallOptions,
) -> CallFuture[R]:
    """Call a handler; `response` is read in `encoding`."""
    idempotency_key, headers, limit_key = _checked(target, options)
    is_cancelled_with_me = options.get("cancel_with_me", True) if options else True
    commands = operations.commands
    # Made first: what follows on the command needs no more room on the stack than the command did.
    future = CallFuture(operations, response, encoding, target)

    def call() -> CallFuture[R]:
        ids = commands.call(target, parameter, headers, idempotency_key, limit_key)
        future.expect_ids(ids)
        if not is_cancelled_with_me:
            commands.spare(ids[0])
        return future

    return operations.begin(call)


def start_send(
    operations: Operations,
    target: Target,
    parameter: bytes,
    response: Codec[R],
    encoding: Encoding,
    options: SendOptions,
) -> InvocationHandle[R]:
    """Send a one-way message; the handle reads the result in `encoding`."""
    idempotency_key, headers, limit_key = _checked(target, options)
    delay = options.get("delay") if options else None
    if delay is not None and not isinstance(delay, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
        raise wrong_type(target, "delay", delay, DURATION)
    invoke_time = 0 if delay is None else after(delay)
    commands = operations.commands

    def send() -> InvocationHandle[R]:
        id_ = commands.send(target, parameter, headers, idempotency_key, limit_key, invoke_time)
        return InvocationHandle(Leaf(operations, read_invocation_id, id_), response, encoding)

    return operations.begin(send)


def _checked(target: Target, options: CallOptions | SendOptions) -> _Options:
    """Check the target and the options that a call and a message have.

    Restate would refuse what is empty, and the invocation would be retried for ever.
    """
    if target.key == "":
        raise ValueError(f"{target}: the key must not be empty")
    if target.scope == "":
        raise ValueError(f"{target}: scope and limit key must not be empty")
    if not options:
        return _NO_OPTIONS
    idempotency_key = options.get("idempotency_key")
    if idempotency_key is not None:
        check_string(target, "idempotency_key", idempotency_key)
        if not idempotency_key:
            raise ValueError(f"{target}: the idempotency key must not be empty")
    headers = options.get("headers")
    if headers:
        check_headers(target, headers)
    limit_key = options.get("limit_key")
    if limit_key is not None:
        check_string(target, "limit_key", limit_key)
        if not limit_key:
            raise ValueError(f"{target}: scope and limit key must not be empty")
        if target.scope is None:
            raise ValueError(f"{target}: a limit key needs a scope")
    return idempotency_key, headers.items() if headers else (), limit_key
