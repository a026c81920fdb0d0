"""Futures that somebody else completes: awakeables, signals and durable promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from typing_extensions import override

from restate_proto.codec.registry import codec_for
from restate_proto.model.arguments import check_string
from restate_proto.model.codec import CodecError
from restate_proto.protocol import Failure, Result, ResultKind
from restate_proto.runtime.failures import DEFAULT_CODE, rejection
from restate_proto.runtime.futures import DurableFuture, Leaf
from restate_proto.runtime.values import optional_reader, read_nothing, reader, write

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from restate_proto.errors import TerminalError
    from restate_proto.model.keys import PromiseKey
    from restate_proto.model.kinds import Encoding
    from restate_proto.protocol import NotificationId
    from restate_proto.runtime.operations import Operations

__all__ = ["Awakeable", "DurablePromise", "ExternalValue"]

R = TypeVar("R")


class ExternalValue(Leaf[R]):
    """A value from outside: the result of an awakeable, a signal or a promise.

    A value that cannot be read is a failure of the operation, as if it had been rejected: another
    value will never come. `read` raises `CodecError` for it.

    Restate counts such a value as a success, and the await tree (v7) does not say that it may turn
    out a failure: if it did, Restate would resume a `gather` of awakeables for each of them.
    """

    __slots__ = ()

    @override
    def settle(self, result: Result) -> None:
        if result.kind is ResultKind.VALUE:
            try:
                self._read(result)
            except CodecError as error:
                result = Result(ResultKind.FAILURE, Failure(400, f"bad value: {error}"))
        super().settle(result)


class Awakeable(ExternalValue[R]):
    """A future that somebody else completes by its `id`; if they reject it, awaiting it raises.

    Attributes:
        id: the id to hand out; `ctx.resolve_awakeable` and the ingress take it.
    """

    __slots__ = ("id",)

    def __init__(
        self,
        operations: Operations,
        read: Callable[[Result], R],
        id: str,  # noqa: A002 - as users see it
        notification: NotificationId,
    ) -> None:
        self.id = id
        super().__init__(operations, read, notification)


class DurablePromise(ExternalValue[R]):
    """A promise of this workflow: one value, shared by all handlers of this workflow id.

    It is the future of that value: awaiting it raises `TerminalError` if the promise was rejected.
    Its command is written once, when the object is first awaited or combined.
    """

    __slots__ = ("_encoding", "_key", "_name")

    def __init__(
        self, operations: Operations, key: PromiseKey[R], encoding: Encoding, name: str = ""
    ) -> None:
        super().__init__(operations, reader(codec_for(key.type), encoding, "promise", key.name))
        self._key = key
        self._encoding = encoding
        self._name = name

    @override
    def __await__(self) -> Generator[Any, None, R]:
        self.use()
        return super().__await__()

    @override
    def use(self) -> None:
        super().use()
        if self.notification is None:
            self.operations.begin(self._get)

    def _get(self) -> None:
        operations = self.operations
        notification = operations.commands.get_promise(self._key.name, self._name)
        operations.expect(notification, self)
        self.notification = notification

    def peek(self, *, name: str = "") -> DurableFuture[R | None]:
        """Return its value, or None if it has none yet.

        Awaiting the result raises `TerminalError` if the promise was rejected.

        Args:
            name: the name that Restate shows for the entry, beside the key.
        """
        check_string("peek", "name", name)
        operations, key = self.operations, self._key
        read = optional_reader(codec_for(key.type), self._encoding, "promise", key.name)
        commands = operations.commands
        return operations.begin(
            lambda: ExternalValue(operations, read, commands.peek_promise(key.name, name))
        )

    def resolve(self, message: R, *, name: str = "") -> DurableFuture[None]:
        """Complete it with a value.

        Awaiting the result raises `TerminalError` if the promise was already completed.

        Args:
            message: the value, of the promise's type.
            name: the name that Restate shows for the entry, beside the key.

        Raises:
            TypeError: the message is not of the promise's type.
        """
        check_string("resolve", "name", name)
        return self._complete(write(message, self._key.type, self._encoding), name)

    def reject(
        self, reason: str | TerminalError, *, code: int = DEFAULT_CODE, name: str = ""
    ) -> DurableFuture[None]:
        """Fail it.

        Awaiting the result raises `TerminalError` if the promise was already completed.

        Args:
            reason: the text of the `TerminalError` for those who await the promise; or the error
                itself, which may be a typed error of the contract.
            code: the HTTP status code for a text, 400 to 599.
            name: the name that Restate shows for the entry, beside the key.

        Raises:
            TypeError: an argument is of a wrong type, or a code is given beside an error.
            ValueError: the code is not 400 to 599.
        """
        check_string("reject", "name", name)
        return self._complete(rejection("reject", reason, code), name)

    def _complete(self, completion: bytes | Failure, name: str) -> DurableFuture[None]:
        operations, key = self.operations, self._key.name
        commands = operations.commands
        return operations.begin(
            lambda: Leaf(operations, read_nothing, commands.complete_promise(key, completion, name))
        )
