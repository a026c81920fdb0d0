"""The ids of awakeables in fields of messages."""

from __future__ import annotations

import pytest
from google.protobuf.wrappers_pb2 import BoolValue

from conformance.v1.queue_pb2 import QueueKey, WaitRequest
from restate_proto import AwakeableKey

DONE = AwakeableKey(WaitRequest, "done", BoolValue)


def test_the_id_that_a_message_holds() -> None:
    found = DONE.of(WaitRequest(done="sign_1"))
    assert (found.id, found.type) == ("sign_1", BoolValue)
    assert repr(found) == "AwakeableId('sign_1', BoolValue)"
    assert repr(DONE) == "AwakeableKey(WaitRequest, 'done', BoolValue)"


def test_a_message_of_whose_sender_nobody_waits() -> None:
    with pytest.raises(
        ValueError, match=r"^the field 'done' of WaitRequest is empty: its sender does not"
    ):
        DONE.of(WaitRequest())


def test_a_message_of_another_type() -> None:
    with pytest.raises(TypeError, match=r"message=.*: must be a WaitRequest$"):
        DONE.of(QueueKey())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
