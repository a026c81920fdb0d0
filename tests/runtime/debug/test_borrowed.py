"""Queues, locks and events of handlers in the functions of `ctx.run`: found once a task has waited."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context
from restate_proto.runtime import Runtime
from restate_proto.runtime.debug import Debugger
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, in_loop, value

if TYPE_CHECKING:
    from collections.abc import Callable


class Shop:
    """A service that keeps what it must not keep."""

    def __init__(self) -> None:
        self.seats: asyncio.Queue[int] = asyncio.Queue()
        self.door = asyncio.Event()

    def fill(self) -> None:
        self.seats.put_nowait(1)

    async def fill_later(self) -> None:
        self.seats.put_nowait(1)

    async def look(self) -> int:
        return self.door.is_set()

    async def listen(self, ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(number=await self.seats.get())


FUNCTIONS: dict[str, Callable[[Shop], Callable[[], Any]]] = {
    "a method": lambda shop: shop.fill,
    "a coroutine method": lambda shop: shop.fill_later,
    "a lambda": lambda self: lambda: self.seats.put_nowait(1),
    "a partial": lambda shop: partial(Shop.fill, shop),
}


async def warnings_of(
    shop: Shop, function: Callable[[], Any], debugger: Debugger, runtime: Runtime
) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("fill", function)
        return parcel

    case = Case(body, debugger=debugger, runtime=runtime).start()
    while not case.stream.ended:
        if any(isinstance(each, pb.ProposeRunCompletionMessage) for each in case.sent()):
            case.feed(value(1, b"null"))
        await asyncio.sleep(0)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("waits", [True, False])
@in_loop
async def test_what_a_handler_waits_for(
    name: str, caplog: pytest.LogCaptureFixture, *, waits: bool
) -> None:
    shop = Shop()
    runtime = Runtime(asyncio.get_running_loop())
    debugger = Debugger(runtime, repeats=False)
    try:
        if waits:
            listener = Case(shop.listen, debugger=debugger, runtime=runtime).start()
            # It waits for what nobody will put there, which ends its attempt.
            assert "waits for nothing that can happen" in listener.error().message
            caplog.clear()
        await warnings_of(shop, FUNCTIONS[name](shop), debugger, runtime)
        await warnings_of(shop, shop.look, debugger, runtime)
    finally:
        debugger.close()
    said = [each.getMessage() for each in caplog.records if "gives" in each.getMessage()]
    if not waits:
        assert said == []
        return
    (text,) = said
    assert (
        f"seats to the function of ctx.run 'fill', for which tasks of a handler wait, at {__file__}:"
        in text
    )
    assert "have the function return what it needs" in text
