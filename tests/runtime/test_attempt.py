"""From the bytes of a request to the bytes of its answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from datetime import timedelta
from typing import Any

import pytest

from conformance.v1.conformance_pb2 import Entry, Parcel
from restate_proto import (
    CancelledError,
    Context,
    Encoding,
    RetryableError,
    SignalKey,
    Target,
    TerminalError,
    gather,
)
from restate_proto.model.key_format import FixedKey
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restate_proto.runtime import Runtime
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import (
    CANCEL,
    VERSIONS,
    Case,
    frame,
    id_of,
    in_loop,
    named,
    result,
    signal,
    value,
)

each_version = pytest.mark.parametrize("version", VERSIONS)
ECHO = Target.service("runtime.v1.Other", "Echo")


async def echo(ctx: Context, parcel: Parcel) -> Parcel:
    return parcel


async def nap(ctx: Context, parcel: Parcel) -> Parcel:
    await ctx.sleep(timedelta(hours=1))
    return parcel


# ---- The way through ----


@each_version
@in_loop
async def test_a_handler_that_waits_for_nothing_ends_in_the_call_that_began_it(
    version: int,
) -> None:
    case = Case(echo, version=version).start(payload=Parcel(number=3))
    assert case.answer() == Parcel(number=3)
    assert case.stream.writes == 1
    assert case.stream.acknowledged == case.fed
    case.close_input()


@pytest.mark.parametrize("size", [1, 3, 7, 8, 9])
@in_loop
async def test_chunks_do_not_matter(size: int) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return await ctx.call(ECHO, parcel, Parcel)

    case = Case(body)
    parts = (
        pb.StartMessage(id=b"0" * 24, debug_id="inv_1", known_entries=1),
        pb.InputCommandMessage(value=pb.Value(content=Parcel(text="x" * 30).SerializeToString())),
        id_of(1, "inv_2"),
        value(2, Parcel(text="y" * 30)),
    )
    data = b"".join(map(frame, parts))
    for start in range(0, len(data), size):
        case.feed(data[start : start + size])
    assert case.answer() == Parcel(text="y" * 30)
    assert case.stream.acknowledged == len(data)


@in_loop
async def test_a_handler_goes_on_in_the_call_that_brought_what_it_waits_for() -> None:
    case = Case(nap).start(payload=Parcel(number=1))
    assert case.sent_one(pb.SleepCommandMessage).result_completion_id == 1
    case.feed(result(1))
    assert case.answer() == Parcel(number=1)


@each_version
@in_loop
async def test_a_closed_input_is_answered_with_a_suspension(version: int) -> None:
    case = Case(nap, version=version).start()
    case.sent()
    suspension = case.close_input().suspension()
    if version >= 7:
        awaiting = suspension.awaiting_on
        assert awaiting.combinator_type == pb.FIRST_COMPLETED
        assert (list(awaiting.waiting_completions), list(awaiting.waiting_signals)) == ([1], [1])
    else:
        assert list(suspension.waiting_completions) == [1]
        assert list(suspension.waiting_signals) == [1]


@in_loop
async def test_since_v7_restate_is_told_what_is_waited_for() -> None:
    case = Case(nap, version=7).start()
    sleep, awaiting = case.sent()
    assert isinstance(sleep, pb.SleepCommandMessage)
    assert isinstance(awaiting, pb.AwaitingOnMessage)
    assert list(awaiting.awaiting_on.waiting_completions) == [1]


@pytest.mark.parametrize("number", [15, 640])
@in_loop
async def test_what_it_waits_for_is_told_the_more_seldom_the_more_it_is(number: int) -> None:
    """The message names all of it: after each notification, that would be a square."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        calls = [ctx.call(ECHO, parcel, Parcel) for _ in range(number)]
        return Parcel(number=len(await gather(*calls)))

    case = Case(body, version=7).start()
    for call in range(number):
        case.feed(value(2 * call + 2))
    told = [each for each in case.sent() if isinstance(each, pb.AwaitingOnMessage)]
    points = [
        point for each in told for point in (each.awaiting_on, *each.awaiting_on.nested_futures)
    ]
    ids = sum(len(point.waiting_completions) for point in points)
    assert ids <= 20 * number
    assert number > 15 or len(told) == number


@in_loop
async def test_a_replay_writes_nothing_that_is_there() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        answer = await ctx.call(ECHO, parcel, Parcel)
        await ctx.sleep(timedelta(hours=1))
        return answer

    first = Case(body).start(payload=Parcel(number=2))
    call = first.sent_one(pb.CallCommandMessage)
    replay = Case(body).start(
        call, id_of(1, "inv_2"), value(2, Parcel(number=5)), payload=Parcel(number=2)
    )
    assert replay.sent_one(pb.SleepCommandMessage).result_completion_id == 3
    replay.feed(result(3))
    assert replay.answer() == Parcel(number=5)


@in_loop
async def test_a_replay_that_ends_elsewhere_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    case = Case(echo).start(pb.SleepCommandMessage(result_completion_id=1))
    error = case.error()
    assert error.code == 570
    assert "'the handler's return'" in error.message
    assert "'sleep'" in error.message
    assert "attempt failed, Restate will retry it: [570]" in caplog.text


# ---- The encoding of request and answer ----


@pytest.mark.parametrize("contract", list(Encoding))
@pytest.mark.parametrize(
    ("payload", "headers", "is_json"),
    [
        (b'{"number": "3"}', {"content-type": "application/json"}, True),
        (b'{"number": "3"}', {"Content-Type": "application/json; charset=utf-8"}, True),
        (b'{"number": "3"}', {}, True),
        (b'{"number": "3"}', {"content-type": "application/octet-stream"}, True),
        (b"\x10\x03", {"content-type": "application/protobuf", "accept": "text/json"}, False),
        (b"\x10\x03", {}, False),
        (b"", {"content-type": "application/protobuf"}, False),
        (b"", {"accept": "application/json"}, True),
        # HTTP/2's are in lower case; those of a handler are as it wrote them.
        (b"", {"Accept": "application/json"}, True),
        (b"", {"Content-Type": "application/json"}, True),
        (b"", {"CONTENT-TYPE": "application/protobuf", "ACCEPT": "application/json"}, False),
    ],
)
@in_loop
async def test_the_answer_is_in_the_encoding_of_the_request(
    contract: Encoding, payload: bytes, headers: dict[str, str], *, is_json: bool
) -> None:
    case = Case(echo, encoding=contract).start(payload=payload, headers=headers)
    output, _ = case.sent()
    assert isinstance(output, pb.OutputCommandMessage)
    content = output.value.content
    if is_json:
        assert json.loads(content) == ({"number": "3"} if payload else {})
    else:
        assert content == payload


@in_loop
async def test_an_empty_request_of_which_nothing_is_known_is_answered_as_the_contract_says() -> (
    None
):
    for encoding, answer in ((Encoding.PROTOBUF, b""), (Encoding.JSON, b"{}")):
        output, _ = Case(echo, encoding=encoding).start().sent()
        assert isinstance(output, pb.OutputCommandMessage)
        assert output.value.content == answer


@pytest.mark.parametrize(
    ("payload", "content_type"),
    [
        (b"\xff\xff", "application/protobuf"),
        (b"\x0a\x01\xff", "application/protobuf"),
        (b"{", "application/json"),
        (b'{"number": {}}', "application/json"),
    ],
)
@in_loop
async def test_a_bad_request_is_terminal(payload: bytes, content_type: str) -> None:
    case = Case(echo).start(payload=payload, headers={"content-type": content_type})
    failure = case.failure()
    assert failure.code == 400
    assert failure.message.startswith("runtime.v1.Service/Handle: bad request: ")


@in_loop
async def test_a_key_that_the_contract_does_not_have_is_terminal_before_anything_has_run() -> None:
    kinds: Any = {
        "kind": ServiceKind.VIRTUAL_OBJECT,
        "handler_kind": HandlerKind.EXCLUSIVE,
        "key": FixedKey("main"),
    }
    assert Case(echo, **kinds).start(key="main").answer() == Parcel()
    failure = Case(echo, **kinds).start(key="other").failure()
    assert failure.code == 400
    expected = (
        "runtime.v1.Service/Handle: bad key: 'other' is not 'main', the only key of this object"
    )
    assert failure.message == expected
    # Code that took the key has worked on it: it is to be deployed again.
    error = Case(echo, **kinds).start(pb.SleepCommandMessage(), key="other").error()
    assert (
        "the key of this invocation, which has already begun, is no longer valid" in error.message
    )


# ---- How handlers fail ----


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


# ---- The order of notifications ----


@in_loop
async def test_notifications_take_effect_while_the_handler_waits() -> None:
    """Two are there at once; the handler looks at the second future before it waits for it."""
    done: list[bool] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        first, second = (ctx.awakeable(Parcel) for _ in range(2))
        await first
        done.append(second.is_done)
        await second
        done.append(second.is_done)
        return parcel

    case = Case(body).start()
    case.feed(frame(signal(17)) + frame(signal(18)))
    assert case.answer() == Parcel()
    assert done == [False, True]


@in_loop
async def test_a_signal_may_come_before_it_is_asked_for() -> None:
    key = SignalKey("go", str)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.sleep(timedelta(0))
        return Parcel(text=await ctx.signal(key))

    case = Case(body).start()
    case.feed(named("go", b'"one"'), named("go", b'"two"'), named("other", b'"x"'), result(1))
    assert case.answer().text == "one"


# ---- Cancellation ----


@in_loop
async def test_a_cancellation_is_raised_at_the_await() -> None:
    case = Case(nap).start().feed(CANCEL)
    failure = case.failure()
    assert (failure.code, failure.message) == (409, "cancelled")


@each_version
@in_loop
async def test_after_a_cancellation_that_was_caught_a_wait_is_for_what_it_says(
    version: int,
) -> None:
    """Restate has the signal in the journal, and would wake up at once, for ever."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(CancelledError):
            await ctx.sleep(timedelta(hours=1))
        await ctx.sleep(timedelta(hours=1))
        return parcel

    suspension = Case(body, version=version).start().feed(CANCEL).close_input().suspension()
    awaiting = suspension.awaiting_on if version >= 7 else suspension
    assert list(awaiting.waiting_completions) == [2]
    assert list(awaiting.waiting_signals) == []


@in_loop
async def test_pending_calls_are_cancelled_first() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        done = ctx.call(ECHO, parcel, Parcel)
        pending = ctx.call(ECHO, parcel, Parcel)
        await done
        await pending
        return parcel

    case = Case(body).start()
    case.feed(id_of(1, "inv_2"), value(2), CANCEL)
    assert not case.stream.ended, "the id of the second call is to come"
    case.sent()
    case.feed(id_of(3, "inv_3"))
    cancel, output, _ = case.sent()
    assert isinstance(cancel, pb.SendSignalCommandMessage)
    assert (cancel.target_invocation_id, cancel.idx) == ("inv_3", 1)
    assert isinstance(output, pb.OutputCommandMessage)
    assert output.failure.code == 409


# ---- A stream that is gone ----


@pytest.mark.parametrize("waits_for", ["a timer", "asyncio", "nothing any more"])
@in_loop
async def test_an_aborted_stream_runs_finally_blocks(waits_for: str) -> None:
    ended: list[BaseException | None] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        try:
            if waits_for == "a timer":
                await ctx.sleep(timedelta(hours=1))
            elif waits_for == "asyncio":
                await asyncio.gather(ctx.sleep(timedelta(hours=1)))
        except BaseException as error:
            ended.append(error)
            raise
        else:
            ended.append(None)
        return parcel

    case = Case(body).start()
    case.sent()
    case.attempt.aborted("the connection is gone")
    assert len(ended) == 1
    assert case.sent() == []
    case.attempt.drained()


@in_loop
async def test_a_finally_block_may_go_on_after_the_end() -> None:
    """With asyncio; what it does durably raises, and nothing is written."""
    steps: list[str] = []
    ended = asyncio.Event()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        try:
            await ctx.sleep(timedelta(hours=1))
        finally:
            await asyncio.sleep(0)
            steps.append("asyncio")
            try:
                ctx.sleep(timedelta(0))
            except BaseException as error:
                steps.append(type(error).__name__)
                ended.set()
                raise
        return parcel

    case = Case(body).start()
    case.sent()
    case.attempt.aborted("gone")
    await ended.wait()
    assert steps == ["asyncio", "AttemptEnded"]
    assert case.sent() == []


@pytest.mark.parametrize("ending", ["suspension", "abort", "mismatch"])
@in_loop
async def test_a_handler_that_swallows_everything_is_left_alone(ending: str) -> None:
    rounds = 0

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        nonlocal rounds
        sleep = ctx.sleep(timedelta(hours=1))
        while True:
            rounds += 1
            try:
                await sleep
            except GeneratorExit:
                raise
            except BaseException:  # noqa: BLE001 - what is tested
                pass

    if ending == "mismatch":
        case = Case(body).start(pb.RunCommandMessage(result_completion_id=1))
        case.error()
    else:
        case = Case(body).start()
        if ending == "suspension":
            case.close_input().suspension()
        else:
            case.sent()
            case.attempt.aborted("gone")
        assert 1 < rounds < 1000
    case.attempt.aborted("gone")
    assert case.sent() == []


@in_loop
async def test_a_handler_that_swallows_the_end_and_returns() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with contextlib.suppress(BaseException):
            await ctx.sleep(timedelta(hours=1))
        return Parcel(number=1)

    case = Case(body).start().close_input()
    case.suspension()
    assert case.sent() == []


@in_loop
async def test_what_comes_after_the_end_is_ignored() -> None:
    case = Case(echo).start()
    case.sent()
    case.feed(result(1), b"\xff" * 100).close_input()
    assert case.stream.acknowledged == case.fed
    case.attempt.drained()
    case.attempt.aborted("gone")
    assert case.sent() == []


# ---- Back pressure ----


@in_loop
async def test_a_handler_waits_while_its_output_is_not_taken() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        for _ in range(3):
            await ctx.sleep(timedelta(0))
        return parcel

    case = Case(body).start()
    case.sent()
    case.stream.above_high_water = True
    case.feed(result(1))
    assert case.sent() == []
    case.stream.above_high_water = False
    case.attempt.drained()
    assert case.sent_one(pb.SleepCommandMessage).result_completion_id == 2
    case.feed(result(2), result(3))
    assert case.answer() == Parcel()


@in_loop
@pytest.mark.parametrize("is_taken", [True, False])
async def test_results_that_are_all_there_do_not_make_a_handler_write_without_end(
    is_taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        for _ in range(10):
            ctx.send(ECHO, b"x" * 600_000)
            await ctx.sleep(timedelta(0))
        return parcel

    case = Case(body)
    write = case.stream.write

    def write_slowly(data: bytes, *, end: bool = False) -> None:
        write(data, end=end)
        case.stream.above_high_water = not is_taken and bool(data)

    monkeypatch.setattr(case.stream, "write", write_slowly)
    case.start(*[result(2 * number + 2) for number in range(10)])
    while not case.stream.ended:
        assert not is_taken
        assert len(case.sent()) <= 6  # somewhat more than a megabyte
        case.stream.above_high_water = False
        case.attempt.drained()
    assert case.stream.writes >= 5


@in_loop
async def test_much_output_is_written_at_the_next_await_even_if_that_is_done() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        awakeable = ctx.awakeable(Parcel)
        await awakeable
        for _ in range(4):
            ctx.send(ECHO, b"x" * 500_000)
            await awakeable  # it is done: a place to pause
        return parcel

    case = Case(body).start()
    case.stream.above_high_water = False
    writes = case.stream.writes
    case.feed(signal(17))
    assert case.answer() == Parcel()
    assert case.stream.writes - writes >= 2


@in_loop
async def test_a_handler_with_much_output_pauses_until_it_is_taken() -> None:
    rounds = 0

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        nonlocal rounds
        awakeable = ctx.awakeable(Parcel)
        await awakeable
        for _ in range(10):
            rounds += 1
            ctx.send(ECHO, b"x" * 1_100_000)
            await awakeable
        return parcel

    case = Case(body).start()

    def write(data: bytes, *, end: bool = False) -> None:
        original(data, end=end)
        case.stream.above_high_water = len(data) > 1_000_000

    original, case.stream.write = case.stream.write, write  # pyright: ignore[reportAttributeAccessIssue] - a stream that fills up
    case.feed(signal(17))
    for number in range(1, 11):
        assert rounds == number
        assert not case.stream.ended
        case.stream.above_high_water = False
        case.attempt.drained()
    assert case.answer() == Parcel()


@in_loop
async def test_input_is_not_acknowledged_while_the_handler_has_turns_to_come() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await turns(1_500)
        await ctx.sleep(timedelta(0))
        return parcel

    case = Case(body).start()
    before = case.fed
    assert case.stream.acknowledged == before
    for index in range(20, 40):
        case.feed(signal(index, b"x" * 1000))
    assert case.stream.acknowledged == before
    await case.until_written()
    # It waits for durable things again: all that came meanwhile is consumed.
    assert case.stream.acknowledged == case.fed
    case.feed(result(1))
    assert case.answer() == Parcel()
    assert case.stream.acknowledged == case.fed


async def turns(number: int) -> None:
    """Keep the loop busy: after a thousand turns the real loop has one."""
    for _ in range(number):
        await asyncio.sleep(0)


# ---- When the endpoint stops ----


@in_loop
async def test_an_attempt_that_waits_when_the_endpoint_stops_is_suspended() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.awakeable(Parcel)
        return parcel

    case = Case(body).start()
    assert case.sent() == []
    case.attempt.draining()
    assert 17 in case.suspension().waiting_signals


@in_loop
async def test_an_attempt_that_comes_to_wait_when_the_endpoint_stops_is_suspended() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await turns(1_500)
        await ctx.awakeable(Parcel)
        return parcel

    case = Case(body).start()
    case.attempt.draining()
    assert not case.stream.ended
    await case.until_written()
    assert 17 in case.suspension().waiting_signals
