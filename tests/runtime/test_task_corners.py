"""Handlers and runs as tasks, in the corners: cancellation's message, and what is left behind."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from datetime import timedelta
from typing import Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, TerminalError
from tests.runtime.case import Case, in_loop


@in_loop
async def test_a_cancellation_keeps_its_message() -> None:
    """anyio tells its own cancellations, such as the timeouts of httpx, by the message."""
    messages: list[Any] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        task: Any = asyncio.current_task()
        loop = asyncio.get_running_loop()
        loop.call_soon(task.cancel, "while it waits for asyncio")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            messages.append(error.args)
        task.cancel("while it runs")
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError as error:
            messages.append(error.args)
        loop.call_soon(task.cancel, "while it waits for Restate")
        try:
            await ctx.sleep(timedelta(hours=1))
        except asyncio.CancelledError as error:
            messages.append(error.args)
        return parcel

    case = Case(body).start()
    while not case.stream.ended:
        await case.until_written()
    assert messages == [
        ("while it waits for asyncio",),
        ("while it runs",),
        ("while it waits for Restate",),
    ]


@in_loop
async def test_a_cancellation_from_within_is_raised_at_a_durable_wait() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        sleep = ctx.sleep(timedelta(hours=1))
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleep
        return parcel

    assert Case(body).start().answer() == Parcel()


@pytest.mark.parametrize("ending", ["answer", "terminal", "error", "suspension", "abort", "run"])
@in_loop
async def test_an_attempt_that_has_ended_is_freed_at_once(
    ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By counting references: what waits for the collector waits long in a busy process."""
    monkeypatch.setattr(
        logging.getLogger("restate_proto"), "disabled", True
    )  # pytest keeps records

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def fail() -> None:
            raise ValueError(ending)

        if ending == "terminal":
            raise TerminalError(ending)
        if ending == "error":
            raise ValueError(ending)
        if ending == "run":
            await ctx.run(ending, fail)
        if ending != "answer":
            await ctx.sleep(timedelta(hours=1))
        return parcel

    def attempt() -> weakref.ref[Any]:
        case = Case(body).start()
        if ending == "suspension":
            case.close_input()
        elif ending == "abort":
            case.attempt.aborted("gone")
        assert case.stream.ended or ending == "abort"
        return weakref.ref(case.stream)

    gc.disable()
    try:
        freed = attempt()() is None
    finally:
        gc.enable()
    assert freed
