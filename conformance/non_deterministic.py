"""NonDeterministic: handlers that do something else in a replay, which has to be noticed."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from google.protobuf.wrappers_pb2 import Int32Value

from conformance.suite.v1.counter_restate import CounterClient
from conformance.suite.v1.non_deterministic_restate import NonDeterministicBase
from restate_proto import ObjectContext, StateKey

WHILE = timedelta(milliseconds=100)
ELSEWHERE = "abc"


class NonDeterministic(NonDeterministicBase):
    def __init__(self) -> None:
        self._attempts: Counter[str] = Counter()
        """How often each invocation has begun in this process."""

    async def either_sleep_or_call(self, ctx: ObjectContext) -> None:
        if self._is_odd_attempt(ctx):
            await ctx.sleep(WHILE)
        else:
            await CounterClient.from_context(ctx, ELSEWHERE).get()
        await _end(ctx)

    async def call_different_method(self, ctx: ObjectContext) -> None:
        counter = CounterClient.from_context(ctx, ELSEWHERE)
        if self._is_odd_attempt(ctx):
            await counter.get()
        else:
            await counter.reset()
        await _end(ctx)

    async def background_invoke_with_different_targets(self, ctx: ObjectContext) -> None:
        counter = CounterClient.from_context(ctx, ELSEWHERE).send()
        if self._is_odd_attempt(ctx):
            counter.get()
        else:
            counter.reset()
        await _end(ctx)

    async def set_different_key(self, ctx: ObjectContext) -> None:
        name = "a" if self._is_odd_attempt(ctx) else "b"
        ctx.set(StateKey(name, str), "my-state")
        await _end(ctx)

    def _is_odd_attempt(self, ctx: ObjectContext) -> bool:
        self._attempts[ctx.invocation_id] += 1
        return self._attempts[ctx.invocation_id] % 2 == 1


async def _end(ctx: ObjectContext) -> None:
    """Wait, so that Restate begins another attempt, and then count where the tests see it."""
    await ctx.sleep(WHILE)
    CounterClient.from_context(ctx, ctx.key).send().add(Int32Value(value=1))
