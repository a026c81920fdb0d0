"""The journal of an invocation for people: a tree with the journals of those it called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from restate_proto.protocol import Failure
from restate_proto.protocol.messages import COMMANDS, MessageType
from restate_proto.protocol.mismatch import summary
from restate_proto.protocol.notifications import (
    CANCEL_SIGNAL,
    NotificationId,
    ResultKind,
    read_notification,
)
from restate_proto.protocol.player import completion_ids, is_command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restate_proto.protocol.frames import Frame
    from restate_proto.protocol.notifications import Result
    from restate_proto.testing.virtual.invocation import Invocation

__all__ = ["InvocationJournal", "journal_of"]

_LONGEST_TEXT: Final = 60
_WITH_VALUE: Final = (MessageType.INPUT, MessageType.OUTPUT)


@dataclass(frozen=True, slots=True)
class InvocationJournal:
    """The journal of an invocation; `print` shows it as a tree.

    Args:
        invocation_id: the invocation's id.
        target: the handler, as `shop.v1.Cart/ada/AddTicket`.
        status: the status of the invocation, as in Restate's `sys_invocation`.
        entries: the type numbers and payloads of the entries, as in the service protocol.
        called: the journals of the invocations that it called, by their ids.
        last_failure: the failure of its last attempt, if that failed.
    """

    invocation_id: str
    target: str
    status: str
    entries: tuple[Frame, ...]
    called: Mapping[str, InvocationJournal]
    last_failure: Failure | None = None

    def __str__(self) -> str:
        return "\n".join(self._lines(set()))

    def _lines(self, shown: set[str]) -> list[str]:
        """Return its lines, and those of the called invocations that are not in `shown` yet."""
        shown.add(self.invocation_id)
        lines = [f"{self.target}  {self.invocation_id}  {self.status}"]
        asked = _commands_in_words(self.entries)
        for index, (type_, payload) in enumerate(self.entries):
            if is_command(type_):
                lines.append(f"{index:>4}  {summary(type_, payload)}{_value_text(type_, payload)}")
                continue
            id_, result = read_notification(payload)
            what = asked.get(id_) or _signal_text(id_)
            callee = self.called.get(result.value) if _has_invocation_id(result) else None
            if callee is None:
                lines.append(f"{index:>4}    {what}: {_result_text(result)}")
            else:
                lines.append(f"{index:>4}    {what} is {result.value}")
                if callee.invocation_id not in shown:
                    lines += [f"      {line}" for line in callee._lines(shown)]  # noqa: SLF001 - its own class
        if self.last_failure is not None and self.status != "completed":
            lines.append(f"      failed: [{self.last_failure.code}] {self.last_failure.message}")
        return lines


def journal_of(invocation: Invocation, all_: Mapping[str, Invocation]) -> InvocationJournal:
    """Return the journal of an invocation.

    Args:
        invocation: the invocation.
        all_: all invocations, by id.
    """
    return _journal_of(invocation, all_, {})


def _journal_of(
    invocation: Invocation, all_: Mapping[str, Invocation], done: dict[str, InvocationJournal]
) -> InvocationJournal:
    called: dict[str, InvocationJournal] = {}
    done[invocation.id] = journal = InvocationJournal(
        invocation.id,
        invocation.target,
        invocation.status.value,
        tuple(invocation.journal),
        called,
        invocation.last_failure,
    )
    for type_, payload in invocation.journal:
        if not is_command(type_):
            result = read_notification(payload)[1]
            if _has_invocation_id(result) and result.value in all_:
                callee = all_[result.value]
                called[callee.id] = done.get(callee.id) or _journal_of(callee, all_, done)
    return journal


def _commands_in_words(entries: tuple[Frame, ...]) -> dict[NotificationId, str]:
    """Return the commands in words, by the ids of the notifications that answer them."""
    return {
        id_: summary(type_, payload)
        for type_, payload in entries
        if is_command(type_)
        for id_ in completion_ids(type_, payload)
    }


def _has_invocation_id(result: Result) -> bool:
    return result.kind is ResultKind.INVOCATION_ID


def _value_text(type_: int, payload: bytes) -> str:
    if type_ not in _WITH_VALUE:
        return ""
    message: Any = COMMANDS[type_][0].FromString(payload)
    if type_ == MessageType.OUTPUT and message.HasField("failure"):
        failure = Failure.from_message(message.failure)
        return f": [{failure.code}] {failure.message}"
    return f": {_payload_text(message.value.content)}"


def _result_text(result: Result) -> str:
    match result.kind:
        case ResultKind.FAILURE:
            return f"[{result.value.code}] {result.value.message}"
        case ResultKind.VALUE:
            return _payload_text(result.value)
        case ResultKind.VOID:
            return "done"
        case ResultKind.STATE_KEYS:
            return ", ".join(key.decode(errors="replace") for key in result.value) or "no keys"
        case ResultKind.INVOCATION_ID:
            return str(result.value)


def _payload_text(payload: bytes) -> str:
    """Return a payload that is short text; for others, their length."""
    if len(payload) <= _LONGEST_TEXT:
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            pass
        else:
            if text.isprintable() and text:
                return text
    return f"{len(payload)} bytes"


def _signal_text(id_: NotificationId) -> str:
    if id_ == CANCEL_SIGNAL:
        return "cancelled"
    return f"signal {id_!r}" if isinstance(id_, str) else f"awakeable {-id_}"
