"""An interceptor that keeps what it is told, and handlers for it."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import (
    Context,
    EndedAttempt,
    HandlerCall,
    Interceptor,
    OutgoingCall,
    RunCall,
    Target,
)
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["OBJECT", "OTHER", "VARIABLE", "Recorder", "once", "run_command", "run_once"]

OBJECT: Any = {"kind": ServiceKind.VIRTUAL_OBJECT, "handler_kind": HandlerKind.EXCLUSIVE}
OTHER = Target.service("runtime.v1.Other", "Handle")
VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")


class Recorder(Interceptor):
    """Keeps what it is told, and what comes back."""

    def __init__(self, name: str = "", events: list[str] | None = None) -> None:
        self.name = name
        self.events: list[str] = [] if events is None else events
        self.handlers: list[HandlerCall] = []
        self.runs: list[RunCall] = []
        self.calls: list[OutgoingCall] = []
        self.ended: list[EndedAttempt] = []

    @override
    async def handler(self, call: HandlerCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
        self.handlers.append(call)
        self.events.append(f"{self.name}handler begins")
        try:
            return await call_next()
        except BaseException as error:
            self.events.append(f"{self.name}handler raises {type(error).__name__}")
            raise
        finally:
            self.events.append(f"{self.name}handler ends")

    @override
    async def run(self, call: RunCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
        self.runs.append(call)
        self.events.append(f"{self.name}run {call.name} begins")
        try:
            return await call_next()
        finally:
            self.events.append(f"{self.name}run {call.name} ends")

    @override
    def call(self, call: OutgoingCall) -> None:
        self.calls.append(call)
        call.headers["x-hook"] = self.name

    @override
    def attempt_ended(self, ended: EndedAttempt) -> None:
        self.ended.append(ended)
        self.events.append(f"{self.name}attempt ended, {ended.outcome}")

    @property
    def last(self) -> EndedAttempt:
        return self.ended[-1]


async def run_once(ctx: Context, parcel: Parcel) -> Parcel:
    return Parcel(text=await ctx.run("once", once))


async def once() -> str:
    return VARIABLE.get()


def run_command(name: str, id_: int) -> pb.RunCommandMessage:
    return pb.RunCommandMessage(name=name, result_completion_id=id_)
