"""Turns what a contract says about its services and handlers into the SDK's settings."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from restate_proto.model.kinds import HandlerKind
from restate_proto.plugin.kotlin.printer import quote

if TYPE_CHECKING:
    from restate_proto.model.config import Config
    from restate_proto.model.retry import InvocationRetryPolicy
    from restate_proto.plugin.kotlin.imports import Imports
    from restate_proto.plugin.schema import HandlerModel, ServiceModel

__all__ = ["handler_settings", "service_settings"]

_MAX_INT = 2**31 - 1


def service_settings(service: ServiceModel, imports: Imports) -> list[str]:
    """Returns the calls on the SDK's configurator of a service."""
    return [*_documentation(service.comment), *_settings(service.config, imports)]


def handler_settings(service: ServiceModel, handler: HandlerModel, imports: Imports) -> list[str]:
    """Returns the calls on the SDK's configurator of a handler."""
    settings = [*_documentation(handler.comment), *_settings(handler.config, imports)]
    if handler.kind is HandlerKind.WORKFLOW:
        # The manifest has it on handlers only.
        retention = handler.config.workflow_retention or service.config.workflow_retention
        if retention is not None:
            settings.append(f"workflowRetention({_duration(retention, imports)})")
    return settings


def _documentation(comment: str | None) -> list[str]:
    return [f"documentation({quote(comment)})"] if comment else []


def _settings(config: Config, imports: Imports) -> list[str]:
    settings = [
        f"addMetadata({quote(key)}, {quote(value)})" for key, value in config.metadata.items()
    ]
    durations = (
        ("inactivityTimeout", config.inactivity_timeout),
        ("abortTimeout", config.abort_timeout),
        ("journalRetention", config.journal_retention),
        ("idempotencyRetention", config.idempotency_retention),
    )
    settings += [
        f"{name}({_duration(value, imports)})" for name, value in durations if value is not None
    ]
    flags = (("ingressPrivate", config.ingress_private), ("enableLazyState", config.lazy_state))
    settings += [f"{name}({_boolean(value)})" for name, value in flags if value is not None]
    if config.retry_policy is not None:
        settings.append(f"invocationRetryPolicy({_retry_policy(config.retry_policy, imports)})")
    return settings


def _retry_policy(policy: InvocationRetryPolicy, imports: Imports) -> str:
    class_ = imports.use("dev.restate.sdk.endpoint.definition.InvocationRetryPolicy")
    calls: list[str] = []
    if policy.initial_interval is not None:
        calls.append(f"initialInterval({_duration(policy.initial_interval, imports)})")
    if policy.factor is not None:
        calls.append(f"exponentiationFactor({policy.factor!r})")
    if policy.max_interval is not None:
        calls.append(f"maxInterval({_duration(policy.max_interval, imports)})")
    if policy.max_attempts is not None:
        calls.append(f"maxAttempts({min(policy.max_attempts, _MAX_INT)})")
    if policy.on_max_attempts is not None:
        calls.append(f"onMaxAttempts({class_}.OnMaxAttempts.{policy.on_max_attempts.name})")
    builder = "".join(f"\n        .{call}" for call in [*calls, "build()"])
    return f"\n    {class_}.builder(){builder},\n"


def _duration(value: timedelta, imports: Imports) -> str:
    milliseconds = value // timedelta(milliseconds=1)
    return f"{imports.use('java.time.Duration')}.ofMillis({milliseconds}L)"


def _boolean(value: bool) -> str:
    return "true" if value else "false"
