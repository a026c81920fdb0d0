"""The programs: turns a number into the code of a handler."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final

from conformance.v1.conformance_pb2 import Parcel
from conformance.v1.conformance_restate import ClerkBase, JourneyBase
from restate_proto import (
    OnMaxAttempts,
    PauseError,
    RetryPolicy,
    StateKey,
    Target,
    TerminalError,
    any_of,
    gather,
    race,
    select,
)
from restate_proto.runtime.context import operations_of
from tests.differential.server.further_steps import FurtherSteps
from tests.differential.server.process import client_of, draw_scope, method_of, request
from tests.integration.scripted_services import Place

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from conformance.v1.conformance_pb2 import Script
    from restate_proto import CallFuture, DurableFuture, InvocationHandle
    from tests.differential.server.process import Process

__all__ = ["KEYS", "Program"]

_DEEPEST: Final = 2
KEYS: Final = tuple(StateKey(name, str) for name in ("one", "two", "three"))
_WRITERS: Final = (Place.OBJECT, Place.WORKFLOW)
_JOURNEY: Final = "conformance.v1.Journey"
_SOON: Final = timedelta(milliseconds=2)


class Program:
    """One program, in one attempt.

    Args:
        ctx: the context of its handler.
        parcel: what it was asked for with.
        process: what all programs have in common.
    """

    def __init__(self, ctx: Any, parcel: Parcel, process: Process) -> None:
        self._ctx = ctx
        self._draw = Random(parcel.number)
        self._place = Place[parcel.note]
        self._options = dict(parcel.counts)
        self._depth = self._options.pop("depth", 0)
        self._name = parcel.text
        self._process = process
        self._version = process.version = operations_of(ctx).journal.version
        self._number = 0
        self._log: list[str] = []
        self._signals: set[str] = set()
        self._further = FurtherSteps(ctx, self._draw, self._name, self._version)

    async def run(self) -> Parcel:
        """Do all of it; the answer says what came of each step."""
        for option, first in (("waits", self.wait), ("pauses", self.pause)):
            if self._options.pop(option, 0):
                await self._do(first)
        parks = self._options.pop("parks", 0)
        if parks:
            self._options["tidy"] = 1
        steps = self._steps()
        for _ in range(self._draw.randrange(1, 7)):
            await self._do(self._draw.choice(steps))
        if parks:
            await self._do(self.park if self._draw.random() < 0.6 else self.park_below)
            for _ in range(self._draw.randrange(3)):
                await self._do(self._draw.choice(steps))
        if self._draw.random() < 0.1:
            raise self._further.error(" ".join(self._log)[:200])
        return Parcel(text=" ".join(self._log))

    async def _do(self, step: Callable[[], Awaitable[object]]) -> None:
        try:
            self._log.append(f"{step.__name__}={await step()}")
        except TerminalError as error:
            self._log.append(f"{step.__name__}![{error.code}] {error.message}")

    def _steps(self) -> list[Callable[[], Awaitable[object]]]:
        steps: list[Callable[[], Awaitable[object]]] = [
            self.sleep, self.run_it, self.run_fails, self.retry, self.use_up_retries, self.crash,
            self.time, self.awakeable, self.rejected_awakeable, self.awakeables,
            self.first_of_awakeables, self.signal, self.rejected_signal, self.entry_name, self.timeout,
            self.unawaited_sleep,
        ]  # fmt: skip
        if self._depth < _DEEPEST:
            steps += [
                self.call, self.call, self.calls, self.attach, self.output, self.idempotent, self.cancel,
                self.won,
            ]  # fmt: skip
            if not self._options.get("scopes"):
                # With the vqueues that scopes take, what was just sent may not have begun: a
                # cancellation may end it before, and restate-server 1.7.12 loses a signal to it.
                steps += [self.cancel_call, self.signal_call]
            if not self._options.get("tidy"):
                steps += [self.send, self.later]
        if self._place is not Place.SERVICE:
            steps += [self.get, self.keys]
        if self._place in _WRITERS:
            steps += [self.put, self.put, self.clear, self.clear_all]
        if self._place in (Place.WORKFLOW, Place.WORKFLOW_SHARED):
            steps += [self.peek, self.resolve, self.reject]
        return steps + self._further.steps(self._place, calls=self._depth < _DEEPEST)

    # ---- Somebody outside ----

    async def park(self) -> str:
        awakeable = self._ctx.awakeable(Parcel)
        await self._ctx.run("park", lambda: "parked")
        self._process.park(self._name, awakeable.id)
        return (await awakeable).text

    async def park_below(self) -> str:
        """What it calls waits for somebody outside."""
        return (await self._call(parks=1)).text

    async def pause(self) -> str:
        """A run that fails, and a person has to resume it."""
        if self._version < 7:
            return "never"
        key = f"pause {self._name}"
        with_error = self._draw.random() < 0.5

        def work() -> str:
            if self._process.fails_now(key):
                raise PauseError("look") if with_error else OSError("look")
            return "worked"

        policy = RetryPolicy(max_attempts=1, on_max_attempts=OnMaxAttempts.PAUSE)
        return await self._ctx.run("pauses", work, retry=None if with_error else policy)

    # ---- Timers and runs ----

    async def sleep(self) -> None:
        await self._ctx.sleep(_SOON)

    async def entry_name(self) -> None:
        await self._ctx.sleep(timedelta(0), "a nap")

    async def unawaited_sleep(self) -> None:
        self._ctx.sleep(timedelta(hours=1))

    async def timeout(self) -> str:
        try:
            await self._ctx.awakeable(Parcel).or_timeout(_SOON)
        except TimeoutError:
            return "late"
        return "early"

    async def time(self) -> str:
        return type(await self._ctx.time()).__name__

    async def run_it(self) -> str:
        number = self._draw.randrange(100)

        async def work() -> str:
            return f"worked {number}"

        return await self._ctx.run(f"work {number}", work)

    async def run_fails(self) -> None:
        metadata = {} if self._version < 6 else {"why": "so", "a": "b", "B": ""}

        async def work() -> None:
            raise TerminalError("no", code=411, metadata=metadata)

        await self._ctx.run("fails", work)

    def _try_key(self) -> str:
        self._number += 1
        return f"{self._name} {self._depth} {self._number} {self._ctx.invocation_id}"

    async def retry(self) -> str:
        """A run that fails at first."""
        return await self._failing_run("retries", times=self._draw.randrange(1, 4), attempts=5)

    async def use_up_retries(self) -> str:
        return await self._failing_run("fails always", times=9, attempts=2)

    async def _failing_run(self, name: str, *, times: int, attempts: int) -> str:
        key = self._try_key()

        async def work() -> str:
            if self._process.fails_now(key, times):
                raise OSError("once more")
            return "worked"

        first = timedelta(milliseconds=1)
        return await self._ctx.run(
            name, work, retry=RetryPolicy(initial_interval=first, max_attempts=attempts)
        )

    async def crash(self) -> None:
        """The attempt fails at first, and not in a run."""
        if self._process.fails_now(self._try_key()):
            raise OSError("a bug")

    # ---- What comes from outside ----

    async def awakeable(self) -> str:
        awakeable = self._ctx.awakeable(Parcel)
        self._ctx.resolve_awakeable(awakeable.id, Parcel(text="here"))
        return (await awakeable).text

    async def awakeables(self) -> str:
        """Resolved before and after they are waited for."""
        ones = [self._ctx.awakeable(Parcel) for _ in range(2)]
        for number, one in reversed(list(enumerate(ones))):
            self._ctx.resolve_awakeable(one.id, Parcel(number=number))
        return str([each.number for each in await gather(*ones)])

    async def first_of_awakeables(self) -> str:
        """One is rejected, one resolved, and one left alone."""
        one, two, three = (self._ctx.awakeable(Parcel) for _ in range(3))
        self._ctx.reject_awakeable(one.id, "rejected", code=415)
        self._ctx.resolve_awakeable(two.id, Parcel(text="second"))
        if self._draw.random() < 0.5:
            return (await any_of(one, two, three)).text
        name, parcel = await select(two=two, three=three)
        return f"{name} {parcel.text}"

    async def rejected_awakeable(self) -> None:
        awakeable = self._ctx.awakeable(Parcel)
        self._ctx.reject_awakeable(awakeable.id, "rejected", code=412)
        await awakeable

    async def signal(self) -> str:
        own = self._ctx.invocation(self._ctx.invocation_id, Parcel)
        own.signal(ClerkBase.GO, Parcel(text="go"))
        if self._is_known("go"):
            return "sent"
        return (await self._ctx.signal(ClerkBase.GO)).text

    async def rejected_signal(self) -> None:
        own = self._ctx.invocation(self._ctx.invocation_id, Parcel)
        key = type(ClerkBase.GO)("stop", Parcel)
        own.reject_signal(key, "stopped", code=413)
        if not self._is_known("stop"):
            await self._ctx.signal(key)

    def _is_known(self, signal: str) -> bool:
        """Whether a signal was waited for before: the server lets a handler do that once."""
        is_known = signal in self._signals
        self._signals.add(signal)
        return is_known

    # ---- Other invocations ----

    async def wait(self) -> str:
        """Wait for a signal of the caller's; it cancels instead, or sends one."""
        self._signals.add("go")
        return (await self._ctx.signal(ClerkBase.GO)).text

    def _child(self, **more: int) -> tuple[Place, Script, str]:
        self._number += 1
        place = self._draw.choice(list(Place))
        name = f"{self._name}.{self._number}"
        number, depth = self._draw.randrange(2**31), self._depth + 1
        return place, request(number, place, name=name, depth=depth, **self._options, **more), name

    def _call(self, *, parks: int = 0, **options: Any) -> CallFuture[Parcel]:
        place, script, key = self._child(**({"parks": parks} if parks else {}))
        scope, limit = self._scope()
        client = client_of(self._ctx, place, key, self._draw, scope)
        return method_of(client, place)(script, **limit, **options)

    def _send(self, *, waits: int = 0, **options: Any) -> InvocationHandle[Parcel]:
        place, script, key = self._child(**({"waits": waits} if waits else {}))
        scope, limit = self._scope()
        client = client_of(self._ctx, place, key, self._draw, scope)
        return method_of(client.send(), place)(script, **limit, **options)

    def _scope(self) -> tuple[str | None, dict[str, Any]]:
        """Where something is called, and with which limit key."""
        if not self._options.get("scopes"):
            return None, {}
        scope, limit_key = draw_scope(self._draw)
        return scope, {"limit_key": limit_key}

    async def call(self) -> str:
        return (await self._call(headers={"x-depth": str(self._depth)})).text

    async def calls(self) -> str:
        """At once; each result is awaited, for which of two failures comes first is left to chance."""
        calls = [self._call() for _ in range(self._draw.randrange(2, 4))]
        return " | ".join([await _settled(each) for each in calls])

    async def won(self) -> int:
        """A call that is there long before the timer that it runs against."""
        timer: DurableFuture[None] = self._ctx.sleep(timedelta(hours=1))
        call = self._call().map(lambda parcel: len(parcel.text))
        return await race(call, timer.map(lambda _: 0))

    async def send(self) -> None:
        self._send()

    async def later(self) -> None:
        self._send(delay=_SOON)

    async def attach(self) -> str:
        return (await self._send().attach()).text

    async def output(self) -> str:
        handle = self._send()
        await handle.attach()
        found = await handle.output()
        return "nothing" if found is None else found.text

    async def idempotent(self) -> str:
        """Called twice, and then asked for by what names it."""
        place, script, key = self._child()
        scope, limit = self._scope()
        client = client_of(self._ctx, place, key, self._draw, scope)
        options = {} if place is Place.WORKFLOW else {"idempotency_key": f"once {key}"}
        calls = [method_of(client, place)(script, **limit, **options) for _ in range(2)]
        texts = [await _settled(each) for each in calls]
        if place is Place.WORKFLOW:
            ref = self._ctx.workflow(_JOURNEY, key, Parcel, scope=scope)
        elif place is Place.SERVICE:
            target = Target.service("conformance.v1.Clerk", "Perform", scope=scope)
            ref = self._ctx.idempotent_invocation(target, f"once {key}", Parcel)
        else:
            return " ".join(texts)
        texts.append(await _settled(ref.attach()))
        found = await ref.output()
        return " ".join([*texts, "nothing" if found is None else found.text])

    async def cancel(self) -> str:
        """A message that has not begun is cancelled."""
        handle = self._send(delay=timedelta(hours=1))
        handle.cancel()
        return await _settled(handle.attach())

    async def cancel_call(self) -> str:
        """What has begun is cancelled."""
        handle = self._send(waits=1)
        handle.cancel()
        return await _settled(handle.attach())

    async def signal_call(self) -> str:
        handle = self._send(waits=1)
        if self._draw.random() < 0.5:
            handle.signal(ClerkBase.GO, Parcel(text="go on"))
        else:
            handle.reject_signal(ClerkBase.GO, "do not", code=416)
        return await _settled(handle.attach())

    # ---- State ----

    def _key(self) -> StateKey[str]:
        return self._draw.choice(KEYS)

    async def get(self) -> str | None:
        return await self._ctx.get(self._key())

    async def keys(self) -> str:
        return " ".join(await self._ctx.state_keys())

    async def put(self) -> None:
        self._ctx.set(self._key(), f"v{self._draw.randrange(100)}")

    async def clear(self) -> None:
        self._ctx.clear(self._key())

    async def clear_all(self) -> None:
        self._ctx.clear_all()

    # ---- Promises ----

    async def peek(self) -> str:
        found = await self._ctx.promise(JourneyBase.DECISION).peek()
        return "nothing" if found is None else found.text

    async def resolve(self) -> str:
        await self._ctx.promise(JourneyBase.DECISION).resolve(Parcel(text="decided"))
        return (await self._ctx.promise(JourneyBase.DECISION)).text

    async def reject(self) -> None:
        await self._ctx.promise(JourneyBase.DECISION).reject("refused", code=414)


async def _settled(call: DurableFuture[Parcel]) -> str:
    try:
        return (await call).text
    except TerminalError as error:
        return f"[{error.code}] {error.message}"
