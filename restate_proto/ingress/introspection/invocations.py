"""Find invocations by service, handler, key, status and age."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from restate_proto.ingress.introspection.sql import any_of, read_object, read_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from restate_proto.ingress.admin import AdminClient
    from restate_proto.ingress.rows import Row

__all__ = [
    "STATUSES",
    "Invocation",
    "InvocationFilter",
    "count_by_status",
    "find_invocations",
    "waited_for",
]

STATUSES = (
    "pending",
    "scheduled",
    "ready",
    "running",
    "backing-off",
    "suspended",
    "paused",
    "completed",
)
"""The statuses of invocations; only the last means that the invocation has ended."""

# Running attempts only have what they wait for with protocol v7.
_AWAITED = ("suspended_waiting_future_json", "last_awaiting_on_future_json")
_AFTER_FAILURES = ("backing-off", "paused")

_COLUMNS = (
    "id",
    "target",
    "target_service_name",
    "target_handler_name",
    "target_service_key",
    "target_service_ty",
    "scope",
    "vqueue_id",
    "status",
    "created_at",
    "modified_at",
    "scheduled_at",  # if it is not selected, the server (1.7.12) leaves out the next column
    "scheduled_start_at",
    "last_start_at",
    "next_retry_at",
    "completed_at",
    "retry_count",
    "last_failure",
    "last_failure_error_code",
    "last_failure_related_command_index",
    "last_failure_related_command_name",
    "last_failure_related_command_type",
    "completion_result",
    "completion_failure",
    "invoked_by",
    "invoked_by_id",
    "invoked_by_target",
    "invoked_by_subscription_id",
    "restarted_from",
    "idempotency_key",
    "pinned_deployment_id",
    "last_attempt_deployment_id",
    "journal_size",
    "suspended_waiting_future_json",
    "last_awaiting_on_future_json",
)


@dataclass(frozen=True, slots=True)
class InvocationFilter:
    """Selects invocations that meet all conditions; empty conditions do not count.

    Args:
        ids: one of these ids.
        services: a handler of one of these services, by their Restate names.
        handlers: a handler of one of these names.
        keys: for one of these object keys or workflow ids.
        statuses: of one of these; see `STATUSES`.
        older_than: created at least that long ago, by the server's clock.
    """

    ids: Sequence[str] = ()
    services: Sequence[str] = ()
    handlers: Sequence[str] = ()
    keys: Sequence[str] = ()
    statuses: Sequence[str] = ()
    older_than: timedelta | None = None

    def condition(self) -> str:
        """Return the condition in SQL."""
        columns = {
            "id": self.ids,
            "target_service_name": self.services,
            "target_handler_name": self.handlers,
            "target_service_key": self.keys,
            "status": self._server_statuses(),
        }
        found = [any_of(column, values) for column, values in columns.items() if values]
        if self.older_than is not None:
            seconds = self.older_than.total_seconds()
            found.append(f"created_at <= now() - INTERVAL '{seconds:.3f} seconds'")
        return " AND ".join(found) or "true"

    def _server_statuses(self) -> Sequence[str]:
        """Return the server's statuses; with vqueues, backing off is a part of its `ready`."""
        if "backing-off" in self.statuses and "ready" not in self.statuses:
            return [*self.statuses, "ready"]
        return self.statuses


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What the server knows of an invocation.

    Args:
        id: its id.
        target: its handler: `shop.v1.Cart/alice/AddTicket`.
        service: the Restate name of the service.
        handler: the Restate name of the handler.
        key: the object key or workflow id; None for a plain service.
        scope: its scope, if any.
        vqueue_id: the queue that it goes through, if the server has vqueues.
        status: one of `STATUSES`.
        asked_at: when the server answered this query.
        created_at: when the server got it.
        modified_at: when its status changed last.
        starts_at: when it starts, if it was sent with a delay.
        last_start_at: when its last attempt began.
        next_retry_at: when its next attempt begins.
        completed_at: when it ended.
        attempts: how many attempts the server has made since it became leader of the partition.
        failure: why the last attempt failed, in Restate's words; None if it did not.
        failure_code: Restate's code of that failure, such as `RT0007`.
        failed_command: the command at which the last attempt failed: its kind, such as `Run`, its
            name and its number; None if Restate does not know.
        result: `success` or `failure`, once it has ended.
        result_failure: the failure that it ended with.
        invoked_by: `ingress`, `service`, `subscription`, `restart_as_new`.
        caller_id: the invocation that called it, if one did.
        caller: the handler of that invocation, or the id of the subscription.
        restarted_from: the invocation that it repeats, if any.
        idempotency_key: its idempotency key, which may be one that the server made, or None.
        deployment_id: the deployment that it is pinned to, or that ran the last attempt.
        journal_size: how many entries its journal has.
        awaits: the ids of the notifications that it waits for, in Restate's form, such as
            `{"CompletionId": 3}` and `{"SignalIndex": 17}`.
    """

    id: str
    target: str
    service: str
    handler: str
    key: str | None
    scope: str | None
    vqueue_id: str | None
    status: str
    asked_at: datetime
    created_at: datetime
    modified_at: datetime | None
    starts_at: datetime | None
    last_start_at: datetime | None
    next_retry_at: datetime | None
    completed_at: datetime | None
    attempts: int
    failure: str | None
    failure_code: str | None
    failed_command: tuple[str, str, int] | None
    result: str | None
    result_failure: str | None
    invoked_by: str
    caller_id: str | None
    caller: str | None
    restarted_from: str | None
    idempotency_key: str | None
    deployment_id: str | None
    journal_size: int
    awaits: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.status == "completed"

    @property
    def is_keyed(self) -> bool:
        """Whether its service is an object or a workflow."""
        return self.key is not None


def find_invocations(
    admin: AdminClient, wanted: InvocationFilter, *, limit: int | None = None
) -> list[Invocation]:
    """Return the invocations that match a filter, the oldest first.

    Args:
        admin: the admin API's client.
        wanted: the filter.
        limit: how many at most; None for all.

    Raises:
        IngressError: the request failed.
    """
    tail = "" if limit is None else f" LIMIT {limit}"
    rows = admin.query(
        f"SELECT {', '.join(_COLUMNS)}, now() AS asked_at FROM sys_invocation"  # noqa: S608 - literals are quoted
        f" WHERE {wanted.condition()} ORDER BY created_at, id{tail}"
    )
    found = _with_backoffs(admin, [_read(row) for row in rows])
    statuses = wanted.statuses or STATUSES
    return _with_failures(admin, [each for each in found if each.status in statuses])


def _with_backoffs(admin: AdminClient, found: list[Invocation]) -> list[Invocation]:
    """Mark ready invocations that back off; with vqueues, their rows do not say so."""
    ready = [each.id for each in found if each.status == "ready" and each.vqueue_id is not None]
    if not ready:
        return found
    rows = admin.query(
        "SELECT entry_id, run_at, num_attempts FROM sys_vqueues"  # noqa: S608 - literals are quoted
        f" WHERE {any_of('entry_id', ready)} AND status = 'backing-off'"
    )
    backoffs = {row["entry_id"]: row for row in rows}
    return [
        replace(
            each,
            status="backing-off",
            next_retry_at=backoffs[each.id].read_if_any("run_at", read_time),
            attempts=backoffs[each.id].read_if_any("num_attempts", int) or 0,
        )
        if each.id in backoffs
        else each
        for each in found
    ]


def _with_failures(admin: AdminClient, found: list[Invocation]) -> list[Invocation]:
    """Add the reasons of failed attempts that the rows of the invocations do not have."""
    asked = [each.id for each in found if each.status in _AFTER_FAILURES and each.failure is None]
    if not asked:
        return found
    rows = admin.query(
        "SELECT id, event_type, event_json FROM sys_journal_events"  # noqa: S608 - literals are quoted
        f" WHERE {any_of('id', asked)} ORDER BY appended_at"
    )
    failures: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        event = row.read("event_json", read_object)
        failure = event if row["event_type"] == "TransientError" else event.get("last_failure")
        if failure:  # with vqueues, an invocation paused by a person has none
            failures[row["id"]] = failure
    return [_with_failure(each, failures.get(each.id)) for each in found]


def _with_failure(invocation: Invocation, failure: Mapping[str, Any] | None) -> Invocation:
    if failure is None:
        return invocation
    return replace(
        invocation,
        failure=f"[{failure.get('error_code')}] {failure.get('error_message')}",
        failure_code=failure.get("restate_doc_error_code"),
        failed_command=_failed_command(
            {f"last_failure_{name}": value for name, value in failure.items()}
        ),
    )


def count_by_status(admin: AdminClient, wanted: InvocationFilter) -> dict[str, int]:
    """Count the invocations that match a filter by status, in the order of `STATUSES`.

    Raises:
        IngressError: the request failed.
    """
    rows = admin.query(
        "SELECT status, COUNT(1) AS found FROM sys_invocation"  # noqa: S608 - literals are quoted
        f" WHERE {wanted.condition()} GROUP BY status"
    )
    found = {row["status"]: row.read("found", int) for row in rows}
    return {status: found[status] for status in (*STATUSES, *found) if status in found}


def _read(row: Row) -> Invocation:
    return Invocation(
        id=row["id"],
        target=row["target"],
        service=row["target_service_name"],
        handler=row["target_handler_name"],
        key=row.get("target_service_key"),
        scope=row.get("scope"),
        vqueue_id=row.get("vqueue_id"),
        status=row["status"],
        asked_at=row.read("asked_at", read_time),
        created_at=row.read("created_at", read_time),
        modified_at=row.read_if_any("modified_at", read_time),
        starts_at=row.read_if_any("scheduled_start_at", read_time),
        last_start_at=row.read_if_any("last_start_at", read_time),
        next_retry_at=row.read_if_any("next_retry_at", read_time),
        completed_at=row.read_if_any("completed_at", read_time),
        attempts=row.read_if_any("retry_count", int) or 0,
        failure=row.get("last_failure"),
        failure_code=row.get("last_failure_error_code"),
        failed_command=_failed_command(row),
        result=row.get("completion_result"),
        result_failure=row.get("completion_failure"),
        invoked_by=row.get("invoked_by") or "ingress",
        caller_id=row.get("invoked_by_id"),
        caller=row.get("invoked_by_target") or row.get("invoked_by_subscription_id"),
        restarted_from=row.get("restarted_from"),
        idempotency_key=row.get("idempotency_key"),
        deployment_id=row.get("pinned_deployment_id") or row.get("last_attempt_deployment_id"),
        journal_size=row.read_if_any("journal_size", int) or 0,
        awaits=next(filter(None, (row.read_if_any(each, _awaited_ids) for each in _AWAITED)), ()),
    )


def _failed_command(row: Mapping[str, Any]) -> tuple[str, str, int] | None:
    index = row.get("last_failure_related_command_index")
    if index is None:
        return None
    kind = row.get("last_failure_related_command_type") or ""
    return kind, row.get("last_failure_related_command_name") or "", int(index)


def waited_for(row: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Return the ids of the notifications that an invocation waits for, from its row."""
    text = next(filter(None, map(row.get, _AWAITED)), None)
    return () if text is None else _awaited_ids(text)


def _awaited_ids(text: str) -> tuple[Mapping[str, Any], ...]:
    return tuple(_leaves(json.loads(text)))


def _leaves(future: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the notification ids in a tree: `{"FirstCompleted": [{"Single": ...}, ...]}`."""
    if isinstance(future, dict):
        for combinator, inside in cast("dict[str, Any]", future).items():
            if combinator == "Single":
                yield inside
            else:
                yield from _leaves(inside)
    elif isinstance(future, list):
        for each in cast("list[Any]", future):
            yield from _leaves(each)
