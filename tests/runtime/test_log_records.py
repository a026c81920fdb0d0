"""Log records that are made while a handler runs: their fields, and when there are none."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, ObjectContext
from restate_proto.logs import InvocationFilter, structlog_processor
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restate_proto.runtime import Runtime
from restate_proto.runtime.debug import Debugger
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, in_loop, result, value

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger("somebodys.library")

OBJECT: Any = {"kind": ServiceKind.VIRTUAL_OBJECT, "handler_kind": HandlerKind.EXCLUSIVE}


class Records(logging.Handler):
    """Keeps records, with the filter, as `configure_logging` gives it to all handlers."""

    def __init__(self) -> None:
        super().__init__()
        self.addFilter(InvocationFilter())
        self.records: list[Any] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def messages(self) -> list[str]:
        return [record.getMessage() for record in self.records]


@pytest.fixture
def records() -> Iterator[Records]:
    """Return the records of all loggers."""
    handler = Records()
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel("INFO")
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


def fields(record: Any) -> tuple[str, str, str, int]:
    return (
        record.invocation_id,
        record.invocation_target,
        record.invocation_key,
        record.invocation_attempt,
    )


def run_command(name: str, id_: int) -> pb.RunCommandMessage:
    return pb.RunCommandMessage(name=name, result_completion_id=id_)


@in_loop
async def test_any_logger_in_a_handler(records: Records) -> None:
    async def handle(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        log.info("here")
        return Parcel()

    log.info("before")
    Case(handle, **OBJECT).start(key="ada", retry_count_since_last_stored_entry=2)
    log.info("after")
    before, here, after = records.records
    assert fields(here) == ("inv_1", "runtime.v1.Service/ada/Handle", "ada", 3)
    assert fields(before) == fields(after) == ("", "", "", 0)


@in_loop
async def test_a_service_has_no_key(records: Records) -> None:
    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        log.info("here")
        return Parcel()

    Case(handle).start()
    assert fields(records.records[0]) == ("inv_1", "runtime.v1.Service/Handle", "", 1)


@in_loop
async def test_tasks_of_a_handler(records: Records) -> None:
    async def child(name: str) -> None:
        log.info(name)
        await asyncio.sleep(0)
        log.info(name)

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        async with asyncio.TaskGroup() as group:
            group.create_task(child("a"))
            group.create_task(child("b"))
        return Parcel()

    Case(handle).start()
    assert records.messages == ["a", "b", "a", "b"]
    assert {record.invocation_id for record in records.records} == {"inv_1"}


@in_loop
async def test_functions_of_runs(records: Records) -> None:
    """They may be coroutine functions with tasks, or ordinary functions with threads."""

    async def in_loop_() -> int:
        log.info("coroutine")

        async def in_a_task() -> None:
            await asyncio.sleep(0)
            log.info("task")

        await asyncio.gather(in_a_task())
        return 1

    def in_a_thread() -> int:
        log.info("thread")
        return 2

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        first, second = ctx.run("in_loop", in_loop_, type=int), ctx.run("in_a_thread", in_a_thread)
        return Parcel(number=await first + await second)

    case = Case(handle).start()
    while len(records.records) < 3:
        await case.until_written()
    assert sorted(records.messages) == ["coroutine", "task", "thread"]
    assert {fields(record) for record in records.records} == {
        ("inv_1", "runtime.v1.Service/Handle", "", 1)
    }
    (thread,) = (r for r in records.records if r.getMessage() == "thread")
    assert thread.thread != threading.get_ident()
    case.attempt.aborted("the test is over")


@in_loop
async def test_a_replay_is_silent(records: Records) -> None:
    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        log.info("one")
        await ctx.run("first", lambda: None)
        log.info("two")
        await ctx.run("second", lambda: None)
        log.info("three")
        return Parcel()

    Case(handle).start(run_command("first", 1), result(1), run_command("second", 2), value(2))
    assert records.messages == ["three"]


@in_loop
async def test_functions_of_runs_are_never_silent(records: Records) -> None:
    """The handler may be asked to replay in the same thread while they run."""

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("first", first)
        return Parcel()

    async def first() -> None:
        log.info("first")

    Case(handle).start(run_command("first", 1))
    assert records.messages == ["first"]


@in_loop
async def test_ctx_logger_needs_no_filter(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    async def handle(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        ctx.logger.info("one")
        await ctx.run("first", lambda: None)
        ctx.logger.info("two", extra={"ticket": "t1"})
        return Parcel()

    Case(handle, **OBJECT).start(run_command("first", 1), result(1), key="ada")
    (record,) = caplog.records
    assert record.name == "runtime.v1.Service"
    assert record.getMessage() == "two"
    assert fields(record) == ("inv_1", "runtime.v1.Service/ada/Handle", "ada", 1)
    assert record.__dict__["ticket"] == "t1"
    assert record.funcName == "handle"


@in_loop
async def test_ctx_logger_in_a_function_of_a_run(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        async def first() -> None:
            ctx.logger.info("first")

        await ctx.run("first", first)
        return Parcel()

    Case(handle).start(run_command("first", 1))
    assert caplog.messages == ["first"]


@in_loop
async def test_what_the_library_itself_says_is_not_held_back(records: Records) -> None:
    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        log.info("one")
        raise ValueError("a bug")

    Case(handle).start(run_command("first", 1), result(1)).error()
    assert [record.name for record in records.records] == ["restate_proto"]


@in_loop
async def test_a_repetition_is_silent(records: Records) -> None:
    """Development mode runs an ended attempt again, and nothing is logged twice."""

    async def child(ctx: Context) -> None:
        log.info("child")
        ctx.logger.info("child, by its context")

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        log.info("handler")
        await asyncio.create_task(child(ctx))
        return Parcel()

    debugger = Debugger(Runtime(asyncio.get_running_loop()))
    debugger.close()  # the watchdog
    case = Case(handle, debugger=debugger).start()
    while not case.stream.ended:
        await case.until_written()
    assert records.messages == ["handler", "child", "child, by its context"]
    assert {record.invocation_id for record in records.records} == {"inv_1"}


@in_loop
async def test_structlog() -> None:
    written: list[Any] = []

    def keep(logger: Any, method: str, event: Any) -> Any:
        written.append(dict(event))
        raise structlog.DropEvent

    logger = structlog.wrap_logger(None, processors=[structlog_processor, keep])

    async def handle(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        logger.info("one")
        await ctx.run("first", lambda: None)
        logger.info("two", ticket="t1")
        return Parcel()

    logger.info("outside")
    Case(handle, **OBJECT).start(run_command("first", 1), result(1), key="ada")
    assert written == [
        {"event": "outside"},
        {
            "event": "two",
            "ticket": "t1",
            "invocation_id": "inv_1",
            "invocation_target": "runtime.v1.Service/ada/Handle",
            "invocation_key": "ada",
            "invocation_attempt": 1,
        },
    ]
