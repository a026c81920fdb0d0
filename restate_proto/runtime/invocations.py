"""Other invocations: what a handler can do with those that it has started or knows by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from typing_extensions import override

from restate_proto.model.arguments import check_string, wrong_key
from restate_proto.model.keys import SignalKey
from restate_proto.model.scope import check_scope
from restate_proto.protocol import Failure, InvocationTarget, Result, ResultKind, check_size
from restate_proto.runtime.deferred import Deferred
from restate_proto.runtime.failures import DEFAULT_CODE, rejection
from restate_proto.runtime.futures import DurableFuture, Leaf
from restate_proto.runtime.values import (
    optional_reader,
    read_invocation_id,
    read_value,
    reader,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto.errors import TerminalError
    from restate_proto.model.codec import Codec
    from restate_proto.model.keys import SendsSignal
    from restate_proto.model.kinds import Encoding
    from restate_proto.model.target import Target
    from restate_proto.runtime.operations import Operations

__all__ = [
    "CallFuture",
    "InvocationHandle",
    "InvocationRef",
    "check_key_and_scope",
    "empty_idempotency_key",
    "idempotent_invocation",
    "known_id",
    "workflow_run",
]

R = TypeVar("R")
S = TypeVar("S")


class InvocationRef(Generic[R]):
    """Another invocation, known by an idempotency key or a workflow's id; its result can be read.

    Whether it exists shows only when its result is asked for. `name` is the name that Restate shows
    for the journal entry.
    """

    __slots__ = ("_codec", "_encoding", "_operations")

    def __init__(self, operations: Operations, codec: Codec[R], encoding: Encoding) -> None:
        self._operations = operations
        self._codec = codec
        self._encoding = encoding

    def attach(self, *, name: str = "") -> DurableFuture[R]:
        """Wait for its result.

        Awaiting it raises `TerminalError` if that invocation failed, and with code 404 if it does
        not exist.
        """
        operations, commands = self._operations, self._operations.commands
        read = reader(self._codec, self._encoding, "the result")
        check_string("attach", "name", name)
        return self._about(lambda target: Leaf(operations, read, commands.attach(target, name)))

    def output(self, *, name: str = "") -> DurableFuture[R | None]:
        """Return its result if it has one by now, else None.

        Awaiting it raises `TerminalError` if that invocation failed, and with code 404 if it does
        not exist.
        """
        operations, commands = self._operations, self._operations.commands
        read = optional_reader(self._codec, self._encoding, "the result")
        check_string("output", "name", name)
        return self._about(lambda target: Leaf(operations, read, commands.get_output(target, name)))

    def _about(self, issue: Callable[[InvocationTarget], DurableFuture[S]]) -> DurableFuture[S]:
        """Begin an operation on the invocation."""
        raise NotImplementedError


class TargetedInvocation(InvocationRef[R]):
    """An invocation that is known by an idempotency key or a workflow's id.

    Args:
        operations: the operations of the attempt that refers to it.
        target: the handler, with the key or workflow id.
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
    """Another invocation, which a one-way message started or whose id is known.

    Its operations start when they are called; await them only if you need their results.
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
            message: its value, of the key's type.
            name: the name that Restate shows for the entry in this handler's journal.

        Raises:
            TypeError: the message is not of the key's type.
        """
        if not isinstance(key, SignalKey):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_key("signal", key, SignalKey)
        data = write(message, key.type, self._encoding)
        # Checked here, because the signal may be sent later, when the invocation's id is known.
        size = len(data) + len(key.name)
        check_size("send signal", size, self._operations.journal.max_outbound)
        return self._signal("signal", key.name, data, name)

    def reject_signal(
        self,
        key: SignalKey[Any],
        reason: str | TerminalError,
        *,
        code: int = DEFAULT_CODE,
        name: str = "",
    ) -> DurableFuture[None]:
        """Fail its `ctx.signal(key)` with a `TerminalError`.

        Args:
            key: the signal.
            reason: the text of the error; or the error itself, which may be a typed error of the
                contract.
            code: the HTTP status code for a text, 400 to 599.
            name: the name that Restate shows for the entry in this handler's journal.

        Raises:
            TypeError: an argument is of a wrong type, or a code is given beside an error.
            ValueError: the code is not 400 to 599.
        """
        if not isinstance(key, SignalKey):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_key("reject_signal", key, SignalKey)
        failure = rejection("reject_signal", reason, code)
        return self._signal("reject_signal", key.name, failure, name)

    def _signal(
        self, where: str, signal: str, result: bytes | Failure, name: str
    ) -> DurableFuture[None]:
        check_string(where, "name", name)
        commands = self._operations.commands
        return self._with_id(lambda id_: commands.send_signal(id_, signal, result, name))

    @override
    def _about(self, issue: Callable[[InvocationTarget], DurableFuture[S]]) -> DurableFuture[S]:
        return self._with_id(lambda id_: issue(InvocationTarget(id_)))

    def _with_id(self, issue: Callable[[str], DurableFuture[S] | None]) -> DurableFuture[S]:
        return self._operations.begin(lambda: Deferred(self._invocation_id, issue))


class CallFuture(Leaf[R]):
    """The response of a call; awaiting it raises `TerminalError` if the call failed."""

    __slots__ = ("_codec", "_encoding", "_handle", "_id_notification", "_target")

    def __init__(
        self,
        operations: Operations,
        codec: Codec[R],
        encoding: Encoding,
        target: Target,
    ) -> None:
        super().__init__(operations, None)
        self._target = target
        self._id_notification = 0
        self._codec = codec
        self._encoding = encoding
        self._handle: InvocationHandle[R] | None = None

    def expect_ids(self, ids: tuple[int, int]) -> None:
        """Expect the notifications of the issued call: its invocation id and its response."""
        self._id_notification, self.notification = ids
        self.operations.expect(ids[1], self)

    @override
    def _value(self, result: Result) -> R:
        return read_value(self._codec, self._encoding, "the response of", self._target, result)

    @property
    def handle(self) -> InvocationHandle[R]:
        """The invocation that the call started."""
        if self._handle is None:
            self.operations.check_caller()
            id_ = Leaf(self.operations, read_invocation_id, self._id_notification)
            self._handle = InvocationHandle(id_, self._codec, self._encoding)
        return self._handle

    def invocation_id(self) -> DurableFuture[str]:
        """Return the id of the invocation that the call started."""
        return self.handle.invocation_id()

    def cancel(self, *, name: str = "") -> DurableFuture[None]:
        """Cancel the invocation that the call started."""
        return self.handle.cancel(name=name)

    def signal(self, key: SendsSignal[S], message: S, *, name: str = "") -> DurableFuture[None]:
        """Send a signal to the invocation that the call started."""
        return self.handle.signal(key, message, name=name)

    def reject_signal(
        self,
        key: SignalKey[Any],
        reason: str | TerminalError,
        *,
        code: int = DEFAULT_CODE,
        name: str = "",
    ) -> DurableFuture[None]:
        """Fail a signal of the invocation that the call started."""
        return self.handle.reject_signal(key, reason, code=code, name=name)


def known_id(operations: Operations, invocation_id: str) -> Leaf[str]:
    """Return an invocation id that is known from the start, as a future."""
    result = Result(ResultKind.INVOCATION_ID, invocation_id)
    return Leaf(operations, read_invocation_id, result)


def idempotent_invocation(
    operations: Operations,
    target: Target,
    idempotency_key: str,
    codec: Codec[R],
    encoding: Encoding,
) -> InvocationRef[R]:
    """Return the invocation that a handler was called for with an idempotency key."""
    check_key_and_scope(target)
    check_string(target, "idempotency_key", idempotency_key)
    if not idempotency_key:
        raise empty_idempotency_key(target)
    by_key = InvocationTarget(target=target, idempotency_key=idempotency_key)
    return TargetedInvocation(operations, by_key, codec, encoding)


def workflow_run(
    operations: Operations, target: Target, codec: Codec[R], encoding: Encoding
) -> InvocationRef[R]:
    """Return the run of a workflow.

    Args:
        operations: the operations of the attempt that refers to it.
        target: the workflow, with its id; its handler name is ignored.
        codec: the codec of the run handler's response.
        encoding: the encoding of the workflow's contract.
    """
    check_key_and_scope(target)
    return TargetedInvocation(operations, InvocationTarget(target=target), codec, encoding)


def check_key_and_scope(target: Target) -> None:
    """Refuse a target with an empty key, or with a scope that Restate would refuse.

    Raises:
        ValueError: the key or the scope is not valid.
    """
    if target.key == "":
        raise ValueError(f"{target}: the key must not be empty")
    if target.scope is not None:
        check_scope(target, target.scope)


def empty_idempotency_key(target: Target) -> ValueError:
    """Return the error for an empty idempotency key, which Restate would refuse."""
    return ValueError(f"{target}: the idempotency key must not be empty")
