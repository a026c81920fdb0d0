"""`ctx.run`: when its function is executed, and what becomes of its result."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import (
    CancelledError,
    Context,
    Encoding,
    OnMaxAttempts,
    PauseError,
    RetryableError,
    RetryPolicy,
    RunContext,
    TerminalError,
    gather,
    select,
)
from restate_proto.runtime import Runtime
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import CANCEL, VERSIONS, Case, in_loop, result, signal, value

if TYPE_CHECKING:
    from collections.abc import Callable

each_version = pytest.mark.parametrize("version", VERSIONS)
VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")


async def run_once(ctx: Context, parcel: Parcel) -> Parcel:
    return Parcel(number=await ctx.run("once", seven, type=int))


async def seven() -> int:
    return 7


async def forever() -> int:
    return await asyncio.get_running_loop().create_future()


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


# ---- Failures ----


def failing(error: BaseException, retry: RetryPolicy | None = None) -> Any:
    async def fail() -> int:
        raise error

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(number=await ctx.run("fail", fail, type=int, retry=retry))

    return body


@in_loop
async def test_a_terminal_error_is_proposed() -> None:
    case = Case(failing(TerminalError("no", code=444, metadata={"a": "b"}))).start()
    _, proposal = case.sent()
    assert isinstance(proposal, pb.ProposeRunCompletionMessage)
    assert (proposal.failure.code, proposal.failure.message) == (444, "no")
    case.feed(result(1, failure=proposal.failure))
    assert case.failure().code == 444


@pytest.mark.parametrize("exposed", [False, True])
@in_loop
async def test_another_error_fails_the_attempt(
    exposed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = Runtime(asyncio.get_running_loop(), expose_tracebacks=exposed)
    error = Case(failing(OSError("the disk is full")), runtime=runtime).start().error()
    assert error.message == "ctx.run('fail') failed: OSError: the disk is full"
    assert (error.code, error.related_command_index, error.related_command_type) == (500, 1, 0x0411)
    assert ("in fail" in error.stacktrace) == exposed
    assert "in fail" in caplog.text
    assert not error.HasField("next_retry_delay")


@pytest.mark.parametrize("retry", [None, RetryPolicy(initial_interval=timedelta(hours=1))])
@in_loop
async def test_a_retryable_error_says_when(retry: RetryPolicy | None) -> None:
    busy = RetryableError("busy", retry_after=timedelta(seconds=2), code=503)
    error = Case(failing(busy, retry)).start().error()
    assert (error.code, error.next_retry_delay) == (503, 2000)


@pytest.mark.parametrize(
    ("attempts", "delay"), [(0, 100), (1, 200), (2, 400), (3, 500), (8, 500), (9, None)]
)
@in_loop
async def test_a_policy_s_delays_go_on_over_attempts(attempts: int, delay: int | None) -> None:
    policy = RetryPolicy(
        initial_interval=timedelta(milliseconds=100),
        max_interval=timedelta(milliseconds=500),
        max_attempts=10,
    )
    case = Case(failing(OSError("again"), policy))
    if attempts == 0:
        case.start()
    else:
        case.start(
            pb.RunCommandMessage(name="fail", result_completion_id=1),
            retry_count_since_last_stored_entry=attempts,
        )
    if delay is not None:
        assert case.error().next_retry_delay == delay
    else:
        proposal = case.sent_one(pb.ProposeRunCompletionMessage)
        assert proposal.failure.message == "ctx.run('fail') failed: OSError: again"
        assert not case.stream.ended


@in_loop
async def test_a_policy_s_duration_counts_from_the_first_attempt() -> None:
    policy = RetryPolicy(max_duration=timedelta(seconds=10))
    run = pb.RunCommandMessage(name="fail", result_completion_id=1)
    for milliseconds, gives_up in ((9_000, False), (10_000, True)):
        case = Case(failing(OSError("again"), policy)).start(
            run,
            retry_count_since_last_stored_entry=3,
            duration_since_last_stored_entry=milliseconds,
        )
        assert case.stream.ended is not gives_up


# ---- Pauses ----

PAUSING = RetryPolicy(
    initial_interval=timedelta(milliseconds=100),
    max_attempts=3,
    on_max_attempts=OnMaxAttempts.PAUSE,
)
RUN = pb.RunCommandMessage(name="fail", result_completion_id=1)


@pytest.mark.parametrize(("attempts", "pauses"), [(1, False), (2, True)])
@in_loop
async def test_used_up_retries_may_pause_the_invocation(attempts: int, pauses: bool) -> None:
    error = (
        Case(failing(OSError("again"), PAUSING), version=7)
        .start(RUN, retry_count_since_last_stored_entry=attempts)
        .error()
    )
    assert error.message == "ctx.run('fail') failed: OSError: again"
    assert error.related_command_index == 1
    if pauses:
        assert (error.behavior, error.HasField("next_retry_delay")) == (pb.PAUSE, False)
    else:
        assert (error.behavior, error.next_retry_delay) == (pb.RETRY, 200)


@in_loop
async def test_a_retryable_error_s_delay_does_not_keep_a_policy_from_pausing() -> None:
    busy = RetryableError("busy", retry_after=timedelta(seconds=2), code=503)
    case = Case(failing(busy, PAUSING), version=7)
    error = case.start(RUN, retry_count_since_last_stored_entry=2).error()
    assert (error.behavior, error.code, error.HasField("next_retry_delay")) == (
        pb.PAUSE,
        503,
        False,
    )


@pytest.mark.parametrize("version", [5, 6])
@in_loop
async def test_a_policy_that_pauses_needs_v7_and_says_so_before_the_function_is_called(
    version: int,
) -> None:
    called: list[int] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("fail", called.append, 1, retry=PAUSING)
        return parcel

    error = Case(body, version=version).start().error()
    assert error.code == 573
    assert "'on_max_attempts=OnMaxAttempts.PAUSE' needs service protocol v7" in error.message
    assert called == []


@pytest.mark.parametrize("retry", [None, RetryPolicy(max_attempts=1), PAUSING])
@in_loop
async def test_a_pause_error_pauses_at_once(retry: RetryPolicy | None) -> None:
    stuck = PauseError("the account is locked: unlock it", code=423)
    error = Case(failing(stuck, retry), version=7).start().error()
    assert (error.behavior, error.code, error.HasField("next_retry_delay")) == (
        pb.PAUSE,
        423,
        False,
    )
    assert error.message.endswith("PauseError: the account is locked: unlock it")


@in_loop
async def test_where_nothing_can_pause_a_pause_error_is_retried_as_others() -> None:
    stuck = PauseError("the account is locked", code=423)
    error = Case(failing(stuck), version=6).start().error()
    assert (error.behavior, error.code) == (pb.RETRY, 423)
    case = Case(failing(stuck, RetryPolicy(max_attempts=1)), version=6).start()
    _, proposal = case.sent()
    assert isinstance(proposal, pb.ProposeRunCompletionMessage)
    assert proposal.failure.code == 423


@in_loop
async def test_a_pause_error_of_a_handler_is_an_exception_as_others() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        raise PauseError("stop here")

    error = Case(body, version=7).start().error()
    assert (error.behavior, error.message) == (pb.RETRY, "PauseError: stop here")


@pytest.mark.parametrize("error", [OSError("again"), PauseError("stop")])
@in_loop
async def test_where_failures_are_not_retried_nothing_pauses(error: Exception) -> None:
    """Else a test would wait for a person."""
    reported: list[str] = []
    policy = RetryPolicy(max_attempts=1, on_max_attempts=OnMaxAttempts.PAUSE)
    case = Case(failing(error, policy), version=7)
    case.report_failures(lambda failure: reported.append(failure.message))
    sent = case.start().error()
    assert (sent.behavior, sent.HasField("next_retry_delay")) == (pb.RETRY, False)
    assert reported == [sent.message]


@in_loop
async def test_after_one_that_fails_no_other_is_executed() -> None:
    executed: list[str] = []

    async def fail() -> None:
        executed.append("first")
        raise OSError("the disk is full")

    async def succeed() -> None:
        executed.append("second")

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await gather(ctx.run("first", fail), ctx.run("second", succeed))
        return parcel

    assert "the disk is full" in Case(body).start().error().message
    assert executed == ["first"]


@in_loop
async def test_one_that_fails_while_the_handler_waits_for_a_task() -> None:
    gate = asyncio.Event()
    ended: list[str] = []

    async def fail() -> int:
        await gate.wait()
        raise OSError("later")

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.run("fail", fail)
        try:
            await asyncio.gather(ctx.awakeable(Parcel))
        finally:
            ended.append("handler")
        return parcel

    case = Case(body).start()
    case.sent()
    gate.set()
    await case.until_written()
    assert case.error().message == "ctx.run('fail') failed: OSError: later"
    assert ended == ["handler"]


@in_loop
async def test_one_that_fails_at_once_ends_a_handler_that_goes_on_to_wait_for_a_task(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ended: list[str] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def fail() -> None:
            raise OSError("at once")

        ctx.run("fail", fail)
        try:
            await asyncio.gather(ctx.awakeable(Parcel))
        except BaseException as error:
            ended.append(type(error).__name__)
            raise
        return parcel

    error = Case(body).start().error()
    assert error.message == "ctx.run('fail') failed: OSError: at once"
    assert ended == ["AttemptEnded"]
    assert 'raise OSError("at once")' in caplog.text  # with the traceback


# ---- Ends ----


@in_loop
async def test_an_attempt_is_not_suspended_while_a_function_is_executed() -> None:
    gate = asyncio.Event()

    async def wait() -> int:
        await gate.wait()
        return 7

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        run = ctx.run("wait", wait)
        await ctx.awakeable(Parcel)
        return Parcel(number=await run)

    case = Case(body).start()
    case.sent()
    case.close_input()
    assert case.sent() == []
    gate.set()
    await case.until_written()
    proposal, suspension = case.sent()
    assert isinstance(proposal, pb.ProposeRunCompletionMessage)
    assert isinstance(suspension, pb.SuspensionMessage)
    assert case.stream.ended


@pytest.mark.parametrize("ending", ["abort", "return", "error"])
@in_loop
async def test_functions_are_cancelled_when_the_attempt_ends(ending: str) -> None:
    cancelled: list[str] = []

    async def work() -> int:
        try:
            return await forever()
        except asyncio.CancelledError as error:
            cancelled.append(str(error))
            raise

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await select(work=ctx.run("work", work), other=ctx.awakeable(Parcel))
        if ending == "error":
            raise OSError("a bug")
        return parcel

    case = Case(body).start()
    case.sent()
    if ending == "abort":
        case.attempt.aborted("gone")
    else:
        case.feed(signal(17))
        assert case.stream.ended
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert cancelled == ["the attempt has ended, and nothing waits for this function any more"]


@pytest.mark.parametrize("ending", ["abort", "error"])
@in_loop
async def test_a_function_in_a_thread_sees_that_its_attempt_has_ended(ending: str) -> None:
    entered, seen = threading.Event(), threading.Event()
    looks: list[bool] = []

    def work(ctx: RunContext) -> None:
        looks.append(ctx.attempt_has_ended)
        entered.set()
        while not ctx.attempt_has_ended:
            pass
        seen.set()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await select(work=ctx.run("work", work, ctx), other=ctx.awakeable(Parcel))
        raise OSError("a bug")

    case = Case(body).start()
    await asyncio.to_thread(entered.wait)
    if ending == "abort":
        case.attempt.aborted("gone")
    else:
        case.feed(signal(17))
    await asyncio.to_thread(seen.wait)
    assert looks == [False]


@in_loop
async def test_a_function_that_ends_after_the_attempt_is_for_nobody() -> None:
    gate = threading.Event()
    entered = threading.Event()

    def block() -> int:
        entered.set()
        gate.wait()
        return 1

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(number=await ctx.run("block", block, type=int))

    case = Case(body, run_threads=1).start()
    pool = case.runtime.threads
    case.sent()
    await asyncio.to_thread(entered.wait)
    case.attempt.aborted("gone")
    gate.set()
    # The only thread has told the loop of that function before it calls the next one.
    await pool.submit(asyncio.get_running_loop(), "next", int, ()).future
    assert case.sent() == []


@in_loop
async def test_the_context_is_not_for_the_function() -> None:
    """A durable operation of a run's function is none of the handler's own code."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def wrong() -> None:
            await ctx.sleep(timedelta(0))

        await ctx.run("wrong", wrong)
        return parcel

    error = Case(body).start().error()
    assert "ctx.run('wrong') failed: RuntimeError" in error.message


@in_loop
async def test_a_run_that_nobody_awaits_is_finished_before_the_handler_ends() -> None:
    gate = asyncio.Event()

    async def work() -> int:
        await gate.wait()
        return 7

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.run("work", work)
        return parcel

    case = Case(body).start()
    assert [type(message) for message in case.sent()] == [pb.RunCommandMessage]
    gate.set()
    await case.until_written()
    assert case.sent_one(pb.ProposeRunCompletionMessage).value == b"7"
    assert not case.stream.ended
    case.feed(value(1, b"7"))
    assert case.answer() == Parcel()


@in_loop
async def test_a_run_that_was_awaited_is_not_waited_for_again() -> None:
    """The cancellation has ended its await, and the handler goes on without it."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(CancelledError):
            await ctx.run("forever", forever)
        return Parcel(number=1)

    case = Case(body).start()
    case.sent_one(pb.RunCommandMessage)
    assert case.feed(CANCEL).answer().number == 1


@in_loop
async def test_a_run_that_nobody_awaits_is_retried_when_it_fails() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        raise OSError("no network")

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.run("work", work)
        return parcel

    case = Case(body).start()
    case.sent()
    await case.until_written()
    assert "no network" in case.error().message


@in_loop
async def test_a_run_that_nobody_awaits_may_fail_for_good(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        raise TerminalError("no such account")

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.run("work", work)
        return parcel

    case = Case(body).start()
    case.sent()
    await case.until_written()
    assert case.sent_one(pb.ProposeRunCompletionMessage).failure.message == "no such account"
    case.feed(result(1, failure=pb.Failure(code=500, message="no such account")))
    assert case.answer() == Parcel()
    assert "did not await a ctx.run, which failed: [500] no such account" in caplog.text
