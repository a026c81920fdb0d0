"""Random handlers, cut off at random: every attempt must repeat the ones before it."""

from __future__ import annotations

import asyncio
import logging
import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import (
    CallFuture,
    DurableFuture,
    InvocationHandle,
    ObjectContext,
    SignalKey,
    StateKey,
    Target,
    TerminalError,
    gather,
    select,
)
from restate_proto.runtime import Runtime
from restate_proto.runtime.debug import Debugger
from tests.protocol.case import CANCEL, failure, named_signal, signal, value
from tests.restate import Restate
from tests.runtime.case import in_loop
from tests.runtime.drawn_course import invoke

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.restate import Outcome

OTHER = Target.object("runtime.v1.Object", "k", "Handle")
KEYS = [StateKey(f"key {number}", str) for number in range(3)]
GO = SignalKey("go", str)

Handle = CallFuture[str] | InvocationHandle[bytes]


class Program:
    """A handler whose every step is drawn, and depends on the results before it.

    Args:
        ctx: the handler's context.
        seed: what the steps are drawn from.
        luck: what is drawn in the functions of runs: different in every attempt.
    """

    def __init__(self, ctx: ObjectContext, seed: int, luck: random.Random) -> None:
        self.ctx = ctx
        self.random = random.Random(seed)
        self.luck = luck
        self.futures: list[DurableFuture[Any]] = []
        self.handles: list[Handle] = []
        self.results: list[str] = []
        self.signals = 0

    async def run(self) -> Parcel:
        names = sorted(name for name in dir(self) if name.startswith("do_"))
        names += ["do_await"] * 2 + ["do_run_and_cancel"] * 3
        for _ in range(self.random.randrange(4, 26)):
            await getattr(self, self.random.choice(names))()
        return Parcel(text=f"{self.results} {self.ctx.uuid()}")

    async def wait(self, future: DurableFuture[Any]) -> None:
        try:
            self.results.append(str(await future))
        except TerminalError as error:
            self.results.append(str(error.code))

    def some(self, count: int) -> list[DurableFuture[Any]]:
        return self.random.sample(self.futures, min(count, len(self.futures)))

    async def work(self) -> float:
        for _ in range(self.luck.choice((0, 0, 2, 30))):
            await asyncio.sleep(0)
        if self.luck.random() < 0.2:
            raise OSError("meant to fail")
        if self.luck.random() < 0.1:
            raise TerminalError("terminal")
        return self.luck.random()

    async def do_call(self) -> None:
        call = self.ctx.call(OTHER, f"{self.results[-1:]}", str)
        self.futures.append(call)
        self.handles.append(call)

    async def do_send(self) -> None:
        self.handles.append(self.ctx.send(OTHER, f"{self.results}"))

    async def do_run(self) -> None:
        self.futures.append(self.ctx.run("work", self.work))

    async def do_sleep(self) -> None:
        self.futures.append(self.ctx.sleep(timedelta(hours=1)))

    async def do_awakeable(self) -> None:
        self.futures.append(self.ctx.awakeable(str))

    async def do_signal(self) -> None:
        self.signals += 1
        key = SignalKey(f"{GO.name}-{self.signals}", GO.type)
        self.futures.append(self.ctx.signal(key))

    async def do_operation_on_another_invocation(self) -> None:
        for handle in self.handles[-1:]:
            operation = self.random.choice(("cancel", "signal", "attach", "id"))
            if operation == "cancel":
                handle.cancel()
            elif operation == "signal":
                self.futures.append(handle.signal(GO, "x"))
            elif operation == "attach" and isinstance(handle, InvocationHandle):
                self.futures.append(handle.attach())
            else:
                self.futures.append(handle.invocation_id())

    async def do_run_and_cancel(self) -> None:
        """Await a run while the cancellation is issued."""
        handle = self.ctx.send(OTHER, "x")
        run = self.ctx.run("work", self.work)
        handle.cancel()
        await self.wait(run)

    async def do_await(self) -> None:
        for future in self.some(1):
            self.futures.remove(future)
            await self.wait(future)

    async def do_gather(self) -> None:
        if self.futures:
            await self.wait(gather(*self.some(3)))

    async def do_select(self) -> None:
        if self.futures:
            await self.wait(select(**{str(n): future for n, future in enumerate(self.some(2))}))
            self.ctx.send(OTHER, str(self.results))

    async def do_nest(self) -> None:
        if self.futures:
            self.futures.append(select(all=gather(*self.some(2)), one=self.some(1)[0]))

    async def do_get(self) -> None:
        self.futures.append(self.ctx.get(self.random.choice(KEYS)))

    async def do_set(self) -> None:
        self.ctx.set(self.random.choice(KEYS), str(self.results))

    async def do_clear(self) -> None:
        self.ctx.clear(self.random.choice(KEYS))

    async def do_asyncio(self) -> None:
        for _ in range(self.luck.randrange(4)):
            await asyncio.sleep(0)


def handler(
    seed: int, luck: random.Random
) -> Callable[[ObjectContext, Parcel], Coroutine[Any, Any, Parcel]]:
    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        return await Program(ctx, seed, luck).run()

    return body


@pytest.mark.parametrize("version", [5, 6, 7])
@pytest.mark.parametrize("block", range(5))
@pytest.mark.parametrize("debug", [False, True], ids=["", "debug"])
@in_loop
async def test_attempts_repeat_each_other(
    version: int, block: int, monkeypatch: pytest.MonkeyPatch, *, debug: bool
) -> None:
    """Development mode repeats each attempt at once, too, and raises no false alarm."""
    debugger = Debugger(Runtime(asyncio.get_running_loop())) if debug else None
    monkeypatch.setattr(logging.getLogger("restate_proto"), "disabled", True)
    attempts = 0
    for seed in range(block * 40, block * 40 + 40):
        signals = [signal(index, b'"awakened"') for index in range(17, 50)]
        signals += [named_signal(f"{GO.name}-{number}", b'"go"') for number in range(1, 30)]
        signals += [CANCEL] * (seed % 3)
        outcomes = random.Random(seed)

        def outcome(outcomes: random.Random = outcomes) -> Outcome:
            drawn = value(b'"%d"' % outcomes.randrange(100))
            return drawn if outcomes.random() < 0.8 else failure(455, "failed")

        restate = Restate(
            version,
            {b"key 0": b'"a"', b"key 1": b'"b"'},
            to_come=signals,
            outcome=outcome,
        )
        body = handler(seed, random.Random(seed))
        attempts += await invoke(restate, body, random.Random(seed), debugger)
    if debugger is not None:
        debugger.close()
    assert attempts > 10  # there is something to repeat
