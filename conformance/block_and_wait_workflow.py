"""BlockAndWaitWorkflow: a workflow that waits for a durable promise."""

from __future__ import annotations

from google.protobuf.struct_pb2 import NULL_VALUE, Value
from google.protobuf.wrappers_pb2 import StringValue

from conformance.suite.v1.block_and_wait_workflow_restate import BlockAndWaitWorkflowBase
from restate_proto import TerminalError, WorkflowContext, WorkflowSharedContext


class BlockAndWaitWorkflow(BlockAndWaitWorkflowBase):
    async def run(self, ctx: WorkflowContext, request: StringValue) -> StringValue:
        ctx.set(self.MY_STATE, request)
        promise = ctx.promise(self.DURABLE_PROMISE)
        output = await promise
        if await promise.peek() is None:
            raise TerminalError("the promise is resolved, and has no value")
        return output

    async def unblock(self, ctx: WorkflowSharedContext, request: StringValue) -> None:
        await ctx.promise(self.DURABLE_PROMISE).resolve(request)

    async def get_state(self, ctx: WorkflowSharedContext) -> Value:
        state = await ctx.get(self.MY_STATE)
        return Value(null_value=NULL_VALUE) if state is None else Value(string_value=state.value)
