"""KillTestRunner and KillTestSingleton: calls that wait for each other."""

from __future__ import annotations

from google.protobuf.wrappers_pb2 import StringValue

from conformance.suite.v1.awakeable_holder_restate import AwakeableHolderClient
from conformance.suite.v1.kill_test_restate import (
    KillTestRunnerBase,
    KillTestSingletonBase,
    KillTestSingletonClient,
)
from restate_proto import ObjectContext


class KillTestRunner(KillTestRunnerBase):
    async def start_call_tree(self, ctx: ObjectContext) -> None:
        await KillTestSingletonClient.from_context(ctx, ctx.key).recursive_call()


class KillTestSingleton(KillTestSingletonBase):
    async def recursive_call(self, ctx: ObjectContext) -> None:
        awakeable = ctx.awakeable(StringValue)
        holder = AwakeableHolderClient.from_context(ctx, ctx.key)
        holder.send().hold(StringValue(value=awakeable.id))
        await awakeable
        await KillTestSingletonClient.from_context(ctx, ctx.key).recursive_call()

    async def is_unlocked(self, ctx: ObjectContext) -> None:
        pass
