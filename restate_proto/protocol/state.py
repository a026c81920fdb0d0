"""State commands: answered from what came with the start message where that is enough."""

from __future__ import annotations

from restate_proto.protocol.journal import Journal, Phase
from restate_proto.protocol.messages import MessageType
from restate_proto.protocol.results import Result, ResultKind
from restatepb.protocol.v1 import protocol_pb2 as pb

__all__ = ["StateCommands"]

_VOID = Result(ResultKind.VOID, None)
_VALUE, _STATE_KEYS = ResultKind.VALUE, ResultKind.STATE_KEYS
_REPLAYING = Phase.REPLAYING


class StateCommands(Journal):
    """The part of the machine that reads and writes state."""

    __slots__ = ("_is_partial", "_values")

    def __init__(self, version: int, max_message: int, max_outbound: int) -> None:
        super().__init__(version, max_message, max_outbound)
        # None for a key that is known to have no value.
        self._values: dict[bytes, bytes | None] = {}
        self._is_partial = True

    def _on_start(self, payload: bytes) -> None:
        super()._on_start(payload)
        start = self.start
        self._is_partial = start.partial_state
        if start.state_map:
            self._values = {entry.key: entry.value for entry in start.state_map}

    def get_state(self, key: str) -> Result | int:
        """Read a key: its value at once, or the notification id of the value."""
        raw = key.encode()
        if self.phase is _REPLAYING:
            return self._replay_get(raw)
        if self._is_partial and raw not in self._values:
            return self._get_lazy(raw)
        value = self._values.get(raw)
        command = pb.GetEagerStateCommandMessage(key=raw)
        if value is None:
            command.void.SetInParent()
            result = _VOID
        else:
            command.value.content = value
            result = Result(_VALUE, value)
        self._command(MessageType.GET_EAGER_STATE, command)
        return result

    def _get_lazy(self, key: bytes) -> int:
        id_ = self._last_completion_id + 1
        command = pb.GetLazyStateCommandMessage(key=key, result_completion_id=id_)
        self._command(MessageType.GET_LAZY_STATE, command, ids=1)
        return id_

    def _replay_get(self, key: bytes) -> Result | int:
        if self._peek_recorded() != MessageType.GET_EAGER_STATE:
            return self._get_lazy(key)
        type_ = MessageType.GET_EAGER_STATE
        _, payload = self._recorded()
        found = self._decode(pb.GetEagerStateCommandMessage, type_, payload)
        if found.key != key or found.name:
            expected = pb.GetEagerStateCommandMessage.FromString(payload)  # the same result
            expected.key = key
            expected.name = ""
            self._check(type_, payload, type_, expected)
        which = found.WhichOneof("result")
        if which is None:
            self._bad_record(type_, "has no result")
        result = Result(_VALUE, found.value.content) if which == "value" else _VOID
        self._take_recorded(type_)
        return result

    def get_state_keys(self) -> Result | int:
        """List the keys: at once, or the notification id of the list."""
        if self.phase is _REPLAYING:
            if self._peek_recorded() != MessageType.GET_EAGER_STATE_KEYS:
                return self._get_lazy_keys()
            return self._replay_keys()
        if self._is_partial:
            return self._get_lazy_keys()
        keys = sorted(key for key, value in self._values.items() if value is not None)
        command = pb.GetEagerStateKeysCommandMessage(value=pb.StateKeys(keys=keys))
        result = _keys(command.value)
        self._command(MessageType.GET_EAGER_STATE_KEYS, command)
        return result

    def _replay_keys(self) -> Result:
        type_ = MessageType.GET_EAGER_STATE_KEYS
        _, payload = self._recorded()
        found = self._decode(pb.GetEagerStateKeysCommandMessage, type_, payload)
        if found.name:
            expected = pb.GetEagerStateKeysCommandMessage(value=found.value)
            self._check(type_, payload, type_, expected)
        if not found.HasField("value"):
            self._bad_record(type_, "has no result")
        result = _keys(found.value)
        self._take_recorded(type_)
        return result

    def _get_lazy_keys(self) -> int:
        id_ = self._last_completion_id + 1
        command = pb.GetLazyStateKeysCommandMessage(result_completion_id=id_)
        self._command(MessageType.GET_LAZY_STATE_KEYS, command, ids=1)
        self._expected[id_] = _STATE_KEYS
        return id_

    def set_state(self, key: str, value: bytes) -> None:
        """Write a key."""
        raw = key.encode()
        command = pb.SetStateCommandMessage(key=raw)
        command.value.content = value
        self._command(MessageType.SET_STATE, command)
        self._values[raw] = value

    def clear_state(self, key: str) -> None:
        """Remove a key."""
        raw = key.encode()
        self._command(MessageType.CLEAR_STATE, pb.ClearStateCommandMessage(key=raw))
        self._values[raw] = None

    def clear_all_state(self) -> None:
        """Remove every key."""
        self._command(MessageType.CLEAR_ALL_STATE, pb.ClearAllStateCommandMessage())
        self._values = {}
        self._is_partial = False


def _keys(message: pb.StateKeys) -> Result:
    return Result(
        ResultKind.STATE_KEYS, tuple(key.decode(errors="replace") for key in message.keys)
    )
