"""Calls and messages to other invocations, and what can be done with those."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from restate_proto.errors import checked_code
from restate_proto.model.arguments import check_string, wrong_type
from restate_proto.model.keys import SignalKey
from restate_proto.protocol import Failure, InvocationTarget, Result, ResultKind
from restate_proto.runtime.futures import Deferred, DurableFuture, FromOutside, Leaf
from restate_proto.runtime.values import (
    optional_reader,
    read_invocation_id,
    read_nothing,
    reader,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from restate_proto.model.codec import Codec
    from restate_proto.model.keys import SendsSignal
    from restate_proto.model.kinds import Encoding
    from restate_proto.model.target import Target
    from restate_proto.runtime.attempt import Attempt

__all__ = [
    "Awakeable",
    "CallFuture",
    "DurablePromise",
    "InvocationHandle",
    "known_id",
    "wrong_signal_key",
]

R = TypeVar("R")
S = TypeVar("S")


class InvocationHandle(Generic[R]):
    """Another invocation: what a one-way message started, or one whose id is known.

    Its operations start when they are called; awaiting them is only needed for their results.
    """

    __slots__ = ("_attempt", "_codec", "_encoding", "_invocation_id")

    def __init__(
        self,
        attempt: Attempt,
        invocation_id: DurableFuture[str],
        codec: Codec[R],
        encoding: Encoding,
    ) -> None:
        self._attempt = attempt
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
        attempt, read = self._attempt, reader(self._codec, self._encoding, "the result")
        return self._with_id(
            lambda id_: attempt.issue(read, attempt.machine.commands.attach, InvocationTarget(id_))
        )

    def output(self) -> DurableFuture[R | None]:
        """Its result if it has one by now, else None.

        Awaiting it raises `TerminalError` where that invocation failed.
        """
        attempt, read = self._attempt, optional_reader(self._codec, self._encoding, "the result")
        return self._with_id(
            lambda id_: attempt.issue(
                read, attempt.machine.commands.get_output, InvocationTarget(id_)
            )
        )

    def cancel(self) -> DurableFuture[None]:
        """Cancel it: its handler gets a `CancelledError` where it waits."""
        attempt = self._attempt
        return self._with_id(attempt.machine.commands.cancel_invocation)

    def signal(self, key: SendsSignal[S], message: S) -> DurableFuture[None]:
        """Send it a signal, for its `ctx.signal(key)`.

        Args:
            key: the signal.
            message: what it carries, of the key's type.

        Raises:
            TypeError: the message is not of the key's type.
        """
        if not isinstance(key, SignalKey):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_signal_key("signal", key)
        data = write(message, key.type, self._encoding)
        # Here, for it may not be sent before the invocation's id is known.
        self._attempt.machine.journal.check_size("send signal", len(data) + len(key.name))
        return self._signal(key.name, data)

    def reject_signal(
        self, key: SignalKey[Any], reason: str, *, code: int = 500
    ) -> DurableFuture[None]:
        """Fail its `ctx.signal(key)` with a `TerminalError` with this code, 400 to 599."""
        if not isinstance(key, SignalKey):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_signal_key("reject_signal", key)
        check_string("reject_signal", "reason", reason)
        return self._signal(key.name, Failure(checked_code("reject_signal", code), reason))

    def _signal(self, name: str, result: bytes | Failure) -> DurableFuture[None]:
        name.encode()  # what cannot be sent is refused here, and not when the id is there
        commands = self._attempt.machine.commands
        return self._with_id(lambda id_: commands.send_signal(id_, name, result))

    def _with_id(self, issue: Callable[[str], DurableFuture[S] | None]) -> DurableFuture[S]:
        self._attempt.check_caller()
        journal = self._attempt.machine.journal
        index = journal.command_index
        try:  # as `Attempt.issue`
            return Deferred(self._attempt, self._invocation_id, issue)
        except BaseException as error:
            if journal.command_index != index:
                journal.cut_short(error)
            raise


class CallFuture(Leaf[R]):
    """The response of a call; awaiting it raises `TerminalError` where the call failed."""

    __slots__ = ("_codec", "_encoding", "_handle", "_id_notification")

    def __init__(
        self,
        attempt: Attempt,
        ids: tuple[int, int],
        codec: Codec[R],
        encoding: Encoding,
        target: Target,
    ) -> None:
        super().__init__(attempt, ids[1], reader(codec, encoding, "the response of", target))
        self._id_notification = ids[0]
        self._codec = codec
        self._encoding = encoding
        self._handle: InvocationHandle[R] | None = None
        attempt.inbox.expect(ids[1], self)

    @property
    def handle(self) -> InvocationHandle[R]:
        """The invocation that the call started."""
        if self._handle is None:
            self.attempt.check_caller()
            id_ = self.attempt.leaf(self._id_notification, read_invocation_id)
            self._handle = InvocationHandle(self.attempt, id_, self._codec, self._encoding)
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


class Awakeable(FromOutside[R]):
    """A future that somebody else completes by its `id`; awaiting it raises if they reject it.

    Attributes:
        id: what to hand out: for `ctx.resolve_awakeable`, or the ingress.
    """

    __slots__ = ("id",)

    def __init__(self, attempt: Attempt, codec: Codec[R], encoding: Encoding) -> None:
        self.id, notification = attempt.machine.commands.awakeable()
        super().__init__(attempt, notification, reader(codec, encoding, "awakeable", self.id))
        attempt.inbox.expect(notification, self)


def wrong_signal_key(where: str, key: object) -> TypeError:
    """The error for what is no key of a signal."""
    expected = "a SignalKey, such as the one that the generated base has for the contract's"
    return wrong_type(where, "key", key, expected)


def known_id(attempt: Attempt, invocation_id: str) -> DurableFuture[str]:
    """An invocation id that is known from the start, as a future."""
    result = Result(ResultKind.INVOCATION_ID, invocation_id)
    return Leaf(attempt, None, read_invocation_id, result)


class DurablePromise(Generic[R]):
    """A promise of this workflow; one value, for every handler of this workflow id.

    Await it for its value, in one handler or many.
    """

    __slots__ = ("_attempt", "_codec", "_encoding", "_name", "_type")

    def __init__(
        self, attempt: Attempt, name: str, type_: type[R], codec: Codec[R], encoding: Encoding
    ) -> None:
        self._attempt = attempt
        self._name = name
        self._type = type_
        self._codec = codec
        self._encoding = encoding

    def __await__(self) -> Generator[Any, None, R]:
        return self.get().__await__()

    def get(self) -> DurableFuture[R]:
        """Its value, when it has one; for combining with other futures.

        Awaiting it raises `TerminalError` where the promise was rejected.
        """
        attempt = self._attempt
        read = reader(self._codec, self._encoding, "promise", self._name)
        return attempt.issue(read, attempt.commands.get_promise, self._name, future=FromOutside)

    def peek(self) -> DurableFuture[R | None]:
        """Its value, or None where it has none yet.

        Awaiting it raises `TerminalError` where the promise was rejected.
        """
        attempt = self._attempt
        read = optional_reader(self._codec, self._encoding, "promise", self._name)
        return attempt.issue(read, attempt.commands.peek_promise, self._name, future=FromOutside)

    def resolve(self, message: R) -> DurableFuture[None]:
        """Give it its value.

        Awaiting the outcome raises `TerminalError` where it has one already.

        Raises:
            TypeError: the message is not of the promise's type.
        """
        return self._complete(write(message, self._type, self._encoding))

    def reject(self, reason: str, *, code: int = 500) -> DurableFuture[None]:
        """Fail it: who awaits it gets a `TerminalError` with this code, 400 to 599."""
        check_string("reject", "reason", reason)
        return self._complete(Failure(checked_code("reject", code), reason))

    def _complete(self, completion: bytes | Failure) -> DurableFuture[None]:
        attempt = self._attempt
        complete = attempt.commands.complete_promise
        return attempt.issue(read_nothing, complete, self._name, completion)
