"""Spans of attempts, of runs, and of the calls of ingress clients."""

from __future__ import annotations

from collections import OrderedDict
from time import time_ns
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import propagate, trace
from opentelemetry.context import Context, attach
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from typing_extensions import override

from restate_proto.errors import TerminalError
from restate_proto.model.intercepted import AttemptOutcome
from restate_proto.model.interceptors import Interceptor
from restate_proto.otel import names
from restate_proto.otel.attempt_span import AttemptSpan
from restate_proto.version import __version__

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from opentelemetry.trace import Span, SpanContext, TracerProvider
    from opentelemetry.util.types import AttributeValue

    from restate_proto.model.intercepted import (
        AttemptInfo,
        ClientCall,
        EndedAttempt,
        HandlerCall,
        RunCall,
    )

__all__ = ["Tracing"]

_MOST_INVOCATIONS: Final = 10_000
"""For how many invocations the last attempt is remembered, so that the next can link to it."""

_SUSPENDED: Final = "restate.invocation.lifecycle.suspended"
"""The event of a suspension, as restate-server calls it in its own spans."""


class Tracing(Interceptor):
    """Records a span for each attempt, each execution of a run, and each call of a client.

    The span of an attempt, `attempt shop.v1.Cart/AddTicket`, is a child of the server's own span of
    that attempt if restate-server traces, and else of the span that the caller has sent. It links
    to the invocation's attempt before it, if that ran in this process. It is the current span of
    the handler. Each execution of a run's function is a child of it; replayed runs have no span. A
    suspension is an event.

    The span of a client's call is a child of the caller's span. OpenTelemetry's global propagator
    sends it with the call, in `traceparent`.

    Args:
        tracer_provider: makes the spans; by default the global one.
    """

    def __init__(self, tracer_provider: TracerProvider | None = None) -> None:
        self._tracer = trace.get_tracer("restate_proto", __version__, tracer_provider)
        self._spans: dict[AttemptInfo, Span] = {}
        self._last: OrderedDict[str, SpanContext] = OrderedDict()  # by invocation, the oldest first

    @override
    async def handler(self, call: HandlerCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
        if not call.attempt.is_repetition:
            parent = _parent_of(call.attempt)
            span = self._spans[call.attempt] = self._start(call.attempt, parent)
            # The token is not reset: the context variables are the handler's own and end with it.
            attach(trace.set_span_in_context(AttemptSpan(span), parent))
        return await call_next()

    @override
    def attempt_ended(self, ended: EndedAttempt) -> None:
        attempt, outcome = ended.attempt, ended.outcome
        if attempt.is_repetition:
            return
        span = self._spans.pop(attempt, None)
        if span is None:  # its request could not be read, or its handler never started
            began = time_ns() - int(ended.seconds * 1e9)
            span = self._start(attempt, _parent_of(attempt), began)
        span.set_attribute(names.ATTEMPT_OUTCOME, outcome.value)
        if outcome is AttemptOutcome.SUSPENDED:
            span.add_event(_SUSPENDED)
        elif ended.code is not None:
            _failed(span, ended.error, ended.code, ended.message)
        span.end()
        if outcome in {AttemptOutcome.COMPLETED, AttemptOutcome.FAILED}:
            self._last.pop(attempt.invocation_id, None)
        else:
            self._last[attempt.invocation_id] = span.get_span_context()
            self._last.move_to_end(attempt.invocation_id)
            if len(self._last) > _MOST_INVOCATIONS:
                self._last.popitem(last=False)

    def _start(self, attempt: AttemptInfo, parent: Context, began: int | None = None) -> Span:
        previous = self._last.get(attempt.invocation_id)
        return self._tracer.start_span(
            f"attempt {names.method_of(attempt.target)}",
            parent,
            SpanKind.SERVER,
            {
                names.RPC_SYSTEM: names.SYSTEM,
                names.RPC_METHOD: names.method_of(attempt.target),
                **_invocation(attempt),
                names.ATTEMPT_NUMBER: attempt.number,
                names.REPLAYED_ENTRIES: max(0, attempt.known_entries - 1),
            },
            () if previous is None else (Link(previous),),
            began,
        )

    @override
    async def run(self, call: RunCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
        attributes = {**_invocation(call.attempt), names.RUN_NAME: call.name}
        if call.retries:
            attributes[names.RUN_RETRIES] = call.retries
        with self._tracer.start_as_current_span(f"run ({call.name})", attributes=attributes):
            return await call_next()

    @override
    async def client(self, call: ClientCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
        with self._tracer.start_as_current_span(
            names.method_of(call.target),
            kind=SpanKind.PRODUCER if call.is_message else SpanKind.CLIENT,
            attributes={
                names.RPC_SYSTEM: names.SYSTEM,
                names.RPC_METHOD: names.method_of(call.target),
                names.INVOCATION_TARGET: str(call.target),
            },
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            _inject(call.headers)
            try:
                return await call_next()
            except Exception as error:
                code = error.code if isinstance(error, TerminalError) else None
                _failed(span, error, code, str(error), is_callers_fault=False)
                raise


def _invocation(attempt: AttemptInfo) -> dict[str, AttributeValue]:
    return {
        names.INVOCATION_ID: attempt.invocation_id,
        names.INVOCATION_TARGET: str(attempt.target),
    }


def _inject(headers: dict[str, str]) -> None:
    """Add the headers that pass the current span on.

    Only the first flag is sent, which says whether the trace is recorded. OpenTelemetry also sets
    the second, which W3C added later, and restate-server (1.7) ignores a `traceparent` with it.
    """
    propagate.inject(headers)
    traceparent = headers.get("traceparent")
    if traceparent is not None:
        flags = int(traceparent[-2:], 16) & 1
        headers["traceparent"] = f"{traceparent[:-2]}{flags:02x}"


def _parent_of(attempt: AttemptInfo) -> Context:
    """Return the context that the server sent with the attempt, or else that of the caller."""
    return propagate.extract({**attempt.headers, **attempt.attempt_headers}, Context())


def _failed(
    span: Span,
    error: BaseException | None,
    code: int | None,
    message: str,
    *,
    is_callers_fault: bool | None = None,
) -> None:
    """Record a failure in a span.

    Following the conventions, a mistake of the caller (a code of 400 to 499) does not count as an
    error of the callee.
    """
    if code is not None:
        span.set_attribute(names.RPC_STATUS, str(code))
    if error is not None:
        span.record_exception(error)
    if is_callers_fault is None:
        is_callers_fault = isinstance(error, TerminalError) and code is not None and code < 500
    if not is_callers_fault:
        span.set_attribute(names.ERROR_TYPE, names.error_type(error, code))
        span.set_status(Status(StatusCode.ERROR, message))
