"""`HandlerCall`: a call or message as one value, which becomes an HTTP request; no I/O.

The paths are those of Restate 1.7, `/restate/call/...` and `/restate/send/...`, which cannot be
confused with the name of a service.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

from restate_proto.codec.raw import RawCodec
from restate_proto.codec.validation import validate
from restate_proto.ingress.invocation_ref import IdempotentRef, WorkflowRef
from restate_proto.ingress.message_format import MessageFormat
from restate_proto.ingress.requests import (
    HttpRequest,
    Operation,
    checked_headers,
    header_value,
    path_segment,
)
from restate_proto.model.arguments import (
    DURATION,
    check_duration,
    check_headers,
    check_string,
    wrong_type,
)
from restate_proto.model.kinds import HandlerKind
from restate_proto.model.scope import check_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restate_proto.ingress.invocation_ref import InvocationRef
    from restate_proto.model.options import CallOptions, SubmitOptions
    from restate_proto.model.service import HandlerDescriptor
    from restate_proto.model.target import Target

__all__ = ["HandlerCall", "call_of"]

Q = TypeVar("Q")
R = TypeVar("R")

# The server accepts longer ones, but then fails: it cannot write a time after the year 9999.
_LONGEST_DELAY: Final = timedelta(days=1_000_000)


class HandlerCall(NamedTuple, Generic[Q, R]):
    """A message for a handler, with or without waiting for the result.

    Args:
        target: the handler.
        message: the request message.
        request_format: how the message is written.
        response_format: how the response is requested and read.
        options: the caller's options, whose names have been checked.
        runs_once: whether the target is the run handler of a workflow, which runs once for its
            workflow id.
    """

    target: Target
    message: Q
    request_format: MessageFormat[Q]
    response_format: MessageFormat[R]
    options: CallOptions | SubmitOptions
    runs_once: bool = False

    def validate(self) -> None:
        """Refuse a message that breaks the rules of its contract.

        Raises:
            InvalidMessageError: the message breaks a rule.
            RuleError: a rule cannot be evaluated.
        """
        validate(self.request_format.codec, self.message, f"the request of {self.target}")

    def wait_for(self) -> timedelta | None:
        """How long the caller waits for the result; None if the options do not say.

        Raises:
            TypeError: the option is not a timedelta.
            ValueError: it is not positive.
        """
        limit: timedelta | None = self.options.get("wait_for")
        if limit is not None:
            check_duration("IngressClient", "wait_for", limit)
        return limit

    def ref(self) -> InvocationRef | None:
        """Return a reference to the invocation of a call; None if nothing identifies it."""
        key: str | None = self.options.get("idempotency_key")
        if key is not None:
            return IdempotentRef(self.target, key)
        if self.runs_once and self.target.key is not None:
            return WorkflowRef(self.target.service_name, self.target.key, self.target.scope)
        return None

    def call_request(self) -> HttpRequest:
        """Return the request that waits for the handler's result.

        Raises:
            TypeError: the message or an option has the wrong type.
            ValueError: a key is empty, a header cannot be sent, or raw bytes that may have several
                content types are sent without one.
            CodecError: the message cannot be written in its encoding.
        """
        # A second call of a workflow's run handler is refused, so its workflow id does not make it
        # repeatable; only an idempotency key does.
        return self._http_request(Operation.CALL, f"call of {self.target}", "", repeatable=False)

    def send_request(self) -> HttpRequest:
        """Return the request whose answer comes when Restate has the message.

        Raises:
            TypeError: as in `call_request`.
            ValueError: as in `call_request`, or the delay is negative.
            CodecError: as in `call_request`.
        """
        delay: timedelta | None = self.options.get("delay")
        query = "" if delay is None else f"?delay={_milliseconds(delay)}ms"
        what = f"send to {self.target}"
        return self._http_request(Operation.SEND, what, query, repeatable=self.runs_once)

    def _http_request(
        self, operation: Operation, what: str, query: str, *, repeatable: bool
    ) -> HttpRequest:
        payload = self.request_format.write(self.message)
        headers = self.options.get("headers")
        content_type = payload.content_type
        codec = self.request_format.codec
        if isinstance(codec, RawCodec):
            given, headers = _split_content_type(headers)
            content_type = given or (content_type and _raw_content_type(codec, self.target))
        fields: list[tuple[bytes, bytes]] = []
        if content_type is not None:
            fields.append((b"content-type", content_type.encode("ascii")))
        fields.append((b"accept", self.response_format.content_type.encode("ascii")))
        idempotency_key: str | None = self.options.get("idempotency_key")
        if idempotency_key is not None:
            if not idempotency_key:
                raise ValueError("idempotency_key is empty; pass None for no key")
            value = header_value("idempotency_key", idempotency_key)
            fields.append((b"idempotency-key", value))
            repeatable = True
        limit_key = self.options.get("limit_key")
        if limit_key is not None:
            check_string(what, "limit_key", limit_key)
        check_scope(what, self.target.scope, limit_key)
        if limit_key is not None:
            fields.append((b"x-restate-limit-key", limit_key.encode("ascii")))
        if headers:
            fields += checked_headers(headers)
        return HttpRequest(
            operation=operation,
            what=what,
            method="POST",
            path=_target_path(self.target, operation) + query,
            headers=tuple(fields),
            body=payload.data,
            repeatable=repeatable,
        )


def _split_content_type(
    headers: Mapping[str, str] | None,
) -> tuple[str | None, Mapping[str, str] | None]:
    """Return the content type that a caller gives raw bytes, and the other headers."""
    if not headers:
        return None, headers
    check_headers("IngressClient", headers)
    given = [value for name, value in headers.items() if name.lower() == "content-type"]
    if not given:
        return None, headers
    others = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    header_value("content-type", given[-1])  # raises if it cannot be sent
    return given[-1], others


def _raw_content_type(codec: RawCodec, target: Target) -> str:
    if codec.sent_as is None:
        raise ValueError(
            f"{target} takes {codec.content_type}: say what the bytes are, such as "
            f"headers={{'content-type': '{codec.content_type[:-1]}...'}}"
        )
    return codec.sent_as


def _target_path(target: Target, verb: str) -> str:
    segments = ["", "restate"]
    if target.scope is not None:
        segments += ["scope", target.scope]
    segments += [verb, path_segment(target.service_name, "service name")]
    if target.key is not None:
        segments.append(path_segment(target.key, f"key of {target.service_name}"))
    segments.append(path_segment(target.handler_name, "handler name"))
    return "/".join(segments)


def _milliseconds(delay: timedelta) -> int:
    if not isinstance(delay, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
        raise wrong_type("IngressClient", "delay", delay, DURATION)
    if delay < timedelta(0):
        raise ValueError(f"delay={delay!r} is negative; leave it out to send at once")
    if delay > _LONGEST_DELAY:
        raise ValueError(f"delay={delay!r} must be {_LONGEST_DELAY.days} days at most")
    milliseconds, rest = divmod(delay, timedelta(milliseconds=1))
    return milliseconds + bool(rest)  # rounded up, so that it never runs early


def call_of(
    handler: HandlerDescriptor[Q, R],
    key: str | None,
    scope: str | None,
    request: Q,
    options: CallOptions | SubmitOptions,
) -> HandlerCall[Q, R]:
    """Return the call of a handler that a contract describes.

    Args:
        handler: the handler.
        key: the object key or workflow id; None for a service, or to take it from the request.
        scope: the scope to address it in.
        request: the request message.
        options: the caller's options, whose names have been checked.

    Raises:
        ValueError: the handler needs a key, and neither the argument nor the request has it.
    """
    return HandlerCall(
        handler.target(request, key, scope),
        request,
        MessageFormat(handler.request, handler.encoding),
        MessageFormat(handler.response, handler.encoding),
        options,
        runs_once=handler.kind is HandlerKind.WORKFLOW,
    )
