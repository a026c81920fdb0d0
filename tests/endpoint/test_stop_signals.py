"""Signals that stop a process, and who is told of them."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest
import uvloop

from restate_proto.endpoint.stop_signals import told_to_stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NUMBERS = [signal.SIGTERM, signal.SIGINT]


@pytest.fixture
def owner() -> Iterator[list[int]]:
    """Install a server's own handlers, and return the list of signals they receive."""
    told: list[int] = []
    before = {each: signal.signal(each, lambda number, _: told.append(number)) for each in NUMBERS}
    yield told
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", NUMBERS)
def test_both_are_told_and_the_owner_stays(owner: list[int], number: int) -> None:
    async def test() -> None:
        told = asyncio.Event()
        with told_to_stop(told.set):
            os.kill(os.getpid(), number)
            await told.wait()
        assert owner == [number]
        told.clear()
        os.kill(os.getpid(), number)
        await asyncio.sleep(0)
        assert owner == [number, number]
        assert not told.is_set()

    asyncio.run(test())


@pytest.mark.parametrize("make_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("number", NUMBERS)
def test_handlers_of_the_event_loop_are_told_too(
    make_loop: Callable[[], asyncio.AbstractEventLoop], number: int
) -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        owner, told = asyncio.Event(), asyncio.Event()
        loop.add_signal_handler(number, owner.set)
        with told_to_stop(told.set):
            os.kill(os.getpid(), number)
            await told.wait()
            await owner.wait()
        owner.clear()
        os.kill(os.getpid(), number)
        await owner.wait()

    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(test())


def test_who_sets_handlers_meanwhile_keeps_them(owner: list[int]) -> None:
    def another(number: int, frame: object) -> None: ...

    async def test() -> None:
        with told_to_stop(lambda: None):
            signal.signal(signal.SIGTERM, another)

    asyncio.run(test())
    assert signal.getsignal(signal.SIGTERM) is another


def test_what_python_does_without_handlers_stays(owner: list[int]) -> None:
    async def test() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with told_to_stop(lambda: None):
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

    asyncio.run(test())


def test_in_another_thread_nothing_is_done(owner: list[int]) -> None:
    handlers: list[object] = []

    async def test() -> None:
        with told_to_stop(lambda: None):
            handlers.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=asyncio.run, args=(test(),))
    thread.start()
    thread.join()
    assert handlers == [before]
