"""Read the configuration of a service or a handler, and report its mistakes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from restate_proto.model.config import Config
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restate_proto.model.retry import (
    InvocationRetryPolicy,
    OnJournalMismatch,
    OnMaxAttempts,
    attempts_problem,
    duration_problem,
    factor_problem,
)
from restatepb.v1 import options_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.duration_pb2 import Duration

__all__ = ["parse_config"]

_NANOS_PER_MILLISECOND = 1_000_000
_NANOS_PER_SECOND = 1_000_000_000
_MAX_SECONDS = 315_576_000_000  # the range of google.protobuf.Duration
_DURATIONS = (
    "inactivity_timeout",
    "abort_timeout",
    "journal_retention",
    "idempotency_retention",
    "workflow_retention",
)
_ON_MAX_ATTEMPTS = {
    options_pb2.ON_MAX_ATTEMPTS_UNSPECIFIED: None,
    options_pb2.ON_MAX_ATTEMPTS_PAUSE: OnMaxAttempts.PAUSE,
    options_pb2.ON_MAX_ATTEMPTS_KILL: OnMaxAttempts.KILL,
}
_ON_JOURNAL_MISMATCH = {
    options_pb2.ON_JOURNAL_MISMATCH_UNSPECIFIED: None,
    options_pb2.ON_JOURNAL_MISMATCH_RETRY: OnJournalMismatch.RETRY,
    options_pb2.ON_JOURNAL_MISMATCH_PAUSE: OnJournalMismatch.PAUSE,
    options_pb2.ON_JOURNAL_MISMATCH_FAIL: OnJournalMismatch.FAIL,
}


def parse_config(
    message: options_pb2.Config,
    service: ServiceKind,
    handler: HandlerKind | None,
    report: Callable[[str], None],
    *,
    of_handler: bool,
) -> Config:
    """Read the configuration of a service or a handler.

    Args:
        message: the option in the contract.
        service: the kind of the service.
        handler: the kind of the handler; None in a plain service, and for a service itself.
        report: called with the text of each problem.
        of_handler: whether the configuration belongs to a handler.
    """
    _check_place(message, service, handler, report, of_handler=of_handler)
    durations = {
        name: _duration(name, getattr(message, name), report)
        for name in _DURATIONS
        if message.HasField(name)
    }
    metadata = dict(sorted(message.metadata.items()))
    if "" in metadata:
        report('metadata has an empty key; write one such as { key: "team" value: "checkout" }')
    if message.on_journal_mismatch not in _ON_JOURNAL_MISMATCH:
        report(
            f"on_journal_mismatch has the unknown value {message.on_journal_mismatch}; write "
            "ON_JOURNAL_MISMATCH_RETRY, ON_JOURNAL_MISMATCH_PAUSE or ON_JOURNAL_MISMATCH_FAIL"
        )
    return Config(
        **durations,
        ingress_private=message.ingress_private if message.HasField("ingress_private") else None,
        lazy_state=message.lazy_state if message.HasField("lazy_state") else None,
        retry_policy=_retry_policy(message.retry_policy, report)
        if message.HasField("retry_policy")
        else None,
        metadata=metadata,
        on_journal_mismatch=_ON_JOURNAL_MISMATCH.get(message.on_journal_mismatch),
    )


def _check_place(
    message: options_pb2.Config,
    service: ServiceKind,
    handler: HandlerKind | None,
    report: Callable[[str], None],
    *,
    of_handler: bool,
) -> None:
    is_run = handler is HandlerKind.WORKFLOW
    if message.HasField("workflow_retention"):
        if service is not ServiceKind.WORKFLOW:
            report(
                "workflow_retention is for workflows only; "
                "write idempotency_retention or journal_retention"
            )
        elif of_handler and not is_run:
            report(
                "workflow_retention is not for a shared handler; "
                "write it on the workflow or on its run handler"
            )
    if message.HasField("idempotency_retention") and is_run:
        report(
            "idempotency_retention is not for a run handler, which runs once per workflow id; "
            "write workflow_retention"
        )
    if message.HasField("lazy_state") and service is ServiceKind.SERVICE:
        report("lazy_state is not for a plain service, which has no state; remove it")


def _duration(name: str, message: Duration, report: Callable[[str], None]) -> timedelta:
    seconds, nanos = message.seconds, message.nanos
    if abs(seconds) > _MAX_SECONDS or abs(nanos) >= _NANOS_PER_SECOND or seconds * nanos < 0:
        report(
            f"{name} is not a valid duration; write at most {_MAX_SECONDS} seconds "
            f"and fewer than {_NANOS_PER_SECOND} nanos"
        )
        return timedelta(0)
    value = timedelta(seconds=seconds, microseconds=nanos // 1000)
    problem = duration_problem(value)
    if problem is not None:
        report(f"{name} {problem}, such as {{ seconds: 60 }}")
        return timedelta(0)
    if nanos % _NANOS_PER_MILLISECOND:
        report(f"{name} is finer than a millisecond; write nanos as a multiple of 1000000")
    return value


def _retry_policy(
    message: options_pb2.RetryPolicy, report: Callable[[str], None]
) -> InvocationRetryPolicy:
    intervals = {
        name: _duration(f"retry_policy.{name}", getattr(message, name), report)
        for name in ("initial_interval", "max_interval")
        if message.HasField(name)
    }
    numbers: dict[str, Any] = {}
    for name, check in (("factor", factor_problem), ("max_attempts", attempts_problem)):
        if not message.HasField(name):
            continue
        value = getattr(message, name)
        problem = check(value)
        if problem is None:
            numbers[name] = value
        else:
            report(f"retry_policy.{name} {problem}")
    if message.on_max_attempts not in _ON_MAX_ATTEMPTS:
        report(
            f"retry_policy.on_max_attempts has the unknown value {message.on_max_attempts}; "
            "write ON_MAX_ATTEMPTS_PAUSE or ON_MAX_ATTEMPTS_KILL"
        )
    return InvocationRetryPolicy(
        **intervals,
        **numbers,
        on_max_attempts=_ON_MAX_ATTEMPTS.get(message.on_max_attempts),
    )
