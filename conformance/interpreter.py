"""ObjectInterpreterL0 to L2 and ServiceInterpreterHelper: run programs composed of all operations."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import Any, ClassVar

from google.protobuf.empty_pb2 import Empty
from google.protobuf.wrappers_pb2 import Int32Value, StringValue

from conformance.suite.v1 import interpreter_pb2 as pb
from conformance.suite.v1.interpreter_restate import (
    ObjectInterpreterL0Base,
    ObjectInterpreterL1Base,
    ObjectInterpreterL2Base,
    ServiceInterpreterHelperBase,
    ServiceInterpreterHelperClient,
)
from restate_proto import (
    Context,
    DurableFuture,
    ObjectContext,
    ObjectSharedContext,
    StateKey,
    Target,
    TerminalError,
    VirtualObject,
)

COUNTER = StateKey("counter", Int32Value)
INCREMENT = pb.Program(commands=[pb.Instruction(kind=pb.INSTRUCTION_KIND_INCREMENT_STATE_COUNTER)])
FAILURE = object()
"""The expected result of an operation that should fail."""


class _Layer(VirtualObject):
    layer: ClassVar[int]

    async def interpret(self, ctx: ObjectContext, request: pb.Program) -> None:
        await _Interpreter(ctx, self.layer).play(request)

    async def counter(self, ctx: ObjectSharedContext) -> Int32Value:
        return await ctx.get(COUNTER) or Int32Value()


class ObjectInterpreterL0(_Layer, ObjectInterpreterL0Base):
    layer = 0


class ObjectInterpreterL1(_Layer, ObjectInterpreterL1Base):
    layer = 1


class ObjectInterpreterL2(_Layer, ObjectInterpreterL2Base):
    layer = 2


class _Interpreter:
    """Plays one program.

    Args:
        ctx: the context of the handler.
        layer: the number of the object's layer.
    """

    def __init__(self, ctx: ObjectContext, layer: int) -> None:
        self._ctx = ctx
        self._layer = layer
        self._id = pb.InterpreterId(layer=layer, key=ctx.key)
        self._helper = ServiceInterpreterHelperClient.from_context(ctx)
        self._pending: dict[int, tuple[DurableFuture[Any], object]] = {}
        """Futures that may be awaited later, with their expected results, by the instruction's index."""

    async def play(self, program: pb.Program) -> None:
        """Play the instructions, in order.

        Raises:
            TerminalError: an operation has a result that was not expected.
        """
        for place, instruction in enumerate(program.commands):
            await self._execute(place, instruction)

    async def _execute(self, place: int, instruction: pb.Instruction) -> None:
        ctx, helper = self._ctx, self._helper
        text = f"hello-{place}"
        match instruction.kind:
            case pb.INSTRUCTION_KIND_SET_STATE:
                ctx.set(_state(instruction.key), f"value-{instruction.key}")
            case pb.INSTRUCTION_KIND_GET_STATE:
                await ctx.get(_state(instruction.key))
            case pb.INSTRUCTION_KIND_CLEAR_STATE:
                ctx.clear(_state(instruction.key))
            case pb.INSTRUCTION_KIND_INCREMENT_STATE_COUNTER:
                count = await ctx.get(COUNTER) or Int32Value()
                ctx.set(COUNTER, Int32Value(value=count.value + 1))
            case pb.INSTRUCTION_KIND_INCREMENT_STATE_COUNTER_INDIRECTLY:
                helper.send().increment_indirectly(self._id)
            case pb.INSTRUCTION_KIND_SLEEP:
                await ctx.sleep(_milliseconds(instruction.duration))
            case pb.INSTRUCTION_KIND_CALL_SERVICE:
                self._expect(place, helper.echo(StringValue(value=text)).map(_text), text)
            case pb.INSTRUCTION_KIND_CALL_SLOW_SERVICE:
                request = pb.EchoLaterRequest(sleep=instruction.sleep, parameter=text)
                self._expect(place, helper.echo_later(request).map(_text), text)
            case pb.INSTRUCTION_KIND_INCREMENT_VIA_DELAYED_CALL:
                delay = _milliseconds(instruction.duration)
                helper.send().increment_indirectly(self._id, delay=delay)
            case pb.INSTRUCTION_KIND_SIDE_EFFECT:
                await _check(ctx.run("side effect", lambda: text), text)
            case pb.INSTRUCTION_KIND_THROWING_SIDE_EFFECT:
                await ctx.run("throwing side effect", _fail_sometimes)
            case pb.INSTRUCTION_KIND_SLOW_SIDE_EFFECT:
                await ctx.run("slow side effect", asyncio.sleep, 0.001)
            case pb.INSTRUCTION_KIND_RECOVER_TERMINAL_CALL:
                await _check(helper.terminal_failure(), FAILURE)
            case pb.INSTRUCTION_KIND_RECOVER_TERMINAL_CALL_MAYBE_UNAWAITED:
                self._expect(place, helper.terminal_failure(), FAILURE)
            case pb.INSTRUCTION_KIND_AWAIT_PROMISE:
                if instruction.index not in self._pending:
                    raise TerminalError(f"nothing is pending of instruction {instruction.index}")
                await _check(*self._pending.pop(instruction.index))
            case pb.INSTRUCTION_KIND_RESOLVE_AWAKEABLE:
                awakeable = ctx.awakeable(str)
                self._expect(place, awakeable, "ok")
                helper.send().resolve_awakeable(StringValue(value=awakeable.id))
            case pb.INSTRUCTION_KIND_REJECT_AWAKEABLE:
                awakeable = ctx.awakeable(str)
                self._expect(place, awakeable, FAILURE)
                helper.send().reject_awakeable(StringValue(value=awakeable.id))
            case pb.INSTRUCTION_KIND_INCREMENT_STATE_COUNTER_VIA_AWAKEABLE:
                awakeable = ctx.awakeable(str)
                helper.send().increment_via_awakeable_dance(
                    pb.IncrementViaAwakeableDanceRequest(
                        interpreter=self._id, tx_promise_id=awakeable.id
                    )
                )
                ctx.resolve_awakeable(await awakeable, "ok")
            case pb.INSTRUCTION_KIND_CALL_OBJECT:
                target = _interpreter(self._layer + 1, str(instruction.key))
                self._expect(place, ctx.call(target, instruction.program, Empty), Empty())
            case kind:
                raise TerminalError(f"no such instruction: {kind}", code=400)

    def _expect(self, place: int, future: DurableFuture[Any], expected: object) -> None:
        self._pending[place] = future, expected


class ServiceInterpreterHelper(ServiceInterpreterHelperBase):
    async def ping(self, ctx: Context) -> None:
        pass

    async def echo(self, ctx: Context, request: StringValue) -> StringValue:
        return request

    async def echo_later(self, ctx: Context, request: pb.EchoLaterRequest) -> StringValue:
        await ctx.sleep(_milliseconds(request.sleep))
        return StringValue(value=request.parameter)

    async def terminal_failure(self, ctx: Context) -> None:
        raise TerminalError("bye")

    async def increment_indirectly(self, ctx: Context, request: pb.InterpreterId) -> None:
        ctx.send(_interpreter(request.layer, request.key), INCREMENT)

    async def resolve_awakeable(self, ctx: Context, request: StringValue) -> None:
        ctx.resolve_awakeable(request.value, "ok")

    async def reject_awakeable(self, ctx: Context, request: StringValue) -> None:
        ctx.reject_awakeable(request.value, "error")

    async def increment_via_awakeable_dance(
        self, ctx: Context, request: pb.IncrementViaAwakeableDanceRequest
    ) -> None:
        awakeable = ctx.awakeable(str)
        ctx.resolve_awakeable(request.tx_promise_id, awakeable.id)
        await awakeable
        await self.increment_indirectly(ctx, request.interpreter)


async def _check(future: DurableFuture[Any], expected: object) -> None:
    """Await an operation that has to have this result, or has to fail."""
    try:
        result = await future
    except TerminalError:
        if expected is FAILURE:
            return
        raise
    if result != expected:
        raise TerminalError(f"got {result!r} instead of {expected!r}")


def _interpreter(layer: int, key: str) -> Target:
    return Target.object(f"ObjectInterpreterL{layer}", key, "interpret")


def _state(key: int) -> StateKey[str]:
    return StateKey(f"key-{key}", str)


def _milliseconds(number: int) -> timedelta:
    return timedelta(milliseconds=number)


def _text(message: StringValue) -> str:
    return message.value


def _fail_sometimes() -> None:
    if random.getrandbits(1):
        raise RuntimeError("a random failure")
