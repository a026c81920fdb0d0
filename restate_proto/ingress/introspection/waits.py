"""Find out what invocations wait for: in their handlers, and in the queue of a key."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from restate_proto.ingress.introspection.sql import any_of, literal
from restate_proto.protocol.ids import awakeable_id, invocation_id_bytes
from restate_proto.protocol.notifications import CANCEL_SIGNAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from restate_proto.ingress.admin import AdminClient
    from restate_proto.ingress.introspection.invocations import Invocation
    from restate_proto.ingress.rows import Row

__all__ = ["Place", "Wait", "find_holder", "find_places", "find_waits", "first_behind"]

_HAVE_WAITS = ("running", "suspended", "paused")
_FIRST_AWAKEABLE = 17
_COMPLETION_IDS = ("completion_id", "result_completion_id", "invocation_id_completion_id")

_WORDS = {
    "GetLazyState": "state",
    "GetLazyStateKeys": "state",
    "GetPromise": "promise",
    "PeekPromise": "promise",
    "CompletePromise": "promise",
    "Sleep": "sleep",
    "Call": "call",
    "OneWayCall": "send",
    "Run": "run",
    "AttachInvocation": "attach",
    "GetInvocationOutput": "output",
}


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that a handler waits for.

    Args:
        kind: `call`, `send` (its invocation id), `attach`, `output`, `promise`, `sleep`, `run`,
            `state`, `awakeable`, `signal`.
        subject: what it is about: a handler, a promise, a state key, a signal.
        name: the name of the entry, if the handler gave it one.
        invocation_id: the other invocation of a call, a send, an attach or an output.
        awakeable_id: the id that resolves an awakeable.
        until: when a sleep ends.
        index: the number of the entry in the journal; None without an entry.
    """

    kind: str
    subject: str = ""
    name: str = ""
    invocation_id: str | None = None
    awakeable_id: str | None = None
    until: datetime | None = None
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The place of an invocation in its queue.

    Args:
        number: its number, from 1.
        size: the length of the queue.
        holder_id: the invocation that holds the key; None if it waits for another limit.
        blocked_on: what the first in the queue waits for, in Restate's words, if the server has
            vqueues: `lock`, `invoker_concurrency`, ...
    """

    number: int
    size: int
    holder_id: str | None
    blocked_on: str | None


def find_waits(
    admin: AdminClient, invocations: Iterable[Invocation]
) -> dict[str, tuple[Wait, ...]]:
    """Return what the handlers of invocations wait for, by the ids of the invocations.

    Restate only knows what a running attempt waits for with service protocol v7. With an older one,
    every command without a result is listed.

    Raises:
        IngressError: a request failed.
    """
    asked = {each.id: each for each in invocations if each.status in _HAVE_WAITS}
    if not asked:
        return {}
    rows = admin.query(
        "SELECT id, index, entry_type, entry_lite_json FROM sys_journal"  # noqa: S608 - literals are quoted
        f" WHERE {any_of('id', asked)} AND version >= 2 ORDER BY id, index"
    )
    entries: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        entries[row["id"]].append(row)
    return {id_: _waits(each, entries[id_]) for id_, each in asked.items()}


def _waits(invocation: Invocation, rows: Iterable[Row]) -> tuple[Wait, ...]:
    open_: dict[int, Wait] = {}
    for row in rows:
        index = row["index"]
        row.read("entry_lite_json", lambda text, index=index: _add_entry(open_, index, text))
    if not invocation.awaits:
        # A send's invocation id counts only if the handler awaits it.
        found = [wait for wait in open_.values() if wait.kind != "send"]
        return tuple(dict.fromkeys(found))
    found = [_awaited(invocation, leaf, open_) for leaf in invocation.awaits]
    return tuple(dict.fromkeys(wait for wait in found if wait is not None))


def _add_entry(open_: dict[int, Wait], index: int, text: str) -> None:
    """Add the wait that a command begins, or remove the one that a notification ends."""
    ((side, entry),) = json.loads(text).items()
    if side == "Command":
        ((kind, fields),) = entry.items()
        for column in _COMPLETION_IDS:
            if column in fields:
                open_[fields[column]] = _wait(kind, fields, index)
    elif "CompletionId" in entry.get("id", {}):
        open_.pop(entry["id"]["CompletionId"], None)


def _awaited(
    invocation: Invocation, leaf: Mapping[str, Any], open_: Mapping[int, Wait]
) -> Wait | None:
    if "CompletionId" in leaf:
        return open_.get(leaf["CompletionId"])
    if "SignalName" in leaf:
        return Wait("signal", str(leaf["SignalName"]))
    index = leaf.get("SignalIndex")
    if index is None or -index == CANCEL_SIGNAL:  # every handler waits for that
        return None
    if index < _FIRST_AWAKEABLE:
        return Wait("signal", str(index))
    id_ = awakeable_id(invocation_id_bytes(invocation.id), index)
    return Wait("awakeable", awakeable_id=id_)


def _wait(kind: str, fields: Mapping[str, Any], index: int) -> Wait:
    until = fields.get("wake_up_time")
    return Wait(
        _WORDS.get(kind, kind),
        _subject_of(fields),
        fields.get("name", ""),
        invocation_id=fields.get("invocation_id") or _attached(fields),
        until=None if until is None else datetime.fromtimestamp(until / 1000, UTC),
        index=index,
    )


def _subject_of(fields: Mapping[str, Any]) -> str:
    if "key" in fields:
        return str(fields["key"])
    for target in (fields.get("invocation_target"), fields.get("target")):
        if isinstance(target, dict):
            ((kind, parts),) = target.items()  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] - of JSON
            return _target(str(kind), parts)  # pyright: ignore[reportUnknownArgumentType]
    return ""


def _target(kind: str, parts: Any) -> str:
    if kind == "InvocationId":
        return str(parts)
    names = ("name", "service_name", "key", "service_key", "handler", "service_handler")
    return "/".join(str(parts[name]) for name in names if parts.get(name) is not None)


def _attached(fields: Mapping[str, Any]) -> str | None:
    target = fields.get("target")
    return target.get("InvocationId") if isinstance(target, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def find_places(admin: AdminClient, invocations: Iterable[Invocation]) -> dict[str, Place]:
    """Return the places of pending invocations in their queues, by invocation id.

    Raises:
        IngressError: a request failed.
    """
    pending = [each for each in invocations if each.status == "pending"]
    if not pending:
        return {}
    services = dict.fromkeys(each.service for each in pending)
    window = "(PARTITION BY i.target_service_name, i.target_service_key, i.scope%s)"
    order = window % " ORDER BY b.sequence_number, i.inboxed_at, i.id"
    rows = admin.query(
        f"SELECT * FROM (SELECT i.id AS id, ROW_NUMBER() OVER {order} AS number,"  # noqa: S608 - literals are quoted
        f" COUNT(1) OVER {window % ''} AS size"
        " FROM sys_invocation i LEFT JOIN sys_inbox b ON i.id = b.id"
        f" WHERE i.status = 'pending' AND {any_of('i.target_service_name', services)})"
        f" WHERE {any_of('id', (each.id for each in pending))}"
    )
    places = {row["id"]: (row.read("number", int), row.read("size", int)) for row in rows}
    holders = _holders(admin, map(_lock, pending))
    blocked = _blocked(admin, pending)
    return {
        each.id: Place(*places[each.id], holders.get(_lock(each)), blocked.get(each.vqueue_id))
        for each in pending
        if each.id in places  # else it has begun meanwhile
    }


def first_behind(admin: AdminClient, invocation: Invocation, limit: int) -> tuple[list[str], int]:
    """Return the first invocations that wait for the key of an invocation, and how many wait.

    Raises:
        IngressError: a request failed.
    """
    lock = _lock(invocation)
    if lock is None or _holders(admin, [lock]).get(lock) != invocation.id:
        return [], 0
    scope = "IS NULL" if invocation.scope is None else f"= {literal(invocation.scope)}"
    condition = (
        f"i.status = 'pending' AND i.target_service_name = {literal(invocation.service)}"
        f" AND i.target_service_key = {literal(lock.key)} AND i.scope {scope}"
    )
    rows = admin.query(
        "SELECT i.id AS id, COUNT(1) OVER () AS size"  # noqa: S608 - literals are quoted
        f" FROM sys_invocation i LEFT JOIN sys_inbox b ON i.id = b.id WHERE {condition}"
        f" ORDER BY b.sequence_number, i.inboxed_at, i.id LIMIT {limit}"
    )
    return [row["id"] for row in rows], rows[0].read("size", int) if rows else 0


class _Lock(NamedTuple):
    """A key that one exclusive handler holds at a time."""

    service: str
    key: str
    scope: str | None


def _lock(invocation: Invocation) -> _Lock | None:
    if invocation.key is None:
        return None
    return _Lock(invocation.service, invocation.key, invocation.scope)


def find_holder(
    admin: AdminClient, service: str, key: str, *, scope: str | None = None
) -> str | None:
    """Return the id of the invocation that holds a key, for which others wait.

    Raises:
        IngressError: a request failed.
    """
    lock = _Lock(service, key, scope)
    return _holders(admin, [lock]).get(lock)


def _holders(admin: AdminClient, locks: Iterable[_Lock | None]) -> dict[_Lock | None, str]:
    """Return the ids of the invocations that hold these keys; vqueues have a table of their own."""
    asked = [lock for lock in locks if lock is not None]
    if not asked:
        return {}
    services = dict.fromkeys(lock.service for lock in asked)
    keys = dict.fromkeys(lock.key for lock in asked)
    found: dict[_Lock | None, str] = {}
    for row in admin.query(
        "SELECT service_name, service_key, invocation_id FROM sys_keyed_service_status"  # noqa: S608 - literals are quoted
        f" WHERE {any_of('service_name', services)} AND {any_of('service_key', keys)}"
    ):
        lock = _Lock(row["service_name"], row["service_key"], None)
        found[lock] = row["invocation_id"]
    names = {f"{lock.service}/{lock.key}": lock for lock in asked}
    for row in admin.query(
        "SELECT scope, lock_name, acquired_by FROM sys_locks"  # noqa: S608 - literals are quoted
        f" WHERE {any_of('lock_name', names)}"
    ):
        lock = row.read("lock_name", names.__getitem__)._replace(scope=row.get("scope"))
        found[lock] = row["acquired_by"]
    return found


def _blocked(admin: AdminClient, invocations: Iterable[Invocation]) -> dict[str | None, str]:
    queues = {each.vqueue_id for each in invocations if each.vqueue_id is not None}
    if not queues:
        return {}
    rows = admin.query(
        f"SELECT id, blocked_on FROM sys_scheduler WHERE {any_of('id', sorted(queues))}"  # noqa: S608 - literals are quoted
    )
    return {row["id"]: row["blocked_on"] for row in rows if row.get("blocked_on")}
