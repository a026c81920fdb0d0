"""Spans and metrics in memory, collected by OpenTelemetry's own SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from restate_proto.otel import Metrics, Tracing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

__all__ = ["Measured", "Traced"]


class Traced:
    """An interceptor that traces, and its spans."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracing = Tracing(self.provider)

    def spans(self, name: str | None = None) -> list[ReadableSpan]:
        """Return the spans that have ended, in the order of their ends."""
        spans = self._exporter.get_finished_spans()
        return [span for span in spans if name is None or span.name == name]

    def span(self, name: str) -> ReadableSpan:
        """Return the only span with a name."""
        (span,) = self.spans(name)
        return span


class Measured:
    """An interceptor that measures, and what it has measured."""

    def __init__(self, **options: Any) -> None:
        self._reader = InMemoryMetricReader()
        self.metrics = Metrics(MeterProvider([self._reader]), **options)

    def points(self, name: str) -> list[tuple[dict[str, Any], Any]]:
        """Return the attributes and the data points of an instrument."""
        data: Any = self._reader.get_metrics_data()
        return [
            (dict(point.attributes), point)
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def point(self, name: str, **attributes: Any) -> Any:
        """Return the only data point of an instrument with these attributes."""
        (found,) = (
            point
            for each, point in self.points(name)
            if all(each.get(key.replace("_", ".")) == value for key, value in attributes.items())
        )
        return found
