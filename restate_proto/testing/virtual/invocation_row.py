"""The row of an invocation in the server's SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restate_proto.protocol import Code, Failure

if TYPE_CHECKING:
    from restate_proto.testing.virtual.invocation import Invocation

__all__ = ["invocation_row"]


def invocation_row(invocation: Invocation, version: int) -> dict[str, Any]:
    """Return the row of an invocation in `sys_invocation`, with the columns that apply here.

    Args:
        invocation: the invocation.
        version: the service protocol version.
    """
    handler, failure, outcome = invocation.handler, invocation.last_failure, invocation.outcome
    row: dict[str, Any] = {
        "id": invocation.id,
        "target": invocation.target,
        "target_service_name": handler.service,
        "target_service_key": invocation.key if handler.is_keyed else None,
        "target_handler_name": handler.name,
        "status": invocation.status.value,
        "retry_count": invocation.failures,
        "journal_size": len(invocation.journal),
        "idempotency_key": None if invocation.name is None else invocation.name.idempotency_key,
        "scope": invocation.scope,
        "limit_key": invocation.limit_key,
        "restarted_from": invocation.restarted_from,
        "pinned_service_protocol_version": version,
    }
    if failure is not None and outcome is None:
        row["last_failure"] = f"[{failure.code}] {failure.message}"
        is_mismatch = failure.code == Code.JOURNAL_MISMATCH
        row["last_failure_error_code"] = "RT0016" if is_mismatch else None
    if isinstance(outcome, Failure):
        row["completion_result"] = "failure"
        row["completion_failure"] = f"[{outcome.code}] {outcome.message}"
    elif outcome is not None:
        row["completion_result"] = "success"
    return row
