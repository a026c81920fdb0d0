"""What restate-server sends for one invocation of each workload, as bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.v1.benchmark_pb2 import AddRequest, Count, GreetRequest
from restate_proto.protocol.frames import pack_header
from restate_proto.protocol.messages import MessageType
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = ["Workload", "frame", "workload"]


@dataclass(frozen=True)
class Workload:
    """A request: its path and its body, in the two frames that restate-server sends."""

    path: str
    start: bytes
    input: bytes


def workload(name: str, payload: str) -> Workload:
    """The workload `greet` or `counter`, with "protobuf" or "json" payloads."""
    is_json = payload == "json"
    if name == "greet":
        body = b'{"name":"world"}' if is_json else GreetRequest(name="world").SerializeToString()
        return _workload("/invoke/Greeter/greet", body, payload, key="", state=None)
    body = b"1" if is_json else AddRequest(amount=1).SerializeToString()
    state = b"41" if is_json else Count(value=41).SerializeToString()
    return _workload("/invoke/BenchmarkCounter/add", body, payload, key="k1", state=state)


def _workload(path: str, body: bytes, payload: str, *, key: str, state: bytes | None) -> Workload:
    start = pb.StartMessage(
        id=b"\x01" * 24,
        debug_id="inv_1gdJBtdVEcM942bjcDmb1c1khoaJe11Hbz",
        known_entries=1,
        key=key,
        random_seed=1234567890123456789,
    )
    if state is not None:
        start.state_map.add(key=b"count", value=state)
    headers = {
        "content-type": f"application/{payload}",
        "accept": "*/*",
        "user-agent": "bench/1",
        "x-restate-ingress-path": path.removeprefix("/invoke"),
    }
    command = pb.InputCommandMessage()
    command.value.content = body
    for name, value in headers.items():
        command.headers.add(key=name, value=value)
    return Workload(path, frame(MessageType.START, start), frame(MessageType.INPUT, command))


def frame(type_: int, message: Message) -> bytes:
    """A message behind its header."""
    payload = message.SerializeToString()
    return pack_header(type_, 0, len(payload)) + payload
