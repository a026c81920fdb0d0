"""How a handler fails, and what Restate is told of it."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import pytest

from conformance.v1.conformance_pb2 import Entry, Parcel
from restate_proto import Context, RetryableError, TerminalError
from restate_proto.runtime import Runtime
from tests.runtime.case import Case, each_version, in_loop
from tests.runtime.handlers import echo


@each_version
@in_loop
async def test_a_terminal_error(version: int) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        raise TerminalError("sold out", code=455, metadata={"left": "0"})

    failure = Case(body, version=version).start().failure()
    assert (failure.code, failure.message) == (455, "sold out")
    metadata = {each.key: each.value for each in failure.metadata}
    assert metadata == ({"left": "0"} if version >= 6 else {})


@in_loop
async def test_any_other_error_fails_the_attempt(caplog: pytest.LogCaptureFixture) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.sleep(timedelta(0), "a nap")
        raise KeyError("a bug")

    error = Case(body).start().error()
    assert (error.code, error.message) == (500, "KeyError: 'a bug'")
    assert error.stacktrace == ""
    assert (error.related_command_index, error.related_command_name) == (1, "a nap")
    assert not error.HasField("next_retry_delay")
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "runtime.v1.Service/Handle, invocation inv_1: attempt failed" in caplog.text
    assert "KeyError: 'a bug'" in caplog.text
    assert "in body" in caplog.text  # the traceback


@in_loop
async def test_tracebacks_are_exposed_on_request() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        raise KeyError("a bug")

    runtime = Runtime(asyncio.get_running_loop(), expose_tracebacks=True)
    error = Case(body, runtime=runtime).start().error()
    assert error.message == "KeyError: 'a bug'"
    assert "in body" in error.stacktrace


@in_loop
async def test_a_retryable_error_says_when() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        raise RetryableError("busy", retry_after=timedelta(seconds=1.5), code=503)

    error = Case(body).start().error()
    assert (error.code, error.message, error.next_retry_delay) == (503, "busy", 1500)


@pytest.mark.parametrize("wrong", [None, "text", Entry(), 3, Parcel])
@in_loop
async def test_a_wrong_return_type_fails_the_attempt(wrong: object) -> None:
    async def body(ctx: Context, parcel: Parcel) -> object:
        return wrong

    error = Case(body).start().error()
    assert error.code == 500
    assert "runtime.v1.Service/Handle returned what cannot be recorded" in error.message


@in_loop
async def test_an_asyncio_cancellation_of_a_handler_is_no_end_of_the_invocation() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        raise asyncio.CancelledError

    assert Case(body).start().error().message == "CancelledError"


@in_loop
async def test_a_method_that_fails_before_it_is_a_coroutine() -> None:
    def body(ctx: Context, parcel: Parcel) -> None:
        raise OSError("at once")

    assert Case(body).start().error().message == "OSError: at once"  # pyright: ignore[reportArgumentType] - what is tested


@in_loop
async def test_a_context_that_cannot_be_made() -> None:
    case = Case(echo).feed(b"\x00\x00\x00\x00\x00\x00\x00\x01\xff")
    error = case.error()
    assert error.code == 571
    case.feed(b"more").close_input()
    assert case.sent() == []
