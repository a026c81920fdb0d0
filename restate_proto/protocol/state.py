"""The state that a handler reads and writes; what the start message has is read at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.protocol.messages import MessageType
from restate_proto.protocol.notifications import VOID, Result, ResultKind, keys_result, new_result
from restate_proto.protocol.phases import Phase
from restate_proto.protocol.wire import before_value, length_delimited
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from restate_proto.protocol.journal import Journal
    from restate_proto.protocol.waiting import Waiting

__all__ = ["State"]

_VALUE, _STATE_KEYS = ResultKind.VALUE, ResultKind.STATE_KEYS
_REPLAYING = Phase.REPLAYING

# The tags of the fields that are serialized without protobuf.
_KEY, _NAME, _SET_VALUE, _FOUND_VALUE = 0x0A, 0x62, 0x1A, 0x72
_FOUND_NOTHING = b"\x6a\x00"


class State:
    """The commands of one attempt that read and write state."""

    __slots__ = ("_journal", "_known", "_waiting", "_was_cleared")

    def __init__(self, journal: Journal, waiting: Waiting) -> None:
        self._journal = journal
        self._waiting = waiting
        self._known: dict[bytes, bytes | None] | None = None
        self._was_cleared = False

    @property
    def _values(self) -> dict[bytes, bytes | None]:
        """The values as they are stored; None for a key that is known to have no value.

        The start message has the state as it was before this attempt, or a part of it.
        """
        known = self._known
        if known is None:
            entries = self._journal.start.state_map
            known = self._known = {entry.key: entry.value for entry in entries}
        return known

    def get(self, key: str, name: str = "") -> Result | int:
        """Read a key; return its value at once, or the notification id of the value."""
        raw = key.encode()
        journal = self._journal
        if journal.phase is _REPLAYING:
            return self._replay_get(raw, name)
        values = self._values
        if raw not in values and journal.start.partial_state and not self._was_cleared:
            return self._get_lazy(raw, name)
        value = values.get(raw)
        before = length_delimited(_KEY, raw)
        if name:
            before += length_delimited(_NAME, name.encode())
        if value is None:
            journal.issue_payload(
                MessageType.GET_EAGER_STATE, before + _FOUND_NOTHING, b"", b"", name
            )
            return VOID
        result = new_result((_VALUE, value))
        if journal.payloads is not None:
            result = journal.payloads.decode_result(journal, result, f"state {key!r}")
        before += before_value(_FOUND_VALUE, len(value))
        journal.issue_payload(MessageType.GET_EAGER_STATE, before, value, b"", name)
        return result

    def _get_lazy(self, key: bytes, name: str) -> int:
        journal = self._journal
        id_ = journal.last_completion_id + 1
        command = pb.GetLazyStateCommandMessage(key=key, result_completion_id=id_, name=name)
        journal.issue(MessageType.GET_LAZY_STATE, command, name, 1)
        return id_

    def _replay_get(self, key: bytes, name: str) -> Result | int:
        journal = self._journal
        type_, payload = journal.recorded[-1]
        if type_ != MessageType.GET_EAGER_STATE:
            return self._get_lazy(key, name)
        found = journal.decode(pb.GetEagerStateCommandMessage, type_, payload)
        if found.key != key or found.name != name:
            # With the recorded result.
            expected = pb.GetEagerStateCommandMessage.FromString(payload)
            expected.key = key
            expected.name = name
            journal.check(type_, payload, type_, expected, name)
        which = found.WhichOneof("result")
        if which is None:
            journal.bad_record(type_, "has no result")
        result = new_result((_VALUE, found.value.content)) if which == "value" else VOID
        if journal.payloads is not None:
            what = f"state {key.decode()!r}"
            result = journal.payloads.decode_result(journal, result, what)
        journal.take_recorded(type_, name)
        return result

    def keys(self, name: str = "") -> Result | int:
        """List the keys; return the list at once, or the notification id of the list."""
        journal = self._journal
        if journal.phase is _REPLAYING:
            return self._replay_keys(name)
        if journal.start.partial_state and not self._was_cleared:
            return self._get_lazy_keys(name)
        keys = sorted(key for key, value in self._values.items() if value is not None)
        command = pb.GetEagerStateKeysCommandMessage(value=pb.StateKeys(keys=keys), name=name)
        result = keys_result(command.value)
        journal.issue(MessageType.GET_EAGER_STATE_KEYS, command, name)
        return result

    def _replay_keys(self, name: str) -> Result | int:
        journal = self._journal
        type_, payload = journal.recorded[-1]
        if type_ != MessageType.GET_EAGER_STATE_KEYS:
            return self._get_lazy_keys(name)
        found = journal.decode(pb.GetEagerStateKeysCommandMessage, type_, payload)
        if found.name != name:
            expected = pb.GetEagerStateKeysCommandMessage(value=found.value, name=name)
            journal.check(type_, payload, type_, expected, name)
        if not found.HasField("value"):
            journal.bad_record(type_, "has no result")
        result = keys_result(found.value)
        journal.take_recorded(type_, name)
        return result

    def _get_lazy_keys(self, name: str) -> int:
        journal = self._journal
        id_ = journal.last_completion_id + 1
        command = pb.GetLazyStateKeysCommandMessage(result_completion_id=id_, name=name)
        journal.issue(MessageType.GET_LAZY_STATE_KEYS, command, name, 1)
        self._waiting.expect(id_, _STATE_KEYS)
        return id_

    def set(self, key: str, value: bytes, name: str = "") -> None:
        """Write a key."""
        raw = key.encode()
        journal, values = self._journal, self._values
        if journal.payloads is None:
            before = length_delimited(_KEY, raw) + before_value(_SET_VALUE, len(value))
            after = length_delimited(_NAME, name.encode()) if name else b""
            journal.issue_payload(MessageType.SET_STATE, before, value, after, name)
            values[raw] = value
            return
        command = pb.SetStateCommandMessage(key=raw, value=pb.Value(content=value), name=name)
        journal.issue(MessageType.SET_STATE, command, name)
        values[raw] = command.value.content

    def clear(self, key: str, name: str = "") -> None:
        """Remove a key."""
        raw = key.encode()
        values = self._values
        command = pb.ClearStateCommandMessage(key=raw, name=name)
        self._journal.issue(MessageType.CLEAR_STATE, command, name)
        values[raw] = None

    def clear_all(self, name: str = "") -> None:
        """Remove every key."""
        command = pb.ClearAllStateCommandMessage(name=name)
        self._journal.issue(MessageType.CLEAR_ALL_STATE, command, name)
        self._known = {}
        self._was_cleared = True
