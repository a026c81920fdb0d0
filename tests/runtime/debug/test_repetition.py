"""Ended and suspended attempts are repeated at once; a difference fails, and its line is named."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import random
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import ObjectContext, StateKey, Target, TerminalError, select
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restate_proto.runtime import Runtime
from restate_proto.runtime.debug import Debugger
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import CANCEL, VERSIONS, Case, id_of, in_loop, result, signal, value

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine
    from types import FrameType

    from google.protobuf.message import Message

    Body = Callable[[ObjectContext, Parcel], Coroutine[Any, Any, Any]]

OTHER = Target.service("runtime.v1.Other", "Handle")
ONE, TWO = StateKey("one", str), StateKey("two", str)
SOON = timedelta(seconds=1)
KINDS: Any = {"kind": ServiceKind.VIRTUAL_OBJECT, "handler_kind": HandlerKind.EXCLUSIVE}


class Twice:
    """Something else each time that it is asked."""

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def number(self) -> int:
        return next(self._numbers)

    def is_first(self) -> bool:
        return self.number() == 0


def debug_case(body: Body, version: int = 6, **options: Any) -> Case:
    debugger = Debugger(Runtime(asyncio.get_running_loop()))
    debugger.close()  # the watchdog: no clock is looked at here
    return Case(body, version=version, debugger=debugger, **(KINDS | options))


async def ending(case: Case) -> pb.ErrorMessage | pb.EndMessage | pb.SuspensionMessage:
    """The last message, once the attempt has been repeated."""
    messages = case.sent()
    while not case.stream.ended:
        await case.until_written()
    messages += case.sent()
    last = messages[-1]
    assert isinstance(last, (pb.ErrorMessage, pb.EndMessage, pb.SuspensionMessage))
    return last


def line_of(body: Body, mark: str = "# here") -> str:
    """The line of a handler that has a mark, as `file:line`."""
    lines, first = inspect.getsourcelines(body)
    (number,) = (number for number, line in enumerate(lines) if mark in line)
    return f"{__file__}:{first + number}"


async def mismatch(case: Case, body: Body, mark: str = "# here") -> str:
    """Return what a repetition has found, at a line of the handler."""
    error = await ending(case)
    assert isinstance(error, pb.ErrorMessage), error
    assert error.code == 570
    place, _, text = error.message.partition(": ")
    assert place.startswith("runtime.v1.Service/Handle does not repeat itself at ")
    assert line_of(body, mark) in place
    assert "is not deterministic" in text
    return text


# ---- Each kind of code that does not repeat ----


@in_loop
async def test_another_order() -> None:
    twice = Twice()

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        keys = [ONE, TWO] if twice.is_first() else [TWO, ONE]
        for key in keys:
            ctx.set(key, "x")  # here
        return Parcel()

    text = await mismatch(debug_case(body).start(), body)
    assert "'set state two' differs: key: b'two' in the code, b'one' in the journal" in text


@in_loop
async def test_another_command() -> None:
    twice = Twice()

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        if twice.is_first():
            ctx.set(ONE, "x")  # then
        else:
            ctx.clear(ONE)  # here
        return Parcel()

    text = await mismatch(debug_case(body).start(), body)
    assert "'clear state one' in the code, 'set state one' in the journal" in text
    assert f"The first time it was at {line_of(body, '# then')}." in text


@in_loop
async def test_another_key() -> None:
    twice = Twice()

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        target = Target.object("runtime.v1.Other", f"k{twice.number()}", "Handle")
        ctx.send(target, b"")  # here
        return Parcel()

    text = await mismatch(debug_case(body).start(), body)
    assert "key: 'k1' in the code, 'k0' in the journal" in text


@in_loop
async def test_the_wall_clock_in_a_payload() -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        ctx.send(OTHER, f"{time.time_ns()}")  # here
        return Parcel()

    assert "parameter: b" in await mismatch(debug_case(body).start(), body)


@in_loop
async def test_a_random_number() -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        ctx.set(ONE, str(random.random()))  # here
        return Parcel()

    assert "'set state one' differs: value: " in await mismatch(debug_case(body).start(), body)


@in_loop
async def test_the_order_of_a_set() -> None:
    class Item:
        """Hashes by its address."""

        def __init__(self, name: str) -> None:
            self.name = name

    kept: list[Item] = []

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        items = [Item(str(number)) for number in range(50)]
        kept.extend(random.sample(items, 50))  # so that no address comes again
        for item in set(items):
            ctx.set(StateKey(item.name, str), "x")  # here
        return Parcel()

    assert "'set state " in await mismatch(debug_case(body).start(), body)


@in_loop
async def test_a_command_more() -> None:
    twice = Twice()

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        ctx.set(ONE, "x")
        if not twice.is_first():
            ctx.set(TWO, "x")  # here
        return Parcel()

    text = await mismatch(debug_case(body).start(), body)
    assert "'set state two' in the code, 'the handler's return' in the journal" in text


@in_loop
async def test_a_command_more_before_a_suspension() -> None:
    twice = Twice()

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        awakeable = ctx.awakeable(str)
        if not twice.is_first():
            ctx.set(TWO, "x")  # here
        await awakeable
        return Parcel()

    text = await mismatch(debug_case(body).start().close_input(), body)
    assert "'set state two' is added, where it waits for awakeable 17 before" in text


@in_loop
async def test_a_command_less() -> None:
    twice = Twice()

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        ctx.set(ONE, "x")
        if twice.is_first():
            ctx.set(TWO, "x")
        return Parcel()  # here

    text = await mismatch(debug_case(body).start(), body)
    assert "'the handler's return' in the code, 'set state two' in the journal" in text


@in_loop
async def test_another_output() -> None:
    twice = Twice()

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        return Parcel(text=str(twice.number()))  # here

    text = await mismatch(debug_case(body).start(), body)
    assert "'the handler's return' differs: value: " in text


@in_loop
async def test_another_failure() -> None:
    twice = Twice()

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        raise TerminalError(f"failure {twice.number()}")  # here

    text = await mismatch(debug_case(body).start(), body)
    assert "failure: code: 500" in text


@pytest.mark.parametrize("version", VERSIONS)
@in_loop
async def test_another_wait_that_suspends(version: int) -> None:
    twice = Twice()

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        call, sleep = ctx.call(OTHER, "x", str), ctx.sleep(SOON, "a nap")
        await (call if twice.is_first() else sleep)  # here
        return Parcel()

    text = await mismatch(debug_case(body, version).start().close_input(), body)
    assert "it waits for 'sleep a nap', not for 'call runtime.v1.Other/Handle'" in text


@in_loop
async def test_another_wait_that_was_over() -> None:
    twice = Twice()

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        call, sleep = ctx.call(OTHER, "x", str), ctx.sleep(SOON, "a nap")
        await (call if twice.is_first() else sleep)  # here
        return Parcel()

    case = debug_case(body).start().feed(id_of(1, "inv_2"), value(2, b'"done"'))
    assert "waits for 'sleep a nap'" in await mismatch(case, body)


@in_loop
async def test_a_wait_in_the_middle_of_the_journal() -> None:
    twice = Twice()

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        call, sleep = ctx.call(OTHER, "x", str), ctx.sleep(SOON, "a nap")
        await (call if twice.is_first() else sleep)  # here
        ctx.set(ONE, "x")
        return Parcel()

    case = debug_case(body).start().feed(id_of(1, "inv_2"), value(2, b'"done"'))
    assert ": an await of" in await mismatch(case, body)


@in_loop
async def test_an_exception_of_the_repetition_alone() -> None:
    twice = Twice()

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        if not twice.is_first():
            raise OSError("the second time")  # here
        return Parcel()

    assert "OSError: the second time" in await mismatch(debug_case(body).start(), body)


@in_loop
async def test_in_a_task_of_the_handler() -> None:
    twice = Twice()

    async def child(ctx: ObjectContext) -> None:
        await ctx.sleep(SOON)
        ctx.set(ONE, str(twice.number()))  # here

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        async with asyncio.TaskGroup() as group:
            group.create_task(child(ctx))
        return Parcel()

    case = debug_case(body).start().feed(result(1))
    assert "'set state one' differs" in await mismatch(case, child)  # pyright: ignore[reportArgumentType]


# ---- What is repeatable ----


async def steps(ctx: ObjectContext, parcel: Parcel) -> Parcel:
    """Some of everything."""

    async def numbers() -> AsyncGenerator[int]:
        for number in range(2):
            yield await ctx.run(f"number {number}", lambda: 7, type=int)

    before = await ctx.get(ONE)
    async with asyncio.timeout(3600):
        drawn = [number async for number in numbers()]
    ctx.set(ONE, f"{before} {drawn} {ctx.uuid()} {ctx.random.random()}")
    nap, call = ctx.sleep(SOON), ctx.call(OTHER, "x", str)
    first = await select(nap=nap, call=call)
    sent = ctx.send(OTHER, "x", delay=SOON)
    sent.cancel()
    return Parcel(text=f"{first[0]} {await ctx.awakeable(str)}")


def answers_to(message: Any, version: int) -> list[Message]:
    """Return what Restate says to a message of an attempt."""
    match message:
        case pb.ProposeRunCompletionMessage(result_completion_id=id_) if version >= 7:
            return [pb.ProposeRunCompletionAckMessage(completion_id=id_)]
        case pb.ProposeRunCompletionMessage(result_completion_id=id_):
            return [value(id_, message.value)]
        case pb.GetLazyStateCommandMessage(result_completion_id=id_):
            return [result(id_)]
        case pb.CallCommandMessage(result_completion_id=id_):
            return [id_of(id_ - 1, "inv_2"), value(id_, b'"done"')]
        case pb.OneWayCallCommandMessage(invocation_id_notification_idx=id_):
            return [id_of(id_, "inv_3"), signal(17, b'"awakened"')]
        case _:
            return []


async def course(case: Case, version: int) -> list[Message]:
    """Return what an attempt writes that gets its answers; without the points in time in it."""
    written: list[Message] = []
    while not case.stream.ended or not isinstance(written[-1], pb.EndMessage):
        for message in case.sent():
            written.append(message)
            for answer in answers_to(message, version):
                case.feed(answer)
        await asyncio.sleep(0)
    for message in written:
        for name in {"wake_up_time", "invoke_time"} & {*message.DESCRIPTOR.fields_by_name}:
            message.ClearField(name)
    return written


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("is_partial", [True, False])
@in_loop
async def test_what_repeats_ends_as_it_does_without(version: int, *, is_partial: bool) -> None:
    cases = [debug_case(steps, version), Case(steps, version=version, **KINDS)]
    one, other = [await course(case.start(partial_state=is_partial), version) for case in cases]
    assert one == other


@pytest.mark.parametrize("version", VERSIONS)
@in_loop
async def test_functions_of_runs_are_not_called_again(version: int) -> None:
    calls: list[str] = []

    async def work() -> str:
        calls.append("work")
        return "done"

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        return Parcel(text=await ctx.run("work", work))

    case = debug_case(body, version).start().close_input()
    assert isinstance(await ending(case), pb.SuspensionMessage)
    assert calls == ["work"]


@in_loop
async def test_a_cancellation_is_repeated() -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        try:
            await ctx.call(OTHER, "x", str)
        finally:
            ctx.set(ONE, "compensated")
        return Parcel()

    case = debug_case(body).start().feed(CANCEL, id_of(1, "inv_2"))
    assert isinstance(await ending(case), pb.EndMessage)


@in_loop
async def test_a_request_that_cannot_be_read_is_one_again() -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        return parcel

    case = debug_case(body).start(payload=b"\xff\xff")
    assert isinstance(await ending(case), pb.EndMessage)


@in_loop
async def test_an_attempt_that_replays_is_repeated_with_all_that_came_before() -> None:
    twice = Twice()

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        state = await ctx.get(ONE)
        await ctx.sleep(SOON)
        ctx.set(TWO, f"{state} {twice.number()}")  # here
        return Parcel()

    eager = pb.GetEagerStateCommandMessage(key=b"one", value=pb.Value(content=b'"a"'))
    sleep = pb.SleepCommandMessage(wake_up_time=1, result_completion_id=1)
    case = debug_case(body).start(eager, sleep, result(1))
    text = (await mismatch(case, body)).partition(" in the code, ")[2]
    assert "a 0" in text  # as the version of protobuf shows a string in quotes


@in_loop
async def test_a_stream_that_is_gone_gets_nothing() -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        return Parcel()

    case = debug_case(body).start()
    case.attempt.aborted("reset")
    await asyncio.sleep(0)
    assert not case.stream.ended
    assert case.sent() == []


@in_loop
async def test_more_callbacks_than_a_turn_takes() -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        for _ in range(3_000):
            await asyncio.sleep(0)
        return Parcel(text="done")

    assert isinstance(await ending(debug_case(body).start()), pb.EndMessage)


@in_loop
async def test_what_the_first_attempt_has_logged_is_not_logged_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        asyncio.get_running_loop().create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        return Parcel()

    assert isinstance(await ending(debug_case(body).start()), pb.EndMessage)
    (record,) = [each for each in caplog.records if each.name == "restate_proto"]
    assert "ended while its tasks were running" in record.getMessage()


@in_loop
async def test_nothing_of_it_is_called_where_it_is_off() -> None:
    called: set[str] = set()

    def count(frame: FrameType, event: str, argument: object) -> None:
        called.add(frame.f_code.co_filename)

    sys.setprofile(count)
    try:
        case = Case(steps, **KINDS).start()
    finally:
        sys.setprofile(None)
    case.attempt.aborted("reset")
    assert any(path.endswith("runtime/attempt.py") for path in called)
    assert not [path for path in called if "/restate_proto/runtime/debug/" in path]
    assert not [path for path in called if path.endswith(("player.py", "user_code.py"))]
