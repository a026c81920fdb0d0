"""`ctx.run`: when its function is executed, and what becomes of its result."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, Encoding, gather
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, each_version, in_loop, result, signal, value

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")


async def run_once(ctx: Context, parcel: Parcel) -> Parcel:
    return Parcel(number=await ctx.run("once", seven, type=int))


async def seven() -> int:
    return 7


def acked(id_: int) -> pb.ProposeRunCompletionAckMessage:
    return pb.ProposeRunCompletionAckMessage(completion_id=id_)


@each_version
@in_loop
async def test_a_coroutine_function_is_executed_at_once(version: int) -> None:
    case = Case(run_once, version=version).start()
    run, proposal, *more = case.sent()
    assert isinstance(run, pb.RunCommandMessage)
    assert (run.name, run.result_completion_id) == ("once", 1)
    assert isinstance(proposal, pb.ProposeRunCompletionMessage)
    assert (proposal.result_completion_id, proposal.value) == (1, b"7")
    assert case.stream.writes == 1
    if version >= 7:
        (awaiting,) = more
        assert isinstance(awaiting, pb.AwaitingOnMessage)
        case.feed(acked(1))
    else:
        assert not more
        case.feed(value(1, b"7"))
    assert case.answer().number == 7


@in_loop
async def test_a_result_is_proposed_while_the_handler_waits_for_something_else() -> None:
    finish = asyncio.Event()

    async def function() -> int:
        await finish.wait()
        return 7

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        run = ctx.run("once", function)
        await ctx.awakeable(Parcel)
        return Parcel(number=await run)

    case = Case(body).start()
    case.sent_one(pb.RunCommandMessage)
    finish.set()
    await case.until_written()
    assert case.sent_one(pb.ProposeRunCompletionMessage).value == b"7"
    case.feed(value(1, b"7"), signal(17))
    assert case.answer().number == 7


@in_loop
async def test_what_is_recorded_is_the_result() -> None:
    case = Case(run_once).start().feed(value(1, b"8"))
    assert case.answer().number == 8


@in_loop
async def test_a_result_in_the_journal_is_not_computed_again() -> None:
    def broken() -> int:
        raise AssertionError("executed again")

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(number=await ctx.run("once", broken, type=int))

    run = pb.RunCommandMessage(name="once", result_completion_id=1)
    assert Case(body).start(run, value(1, b"9")).answer().number == 9


@in_loop
async def test_a_run_without_a_result_is_executed_when_the_replay_is_over() -> None:
    executed: list[str] = []

    async def execute(name: str) -> str:
        executed.append(name)
        return name

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        first = ctx.run("first", execute, "first")
        assert executed == []
        second = ctx.run("second", execute, "second")
        await ctx.sleep(timedelta(hours=1))
        assert executed == ["first"]
        third = ctx.run("third", execute, "third")
        return Parcel(text=" ".join(await gather(first, second, third)))

    entries = (
        pb.RunCommandMessage(name="first", result_completion_id=1),
        pb.RunCommandMessage(name="second", result_completion_id=2),
        value(2, b'"recorded"'),
        pb.SleepCommandMessage(result_completion_id=3),
        result(3),
    )
    case = Case(body).start(*entries)
    assert executed == ["first", "third"]
    case.sent()
    case.feed(value(1, b'"one"'), value(4, b'"four"'))
    assert case.answer().text == "one recorded four"


@in_loop
async def test_a_function_runs_in_a_thread_with_the_handler_s_context_variables() -> None:
    threads: list[int] = []

    def function(text: str) -> str:
        threads.append(threading.get_ident())
        return f"{text} {VARIABLE.get()}"

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        VARIABLE.set("variable")
        return Parcel(text=await ctx.run("thread", function, "argument"))

    case = Case(body).start()
    case.sent_one(pb.RunCommandMessage)
    await case.until_written()
    proposal = case.sent_one(pb.ProposeRunCompletionMessage)
    assert proposal.value == b'"argument variable"'
    assert threads != [threading.get_ident()]
    assert VARIABLE.get() == "unset"


@pytest.mark.parametrize(
    ("call", "recorded"),
    [
        (lambda: seven(), b"7"),  # noqa: PLW0108 - an ordinary function that gives an awaitable
        (lambda: None, b""),
        (dict, b"{}"),
        (lambda: [1, "a", None, {"b": 1.5}], b'[1,"a",null,{"b":1.5}]'),
    ],
)
@in_loop
async def test_other_callables(call: Callable[[], Any], recorded: bytes) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("call", call)
        return parcel

    case = Case(body).start()
    case.sent()
    await case.until_written()
    assert case.sent_one(pb.ProposeRunCompletionMessage).value == recorded


@pytest.mark.parametrize("encoding", list(Encoding))
@in_loop
async def test_results_are_in_the_contract_s_encoding(encoding: Encoding) -> None:
    async def parcel_of() -> Parcel:
        return Parcel(number=3)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return await ctx.run("parcel", parcel_of, type=Parcel)

    case = Case(body, encoding=encoding).start()
    _, proposal = case.sent()
    assert isinstance(proposal, pb.ProposeRunCompletionMessage)
    if encoding is Encoding.JSON:
        assert proposal.value == b'{"number":"3"}'
    else:
        assert proposal.value == b"\x10\x03"
