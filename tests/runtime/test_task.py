"""A coroutine sees an ordinary asyncio task, although none runs it."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any

import pytest

from restate_proto.runtime.eager_task import EagerTask
from tests.runtime.case import in_loop

HOUR = 3600  # a timeout that does not come

VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")


class Task(EagerTask):
    """Keeps its outcome."""

    def __init__(self, coroutine: Any, name: str = "a task") -> None:
        super().__init__(asyncio.get_running_loop(), coroutine, name)
        self.outcome: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def _finished(self, result: Any, error: BaseException | None) -> None:
        if error is None:
            self.outcome.set_result(result)
        elif isinstance(error, asyncio.CancelledError):
            self.outcome.cancel()
        else:
            self.outcome.set_exception(error)


# ---- As a task ----


@in_loop
async def test_it_runs_at_once_and_on_from_where_it_waited() -> None:
    steps: list[str] = []
    gate: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def work() -> str:
        steps.append("begun")
        return await gate

    task = Task(work())
    assert steps == []
    task.step()
    assert steps == ["begun"]
    assert not task.done()
    gate.set_result("done")
    assert await task.outcome == "done"
    assert task.done()
    task.step()  # nothing any more
    task.stop(RuntimeError("too late"))
    assert not task.cancel()


@in_loop
async def test_it_is_the_current_task_while_it_runs() -> None:
    outer = asyncio.current_task()
    seen: list[object] = []

    async def inner() -> None:
        seen.append(asyncio.current_task())
        await asyncio.sleep(0)
        seen.append(asyncio.current_task())

    async def work() -> None:
        seen.append(asyncio.current_task())
        nested.step()
        seen.append(asyncio.current_task())
        await asyncio.sleep(0)

    nested = Task(inner())
    task = Task(work())
    task.step()
    assert asyncio.current_task() is outer
    assert seen == [task, nested, task]
    await nested.outcome
    await task.outcome
    assert seen[-1] is nested
    assert asyncio.current_task() is outer


@in_loop
async def test_it_has_the_context_variables_of_its_beginning_and_keeps_its_own() -> None:
    async def work() -> tuple[str, str]:
        before = VARIABLE.get()
        VARIABLE.set("inside")
        await asyncio.sleep(0)
        return before, VARIABLE.get()

    VARIABLE.set("outside")
    task = Task(work())
    VARIABLE.set("changed")
    task.step()
    assert await task.outcome == ("outside", "inside")
    assert VARIABLE.get() == "changed"


@in_loop
async def test_names() -> None:
    async def work() -> None: ...

    coroutine = work()
    task = Task(coroutine, "first")
    assert task.get_name() == "first"
    task.set_name(3)
    assert task.get_name() == "3"
    assert task.get_coro() is coroutine
    assert task.get_loop() is asyncio.get_running_loop()
    task.step()


@in_loop
async def test_cancel_while_it_waits_for_asyncio() -> None:
    gate: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def work() -> str:
        return await gate

    task = Task(work())
    task.step()
    assert task.cancel()
    assert task.cancelling() == 1
    with pytest.raises(asyncio.CancelledError):
        await task.outcome
    assert gate.cancelled()


@in_loop
async def test_a_cancel_that_it_swallows() -> None:
    async def work() -> str:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            return "swallowed"
        return "not cancelled"

    task = Task(work())
    task.step()
    assert task.cancel("why")
    assert await task.outcome == "swallowed"


@in_loop
async def test_cancel_from_within_is_raised_at_the_next_await() -> None:
    async def work() -> str:
        task.cancel()
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            return "at the await"
        return "not cancelled"

    task = Task(work())
    task.step()
    assert await task.outcome == "at the await"


@in_loop
async def test_an_uncancel_takes_it_back() -> None:
    async def work() -> str:
        task.cancel()
        assert task.cancelling() == 1
        assert task.uncancel() == 0
        assert task.uncancel() == 0
        await asyncio.sleep(0)
        return "went on"

    task = Task(work())
    task.step()
    assert await task.outcome == "went on"


@in_loop
async def test_stop_raises_where_it_waits() -> None:
    gate: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        await gate

    task = Task(work())
    task.step()
    task.stop(OSError("stopped"))
    with pytest.raises(OSError, match="stopped"):
        await task.outcome
    assert gate.cancelled()


@in_loop
async def test_what_nobody_can_wait_for() -> None:
    class Strange:
        def __await__(self) -> Any:
            yield "something"

    async def work() -> str:
        with pytest.raises(RuntimeError, match="cannot wait for: 'something'"):
            await Strange()
        return "went on"

    task = Task(work())
    task.step()
    assert await task.outcome == "went on"


@in_loop
async def test_the_error_of_a_future_is_raised_where_it_is_awaited() -> None:
    gate: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def work() -> str:
        with pytest.raises(OSError, match="broken"):
            await gate
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        done.set_result("done")
        return await done

    task = Task(work())
    task.step()
    gate.set_exception(OSError("broken"))
    assert await task.outcome == "done"
