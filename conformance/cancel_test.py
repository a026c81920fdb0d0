"""CancelTestRunner and CancelTestBlockingService: invocations that are cancelled while they wait."""

from __future__ import annotations

from datetime import timedelta

from google.protobuf.wrappers_pb2 import BoolValue, StringValue

from conformance.suite.v1.awakeable_holder_restate import AwakeableHolderClient
from conformance.suite.v1.cancel_test_restate import (
    CancelTestBlockingServiceBase,
    CancelTestBlockingServiceClient,
    CancelTestRunnerBase,
)
from restate_proto import CancelledError, ObjectContext, TerminalError


class CancelTestRunner(CancelTestRunnerBase):
    async def start_test(self, ctx: ObjectContext, request: StringValue) -> None:
        try:
            await CancelTestBlockingServiceClient.from_context(ctx, ctx.key).block(request)
        except CancelledError:
            ctx.set(self.CANCELED, BoolValue(value=True))

    async def verify_test(self, ctx: ObjectContext) -> BoolValue:
        return await ctx.get(self.CANCELED) or BoolValue()


class CancelTestBlockingService(CancelTestBlockingServiceBase):
    async def block(self, ctx: ObjectContext, request: StringValue) -> None:
        awakeable = ctx.awakeable(StringValue)
        holder = AwakeableHolderClient.from_context(ctx, ctx.key)
        await holder.hold(StringValue(value=awakeable.id))
        await awakeable
        match request.value:
            case "CALL":  # the same key, which this handler holds
                await CancelTestBlockingServiceClient.from_context(ctx, ctx.key).block(request)
            case "SLEEP":
                await ctx.sleep(timedelta(days=1024))
            case "AWAKEABLE":  # nobody knows this awakeable's id
                await ctx.awakeable(StringValue)
            case operation:
                raise TerminalError(f"no such operation: {operation!r}", code=400)

    async def is_unlocked(self, ctx: ObjectContext) -> None:
        pass
