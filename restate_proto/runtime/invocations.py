"""Other invocations: calls and one-way messages, and what can be done with what they start."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from typing_extensions import override

from restate_proto.errors import checked_code
from restate_proto.model.arguments import (
    DURATION,
    check_headers,
    check_string,
    wrong_key,
    wrong_type,
)
from restate_proto.model.keys import SignalKey
from restate_proto.model.scope import check_scope
from restate_proto.protocol import Failure, InvocationTarget, Result, ResultKind
from restate_proto.runtime.deferred import Deferred
from restate_proto.runtime.futures import DurableFuture, Leaf
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

__all__ = [
    "CallFuture",
    "InvocationHandle",
    "InvocationRef",
    "idempotent_invocation",
    "known_id",
    "start_call",
    "start_send",
    "workflow_run",
]

R = TypeVar("R")
S = TypeVar("S")

_Options: TypeAlias = "tuple[Iterable[tuple[str, str]], str | None, str | None, str]"
"""Headers, idempotency key, limit key and name."""

_NO_OPTIONS: _Options = ((), None, None, "")


class InvocationRef(Generic[R]):
    """Another invocation, by an idempotency key or a workflow's id: its result can be had.

    Whether there is such an invocation shows when its result is asked for. `name` is what Restate
    shows for the entry of the journal.
    """

    __slots__ = ("_codec", "_encoding", "_operations")

    def __init__(self, operations: Operations, codec: Codec[R], encoding: Encoding) -> None:
        self._operations = operations
        self._codec = codec
        self._encoding = encoding

    def attach(self, *, name: str = "") -> DurableFuture[R]:
        """Wait for its result.

        Awaiting it raises `TerminalError` where that invocation failed, with code 404 where there
        is none.
        """
        operations, commands = self._operations, self._operations.commands
        read = reader(self._codec, self._encoding, "the result")
        check_string("attach", "name", name)
        return self._about(lambda target: Leaf(operations, read, commands.attach(target, name)))

    def output(self, *, name: str = "") -> DurableFuture[R | None]:
        """Its result if it has one by now, else None.

        Awaiting it raises `TerminalError` where that invocation failed, with code 404 where there
        is none.
        """
        operations, commands = self._operations, self._operations.commands
        read = optional_reader(self._codec, self._encoding, "the result")
        check_string("output", "name", name)
        return self._about(lambda target: Leaf(operations, read, commands.get_output(target, name)))

    def _about(self, issue: Callable[[InvocationTarget], DurableFuture[S]]) -> DurableFuture[S]:
        """Begin an operation on the invocation."""
        raise NotImplementedError


class TargetedInvocation(InvocationRef[R]):
    """An invocation by an idempotency key or a workflow's id.

    Args:
        operations: the operations of the attempt that refers to it.
        target: what it is known by.
        codec: the codec of its result.
        encoding: the encoding of its contract.
    """

    __slots__ = ("_target",)

    def __init__(
        self,
        operations: Operations,
        target: InvocationTarget,
        codec: Codec[R],
        encoding: Encoding,
    ) -> None:
        super().__init__(operations, codec, encoding)
        self._target = target

    @override
    def _about(self, issue: Callable[[InvocationTarget], DurableFuture[S]]) -> DurableFuture[S]:
        return self._operations.begin(lambda: issue(self._target))


class InvocationHandle(InvocationRef[R]):
    """Another invocation: what a one-way message started, or one whose id is known.

    Its operations start when they are called; awaiting them is only needed for their results.
    """

    __slots__ = ("_invocation_id",)

    def __init__(self, invocation_id: Leaf[str], codec: Codec[R], encoding: Encoding) -> None:
        self._operations = invocation_id.operations
        self._codec = codec
        self._encoding = encoding
        self._invocation_id = invocation_id

    def invocation_id(self) -> DurableFuture[str]:
        """Its id, `inv_...`, as the admin API and the CLI take it."""
        return self._invocation_id

    def cancel(self, *, name: str = "") -> DurableFuture[None]:
        """Cancel it: its handler gets a `CancelledError` where it waits."""
        check_string("cancel", "name", name)
        commands = self._operations.commands
        return self._with_id(lambda id_: commands.cancel_invocation(id_, name))

    def signal(self, key: SendsSignal[S], message: S, *, name: str = "") -> DurableFuture[None]:
        """Send it a signal, for its `ctx.signal(key)`.

        Args:
            key: the signal.
            message: what it carries, of the key's type.
            name: what Restate shows for the entry of this handler's journal.

        Raises:
            TypeError: the message is not of the key's type.
        """
        if not isinstance(key, SignalKey):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_key("signal", key, SignalKey)
        data = write(message, key.type, self._encoding)
        # Here, for it may not be sent before the invocation's id is known.
        self._operations.journal.check_size("send signal", len(data) + len(key.name))
        return self._signal("signal", key.name, data, name)

    def reject_signal(
        self, key: SignalKey[Any], reason: str, *, code: int = 500, name: str = ""
    ) -> DurableFuture[None]:
        """Fail its `ctx.signal(key)` with a `TerminalError` with this code, 400 to 599."""
        if not isinstance(key, SignalKey):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_key("reject_signal", key, SignalKey)
        check_string("reject_signal", "reason", reason)
        failure = Failure(checked_code("reject_signal", code), reason)
        return self._signal("reject_signal", key.name, failure, name)

    def _signal(
        self, where: str, signal: str, result: bytes | Failure, name: str
    ) -> DurableFuture[None]:
        check_string(where, "name", name)
        signal.encode()  # what cannot be sent is refused here, and not when the id is there
        commands = self._operations.commands
        return self._with_id(lambda id_: commands.send_signal(id_, signal, result, name))

    @override
    def _about(self, issue: Callable[[InvocationTarget], DurableFuture[S]]) -> DurableFuture[S]:
        return self._with_id(lambda id_: issue(InvocationTarget(id_)))

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

    def cancel(self, *, name: str = "") -> DurableFuture[None]:
        """Cancel the invocation that the call started."""
        return self.handle.cancel(name=name)

    def signal(self, key: SendsSignal[S], message: S, *, name: str = "") -> DurableFuture[None]:
        """Send a signal to the invocation that the call started."""
        return self.handle.signal(key, message, name=name)

    def reject_signal(
        self, key: SignalKey[Any], reason: str, *, code: int = 500, name: str = ""
    ) -> DurableFuture[None]:
        """Fail a signal of the invocation that the call started."""
        return self.handle.reject_signal(key, reason, code=code, name=name)


def known_id(operations: Operations, invocation_id: str) -> Leaf[str]:
    """An invocation id that is known from the start, as a future."""
    result = Result(ResultKind.INVOCATION_ID, invocation_id)
    return Leaf(operations, read_invocation_id, result)


def idempotent_invocation(
    operations: Operations,
    target: Target,
    idempotency_key: str,
    codec: Codec[R],
    encoding: Encoding,
) -> InvocationRef[R]:
    """What a handler was called for with an idempotency key."""
    _check_key_and_scope(target)
    check_string(target, "idempotency_key", idempotency_key)
    if not idempotency_key:
        raise _empty_idempotency_key(target)
    by_key = InvocationTarget(target=target, idempotency_key=idempotency_key)
    return TargetedInvocation(operations, by_key, codec, encoding)


def workflow_run(
    operations: Operations, target: Target, codec: Codec[R], encoding: Encoding
) -> InvocationRef[R]:
    """The run of a workflow.

    Args:
        operations: the operations of the attempt that refers to it.
        target: the workflow, with its id; of the handler's name nothing is made.
        codec: the codec of the run handler's response.
        encoding: the encoding of the workflow's contract.
    """
    _check_key_and_scope(target)
    return TargetedInvocation(operations, InvocationTarget(target=target), codec, encoding)


def start_call(
    operations: Operations,
    target: Target,
    parameter: bytes,
    response: Codec[R],
    encoding: Encoding,
    options: CallOptions,
) -> CallFuture[R]:
    """Call a handler; `response` is read in `encoding`."""
    headers, idempotency_key, limit_key, name = _checked(target, options)
    if operations.interception is not None:
        headers = operations.interception.call(target, headers, is_message=False)
    is_cancelled_with_me = options.get("cancel_with_me", True) if options else True
    commands = operations.commands
    # Made first: what follows on the command needs no more room on the stack than the command did.
    future = CallFuture(operations, response, encoding, target)

    def call() -> CallFuture[R]:
        ids = commands.call(target, parameter, headers, idempotency_key, limit_key, name)
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
    headers, idempotency_key, limit_key, name = _checked(target, options)
    if operations.interception is not None:
        headers = operations.interception.call(target, headers, is_message=True)
    delay = options.get("delay") if options else None
    if delay is not None and not isinstance(delay, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
        raise wrong_type(target, "delay", delay, DURATION)
    # No timer for what is due: calls that are made after it would overtake it.
    invoke_time = 0 if delay is None or delay <= timedelta(0) else after(delay)
    commands = operations.commands

    def send() -> InvocationHandle[R]:
        id_ = commands.send(
            target, parameter, headers, idempotency_key, limit_key, invoke_time, name
        )
        return InvocationHandle(Leaf(operations, read_invocation_id, id_), response, encoding)

    return operations.begin(send)


def _checked(target: Target, options: CallOptions | SendOptions) -> _Options:
    """Check the target and the options that a call and a message have.

    Restate would refuse what is empty, and the invocation would be retried for ever.
    """
    if target.key == "" or target.scope is not None:
        _check_key_and_scope(target)
    if not options:
        return _NO_OPTIONS
    idempotency_key = options.get("idempotency_key")
    if idempotency_key is not None:
        check_string(target, "idempotency_key", idempotency_key)
        if not idempotency_key:
            raise _empty_idempotency_key(target)
    headers = options.get("headers")
    if headers:
        check_headers(target, headers)
    limit_key = options.get("limit_key")
    if limit_key is not None:
        check_string(target, "limit_key", limit_key)
        check_scope(target, target.scope, limit_key)
    name = options.get("name") or ""
    if name:
        check_string(target, "name", name)
    return headers.items() if headers else (), idempotency_key, limit_key, name


def _check_key_and_scope(target: Target) -> None:
    if target.key == "":
        raise ValueError(f"{target}: the key must not be empty")
    if target.scope is not None:
        check_scope(target, target.scope)


def _empty_idempotency_key(target: Target) -> ValueError:
    return ValueError(f"{target}: the idempotency key must not be empty")
