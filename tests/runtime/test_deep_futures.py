"""Futures that are built one on another, so many that a stack of calls could not hold them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, DurableFuture, any_of, gather, race, select, wait
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, each_version, in_loop, result

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 200
LONG = timedelta(hours=1)
STEPS: dict[str, Callable[[DurableFuture[Any]], DurableFuture[Any]]] = {
    "gather": gather,
    "race": race,
    "select": lambda future: select(only=future),
    "any_of": any_of,
    "wait": wait,
    "map": lambda future: future.map(lambda value: value),
    "or_timeout": lambda future: future.or_timeout(LONG),
}
each_step = pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)


@each_version
@each_step
@in_loop
async def test_the_deepest(
    step: Callable[[DurableFuture[Any]], DurableFuture[Any]], version: int
) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        future: DurableFuture[Any] = ctx.sleep(LONG)
        for _ in range(MOST):
            future = step(future)
        await future
        return parcel

    case = Case(body, version=version).start()
    case.sent()
    case.feed(result(1))
    assert case.stream.ended
    assert isinstance(case.sent()[-2], pb.OutputCommandMessage)


@each_step
@in_loop
async def test_what_is_too_deep(step: Callable[[DurableFuture[Any]], DurableFuture[Any]]) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        future: DurableFuture[Any] = ctx.sleep(LONG)
        for _ in range(MOST):
            future = step(future)
        with pytest.raises(ValueError, match="at most 200 durable futures may be built one on"):
            step(future)
        return parcel

    case = Case(body).start()
    assert case.stream.ended
    assert isinstance(case.sent()[-2], pb.OutputCommandMessage)
