"""Configuration of services and handlers: what the discovery manifest (v1 to v4) can carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

from restate_proto.model.retry import InvocationRetryPolicy

__all__ = ["Config"]


@dataclass(frozen=True, slots=True)
class Config:
    """How Restate treats a service or one handler; None leaves the server's default.

    Args:
        inactivity_timeout: how long an attempt may make no progress before it is suspended.
        abort_timeout: how long Restate waits after that before it ends the attempt.
        journal_retention: how long a finished invocation's journal is kept.
        idempotency_retention: how long the result of a request with an idempotency key is kept.
        workflow_retention: how long a finished workflow's result is kept; run handlers only.
        ingress_private: whether only other handlers may call it, not the ingress.
        lazy_state: whether state is fetched key by key instead of sent with each attempt.
        retry_policy: how failed attempts are retried.
        metadata: strings that Restate shows with the service.
    """

    inactivity_timeout: timedelta | None = None
    abort_timeout: timedelta | None = None
    journal_retention: timedelta | None = None
    idempotency_retention: timedelta | None = None
    workflow_retention: timedelta | None = None
    ingress_private: bool | None = None
    lazy_state: bool | None = None
    retry_policy: InvocationRetryPolicy | None = None
    metadata: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
