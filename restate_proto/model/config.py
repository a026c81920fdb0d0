"""`Config`: how Restate treats a service or a handler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

from restate_proto.model.retry import InvocationRetryPolicy, OnJournalMismatch

__all__ = ["Config"]


@dataclass(frozen=True, slots=True)
class Config:
    """How Restate treats a service or one handler; None leaves the default.

    All fields except `on_journal_mismatch` go into the discovery manifest, and the server has their
    defaults.

    Args:
        inactivity_timeout: how long an attempt may be without progress before it is suspended.
        abort_timeout: how long Restate waits after that before it ends the attempt.
        journal_retention: how long a finished invocation's journal is kept.
        idempotency_retention: how long the result of a request with an idempotency key is kept.
        workflow_retention: how long a finished workflow's result is kept; run handlers only.
        ingress_private: whether only other handlers may call it, not the ingress.
        lazy_state: whether state is fetched key by key instead of sent with each attempt.
        retry_policy: how failed attempts are retried.
        metadata: strings that Restate shows with the service.
        on_journal_mismatch: what happens to an invocation whose code does not fit its journal; by
            default the endpoint's option decides.
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
    on_journal_mismatch: OnJournalMismatch | None = None
