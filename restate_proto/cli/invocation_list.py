"""Print the output of `restate-proto invocations list`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from restate_proto.cli.human_readable import console, show_duration
from restate_proto.cli.invocation_words import why
from restate_proto.cli.printing import print_json
from restate_proto.contract.paths import printable
from restate_proto.ingress.introspection import (
    STATUSES,
    count_by_status,
    find_invocations,
    find_places,
    find_waits,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from restate_proto.ingress.admin import AdminClient
    from restate_proto.ingress.introspection import Invocation, InvocationFilter, Place, Wait

__all__ = ["STATUS_STYLES", "count_words", "invocation_json", "list_invocations"]

STATUS_STYLES = {
    "backing-off": "yellow",
    "paused": "red",
    "completed": "dim",
    "running": "green",
}
"""The colours of statuses."""


def list_invocations(
    admin: AdminClient, wanted: InvocationFilter, *, all_: bool, limit: int, as_json: bool
) -> None:
    """Print the invocations that match a filter, and what they wait for.

    Args:
        admin: the admin API's client.
        wanted: the filter.
        all_: whether ended invocations count too, if the filter names no status.
        limit: how many to print at most.
        as_json: whether to print JSON.

    Raises:
        IngressError: a request failed.
    """
    if not wanted.statuses and not all_:
        wanted = replace(wanted, statuses=STATUSES[:-1])
    found = find_invocations(admin, wanted, limit=limit)
    waits, places = find_waits(admin, found), find_places(admin, found)
    if as_json:
        documents = [
            invocation_json(each, waits.get(each.id, ()), places.get(each.id)) for each in found
        ]
        print_json({"invocations": documents})
        return
    if not found:
        typer.echo("no invocations")
        return
    _print_table(found, waits, places)
    counts = Counter(each.status for each in found)
    if len(found) == limit:
        counts = Counter(count_by_status(admin, wanted))
    total = sum(counts.values())
    cut = f"; these are the {len(found)} oldest, --limit shows more" if total > len(found) else ""
    typer.echo(f"{count_words(counts)}{cut}")


def count_words(counts: Mapping[str, int]) -> str:
    """Say how many invocations have each status: `3 invocations: 2 pending, 1 paused`."""
    total = sum(counts.values())
    each = ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts.get(status))
    return f"{total} {'invocation' if total == 1 else 'invocations'}: {each}"


def invocation_json(
    invocation: Invocation, waits: Iterable[Wait], place: Place | None
) -> dict[str, Any]:
    """Return an invocation as JSON; members that do not apply are left out."""
    fields = {
        "id": invocation.id,
        "target": invocation.target,
        "service": invocation.service,
        "handler": invocation.handler,
        "key": invocation.key,
        "scope": invocation.scope,
        "status": invocation.status,
        "created_at": invocation.created_at,
        "modified_at": invocation.modified_at,
        "starts_at": invocation.starts_at,
        "completed_at": invocation.completed_at,
        "last_attempt_at": invocation.last_start_at,
        "next_attempt_at": invocation.next_retry_at,
        "attempts": invocation.attempts or None,
        "last_failure": invocation.failure,
        "last_failure_code": invocation.failure_code,
        "result": invocation.result,
        "failure": invocation.result_failure,
        "invoked_by": invocation.invoked_by,
        "caller_id": invocation.caller_id,
        "caller": invocation.caller,
        "restarted_from": invocation.restarted_from,
        "idempotency_key": invocation.idempotency_key,
        "deployment": invocation.deployment_id,
        "journal_size": invocation.journal_size,
        "waits_for": [_wait_json(wait) for wait in waits] or None,
        "queue": None if place is None else _place_json(place),
    }
    return _without_unset(fields)


def _wait_json(wait: Wait) -> dict[str, Any]:
    return _without_unset(
        {
            "kind": wait.kind,
            "subject": wait.subject or None,
            "name": wait.name or None,
            "invocation_id": wait.invocation_id,
            "awakeable_id": wait.awakeable_id,
            "until": wait.until,
            "entry": wait.index,
        }
    )


def _place_json(place: Place) -> dict[str, Any]:
    return _without_unset(
        {
            "place": place.number,
            "size": place.size,
            "behind": place.holder_id,
            "blocked_on": place.blocked_on,
        }
    )


def _without_unset(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in fields.items()
        if value is not None
    }


def _print_table(
    found: Sequence[Invocation],
    waits: Mapping[str, Sequence[Wait]],
    places: Mapping[str, Place],
) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Id", no_wrap=True)
    table.add_column("Target", overflow="fold")
    table.add_column("Status", no_wrap=True)
    table.add_column("Age", no_wrap=True)
    table.add_column("Why", overflow="fold")
    for each in found:
        table.add_row(
            each.id,
            printable(each.target),
            Text(each.status, STATUS_STYLES.get(each.status, "")),
            show_duration(each.asked_at - each.created_at),
            why(each, waits.get(each.id, ()), places.get(each.id)),
        )
    console().print(table)
