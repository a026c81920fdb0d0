"""The handlers of an endpoint and their settings, as a server learns them from the manifest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from restate_proto.model.retry import OnMaxAttempts, delay_after

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Catalogue", "Handler"]

_MILLISECOND: Final = timedelta(milliseconds=1)
_DAY: Final = timedelta(days=1) // _MILLISECOND

_DEFAULTS: Final[Mapping[str, Any]] = {
    "retryPolicyInitialInterval": 50,
    "retryPolicyExponentiationFactor": 2.0,
    "retryPolicyMaxInterval": 60_000,
    "retryPolicyMaxAttempts": 70,
    "retryPolicyOnMaxAttempts": OnMaxAttempts.PAUSE.value,
    "journalRetention": _DAY,
    "idempotencyRetention": _DAY,
    "workflowCompletionRetention": _DAY,
    "ingressPrivate": False,
    "enableLazyState": False,
}
"""What restate-server 1.7 takes where the manifest says nothing."""


@dataclass(frozen=True, slots=True)
class Handler:
    """One handler with its settings, as the server sees it.

    Args:
        service: the service's name.
        name: the handler's name.
        is_keyed: whether it has an object key or a workflow id.
        is_of_workflow: whether it belongs to a workflow.
        is_run: whether it is the run handler of a workflow.
        is_exclusive: whether nothing else may run exclusively for its key at the same time.
        is_private: whether only handlers may call it.
        has_lazy_state: whether its state is fetched key by key.
        has_schema: whether its input has a JSON Schema.
        takes: the content type of its input, with wildcards.
        gives: the content type of its output.
        journal_retention: how long an ended invocation is kept, in milliseconds.
        retention: how long it is kept if it has an idempotency key or is the run of a workflow.
        max_attempts: how many attempts may fail in a row.
        on_max_attempts: what happens after the last of them.
        intervals: the first delay between attempts in milliseconds, the factor by which it grows,
            and its bound.
    """

    service: str
    name: str
    is_keyed: bool
    is_of_workflow: bool
    is_run: bool
    is_exclusive: bool
    is_private: bool
    has_lazy_state: bool
    has_schema: bool
    takes: str
    gives: str
    journal_retention: int
    retention: int
    max_attempts: int
    on_max_attempts: OnMaxAttempts
    intervals: tuple[int, float, int]

    def delay_after(self, attempts: int) -> int | OnMaxAttempts:
        """Return how long the next attempt waits after failed ones, or what happens after the last.

        Args:
            attempts: how many attempts have failed since the journal last grew.

        Returns:
            Milliseconds, or what happens to the invocation.
        """
        if attempts >= self.max_attempts:
            return self.on_max_attempts
        first, factor, longest = self.intervals
        bounds = timedelta(milliseconds=first), factor, timedelta(milliseconds=longest)
        return delay_after(attempts, *bounds) // _MILLISECOND

    def refusal_of(self, content_type: str | None, body: bytes) -> str | None:
        """Return why the ingress refuses an input; None if it accepts it.

        Args:
            content_type: the content type that the caller gives.
            body: the input.
        """
        if content_type is None:
            return "Empty content-type" if body else None
        if self.has_schema and not body:
            return "Empty body not allowed"
        wanted, given = self.takes.partition("/"), content_type.split(";")[0].strip().partition("/")
        if wanted[0] not in {"*", given[0]} or wanted[2] not in {"*", given[2]}:
            return f"Content-type '{content_type}' does not match '{self.takes}'"
        return None


class Catalogue:
    """The handlers of an endpoint.

    Args:
        manifest: its discovery manifest, as JSON.

    Attributes:
        services: the names of its services, with whether they have keys.
        version: the newest version of the service protocol that it speaks.
        is_bidirectional: whether it may be told more while a handler runs.
    """

    def __init__(self, manifest: bytes) -> None:
        read = json.loads(manifest)
        self.version: int = read["maxProtocolVersion"]
        self.is_bidirectional = read["protocolMode"] == "BIDI_STREAM"
        services: list[dict[str, Any]] = read["services"]
        self.services: dict[str, bool] = {
            service["name"]: service["ty"] != "SERVICE" for service in services
        }
        self._handlers = {
            (service["name"], described["name"]): _handler(service, described)
            for service in services
            for described in service["handlers"]
        }

    def find(self, service: str, handler: str) -> Handler | None:
        """Return the handler with these names; None if there is none."""
        return self._handlers.get((service, handler))


def _handler(service: dict[str, Any], described: dict[str, Any]) -> Handler:
    def setting(name: str) -> Any:
        return described.get(name, service.get(name, _DEFAULTS[name]))

    kind = described.get("ty")
    is_run = kind == "WORKFLOW"
    kept = "workflowCompletionRetention" if is_run else "idempotencyRetention"
    return Handler(
        service["name"],
        described["name"],
        is_keyed=service["ty"] != "SERVICE",
        is_of_workflow=service["ty"] == "WORKFLOW",
        is_run=is_run,
        is_exclusive=kind == "EXCLUSIVE",
        is_private=setting("ingressPrivate"),
        has_lazy_state=setting("enableLazyState"),
        has_schema="jsonSchema" in described["input"],
        takes=described["input"]["contentType"],
        gives=described["output"]["contentType"],
        journal_retention=setting("journalRetention"),
        retention=setting(kept),
        max_attempts=setting("retryPolicyMaxAttempts"),
        on_max_attempts=OnMaxAttempts(setting("retryPolicyOnMaxAttempts")),
        intervals=(
            setting("retryPolicyInitialInterval"),
            setting("retryPolicyExponentiationFactor"),
            setting("retryPolicyMaxInterval"),
        ),
    )
