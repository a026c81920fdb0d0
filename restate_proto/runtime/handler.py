"""A handler that is ready to be invoked: all that is the same for every invocation."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, NamedTuple

from restate_proto.codec.payload import decode, named_encoding, read
from restate_proto.codec.raw import RawCodec
from restate_proto.errors import TerminalError
from restate_proto.model.codec import CodecError
from restate_proto.model.kinds import Encoding
from restate_proto.model.payload_codec import MARK
from restate_proto.model.retry import OnJournalMismatch
from restate_proto.protocol import DEFAULT_MAX_OUTBOUND, MAX_LENGTH, ErrorBehavior
from restate_proto.runtime.interception import intercepted
from restate_proto.runtime.keyed_contexts import context_class

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from restate_proto.model.hooks import Hooks
    from restate_proto.model.key_format import FixedKey, KeyFormat
    from restate_proto.model.payload_codec import PayloadCodecs
    from restate_proto.model.service import HandlerDescriptor
    from restate_proto.protocol import Input, StateMachine
    from restate_proto.protocol.journal import Journal

__all__ = ["BoundHandler", "LastFailure"]

_SAY_NOTHING = (None, "*/*")
"""The content types of who leaves it to `accept` what an empty request is answered in."""


class LastFailure(NamedTuple):
    """The failure of an attempt after which there is no other.

    Args:
        handler: the handler, as `shop.v1.Cart/AddTicket`.
        invocation_id: the invocation's id.
        code: what Restate is told, and the callers with it: the code of the failure.
        message: likewise, its text.
        error: the exception; None where the runtime itself has found the failure.
    """

    handler: str
    invocation_id: str
    code: int
    message: str
    error: BaseException | None


class BoundHandler:
    """A handler of a service's implementation.

    Args:
        descriptor: the handler in the contract.
        method: the implementation's bound method.
        max_message: the longest message of the service protocol that is taken, in bytes.
        max_outbound: the `message-size-limit` of the server, in bytes.
        key: what its key or id is; None for any string.
        on_journal_mismatch: what becomes of an invocation whose code does not fit its journal.
        payload_codecs: what its payloads pass through; None where they are stored as they are.

    Attributes:
        name: the handler, as `shop.v1.Cart/AddTicket`.
        context_class: the class of the contexts that it gets, by its kind.
        explicit_cancellation: whether it asks if its invocation is cancelled.
        hooks: the interceptors of its endpoint; None where there are none.
        is_raw: whether its request is bytes, in which there is no encoding to look for.
        on_mismatch: what Restate is told where the code does not fit the journal.
        report_failure: what is told of failed attempts, none of which is retried then; None where
            Restate retries them.
    """

    __slots__ = (
        "context_class",
        "encoding",
        "explicit_cancellation",
        "hooks",
        "is_raw",
        "key",
        "max_message",
        "max_outbound",
        "method",
        "name",
        "on_mismatch",
        "payload_codecs",
        "report_failure",
        "request",
        "response",
    )

    def __init__(
        self,
        descriptor: HandlerDescriptor[Any, Any],
        method: Callable[[Any, Any], Coroutine[Any, Any, Any]],
        max_message: int = MAX_LENGTH,
        max_outbound: int = DEFAULT_MAX_OUTBOUND,
        on_journal_mismatch: OnJournalMismatch = OnJournalMismatch.RETRY,
        *,
        key: KeyFormat[Any] | FixedKey | None = None,
        payload_codecs: PayloadCodecs | None = None,
    ) -> None:
        self.method = method
        self.key = key
        self.payload_codecs = payload_codecs
        self.context_class = context_class(descriptor)
        self.max_message = max_message
        self.max_outbound = max_outbound
        self.name = f"{descriptor.service}/{descriptor.name}"
        self.request = descriptor.request
        self.is_raw = isinstance(descriptor.request, RawCodec)
        self.response = descriptor.response
        self.encoding = descriptor.encoding
        self.explicit_cancellation = descriptor.explicit_cancellation
        self.on_mismatch = ErrorBehavior[on_journal_mismatch.value]
        self.hooks: Hooks | None = None
        self.report_failure: Callable[[LastFailure], None] | None = None

    def without_retries(self, report_failure: Callable[[LastFailure], None]) -> BoundHandler:
        """The handler, with nothing in what it tells Restate that asks for another attempt."""
        handler = copy(self)
        handler.report_failure = report_failure
        handler.on_mismatch = ErrorBehavior.RETRY  # which is not made; a pause would be waited for
        return handler

    def limited(self, max_message: int, max_outbound: int) -> BoundHandler:
        """The handler with other limits.

        Args:
            max_message: the longest message of the service protocol that is taken, in bytes.
            max_outbound: the `message-size-limit` of the server, in bytes.
        """
        handler = copy(self)
        handler.max_message = max_message
        handler.max_outbound = max_outbound
        return handler

    def intercepted(self, hooks: Hooks) -> BoundHandler:
        """The handler, with hooks; for an `InterceptedAttempt`."""
        handler = copy(self)
        handler.hooks = hooks
        if hooks.handler:
            handler.method = intercepted(self.method)
        return handler

    def describe(self, journal: Journal) -> str:
        """The handler and the invocation, for the log."""
        return f"{self.name}, invocation {journal.start.debug_id or '(unknown)'}"

    def read_request(self, input_: Input, machine: StateMachine) -> tuple[Any, Encoding]:
        """The request of an invocation, and the encoding to answer in: the one it came in.

        Args:
            input_: the invocation's input.
            machine: the state machine that has just given it.

        Raises:
            TerminalError: the payload is no such message, or the contract has no such key; code 400.
            CodecError: the same of an invocation that has begun. Code that could read the request
                has worked on it, so it is retried until such code is deployed again. So is one whose
                payload a codec has encoded that the endpoint does not have.
            ValueError: likewise where it is the key.
        """
        if self.key is not None:
            self._check_key(self.key, machine)
        payload = input_.payload
        content_type = accept = None
        is_raw = self.is_raw
        for key, value in input_.headers:
            name = key.lower()  # HTTP's are, but a handler of any SDK may set them
            if name == "content-type":
                content_type = value
            elif name == "accept":
                accept = value
        encoding = None if content_type is None or is_raw else named_encoding(content_type)
        try:
            if encoding is not None:
                return decode(self.request, payload, encoding), encoding
            if is_raw or (not payload and content_type in _SAY_NOTHING):
                # Nothing to see in the payload: what is asked for counts.
                if accept is not None and "json" in accept:
                    return decode(self.request, payload, Encoding.JSON), Encoding.JSON
                return decode(self.request, payload, self.encoding), self.encoding
            return read(self.request, payload, self.encoding)
        except CodecError as error:
            if payload.startswith(MARK):  # which no codec has taken off
                raise CodecError(
                    f"{self.name}: the request was encoded by a payload codec: give the endpoint "
                    f"the one of its caller, Endpoint(payload_codec=...): {error}"
                ) from error
            if machine.has_begun:
                raise CodecError(
                    f"{self.name}: the request of an invocation that has begun cannot be read any "
                    f"more; deploy code that reads it: {error}"
                ) from error
            raise TerminalError(f"{self.name}: bad request: {error}", code=400) from error

    def _check_key(self, key: KeyFormat[Any] | FixedKey, machine: StateMachine) -> None:
        """Refuse a key that the contract does not have; as `read_request` does."""
        try:
            key.check(machine.journal.start.key)
        except ValueError as error:
            if machine.has_begun:
                raise ValueError(
                    f"{self.name}: the key of an invocation that has begun is none any more; deploy "
                    f"code that takes it: {error}"
                ) from error
            raise TerminalError(f"{self.name}: bad key: {error}", code=400) from error
