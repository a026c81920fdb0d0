"""Proxy: calls any handler by name, with bytes."""

from __future__ import annotations

from datetime import timedelta

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import ListValue
from google.protobuf.wrappers_pb2 import StringValue

from conformance.suite.v1.proxy_pb2 import ManyCallRequest, ProxyRequest
from conformance.suite.v1.proxy_restate import ProxyBase
from restate_proto import CallFuture, CallOptions, Context, InvocationHandle, Target


class Proxy(ProxyBase):
    async def call(self, ctx: Context, request: ProxyRequest) -> ListValue:
        response = ListValue()
        # The suite reads Java's bytes, which are signed.
        response.extend(byte - 256 if byte > 127 else byte for byte in await _call(ctx, request))
        return response

    async def one_way_call(self, ctx: Context, request: ProxyRequest) -> StringValue:
        return StringValue(value=await _send(ctx, request).invocation_id())

    async def many_calls(self, ctx: Context, request: ListValue) -> None:
        to_await: list[CallFuture[bytes]] = []
        for item in request.values:
            fields = MessageToDict(item.struct_value)
            call = ParseDict(fields, ManyCallRequest(), ignore_unknown_fields=True)
            if call.one_way_call:
                _send(ctx, call.proxy_request)
            else:
                future = _call(ctx, call.proxy_request)
                if call.await_at_the_end:
                    to_await.append(future)
        for future in to_await:
            await future


def _call(ctx: Context, request: ProxyRequest) -> CallFuture[bytes]:
    return ctx.call(_target(request), _message(request), bytes, **_options(request))


def _send(ctx: Context, request: ProxyRequest) -> InvocationHandle[bytes]:
    delay = timedelta(milliseconds=request.delay_millis)
    return ctx.send(_target(request), _message(request), delay=delay, **_options(request))


def _target(request: ProxyRequest) -> Target:
    return Target(
        request.service_name,
        request.handler_name,
        request.virtual_object_key if request.HasField("virtual_object_key") else None,
        request.scope if request.HasField("scope") else None,
    )


def _message(request: ProxyRequest) -> bytes:
    return bytes(byte & 0xFF for byte in request.message)


def _options(request: ProxyRequest) -> CallOptions:
    return {
        "idempotency_key": request.idempotency_key if request.HasField("idempotency_key") else None,
        "limit_key": request.limit_key if request.HasField("limit_key") else None,
    }
