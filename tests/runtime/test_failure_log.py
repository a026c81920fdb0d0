"""The log of failed attempts: one line for each attempt, and each traceback once."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from inspect import getsourcelines
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto.runtime import Runtime, Scheduling
from restate_proto.runtime import failure_log as module
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, in_loop

if TYPE_CHECKING:
    from restate_proto import Context


def new_runtime() -> Runtime:
    """Return a runtime whose attempts never wait for a turn."""
    return Runtime(asyncio.get_running_loop(), Scheduling(turn_seconds=math.inf))


async def handle(ctx: Context, parcel: Parcel) -> Parcel:
    request = parcel.text
    if request.startswith("one"):
        raise ValueError(request)
    raise ValueError(request)


def attempt(
    runtime: Runtime, text: str, retries: int = 0, id_: str = "inv_1", body: Any = handle
) -> None:
    case = Case(body, runtime=runtime)
    case.start(
        payload=Parcel(text=text), debug_id=id_, retry_count_since_last_stored_entry=retries
    ).error()


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, bool]]:
    """Return the messages without the invocation, and whether they have a traceback."""
    records = list(caplog.records)
    caplog.clear()
    return [
        (record.getMessage().partition(": ")[2], record.exc_info is not None) for record in records
    ]


@in_loop
async def test_a_retry_that_fails_alike_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    runtime = new_runtime()
    attempt(runtime, "one")
    attempt(runtime, "one\nand more", 1)
    attempt(runtime, "one", 2)
    assert said(caplog) == [
        ("attempt failed, Restate will retry it: [500] ValueError: one", True),
        (
            "attempt failed again (attempt 2), Restate will retry it: [500] ValueError: one\\nand more",
            False,
        ),
        ("attempt failed again (attempt 3), Restate will retry it: [500] ValueError: one", False),
    ]


@in_loop
async def test_a_retry_that_fails_elsewhere_has_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    runtime = new_runtime()
    attempt(runtime, "one")
    attempt(runtime, "two", 1)
    attempt(runtime, "one", 2)
    assert [has_traceback for _, has_traceback in said(caplog)] == [True, True, True]


@in_loop
async def test_each_invocation_has_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    runtime = new_runtime()
    attempt(runtime, "one")
    attempt(runtime, "one", id_="inv_2")
    attempt(runtime, "one", 1)
    assert [has_traceback for _, has_traceback in said(caplog)] == [True, True, False]


@in_loop
async def test_the_failure_of_a_run(caplog: pytest.LogCaptureFixture) -> None:
    async def fails() -> None:
        raise OSError("unreachable")

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("pay", fails)
        return parcel

    runtime = new_runtime()
    attempt(runtime, "", body=body)
    attempt(runtime, "", 1, body=body)
    assert [has_traceback for _, has_traceback in said(caplog)] == [True, False]


@in_loop
async def test_a_failure_that_the_runtime_finds(caplog: pytest.LogCaptureFixture) -> None:
    """It has no traceback, since the code merely differs from its journal."""
    runtime = new_runtime()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return parcel

    for retries in (0, 1):
        case = Case(body, runtime=runtime)
        recorded = pb.RunCommandMessage(name="pay", result_completion_id=1)
        case.start(recorded, retry_count_since_last_stored_entry=retries).error()
    (first, _), (second, _) = said(caplog)
    assert first.startswith(
        "attempt failed, Restate will retry it: [570] Journal mismatch at command"
    )
    assert first.endswith("`restate-proto replay` names the line.")
    assert second == (
        "attempt failed again (attempt 2), Restate will retry it: [570] Journal mismatch at command 1"
    )


def line_of(function: Any, text: str) -> str:
    """Return the place of a text in a function, as `file:line`."""
    lines, first = getsourcelines(function)
    return f"{__file__}:{first + next(i for i, line in enumerate(lines) if text in line)}"


@in_loop
async def test_a_mismatch_is_at_the_line_that_issues_another_command(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def deeper(ctx: Context) -> None:
        await ctx.run("reserve", int)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await deeper(ctx)
        return parcel

    async def in_a_task(ctx: Context, parcel: Parcel) -> Parcel:
        await asyncio.create_task(deeper(ctx))
        return parcel

    for each in (body, in_a_task):
        case = Case(each, runtime=new_runtime())
        case.start(pb.RunCommandMessage(name="pay", result_completion_id=1)).error()
        ((first, has_traceback),) = said(caplog)
        where = line_of(deeper, "ctx.run")
        assert first.startswith(f"attempt failed at {where}, Restate will retry it: [570] Journal")
        assert not has_traceback


@in_loop
async def test_a_mismatch_is_at_the_line_that_waits_for_another_result(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def deeper(ctx: Context) -> None:
        await ctx.sleep(timedelta(seconds=1))

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await deeper(ctx)
        await ctx.run("pay", int)
        return parcel

    case = Case(body, runtime=new_runtime())
    case.start(
        pb.SleepCommandMessage(result_completion_id=1),
        pb.RunCommandMessage(name="pay", result_completion_id=2),
    ).error()
    ((first, _),) = said(caplog)
    assert first.startswith(f"attempt failed at {line_of(deeper, 'ctx.sleep')}, Restate will retry")
    assert ": an await of" in first


@in_loop
async def test_the_record_says_whose_it_is(caplog: pytest.LogCaptureFixture) -> None:
    attempt(new_runtime(), "one", 3)
    (record,) = caplog.records
    assert record.__dict__["invocation_id"] == "inv_1"
    assert record.__dict__["invocation_target"] == "runtime.v1.Service/Handle"
    assert record.__dict__["invocation_attempt"] == 4


@in_loop
async def test_few_invocations_are_remembered(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_INVOCATIONS", 2)
    runtime = new_runtime()
    for id_ in ("inv_1", "inv_2", "inv_1", "inv_3", "inv_1", "inv_2"):
        attempt(runtime, "one", id_=id_)
    assert [has_traceback for _, has_traceback in said(caplog)] == [
        *(True, True),
        False,  # inv_1
        True,  # inv_3, and inv_2 is forgotten
        False,  # inv_1
        True,  # inv_2
    ]
