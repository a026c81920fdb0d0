"""Attempts in development mode, and what their repetition has found."""

from __future__ import annotations

import asyncio
import inspect
import itertools
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import ObjectContext, StateKey, Target
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restate_proto.runtime import Runtime
from restate_proto.runtime.debug import Debugger
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    Body = Callable[[ObjectContext, Parcel], Coroutine[Any, Any, Any]]


__all__ = [
    "KINDS",
    "ONE",
    "OTHER",
    "SOON",
    "TWO",
    "Twice",
    "debug_case",
    "ending",
    "line_of",
    "mismatch",
]

OTHER = Target.service("runtime.v1.Other", "Handle")
ONE, TWO = StateKey("one", str), StateKey("two", str)
SOON = timedelta(seconds=1)
KINDS: Any = {"kind": ServiceKind.VIRTUAL_OBJECT, "handler_kind": HandlerKind.EXCLUSIVE}


class Twice:
    """Something else each time that it is asked."""

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def number(self) -> int:
        return next(self._numbers)

    def is_first(self) -> bool:
        return self.number() == 0


def debug_case(body: Body, version: int = 6, **options: Any) -> Case:
    debugger = Debugger(Runtime(asyncio.get_running_loop()))
    debugger.close()  # the watchdog: no clock is looked at here
    return Case(body, version=version, debugger=debugger, **(KINDS | options))


async def ending(case: Case) -> pb.ErrorMessage | pb.EndMessage | pb.SuspensionMessage:
    """The last message, once the attempt has been repeated."""
    messages = case.sent()
    while not case.stream.ended:
        await case.until_written()
    messages += case.sent()
    last = messages[-1]
    assert isinstance(last, (pb.ErrorMessage, pb.EndMessage, pb.SuspensionMessage))
    return last


def line_of(body: Body, mark: str = "# here") -> str:
    """The line of a handler that has a mark, as `file:line`."""
    lines, first = inspect.getsourcelines(body)
    (number,) = (number for number, line in enumerate(lines) if mark in line)
    return f"{inspect.getsourcefile(body)}:{first + number}"


async def mismatch(case: Case, body: Body, mark: str = "# here") -> str:
    """Return what a repetition has found, at a line of the handler."""
    error = await ending(case)
    assert isinstance(error, pb.ErrorMessage), error
    assert error.code == 570
    place, _, text = error.message.partition(": ")
    assert place.startswith("runtime.v1.Service/Handle does not repeat itself at ")
    assert line_of(body, mark) in place
    assert "is not deterministic" in text
    return text
