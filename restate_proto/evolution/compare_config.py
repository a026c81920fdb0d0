"""Compare the settings that invocations or callers of the old contract rely on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from restate_proto.model.kinds import HandlerKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from restate_proto.contract.schema import HandlerModel, ServiceModel
    from restate_proto.evolution.findings import Finding, Reporter

__all__ = ["config_findings"]

_DEFAULT = timedelta(days=1)
_RETENTIONS = {
    "journal_retention": "The journals of finished invocations are deleted sooner.",
    "idempotency_retention": (
        "A request that is repeated later than that, with its idempotency key, runs again."
    ),
    "workflow_retention": (
        "Results, state and promises of finished workflows are deleted sooner, and a workflow that "
        "is submitted again later than that runs again."
    ),
}
_CANCELLATIONS = {
    True: (
        "Callers that cancel its invocations rely on their end. Now they end when the handler "
        "chooses to, and the calls that it has made go on."
    ),
    False: (
        "Cancelled, the handler fails where it waits, and the calls that it has made are cancelled "
        "with it; its code may expect neither."
    ),
}
"""What breaks if cancellation became explicit, and what breaks if it became implicit."""


def config_findings(
    report: Reporter,
    before: ServiceModel,
    after: ServiceModel,
    handlers: Sequence[tuple[HandlerModel, HandlerModel]],
) -> Iterator[Finding]:
    """Find handlers that became private or are cancelled in another way, and shorter retentions.

    Args:
        report: makes the findings.
        before: the service in the old contract.
        after: the service in the new one.
        handlers: its handlers in both.
    """
    closed = [_became_private(before, after, *pair) for pair in handlers]
    yield from _findings(report, "INGRESS_CLOSED", before, after, handlers, closed)
    for explicit, why in _CANCELLATIONS.items():
        changed = [_cancelled_otherwise(*pair, explicit=explicit) for pair in handlers]
        yield from _findings(report, "CANCELLATION_CHANGED", before, after, handlers, changed, why)
    for name, why in _RETENTIONS.items():
        concerned = [pair for pair in handlers if _has_retention(name, pair[1])]
        shorter = [_shortened_retention(name, before, after, *pair) for pair in concerned]
        yield from _findings(report, "RETENTION_SHORTENED", before, after, concerned, shorter, why)


def _became_private(
    before: ServiceModel, after: ServiceModel, was: HandlerModel, now: HandlerModel
) -> str | None:
    is_closed = _in_effect("ingress_private", after, now)
    return (
        "ingress_private is on now"
        if is_closed and not _in_effect("ingress_private", before, was)
        else None
    )


def _cancelled_otherwise(was: HandlerModel, now: HandlerModel, *, explicit: bool) -> str | None:
    if was.explicit_cancellation is explicit or now.explicit_cancellation is not explicit:
        return None
    names = ("CANCELLATION_IMPLICIT", "CANCELLATION_EXPLICIT")
    return f"cancellation was {names[not explicit]} and is {names[explicit]}"


def _shortened_retention(
    name: str, before: ServiceModel, after: ServiceModel, was: HandlerModel, now: HandlerModel
) -> str | None:
    old, new = _in_effect(name, before, was), _in_effect(name, after, now)
    if (_DEFAULT if new is None else new) >= (_DEFAULT if old is None else old):
        return None
    return f"{name} was {_retention_text(old)} and is {_retention_text(new)}"


def _findings(
    report: Reporter,
    rule: str,
    before: ServiceModel,
    after: ServiceModel,
    handlers: Sequence[tuple[HandlerModel, HandlerModel]],
    texts: Sequence[str | None],
    why: str = "",
) -> Iterator[Finding]:
    """Make a finding for each handler that has a text, or only one if all are the same."""
    if len(texts) > 1 and len(set(texts)) == 1 and texts[0]:
        yield report.finding(rule, texts[0], before=before.location, place=after.location, why=why)
        return
    for (was, now), text in zip(handlers, texts, strict=True):
        if text:
            yield report.finding(
                rule,
                f"handler {was.name}: {text}",
                before=was.location,
                place=now.location,
                handler=was.name,
                why=why,
            )


def _has_retention(name: str, handler: HandlerModel) -> bool:
    is_run = handler.kind is HandlerKind.WORKFLOW
    return {"workflow_retention": is_run, "idempotency_retention": not is_run}.get(name, True)


def _in_effect(name: str, service: ServiceModel, handler: HandlerModel) -> timedelta | None:
    # The result is a bool or a timedelta; only values of the same setting are compared.
    own = getattr(handler.config, name)
    return getattr(service.config, name) if own is None else own


def _retention_text(retention: timedelta | None) -> str:
    if retention is None:
        return "the server's default (one day, if it is not configured)"
    return f"{retention.total_seconds():f}".rstrip("0").rstrip(".") + "s"
