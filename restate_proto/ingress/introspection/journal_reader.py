"""Read the journal of an invocation from the SQL tables.

`sys_journal.raw` has each entry as it was on the wire: a message of the service protocol.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from restate_proto.ingress.introspection.journal import (
    Journal,
    JournalEntry,
    JournalFailure,
    JournalResult,
    Payload,
    PayloadRole,
)
from restate_proto.ingress.introspection.sql import literal, read_object, read_time
from restate_proto.protocol import CANCEL_SIGNAL, Failure, ResultKind
from restate_proto.protocol.messages import COMMANDS
from restate_proto.protocol.notifications import read_notification
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from restate_proto.ingress.admin import AdminClient
    from restate_proto.ingress.introspection.invocations import Invocation
    from restate_proto.ingress.rows import Row
    from restate_proto.protocol import NotificationId

__all__ = ["read_journal"]

_COMMANDS = {
    class_.DESCRIPTOR.name.removesuffix("CommandMessage"): (class_, words)
    for class_, words in COMMANDS.values()
}
_VERSION = 2  # entries of version 1 are not messages of the protocol


def read_journal(admin: AdminClient, invocation: Invocation, *, last: int | None = None) -> Journal:
    """Return the journal of an invocation; empty if Restate does not keep it.

    Args:
        admin: the admin API's client.
        invocation: the invocation.
        last: how many of its entries to read, the last ones; None for all.

    Raises:
        IngressError: a request failed.
    """
    first = 0 if last is None else max(0, invocation.journal_size - last)
    rows = admin.query(
        "SELECT index, entry_type, name, version, raw, appended_at FROM sys_journal"  # noqa: S608 - literals are quoted
        f" WHERE id = {literal(invocation.id)} AND index >= {first} ORDER BY index"
    )
    events = admin.query(
        "SELECT after_journal_entry_index, appended_at, event_type, event_json"  # noqa: S608 - literals are quoted
        f" FROM sys_journal_events WHERE id = {literal(invocation.id)} ORDER BY appended_at"
    )
    reader = _Reader(invocation)
    for row in rows:
        reader.read(row)
    for event in events:
        reader.add_event(event)
    return Journal(tuple(reader.entries), first)


class _Reader:
    """Puts commands and their results together."""

    def __init__(self, invocation: Invocation) -> None:
        self._service = invocation.service
        self._handler = invocation.handler
        self.entries: list[JournalEntry] = []
        self._by_completion: dict[NotificationId, JournalEntry] = {}

    def read(self, row: Row) -> None:
        side, _, kind = row["entry_type"].partition(": ")
        index, at = row.read("index", int), row.read_if_any("appended_at", read_time)
        if row.get("version") != _VERSION or row.get("raw") is None:
            self.entries.append(
                JournalEntry(index, row["entry_type"], row.get("name") or "", at=at)
            )
            return
        raw = row.read("raw", bytes.fromhex)
        if side == "Notification":
            self._notify(raw, index, at)
        elif kind in _COMMANDS:
            class_, words = _COMMANDS[kind]
            entry = self._command(class_.FromString(raw), JournalEntry(index, words, at=at))
            self.entries.append(entry)
        else:
            self.entries.append(JournalEntry(index, kind, row.get("name") or "", at=at))

    def add_event(self, event: Row) -> None:
        if event["event_type"] != "TransientError":
            return
        found = event.read("event_json", read_object)
        after = event.read("after_journal_entry_index", int)
        failure = JournalFailure(
            found.get("error_message", ""),
            int(found.get("error_code") or 500),
            event.read_if_any("appended_at", read_time),
        )
        for entry in reversed(self.entries):
            if entry.index <= after:
                entry.failures.append(failure)
                return

    def _command(self, message: Any, entry: JournalEntry) -> JournalEntry:
        names = message.DESCRIPTOR.fields_by_name
        entry.name = message.entry_name if "entry_name" in names else message.name
        if "result_completion_id" in names:
            entry.awaits_result = True
            self._by_completion[message.result_completion_id] = entry
        if "invocation_id_notification_idx" in names:
            self._by_completion[message.invocation_id_notification_idx] = entry
        read = _READ.get(message.__class__)
        if read is not None:
            read(self, message, entry)
        return entry

    def _notify(self, raw: bytes, index: int, at: datetime | None) -> None:
        id_, found = read_notification(raw)
        entry = self._by_completion.get(id_)
        if entry is None:
            if isinstance(id_, int) and id_ > 0:
                return  # its command was left out
            entry = JournalEntry(index, _signal_words(id_), at=at)
            entry.subject = id_ if isinstance(id_, str) else ""
            self.entries.append(entry)
        if found.kind is ResultKind.INVOCATION_ID:
            entry.invocation_id = str(found.value)
            return
        result = JournalResult(index=index, at=at)
        if found.kind is ResultKind.VALUE:
            payload = self._result_payload(entry, found.value)
            result = JournalResult(payload, index=index, at=at)
        elif found.kind is ResultKind.FAILURE:
            result = JournalResult(failure=found.value, index=index, at=at)
        elif found.kind is ResultKind.STATE_KEYS:
            result = JournalResult(text=", ".join(found.value), index=index, at=at)
        entry.result = result

    def _result_payload(self, entry: JournalEntry, data: bytes) -> Payload:
        if entry.what == "signal":
            return Payload(data, PayloadRole.SIGNAL, self._service, entry.subject)
        role = _RESULT_ROLES.get(entry.what, PayloadRole.UNTYPED)
        if role is PayloadRole.RESPONSE and entry.payload is not None:
            return Payload(data, role, entry.payload.service, entry.payload.name)
        return Payload(data, role, self._service, entry.subject)

    def _state_payload(self, data: bytes, entry: JournalEntry) -> Payload:
        return Payload(data, PayloadRole.STATE, self._service, entry.subject)

    # ---- What each command says ----

    def input(self, message: pb.InputCommandMessage, entry: JournalEntry) -> None:
        entry.payload = Payload(
            message.value.content, PayloadRole.REQUEST, self._service, self._handler
        )

    def output(self, message: pb.OutputCommandMessage, entry: JournalEntry) -> None:
        if message.HasField("failure"):
            entry.result = JournalResult(failure=Failure.from_message(message.failure))
        else:
            entry.payload = Payload(
                message.value.content, PayloadRole.RESPONSE, self._service, self._handler
            )

    def state(self, message: Any, entry: JournalEntry) -> None:
        entry.subject = message.key.decode(errors="replace")
        if isinstance(message, pb.SetStateCommandMessage):
            entry.payload = self._state_payload(message.value.content, entry)
        elif isinstance(message, pb.GetEagerStateCommandMessage):
            has_value = message.HasField("value")
            entry.result = JournalResult(
                self._state_payload(message.value.content, entry) if has_value else None
            )

    def state_keys(self, message: pb.GetEagerStateKeysCommandMessage, entry: JournalEntry) -> None:
        keys = ", ".join(key.decode(errors="replace") for key in message.value.keys)
        entry.result = JournalResult(text=keys)

    def promise(self, message: Any, entry: JournalEntry) -> None:
        entry.subject = message.key
        if isinstance(message, pb.CompletePromiseCommandMessage) and message.HasField(
            "completion_value"
        ):
            data = message.completion_value.content
            entry.payload = Payload(data, PayloadRole.PROMISE, self._service, message.key)

    def sleep(self, message: pb.SleepCommandMessage, entry: JournalEntry) -> None:
        until = datetime.fromtimestamp(message.wake_up_time / 1000, UTC)
        entry.subject = f"until {until:%Y-%m-%d %H:%M:%S} UTC"

    def call(self, message: Any, entry: JournalEntry) -> None:
        service, handler = message.service_name, message.handler_name
        entry.subject = "/".join(filter(None, (service, message.key, handler)))
        entry.payload = Payload(message.parameter, PayloadRole.REQUEST, service, handler)
        start = getattr(message, "invoke_time", 0)
        if start:
            at = datetime.fromtimestamp(start / 1000, UTC)
            entry.subject += f" at {at:%Y-%m-%d %H:%M:%S} UTC"

    def signal(self, message: pb.SendSignalCommandMessage, entry: JournalEntry) -> None:
        is_cancel = message.WhichOneof("signal_id") == "idx" and message.idx == pb.CANCEL
        entry.what = "cancel" if is_cancel else entry.what
        entry.subject = "" if is_cancel else message.name
        entry.invocation_id = message.target_invocation_id
        if message.HasField("value"):
            entry.payload = Payload(message.value.content, PayloadRole.UNTYPED)

    def identified(self, message: Any, entry: JournalEntry) -> None:
        kind = message.WhichOneof("target")
        if kind == "invocation_id":
            entry.invocation_id = message.invocation_id
        elif kind == "workflow_target":
            target = message.workflow_target
            entry.subject = f"{target.workflow_name}/{target.workflow_key}"
        else:
            target = message.idempotent_request_target
            parts = (target.service_name, target.service_key, target.handler_name)
            entry.subject = f"{'/'.join(filter(None, parts))} ({target.idempotency_key})"

    def awakeable(self, message: pb.CompleteAwakeableCommandMessage, entry: JournalEntry) -> None:
        entry.subject = message.awakeable_id
        if message.HasField("value"):
            entry.payload = Payload(message.value.content, PayloadRole.UNTYPED)
        else:
            entry.result = JournalResult(failure=Failure.from_message(message.failure))


def _signal_words(id_: NotificationId) -> str:
    if isinstance(id_, str):
        return "signal"
    return "cancellation" if id_ == CANCEL_SIGNAL else "awakeable"


_READ: dict[type[Message], Callable[[_Reader, Any, JournalEntry], None]] = {
    pb.InputCommandMessage: _Reader.input,
    pb.OutputCommandMessage: _Reader.output,
    pb.GetLazyStateCommandMessage: _Reader.state,
    pb.GetEagerStateCommandMessage: _Reader.state,
    pb.SetStateCommandMessage: _Reader.state,
    pb.ClearStateCommandMessage: _Reader.state,
    pb.GetEagerStateKeysCommandMessage: _Reader.state_keys,
    pb.GetPromiseCommandMessage: _Reader.promise,
    pb.PeekPromiseCommandMessage: _Reader.promise,
    pb.CompletePromiseCommandMessage: _Reader.promise,
    pb.SleepCommandMessage: _Reader.sleep,
    pb.CallCommandMessage: _Reader.call,
    pb.OneWayCallCommandMessage: _Reader.call,
    pb.SendSignalCommandMessage: _Reader.signal,
    pb.AttachInvocationCommandMessage: _Reader.identified,
    pb.GetInvocationOutputCommandMessage: _Reader.identified,
    pb.CompleteAwakeableCommandMessage: _Reader.awakeable,
}
_RESULT_ROLES = {
    "get state": PayloadRole.STATE,
    "await promise": PayloadRole.PROMISE,
    "peek promise": PayloadRole.PROMISE,
    "call": PayloadRole.RESPONSE,
}
