"""Convert the configuration of services and handlers to options of the TypeScript SDK."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from restate_proto.generate.sdk_settings import (
    duration_settings,
    flag_settings,
    in_largest_unit,
    run_retention,
    shown_metadata,
)
from restate_proto.generate.typescript.layout import member, object_of, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.contract.schema import HandlerModel, ServiceModel
    from restate_proto.generate.typescript.layout import Expression
    from restate_proto.model.retry import InvocationRetryPolicy

__all__ = ["descriptor_options", "handler_options", "service_options"]

_UNITS = (
    ("days", timedelta(days=1)),
    ("hours", timedelta(hours=1)),
    ("minutes", timedelta(minutes=1)),
    ("seconds", timedelta(seconds=1)),
    ("milliseconds", timedelta(milliseconds=1)),
)


def descriptor_options(described: ServiceModel | HandlerModel) -> list[Expression]:
    """Return the members that describe a service or handler: its comment, its metadata."""
    members: list[Expression] = []
    if described.comment is not None:
        members.append(member("description", quote(described.comment)))
    metadata = shown_metadata(described)
    if metadata:
        quoted = {key: quote(value) for key, value in metadata.items()}
        members.append(member("metadata", object_of(quoted)))
    return members


def service_options(service: ServiceModel) -> list[Expression]:
    """Return the members of the options of a service."""
    options = dict(_options(service))
    for handler in service.handlers:
        retention = run_retention(service, handler)
        if retention is not None:  # of the one run handler; the SDK takes it with the service
            options["workflowRetention"] = _duration(retention)
    return [member(name, value) for name, value in options.items()]


def handler_options(handler: HandlerModel) -> Expression:
    """Return the options of a handler.

    It takes a message in either encoding, whatever its callers say of it; raw bytes are of the
    contract's content type. A message without a field that is set has zero bytes, and is an answer.
    """
    options: dict[str, Expression] = {"accept": quote(handler.raw_request or "*/*")}
    if handler.raw_response is not None or not handler.response.is_empty:
        options["setOutputContentTypeIfEmpty"] = "true"
    options |= _options(handler)
    if handler.explicit_cancellation:
        options["explicitCancellation"] = "true"
    return object_of(options)


def _options(described: ServiceModel | HandlerModel) -> Iterator[tuple[str, Expression]]:
    config = described.config
    for name, duration in duration_settings(config):
        yield name, _duration(duration)
    yield from flag_settings(config)
    if config.retry_policy is not None:
        yield "retryPolicy", object_of(dict(_retry_policy(config.retry_policy)))
    if config.on_journal_mismatch is not None:
        yield "onJournalMismatchErrors", quote(config.on_journal_mismatch.value.lower())


def _retry_policy(policy: InvocationRetryPolicy) -> Iterator[tuple[str, Expression]]:
    if policy.initial_interval is not None:
        yield "initialInterval", _duration(policy.initial_interval)
    if policy.factor is not None:
        yield "exponentiationFactor", f"{policy.factor:g}"
    if policy.max_interval is not None:
        yield "maxInterval", _duration(policy.max_interval)
    if policy.max_attempts is not None:
        yield "maxAttempts", str(policy.max_attempts)
    if policy.on_max_attempts is not None:
        yield "onMaxAttempts", quote(policy.on_max_attempts.value.lower())


def _duration(duration: timedelta) -> Expression:
    """Return a duration of the SDK, in the largest unit that it is a whole number of."""
    number, unit = in_largest_unit(duration, _UNITS)
    return object_of({unit: str(number)})
