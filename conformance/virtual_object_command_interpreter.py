"""VirtualObjectCommandInterpreter: combinations of awakeables, signals, timers and side effects."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from datetime import timedelta
from typing import NoReturn

from google.protobuf.struct_pb2 import ListValue
from google.protobuf.wrappers_pb2 import BoolValue, StringValue

from conformance.suite.v1.virtual_object_command_interpreter_pb2 import (
    AwaitableCommand,
    Command,
    InterpretRequest,
    RejectAwakeableRequest,
    ResolveAwakeableRequest,
)
from conformance.suite.v1.virtual_object_command_interpreter_restate import (
    VirtualObjectCommandInterpreterBase,
)
from restate_proto import (
    Awakeable,
    DurableFuture,
    ObjectContext,
    ObjectSharedContext,
    SignalKey,
    StateKey,
    TerminalError,
    any_of,
    gather,
    race,
    wait,
)


class VirtualObjectCommandInterpreter(VirtualObjectCommandInterpreterBase):
    async def interpret_commands(
        self, ctx: ObjectContext, request: InterpretRequest
    ) -> StringValue:
        result = ""
        for command in request.commands:
            result = await _play(ctx, command)
            results = await self.get_results(ctx)
            results.append(result)
            ctx.set(self.RESULTS, results)
        return StringValue(value=result)

    async def resolve_awakeable(
        self, ctx: ObjectSharedContext, request: ResolveAwakeableRequest
    ) -> None:
        ctx.resolve_awakeable(await _awakeable_id(ctx, request.awakeable_key), request.value)

    async def reject_awakeable(
        self, ctx: ObjectSharedContext, request: RejectAwakeableRequest
    ) -> None:
        ctx.reject_awakeable(await _awakeable_id(ctx, request.awakeable_key), request.reason)

    async def has_awakeable(self, ctx: ObjectSharedContext, request: StringValue) -> BoolValue:
        return BoolValue(value=await ctx.get(_awakeable_key(request.value)) is not None)

    async def get_results(self, ctx: ObjectSharedContext) -> ListValue:
        return await ctx.get(self.RESULTS) or ListValue()


async def _play(ctx: ObjectContext, command: Command) -> str:
    """Carry out a command and return its result."""
    match command.type:
        case "awaitOne":
            return await _future(ctx, command.command)
        case "awaitAny" | "awaitFirstCompleted":
            return await race(*_futures(ctx, command.commands))
        case "awaitAnySuccessful" | "awaitFirstSucceededOrAllFailed":
            return await any_of(*_futures(ctx, command.commands))
        case "awaitAllSucceededOrFirstFailed":
            return "|".join(await gather(*_futures(ctx, command.commands)))
        case "awaitAllCompleted":
            done, _ = await wait(*_futures(ctx, command.commands))
            return "|".join([await _outcome(future) for future in done])
        case "awaitAwakeableOrTimeout":
            awakeable = _make_awakeable(ctx, command.awakeable_key)
            try:
                return await awakeable.or_timeout(timedelta(milliseconds=command.timeout_millis))
            except TimeoutError:
                raise TerminalError("await-timeout") from None
        case "resolveAwakeable":
            ctx.resolve_awakeable(await _awakeable_id(ctx, command.awakeable_key), command.value)
            return ""
        case "rejectAwakeable":
            ctx.reject_awakeable(await _awakeable_id(ctx, command.awakeable_key), command.reason)
            return ""
        case "getEnvVariable":
            return await ctx.run("get_env", os.environ.get, command.env_name, "")
        case type_:
            raise TerminalError(f"no such command: {type_!r}", code=400)


def _futures(ctx: ObjectContext, commands: Iterable[AwaitableCommand]) -> list[DurableFuture[str]]:
    return [_future(ctx, command) for command in commands]


def _future(ctx: ObjectContext, command: AwaitableCommand) -> DurableFuture[str]:
    match command.type:
        case "createAwakeable":
            return _make_awakeable(ctx, command.awakeable_key)
        case "createSignal":
            return ctx.signal(SignalKey(command.signal_name, str))
        case "sleep":
            timer = ctx.sleep(timedelta(milliseconds=command.timeout_millis))
            return timer.map(lambda _: "sleep")
        case "runReturns":
            return ctx.run("run returns", _return, command.value)
        case "runThrowTerminalException":
            return ctx.run("run fails", _fail, command.reason)
        case type_:
            raise TerminalError(f"no such awaitable command: {type_!r}", code=400)


async def _outcome(future: DurableFuture[str]) -> str:
    try:
        return f"ok:{await future}"
    except TerminalError as error:
        return f"err:{error.message}"


def _make_awakeable(ctx: ObjectContext, name: str) -> Awakeable[str]:
    awakeable = ctx.awakeable(str)
    ctx.set(_awakeable_key(name), awakeable.id)
    return awakeable


async def _awakeable_id(ctx: ObjectSharedContext, name: str) -> str:
    id_ = await ctx.get(_awakeable_key(name))
    if id_ is None:
        raise TerminalError(f"no awakeable {name!r} is registered")
    return id_


def _awakeable_key(name: str) -> StateKey[str]:
    return StateKey(f"awk-{name}", str)


async def _return(value: str) -> str:
    await asyncio.sleep(0.001)  # a side effect takes some time
    return value


async def _fail(reason: str) -> NoReturn:
    raise TerminalError(reason)
