"""Explain kinds and settings of services and handlers in words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from restate_proto.contract.schema import FixedKey
from restate_proto.model.kinds import Encoding, HandlerKind, ServiceKind
from restate_proto.model.retry import OnJournalMismatch, OnMaxAttempts
from restate_proto.reference.document import Code, Text, Tone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.contract.schema import HandlerModel, ServiceModel
    from restate_proto.model.config import Config
    from restate_proto.model.retry import InvocationRetryPolicy
    from restate_proto.reference.document import Cell

__all__ = [
    "ENCODINGS",
    "SERVICE_KINDS",
    "SERVICE_KIND_NAMES",
    "TONES",
    "duration",
    "handler_kind",
    "handler_kind_name",
    "http_request",
    "is_private",
    "settings",
]

SERVICE_KIND_NAMES = {
    ServiceKind.SERVICE: "service",
    ServiceKind.VIRTUAL_OBJECT: "virtual object",
    ServiceKind.WORKFLOW: "workflow",
}

TONES = {
    ServiceKind.SERVICE: Tone.SERVICE,
    ServiceKind.VIRTUAL_OBJECT: Tone.OBJECT,
    ServiceKind.WORKFLOW: Tone.WORKFLOW,
}

SERVICE_KINDS = {
    ServiceKind.SERVICE: "A service has no state: its handlers run side by side.",
    ServiceKind.VIRTUAL_OBJECT: (
        "A virtual object has state of its own for every key; of its exclusive handlers, one runs "
        "at a time for a key."
    ),
    ServiceKind.WORKFLOW: (
        "A workflow runs once for every id; its other handlers look at that run or take part in it."
    ),
}

ENCODINGS = {
    Encoding.PROTOBUF: "Clients of the contract write protobuf binary; JSON is read as well.",
    Encoding.JSON: "Clients of the contract write JSON; protobuf binary is read as well.",
}

_HANDLER_KIND_NAMES = {
    HandlerKind.EXCLUSIVE: "exclusive",
    HandlerKind.SHARED: "shared",
    HandlerKind.WORKFLOW: "run",
}

_HANDLER_KINDS = {
    HandlerKind.EXCLUSIVE: "Exclusive handlers run one at a time for a key, and may write state.",
    HandlerKind.SHARED: "Shared handlers run beside the others of a key, and read state.",
    HandlerKind.WORKFLOW: "It is the run of the workflow: it runs once for an id.",
}


def handler_kind_name(handler: HandlerModel) -> str:
    """Return the kind of a handler in a word; empty in a plain service, which has only one kind."""
    return _HANDLER_KIND_NAMES[handler.kind] if handler.kind is not None else ""


def handler_kind(handler: HandlerModel) -> str:
    """Return what the kind of a handler means; empty in a plain service."""
    return _HANDLER_KINDS[handler.kind] if handler.kind is not None else ""


def http_request(service: ServiceModel, handler: HandlerModel) -> str:
    """Return the request to Restate's ingress for a handler: `POST /shop.v1.Cart/{key}/Add`."""
    key = {ServiceKind.VIRTUAL_OBJECT: "/{key}", ServiceKind.WORKFLOW: "/{id}"}.get(
        service.kind, ""
    )
    if isinstance(service.key, FixedKey):
        key = f"/{quote(service.key.value, safe='')}"
    return f"POST /{service.name}{key}/{handler.name}"


def is_private(service: ServiceModel, handler: HandlerModel) -> bool:
    """Tell whether only other handlers may call a handler."""
    private = handler.config.ingress_private
    return bool(service.config.ingress_private if private is None else private)


def settings(config: Config) -> Iterator[tuple[str, Cell, str]]:
    """Yield what a configuration sets: the name of the setting, its value, and what it means."""
    durations = (
        (
            "Inactivity timeout",
            config.inactivity_timeout,
            "without progress for so long, an attempt is asked to suspend",
        ),
        (
            "Abort timeout",
            config.abort_timeout,
            "where that does not help for so long, it is ended",
        ),
        (
            "Journal retention",
            config.journal_retention,
            "how long the journal of a finished invocation is kept",
        ),
        (
            "Idempotency retention",
            config.idempotency_retention,
            "how long the result of a request with an idempotency key is kept",
        ),
        (
            "Workflow retention",
            config.workflow_retention,
            "how long a finished run's result, state and promises are kept",
        ),
    )
    for name, value, meaning in durations:
        if value is not None:
            yield name, (Text(duration(value)),), meaning
    if config.retry_policy is not None:
        retries = _retries(config.retry_policy)
        if retries:
            yield "Retries", (Text(retries),), "what happens to an attempt that fails"
    if config.ingress_private is not None:
        meaning = (
            "only other handlers can call it" if config.ingress_private else "anybody can call it"
        )
        yield "Ingress", (Text("private" if config.ingress_private else "public"),), meaning
    if config.lazy_state is not None:
        meaning = "fetched key by key" if config.lazy_state else "sent with each attempt"
        yield "State", (Text("lazy" if config.lazy_state else "eager"),), meaning
    if config.on_journal_mismatch is not None:
        meaning = "an invocation whose code does something else than its journal says"
        yield "Journal mismatch", (Text(_ENDS[config.on_journal_mismatch]),), meaning
    for name, value in sorted(config.metadata.items()):
        yield "Metadata", (Code(f"{name}: {value}"),), "shown by Restate"


def _retries(policy: InvocationRetryPolicy) -> str:
    parts: list[str] = []
    if policy.initial_interval is not None:
        parts.append(f"the first after {duration(policy.initial_interval)}")
    if policy.factor is not None:
        parts.append(f"each delay {policy.factor:g} times the one before")
    if policy.max_interval is not None:
        parts.append(f"delays of at most {duration(policy.max_interval)}")
    if policy.max_attempts is not None:
        parts.append(f"at most {policy.max_attempts} attempts")
    if policy.on_max_attempts is not None:
        end = "paused" if policy.on_max_attempts is OnMaxAttempts.PAUSE else "killed"
        parts.append(f"then it is {end}")
    return ", ".join(parts)


_ENDS = {
    OnJournalMismatch.RETRY: "retried",
    OnJournalMismatch.PAUSE: "paused",
    OnJournalMismatch.FAIL: "ended",
}
_UNITS = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
    ("second", timedelta(seconds=1)),
    ("millisecond", timedelta(milliseconds=1)),
)


def duration(value: timedelta) -> str:
    """Write a duration for people: `1 day`, `1 minute 30 seconds`."""
    parts: list[str] = []
    for name, unit in _UNITS:
        count, value = divmod(value, unit)
        if count:
            parts.append(f"{count} {name}{'s' if count > 1 else ''}")
    return " ".join(parts) or "0 seconds"
