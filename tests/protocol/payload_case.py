"""State machines with payload codecs, and journals of theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from restate_proto import AesGcmSiv, Zstd
from restate_proto.model.payload_codec import PayloadCodec, PayloadCodecs
from restate_proto.model.target import Target
from restate_proto.protocol import Result
from restate_proto.protocol.machine import StateMachine
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import read_messages, stream, value

if TYPE_CHECKING:
    from google.protobuf.message import Message


__all__ = [
    "AFTER",
    "BEFORE",
    "DETAIL",
    "ISSUES",
    "NEW",
    "OLD",
    "OTHER",
    "SECRET",
    "WITHOUT_KEY",
    "Issue",
    "M",
    "codecs",
    "machine",
    "poll",
    "sent",
    "stored",
]

M = TypeVar("M")
Issue: TypeAlias = Callable[[StateMachine, bytes], Any]

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
SECRET = b"a secret that is long enough to be compressed: " + b"sesame " * 50
DETAIL = "restatepb.detail/shop.v1.SoldOut"
OTHER = Target.service("Greeter", "Greet")


def codecs(*parts: PayloadCodec) -> PayloadCodecs:
    return PayloadCodecs(parts)


BEFORE = codecs(Zstd(1), AesGcmSiv({"old": OLD}))
AFTER = codecs(Zstd(19), AesGcmSiv({"new": NEW, "old": OLD}))
WITHOUT_KEY = codecs(Zstd(), AesGcmSiv({"new": NEW}))


def machine(
    *entries: Message, codecs: PayloadCodecs | None = BEFORE, version: int = 6, **fields: Any
) -> StateMachine:
    made = StateMachine(version, payload_codecs=codecs)
    made.feed(stream(pb.InputCommandMessage(value=value(b"plain")), *entries, **fields))
    assert made.read_input().payload == b"plain"
    return made


def sent(made: StateMachine) -> list[Message]:
    return read_messages(made.journal.take_output())


ISSUES: dict[str, Issue] = {
    "call": lambda made, data: made.commands.call(OTHER, data),
    "send": lambda made, data: made.commands.send(OTHER, data),
    "state": lambda made, data: made.commands.state.set("KEY", data),
    "signal": lambda made, data: made.commands.send_signal("inv_1", "go", data),
    "awakeable": lambda made, data: made.commands.complete_awakeable("sign_1", data),
    "promise": lambda made, data: made.commands.complete_promise("done", data),
    "output": lambda made, data: made.commands.write_output(data),
}


def stored(data: bytes, by: PayloadCodecs = BEFORE) -> pb.Value:
    return value(by.encode(data))


def poll(made: StateMachine) -> Result:
    notification = made.waiting.poll()
    assert notification is not None
    return notification[1]
