"""Warnings about what handlers do outside of ctx.run: once for each line, and for nothing else."""
# ruff: noqa: PLW0108 - a lambda has the line that is looked for

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import random
import secrets
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, Target, gather, select
from restate_proto.runtime import Runtime
from restate_proto.runtime.debug import Debugger
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, id_of, in_loop, result

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

OTHER = Target.service("runtime.v1.Other", "Handle")
SOON = timedelta(seconds=1)


def texts(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.name.startswith("restate_proto")]


async def invoke(
    body: Callable[[Any, Parcel], Coroutine[Any, Any, Parcel]], times: int = 1
) -> None:
    """Run a handler until it ends or is suspended."""
    runtime = Runtime(asyncio.get_running_loop())
    debugger = Debugger(runtime, repeats=False)
    try:
        for _ in range(times):
            case = Case(body, debugger=debugger, runtime=runtime).start()
            while not case.stream.ended:
                for message in case.sent():
                    match message:
                        case pb.ProposeRunCompletionMessage(result_completion_id=id_):
                            answer = pb.NotificationTemplate(completion_id=id_)
                            answer.value.content = message.value
                            case.feed(answer)
                        case pb.SleepCommandMessage(result_completion_id=id_, name=name) if (
                            "timeout" not in name
                        ):
                            case.feed(result(id_))
                        case pb.CallCommandMessage(invocation_id_notification_idx=id_):
                            case.feed(id_of(id_, "inv_2"))
                        case _:
                            pass
                await asyncio.sleep(0)
    finally:
        debugger.close()


def line_of(function: Callable[..., Any], offset: int = 0) -> str:
    return f"{__file__}:{function.__code__.co_firstlineno + offset}"


def connect() -> None:
    with socket.socket() as one, suppress(ConnectionRefusedError):
        one.connect(("127.0.0.1", 1))


@pytest.mark.parametrize(
    ("use", "what"),
    [
        (lambda: time.time(), "calls time.time()"),
        (lambda: time.time_ns(), "calls time.time_ns()"),
        (lambda: datetime.now(), "calls datetime.now()"),  # noqa: DTZ005
        (lambda: datetime.now(UTC), "calls datetime.now()"),
        (lambda: date.today(), "calls date.today()"),  # noqa: DTZ011
        (lambda: random.random(), "uses random"),
        (lambda: random.randint(1, 6), "uses random"),
        (lambda: random.choice("abc"), "uses random"),
        (lambda: uuid.uuid4(), "uses random"),
        (lambda: secrets.token_hex(), "uses random"),
        (lambda: os.urandom(8), "uses random"),
        (lambda: Path(os.devnull).read_bytes(), f"opens a file ({os.devnull})"),
        (lambda: list(Path().iterdir()), "reads a directory"),
        (lambda: subprocess.run([sys.executable, "-V"], check=True, stdout=-3), "starts a process"),
        (lambda: socket.getaddrinfo("127.0.0.1", 1), "looks up an address"),
        (lambda: sqlite3.connect(":memory:").close(), "opens a database"),
        (lambda: time.sleep(0), "calls time.sleep()"),
    ],
)
@in_loop
async def test_what_no_other_attempt_can_repeat(
    use: Callable[[], object], what: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        use()
        return Parcel()

    await invoke(body, times=2)
    (text,) = [each for each in texts(caplog) if what in each]
    assert f"runtime.v1.Service/Handle, invocation inv_1 {what} at {line_of(use)}. " in text


@in_loop
async def test_a_connection(caplog: pytest.LogCaptureFixture) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        connect()
        return Parcel()

    await invoke(body)
    (text,) = texts(caplog)
    assert f"opens a socket at {line_of(connect, 2)}. " in text
    assert "ctx.run" in text


def everything() -> float:
    connect()
    Path(os.devnull).read_bytes()
    return time.time() + random.random() + uuid.uuid4().int


@in_loop
async def test_what_is_fine(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    log = logging.FileHandler(tmp_path / "log", delay=True)
    logger = logging.getLogger("users")
    logger.addHandler(log)

    async def in_loop() -> float:
        return everything()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("in a thread", everything, type=float)
        await ctx.run("in the loop", in_loop, type=float)
        await ctx.time()
        ctx.random.random()
        ctx.uuid()
        random.Random(7).random()
        logger.warning("a record has a time, and its file is opened")
        formatdate()
        importlib.reload(importlib.import_module("colorsys"))
        ZoneInfo.no_cache("Europe/Berlin")
        time.monotonic()
        datetime.fromtimestamp(0, UTC)
        ctx.send(OTHER, "x", delay=SOON)
        await asyncio.sleep(1)
        return Parcel()

    everything()
    await invoke(body)
    everything()
    logger.removeHandler(log)
    log.close()
    assert texts(caplog) == []


@in_loop
async def test_a_task_of_the_handler(caplog: pytest.LogCaptureFixture) -> None:
    async def child() -> None:
        await asyncio.sleep(0)
        everything()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async with asyncio.TaskGroup() as group:
            group.create_task(child())
        return Parcel()

    await invoke(body)
    assert f"opens a socket at {line_of(connect, 2)}" in texts(caplog)[0]
    assert len(texts(caplog)) == 4


@in_loop
async def test_what_nobody_awaits(caplog: pytest.LogCaptureFixture) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.call(OTHER, "x", str)
        awaited = ctx.sleep(SOON)
        lost = ctx.awakeable(str)
        await select(awaited=awaited, lost=lost)
        await gather(ctx.sleep(SOON))
        await awaited.or_timeout(SOON)
        sent = ctx.send(OTHER, "x")
        sent.invocation_id()
        async with asyncio.timeout(100):
            await asyncio.sleep(1)
        return Parcel()

    await invoke(body)
    (text,) = texts(caplog)
    assert "never awaits the 'call runtime.v1.Other/Handle' that it begins" in text
    assert f"at {line_of(body, 1)}. " in text


@in_loop
async def test_a_task_that_is_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        asyncio.get_running_loop().create_task(asyncio.sleep(60), name="left")
        await asyncio.sleep(0)
        return Parcel()

    await invoke(body)
    (text,) = texts(caplog)
    assert "ended while its tasks were running; they are cancelled: left in sleep" in text


class _Flag(logging.Handler):
    """Is set once a record says that a handler blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.is_set = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if "has blocked the event loop" in record.getMessage():
            self.is_set.set()


@pytest.fixture
def flag() -> Iterator[threading.Event]:
    handler = _Flag()
    logger = logging.getLogger("restate_proto")
    logger.addHandler(handler)
    yield handler.is_set
    logger.removeHandler(handler)


@in_loop
async def test_a_handler_that_blocks_the_loop(
    flag: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        while not flag.is_set():
            sum(range(1000))
        return Parcel()

    await invoke(body)
    (text,) = texts(caplog)
    assert "runtime.v1.Service/Handle, invocation inv_1 has blocked the event loop for over" in text
    assert f"{__file__}:" in text
    (number,) = [int(part) for part in text.replace(". ", ":").split(":") if part.isdecimal()][:1]
    first = body.__code__.co_firstlineno
    assert first < number <= first + 2


@in_loop
async def test_a_coroutine_function_of_a_run_that_blocks_the_loop(
    flag: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    async def block() -> float:
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.get_running_loop().create_future()
        while not flag.is_set():
            sum(range(1000))
        return time.time() + random.random()  # which a run may ask

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("slow", block)
        return Parcel()

    await invoke(body)
    (text,) = texts(caplog)
    assert "ctx.run 'slow' in runtime.v1.Service/Handle, invocation inv_1 has blocked" in text
    assert line_of(block, 5) in text or line_of(block, 6) in text


@in_loop
async def test_a_tool_that_measures_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Any] = []

    def profile(frame: Any, event: str, argument: Any) -> None:
        pass

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        seen.append(sys.getprofile())
        return Parcel()

    sys.setprofile(profile)
    try:
        await invoke(body)
    finally:
        left = sys.getprofile()
        sys.setprofile(None)
    assert seen == [profile]
    assert left is profile
