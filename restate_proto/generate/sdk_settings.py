"""Settings of services and handlers under the names that several SDKs give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.model.kinds import HandlerKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import timedelta

    from restate_proto.contract.schema import HandlerModel, ServiceModel
    from restate_proto.model.config import Config

__all__ = [
    "duration_settings",
    "flag_settings",
    "in_largest_unit",
    "run_retention",
    "shown_metadata",
]


def duration_settings(config: Config) -> Iterator[tuple[str, timedelta]]:
    """Yield the durations that are set, by the names of their settings."""
    for name, duration in (
        ("inactivityTimeout", config.inactivity_timeout),
        ("abortTimeout", config.abort_timeout),
        ("journalRetention", config.journal_retention),
        ("idempotencyRetention", config.idempotency_retention),
    ):
        if duration is not None:
            yield name, duration


def run_retention(service: ServiceModel, handler: HandlerModel) -> timedelta | None:
    """Return how long a workflow is kept, which Restate's manifest says only for run handlers.

    Args:
        service: the handler's service, whose setting applies if the handler has none.
        handler: a handler; the result is None if it is not a run handler.
    """
    if handler.kind is not HandlerKind.WORKFLOW:
        return None
    own = handler.config.workflow_retention
    return service.config.workflow_retention if own is None else own


def in_largest_unit(duration: timedelta, units: Iterable[tuple[str, timedelta]]) -> tuple[int, str]:
    """Return a duration as a whole number of the largest possible unit.

    Args:
        duration: the duration.
        units: the names and lengths of the units, the largest first. The last one must divide all
            durations.
    """
    return next((duration // unit, name) for name, unit in units if not duration % unit)


def flag_settings(config: Config) -> Iterator[tuple[str, str]]:
    """Yield the flags that are set, as `true` or `false`, by the names of their settings."""
    for name, flag in (
        ("ingressPrivate", config.ingress_private),
        ("enableLazyState", config.lazy_state),
    ):
        if flag is not None:
            yield name, "true" if flag else "false"


def shown_metadata(described: ServiceModel | HandlerModel) -> dict[str, str]:
    """Return the metadata that Restate shows: errors with their codes, and the contract's own."""
    errors = {f"restatepb.error/{e.type.full_name}": str(e.code) for e in described.errors}
    return errors | dict(described.config.metadata)
