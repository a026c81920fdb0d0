"""Exceptions that end a process elsewhere: here they fail an attempt, unless a signal raised them."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context
from tests.runtime.case import Case, in_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


class Alien(BaseException):
    """An error that is not an `Exception`."""


class MuteError(Exception):
    """An error whose text raises an error."""

    def __str__(self) -> str:
        raise SystemExit(4)


ERRORS: list[tuple[Callable[[], BaseException], str]] = [
    (lambda: SystemExit(3), "SystemExit: 3"),
    (KeyboardInterrupt, "KeyboardInterrupt"),
    (GeneratorExit, "GeneratorExit"),
    (lambda: Alien("hello"), "Alien: hello"),
    (MuteError, "MuteError: (its text cannot be made: __str__ raises)"),
]
each_error = pytest.mark.parametrize(
    ("make", "text"), ERRORS, ids=lambda each: each if isinstance(each, str) else ""
)


@each_error
@in_loop
async def test_an_attempt_fails_with_whatever_its_handler_raises(
    make: Callable[[], BaseException], text: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        raise make()

    assert Case(body).start().error().message == text
    assert "in body" in caplog.text


@each_error
@in_loop
async def test_an_attempt_fails_with_what_a_handler_raises_before_it_is_a_coroutine(
    make: Callable[[], BaseException], text: str
) -> None:
    def body(ctx: Context, parcel: Parcel) -> Any:
        raise make()

    assert Case(body).start().error().message == text


@pytest.mark.parametrize("where", ["in the loop", "after an await", "in a thread"])
@each_error
@in_loop
async def test_an_attempt_fails_with_whatever_a_run_raises(
    make: Callable[[], BaseException], text: str, where: str
) -> None:
    async def fail() -> None:
        if where == "after an await":
            await asyncio.sleep(0)
        raise make()

    def fail_there() -> None:
        raise make()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("fail", fail_there if where == "in a thread" else fail)
        return parcel

    case = Case(body).start()
    while not case.stream.ended:
        await case.until_written()
    assert case.error().message == f"ctx.run('fail') failed: {text}"


@in_loop
async def test_a_result_whose_encoding_exits() -> None:
    class Exiting:
        def __repr__(self) -> str:
            raise SystemExit(5)

    async def body(ctx: Context, parcel: Parcel) -> Any:
        return Exiting()

    assert "returned what cannot be recorded: SystemExit: 5" in Case(body).start().error().message


@contextlib.contextmanager
def handling(number: signal.Signals, error: type[BaseException] | None) -> Generator[None]:
    """Let a signal raise an exception; None stands for Python's own handler of SIGINT."""

    def interrupt(*_: object) -> None:
        assert error is not None
        raise error

    before = signal.signal(number, signal.default_int_handler if error is None else interrupt)
    try:
        yield
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("where", ["handler", "run"])
@pytest.mark.parametrize(
    ("number", "error", "raised"),
    [
        (signal.SIGINT, None, KeyboardInterrupt),
        (signal.SIGINT, KeyboardInterrupt, KeyboardInterrupt),
        (signal.SIGTERM, SystemExit, SystemExit),
    ],
)
@in_loop
async def test_what_a_signal_raises_is_for_the_process(
    number: signal.Signals,
    error: type[BaseException] | None,
    raised: type[BaseException],
    where: str,
) -> None:
    async def work() -> None:
        signal.raise_signal(number)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        if where == "run":
            await ctx.run("work", work)
        else:
            await work()
        return parcel

    case = Case(body)
    with handling(number, error), pytest.raises(raised):
        case.start()


def test_the_second_interrupt_of_asyncio_run_is_for_the_process() -> None:
    """The first cancels the main task; if that goes on, the second raises an exception."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        return parcel

    async def main() -> None:
        Case(body).start()

    with handling(signal.SIGINT, None), pytest.raises(KeyboardInterrupt):
        asyncio.run(main())
