"""Failing: handlers and side effects that fail, for ever or for some time."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import NoReturn

from google.protobuf.wrappers_pb2 import Int32Value, StringValue

from conformance.suite.v1.failing_pb2 import FailureToPropagate
from conformance.suite.v1.failing_restate import FailingBase, FailingClient
from restate_proto import ObjectContext, RetryPolicy, TerminalError

SOON = timedelta(milliseconds=1)
SUCCESSFUL_ATTEMPT = 4


class Failing(FailingBase):
    def __init__(self) -> None:
        self._attempts: Counter[str] = Counter()
        """The number of attempts in this process, by invocation."""

    async def terminally_failing_call(
        self, ctx: ObjectContext, request: FailureToPropagate
    ) -> None:
        _fail(request)

    async def call_terminally_failing_call(
        self, ctx: ObjectContext, request: FailureToPropagate
    ) -> StringValue:
        await FailingClient.from_context(ctx, str(ctx.uuid())).terminally_failing_call(request)
        raise AssertionError("the call has not failed")

    async def failing_call_with_eventual_success(self, ctx: ObjectContext) -> Int32Value:
        attempt = self._try(ctx.invocation_id)
        if attempt < SUCCESSFUL_ATTEMPT:
            raise RuntimeError(f"attempt {attempt} fails")
        return Int32Value(value=attempt)

    async def terminally_failing_side_effect(
        self, ctx: ObjectContext, request: FailureToPropagate
    ) -> None:
        await ctx.run("failing side effect", _fail, request)
        raise AssertionError("the side effect has not failed")

    async def side_effect_succeeds_after_given_attempts(
        self, ctx: ObjectContext, request: Int32Value
    ) -> Int32Value:
        def effect() -> int:
            attempt = self._try(ctx.invocation_id)
            if attempt < request.value:
                raise RuntimeError(f"attempt {attempt} fails")
            return attempt

        policy = RetryPolicy(initial_interval=SOON, factor=1)
        return Int32Value(value=await ctx.run("failing side effect", effect, retry=policy))

    async def side_effect_fails_after_given_attempts(
        self, ctx: ObjectContext, request: Int32Value
    ) -> Int32Value:
        def effect() -> NoReturn:
            raise RuntimeError(f"attempt {self._try(ctx.invocation_id)} fails")

        policy = RetryPolicy(initial_interval=SOON, factor=1, max_attempts=request.value)
        try:
            await ctx.run("failing side effect", effect, retry=policy)
        except TerminalError:
            return Int32Value(value=self._attempts[ctx.invocation_id])
        raise AssertionError("the side effect has not failed")

    def _try(self, invocation_id: str) -> int:
        self._attempts[invocation_id] += 1
        return self._attempts[invocation_id]


def _fail(request: FailureToPropagate) -> NoReturn:
    raise TerminalError(request.error_message, metadata=request.metadata)
