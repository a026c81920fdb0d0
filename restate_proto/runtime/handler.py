"""A handler that is ready to be invoked: what all its invocations share."""

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

_PROTOBUF = Encoding.PROTOBUF

_SAY_NOTHING = (None, "*/*")
"""Content types that do not say an encoding; for an empty request, `accept` then decides."""


class LastFailure(NamedTuple):
    """The failure of an attempt that is not followed by another one.

    Args:
        handler: the handler, as `shop.v1.Cart/AddTicket`.
        invocation_id: the invocation's id.
        code: the code of the failure, which Restate and the caller get.
        message: the text of the failure, which Restate and the caller get.
        error: the exception; None if the runtime itself found the failure.
    """

    handler: str
    invocation_id: str
    code: int
    message: str
    error: BaseException | None


class BoundHandler:
    """One handler of a service object, together with its contract and the endpoint's settings.

    Args:
        descriptor: the handler in the contract.
        method: the implementation's bound method.
        max_message: the longest message of the service protocol to accept, in bytes.
        max_outbound: the `message-size-limit` of the server, in bytes.
        key: the format of its key or id; None if any string will do.
        on_journal_mismatch: what happens to an invocation whose journal the code does not fit.
        payload_codecs: the codecs that its payloads pass through; None if they are stored as they
            are.

    Attributes:
        name: the handler, as `shop.v1.Cart/AddTicket`.
        context_class: the class of the context that it gets, which depends on its kind.
        explicit_cancellation: whether the handler itself asks if its invocation is cancelled.
        hooks: the interceptors of its endpoint; None if there are none.
        is_raw: whether its request is raw bytes, which have no encoding.
        on_mismatch: what Restate is told if the code does not fit the journal.
        report_failure: takes the failures of attempts, none of which is then retried; None if
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
        """Return a copy of the handler that never asks Restate for another attempt."""
        handler = copy(self)
        handler.report_failure = report_failure
        # Whoever waits for the invocation would wait through a pause; a retry is not made.
        handler.on_mismatch = ErrorBehavior.RETRY
        return handler

    def limited(self, max_message: int, max_outbound: int) -> BoundHandler:
        """Return a copy of the handler with other limits.

        Args:
            max_message: the longest message of the service protocol to accept, in bytes.
            max_outbound: the `message-size-limit` of the server, in bytes.
        """
        handler = copy(self)
        handler.max_message = max_message
        handler.max_outbound = max_outbound
        return handler

    def intercepted(self, hooks: Hooks) -> BoundHandler:
        """Return a copy of the handler with hooks, for an `InterceptedAttempt`."""
        handler = copy(self)
        handler.hooks = hooks
        if hooks.handler:
            from restate_proto.runtime.interception import intercepted  # noqa: PLC0415 - only with hooks

            handler.method = intercepted(self.method)
        return handler

    def describe(self, journal: Journal) -> str:
        """Return the handler and the invocation, for the log."""
        return f"{self.name}, invocation {journal.start.debug_id or '(unknown)'}"

    def read_request(self, input_: Input, machine: StateMachine) -> tuple[Any, Encoding]:
        """Return the request of an invocation, and its encoding, which the answer has as well.

        Args:
            input_: the invocation's input.
            machine: the state machine that the input came from.

        Raises:
            TerminalError: the payload is not a message of the request's type, or the key does not
                have the contract's format; code 400.
            CodecError: the payload cannot be read, but the invocation has begun, so an earlier
                version of the code could read it: the attempt is retried until code that reads it
                is deployed again. The same applies to a payload that was encoded by a codec which
                the endpoint does not have.
            ValueError: the key of an invocation that has begun no longer has the contract's format.
        """
        if self.key is not None:
            self._check_key(self.key, machine)
        payload = input_.payload
        is_raw = self.is_raw
        content_type = input_.header("content-type")
        encoding = None if content_type is None or is_raw else named_encoding(content_type)
        try:
            if encoding is _PROTOBUF:
                return self.request.from_binary(payload), encoding
            if encoding is not None:
                return decode(self.request, payload, encoding), encoding
            if is_raw or (not payload and content_type in _SAY_NOTHING):
                # An empty payload does not show its encoding: the one asked for counts.
                accept = input_.header("accept")
                if accept is not None and "json" in accept:
                    return decode(self.request, payload, Encoding.JSON), Encoding.JSON
                return decode(self.request, payload, self.encoding), self.encoding
            return read(self.request, payload, self.encoding)
        except CodecError as error:
            if payload.startswith(MARK):  # no codec of this endpoint has removed the mark
                raise CodecError(
                    f"{self.name}: the request was encoded by a payload codec: give the endpoint "
                    f"the one of its caller, Endpoint(payload_codec=...): {error}"
                ) from error
            if machine.has_begun:
                raise CodecError(
                    f"{self.name}: the request of this invocation, which has already begun, can no "
                    f"longer be read; deploy code that reads it: {error}"
                ) from error
            raise TerminalError(f"{self.name}: bad request: {error}", code=400) from error

    def _check_key(self, key: KeyFormat[Any] | FixedKey, machine: StateMachine) -> None:
        """Refuse a key that does not have the contract's format, as `read_request` says."""
        try:
            key.check(machine.journal.start.key)
        except ValueError as error:
            if machine.has_begun:
                raise ValueError(
                    f"{self.name}: the key of this invocation, which has already begun, is no longer "
                    f"valid; deploy code that accepts it: {error}"
                ) from error
            raise TerminalError(f"{self.name}: bad key: {error}", code=400) from error
