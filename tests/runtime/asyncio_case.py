"""What tests of asyncio in a handler share."""

from __future__ import annotations

import contextvars

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, DurableFuture, Target
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case

HOUR = 3600
ECHO = Target.service("runtime.v1.Service", "Handle")
VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")


def call(ctx: Context, number: int) -> DurableFuture[Parcel]:
    return ctx.call(ECHO, Parcel(number=number), Parcel)


def commands(case: Case) -> list[str]:
    """Return the commands issued since the last call: names of timers, numbers of calls."""
    seen: list[str] = []
    for message in case.sent():
        if isinstance(message, pb.SleepCommandMessage):
            seen.append(message.name)
        elif isinstance(message, pb.CallCommandMessage):
            seen.append(f"call {Parcel.FromString(message.parameter).number}")
        elif isinstance(message, pb.SendSignalCommandMessage):
            seen.append(f"cancel {message.target_invocation_id}")
        elif not isinstance(message, pb.AwaitingOnMessage):
            seen.append(type(message).__name__)
    return seen
