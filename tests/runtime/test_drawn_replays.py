"""Handlers drawn at random, cut off at random: every attempt must repeat the ones before it.

What would fail: a journal that does not match, an invocation that waits for what never comes, a
stream that does not end, an attempt that hangs.
"""

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
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import CANCEL, failure, named_signal, signal, value
from tests.restate import Restate, awaited_ids, id_of
from tests.runtime.case import Case, in_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from google.protobuf.message import Message

    from tests.restate import Outcome

OTHER = Target.object("runtime.v1.Object", "k", "Handle")
KEYS = [StateKey(f"key {number}", str) for number in range(3)]
GO = SignalKey("go", str)

MOST_ATTEMPTS = 400
MOST_IDLE_ROUNDS = 300

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
        """The cancellation is issued while the run is awaited."""
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


class Connection:
    """An attempt on a connection that may break at any time and before any message.

    Args:
        case: the attempt.
        restate: what it is connected to.
        draw: what everything is drawn from.
    """

    def __init__(self, case: Case, restate: Restate, draw: random.Random) -> None:
        self._case = case
        self._restate = restate
        self._draw = draw
        # None for a connection that holds.
        self._messages_left = draw.randrange(12) if draw.random() < 0.6 else None
        self._is_closed = False
        self._last: Message | None = None

    async def until_it_ends(self) -> Message | None:
        """The attempt's last message; None when the connection broke before that."""
        if self._draw.random() < 0.5:
            self._close_input()
        idle = 0
        while not self._take_output():
            for _ in range(self._draw.randrange(4)):
                await asyncio.sleep(0)
            if not self._is_closed and self._draw.random() < 0.6 and self._deliver():
                idle = 0
                continue
            if self._messages_left is not None and self._draw.random() < 0.1:
                self._break()
                break
            idle += 1
            assert idle < MOST_IDLE_ROUNDS, f"it hangs; {self._restate}"
            if idle > MOST_IDLE_ROUNDS / 3 or self._draw.random() < 0.1:
                self._close_input()
        return self._last

    def _close_input(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._case.close_input()

    def _break(self) -> None:
        self._case.attempt.aborted("the connection broke")

    def _deliver(self) -> bool:
        notification = something_to_come(self._restate, self._draw)
        if notification is None:
            return False
        self._case.feed(self._restate.complete(notification))
        return True

    def _take_output(self) -> bool:
        """Store what the attempt wrote. Whether that was its end, or the connection's."""
        for message in self._case.sent():
            if self._messages_left == 0:
                self._break()
                return True
            if self._messages_left is not None:
                self._messages_left -= 1
            if isinstance(message, (pb.SuspensionMessage, pb.ErrorMessage, pb.EndMessage)):
                self._last = message
                return True
            self._restate.receive(message)
        assert not self._case.stream.ended, "it ended without an end"
        return False


def something_to_come(restate: Restate, draw: random.Random) -> Message | None:
    """A notification that may come next; a call has no result before it has an invocation id."""
    without_id = {
        each.completion_id
        for each in restate.to_come
        if isinstance(each, pb.CallInvocationIdCompletionNotificationMessage)
    }
    choices = [
        each
        for each in (*restate.to_come, *restate.proposed.values())
        if not isinstance(each, pb.CallCompletionNotificationMessage)
        or each.completion_id - 1 not in without_id
    ]
    return draw.choice(choices) if choices else None


async def invoke(restate: Restate, seed: int) -> int:
    """Make attempts until one of them ends the invocation. Returns how many it took."""
    draw = random.Random(seed)
    body = handler(seed, random.Random(seed))
    is_lazy = draw.random() < 0.5
    for attempts in range(1, MOST_ATTEMPTS):
        restate.partial = is_lazy and draw.random() < 0.8
        state = [
            entry
            for entry in restate.start_state(restate.journal)
            if not restate.partial or draw.random() < 0.5
        ]
        kinds: Any = {"kind": ServiceKind.VIRTUAL_OBJECT, "handler_kind": HandlerKind.EXCLUSIVE}
        case = Case(body, version=restate.version, **kinds)
        entries = restate.journal[1:]  # the case has an input of its own
        case.start(*entries, state_map=state, partial_state=restate.partial, key="k")
        last = await Connection(case, restate, draw).until_it_ends()
        if isinstance(last, pb.EndMessage):
            return attempts
        if isinstance(last, pb.ErrorMessage):
            assert "meant to fail" in last.message, f"{last}; {restate}"
        if isinstance(last, pb.SuspensionMessage):
            resume(restate, awaited_ids(last), draw)
        for _ in range(5):
            await asyncio.sleep(0)  # whatever the attempt has left behind
        restate.end_attempt()
        while draw.random() < 0.4 and (notification := something_to_come(restate, draw)):
            restate.complete(notification)
    raise AssertionError(f"{MOST_ATTEMPTS} attempts; {restate}")


def resume(restate: Restate, awaited: set[int | str], draw: random.Random) -> None:
    """Store notifications until one is there that a suspended attempt waits for."""
    assert awaited, f"suspended for nothing; {restate}"
    while awaited.isdisjoint(map(id_of, restate.notifications)):
        notification = something_to_come(restate, draw)
        assert notification is not None, f"{awaited} will never come; {restate}"
        restate.complete(notification)


@pytest.mark.parametrize("version", [5, 6, 7])
@pytest.mark.parametrize("block", range(5))
@in_loop
async def test_attempts_repeat_each_other(
    version: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
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
        attempts += await invoke(restate, seed)
    assert attempts > 10  # there is something to repeat
