"""The workloads: what restate-server sends for one invocation of each, and what it expects."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError, Message

from benchmark.v1.benchmark_pb2 import AddRequest, Count, GreetRequest, GreetResponse
from benchmark.v1.workloads_pb2 import ReplayRequest, ReplayResponse
from restate_proto.protocol.frames import pack_header
from restate_proto.protocol.messages import MessageType
from restatepb.protocol.v1 import protocol_pb2 as pb

__all__ = [
    "REPLAYED_RUNS",
    "WORKLOADS",
    "Workload",
    "call_completion",
    "frame",
    "run_completion",
    "sleep_completion",
    "workload",
]

_SLEEP_COMPLETION: Final = 0x800C
_CALL_COMPLETION: Final = 0x800D
_CALL_INVOCATION_ID: Final = 0x800E

WORKLOADS: Final = ("greet", "counter", "run", "call", "replay", "payload")
"""The workloads whose invocations follow one another; `many` is measured in another way."""

REPLAYED_RUNS: Final = 500
"""Each step has two entries in the journal: the command and its completion."""

PAYLOAD: Final = bytes(range(256)) * 4096
"""One MiB."""

_INVOCATION_ID: Final = "inv_1gdJBtdVEcM942bjcDmb1c1khoaJe11Hbz"


@dataclass(frozen=True)
class Workload:
    """An invocation as restate-server sends it, and the answer that is expected.

    Attributes:
        name: the workload's name.
        path: the request's path.
        start: the first message, in a DATA frame of its own.
        journal: the input, and the entries to replay.
        expected: the handler's answer, decoded: a message, a JSON value, or bytes.
        result: the result of the handler's run or call, as bytes.
    """

    name: str
    path: str
    start: bytes
    journal: bytes
    expected: object
    result: bytes = b""

    def check(self, output: bytes) -> None:
        """Decode an OutputCommandMessage and the answer inside, and check them.

        Raises:
            ValueError: the handler failed, or gave another answer.
        """
        message = pb.OutputCommandMessage.FromString(output)
        try:
            value = _decoded(message.value.content, self.expected)
        except (DecodeError, ValueError) as error:
            value = error
        if message.HasField("failure") or value != self.expected:
            raise ValueError(f"{self.name}: {str(message)[:300]} is not {str(self.expected)[:300]}")

    def completion(self, type_: int, payload: bytes, version: int) -> bytes:
        """Return restate-server's answer to a message of the handler: empty for most messages."""
        if type_ == MessageType.PROPOSE_RUN_COMPLETION:
            proposal = pb.ProposeRunCompletionMessage.FromString(payload)
            id_ = proposal.result_completion_id
            if version >= 7:
                ack = pb.ProposeRunCompletionAckMessage(completion_id=id_)
                return frame(MessageType.PROPOSE_RUN_COMPLETION_ACK, ack)
            return run_completion(id_, proposal.value)
        if type_ == MessageType.CALL:
            command = pb.CallCommandMessage.FromString(payload)
            return call_completion(
                command.invocation_id_notification_idx,
                command.result_completion_id,
                self.result,
            )
        return b""


def workload(name: str, encoding: str) -> Workload:
    """Return a workload with "protobuf" or "json" payloads.

    Raises:
        KeyError: no workload has this name.
    """
    is_json = encoding == "json"
    name_, hello = GreetRequest(name="world"), GreetResponse(greeting="Hello world")
    request: object = {"name": "world"} if is_json else name_
    response: object = {"greeting": "Hello world"} if is_json else hello
    match name:
        case "greet":
            return _workload(name, "/invoke/Greeter/greet", request, response)
        case "counter":
            state = _encoded(41 if is_json else Count(value=41))
            amount, count = (1, 42) if is_json else (AddRequest(amount=1), Count(value=42))
            return _workload(name, "/invoke/Tally/add", amount, count, state=state)
        case "run" | "call":
            path = f"/invoke/Steps/{name}"
            return _workload(name, path, request, response, result=_encoded(response))
        case "replay":
            steps = REPLAYED_RUNS
            asked, done = ReplayRequest(steps=steps), ReplayResponse(steps=steps)
            request, response = ({"steps": steps}, {"steps": steps}) if is_json else (asked, done)
            return _workload(name, "/invoke/Steps/replay", request, response, runs=steps)
        case "payload":
            return _workload(name, "/invoke/Steps/echo", PAYLOAD, PAYLOAD)
        case "many":
            return _workload(name, "/invoke/Steps/park", request, response)
        case _:
            raise KeyError(name)


def _workload(
    name: str,
    path: str,
    request: object,
    response: object,
    *,
    state: bytes | None = None,
    runs: int = 0,
    result: bytes = b"",
) -> Workload:
    start = pb.StartMessage(
        id=b"\x01" * 24,
        debug_id=_INVOCATION_ID,
        known_entries=1 + 2 * runs,
        key="" if state is None else "k1",
        random_seed=1234567890123456789,
    )
    if state is not None:
        start.state_map.add(key=b"count", value=state)
    headers = {
        "content-type": _content_type(request),
        "accept": "*/*",
        "user-agent": "bench/1",
        "x-restate-ingress-path": path.removeprefix("/invoke"),
    }
    command = pb.InputCommandMessage()
    command.value.content = _encoded(request)
    for field, value in headers.items():
        command.headers.add(key=field, value=value)
    journal = [frame(MessageType.INPUT, command)]
    for id_ in range(1, runs + 1):
        entry = pb.RunCommandMessage(result_completion_id=id_, name="step")
        journal += (frame(MessageType.RUN, entry), run_completion(id_, b"1"))
    return Workload(
        name,
        path,
        frame(MessageType.START, start),
        b"".join(journal),
        response,
        result,
    )


def run_completion(id_: int, value: bytes) -> bytes:
    """Return the notification with a run's result."""
    notification = pb.RunCompletionNotificationMessage(completion_id=id_)
    notification.value.content = value
    return frame(MessageType.RUN_COMPLETION, notification)


def call_completion(id_of_invocation: int, id_of_result: int, value: bytes) -> bytes:
    """Return the two notifications of a call: the callee's invocation id, and its answer."""
    invocation_id = pb.CallInvocationIdCompletionNotificationMessage(
        completion_id=id_of_invocation, invocation_id=_INVOCATION_ID
    )
    notification = pb.CallCompletionNotificationMessage(completion_id=id_of_result)
    notification.value.content = value
    return frame(_CALL_INVOCATION_ID, invocation_id) + frame(_CALL_COMPLETION, notification)


def sleep_completion(command: bytes) -> bytes:
    """Return the notification that a SleepCommandMessage is due."""
    id_ = pb.SleepCommandMessage.FromString(command).result_completion_id
    notification = pb.SleepCompletionNotificationMessage(completion_id=id_)
    notification.void.SetInParent()
    return frame(_SLEEP_COMPLETION, notification)


def frame(type_: int, message: Message) -> bytes:
    """Return a message behind its header."""
    payload = message.SerializeToString()
    return pack_header(type_, 0, len(payload)) + payload


def _content_type(value: object) -> str:
    if isinstance(value, bytes):
        return "application/octet-stream"
    return "application/protobuf" if isinstance(value, Message) else "application/json"


def _encoded(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, Message):
        return value.SerializeToString()
    return json.dumps(value, separators=(",", ":")).encode()


def _decoded(content: bytes, like: object) -> object:
    if isinstance(like, bytes):
        return content
    if isinstance(like, Message):
        return type(like).FromString(content)
    return json.loads(content)
