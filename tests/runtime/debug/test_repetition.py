"""Ended and suspended attempts are repeated at once; a difference fails, and its line is named."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import ObjectContext, StateKey, Target, TerminalError
from tests.runtime.case import VERSIONS, id_of, in_loop, result, value
from tests.runtime.debug.debug_case import (
    ONE,
    OTHER,
    SOON,
    TWO,
    Twice,
    debug_case,
    line_of,
    mismatch,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    Body = Callable[[ObjectContext, Parcel], Coroutine[Any, Any, Any]]


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
