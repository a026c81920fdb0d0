"""TestUtilsService: small handlers that several tests use."""

from __future__ import annotations

from google.protobuf.struct_pb2 import Struct
from google.protobuf.wrappers_pb2 import Int32Value, StringValue

from conformance.suite.v1.test_utils_pb2 import RejectSignalRequest, ResolveSignalRequest
from conformance.suite.v1.test_utils_restate import TestUtilsServiceBase
from restate_proto import Context, SignalKey


class TestUtilsService(TestUtilsServiceBase):
    async def echo(self, ctx: Context, request: StringValue) -> StringValue:
        return request

    async def uppercase_echo(self, ctx: Context, request: StringValue) -> StringValue:
        return StringValue(value=request.value.upper())

    async def echo_headers(self, ctx: Context) -> Struct:
        headers = Struct()
        headers.update(ctx.headers)
        return headers

    async def raw_echo(self, ctx: Context, request: bytes) -> bytes:
        return request

    async def count_executed_side_effects(self, ctx: Context, request: Int32Value) -> Int32Value:
        executed = Int32Value()

        async def effect() -> None:
            executed.value += 1

        for _ in range(request.value):
            await ctx.run("count", effect)
        return executed

    async def cancel_invocation(self, ctx: Context, request: StringValue) -> None:
        await ctx.invocation(request.value).cancel()

    async def resolve_signal(self, ctx: Context, request: ResolveSignalRequest) -> None:
        key = SignalKey(request.signal_name, str)
        await ctx.invocation(request.invocation_id).signal(key, request.value)

    async def reject_signal(self, ctx: Context, request: RejectSignalRequest) -> None:
        key = SignalKey(request.signal_name, str)
        await ctx.invocation(request.invocation_id).reject_signal(key, request.reason)
