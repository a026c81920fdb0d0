"""The span of an attempt as the handler sees it, which ignores additions during a replay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.trace import Span
from typing_extensions import override

from restate_proto.logs import is_replaying

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.trace import SpanContext, Status, StatusCode
    from opentelemetry.util.types import Attributes, AttributeValue

__all__ = ["AttemptSpan"]


class AttemptSpan(Span):
    """A span that ignores events and exceptions while the handler replays, and else passes them on.

    Args:
        span: the span.
    """

    def __init__(self, span: Span) -> None:
        self._span = span

    @override
    def add_event(
        self, name: str, attributes: Attributes = None, timestamp: int | None = None
    ) -> None:
        if not is_replaying():
            self._span.add_event(name, attributes, timestamp)

    @override
    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        if not is_replaying():
            self._span.record_exception(exception, attributes, timestamp, escaped)

    # ---- Passed on to the span ----

    @override
    def end(self, end_time: int | None = None) -> None:
        self._span.end(end_time)

    @override
    def get_span_context(self) -> SpanContext:
        return self._span.get_span_context()

    @override
    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        self._span.set_attributes(attributes)

    @override
    def set_attribute(self, key: str, value: AttributeValue) -> None:
        self._span.set_attribute(key, value)

    @override
    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        self._span.add_link(context, attributes)

    @override
    def update_name(self, name: str) -> None:
        self._span.update_name(name)

    @override
    def is_recording(self) -> bool:
        return self._span.is_recording()

    @override
    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        self._span.set_status(status, description)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._span, name)  # members that only spans of an SDK have
