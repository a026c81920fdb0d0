"""Interceptors: when each hook is called, with what, and what becomes of its exceptions."""

from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import (
    AttemptOutcome,
    Context,
    EndedAttempt,
    HandlerCall,
    Interceptor,
    ObjectContext,
    OutgoingCall,
    RunCall,
    Target,
    TerminalError,
)
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restate_proto.protocol import AttemptEnded
from restate_proto.runtime import Runtime
from restate_proto.runtime.debug import Debugger
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, id_of, in_loop, value

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

OBJECT: Any = {"kind": ServiceKind.VIRTUAL_OBJECT, "handler_kind": HandlerKind.EXCLUSIVE}
OTHER = Target.service("runtime.v1.Other", "Handle")
VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")


class Recorder(Interceptor):
    """Keeps what it is told, and what comes back."""

    def __init__(self, name: str = "", events: list[str] | None = None) -> None:
        self.name = name
        self.events: list[str] = [] if events is None else events
        self.handlers: list[HandlerCall] = []
        self.runs: list[RunCall] = []
        self.calls: list[OutgoingCall] = []
        self.ended: list[EndedAttempt] = []

    @override
    async def handler(self, call: HandlerCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
        self.handlers.append(call)
        self.events.append(f"{self.name}handler begins")
        try:
            return await call_next()
        except BaseException as error:
            self.events.append(f"{self.name}handler raises {type(error).__name__}")
            raise
        finally:
            self.events.append(f"{self.name}handler ends")

    @override
    async def run(self, call: RunCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
        self.runs.append(call)
        self.events.append(f"{self.name}run {call.name} begins")
        try:
            return await call_next()
        finally:
            self.events.append(f"{self.name}run {call.name} ends")

    @override
    def call(self, call: OutgoingCall) -> None:
        self.calls.append(call)
        call.headers["x-hook"] = self.name

    @override
    def attempt_ended(self, ended: EndedAttempt) -> None:
        self.ended.append(ended)
        self.events.append(f"{self.name}attempt ended, {ended.outcome}")

    @property
    def last(self) -> EndedAttempt:
        return self.ended[-1]


async def echo(ctx: Context, parcel: Parcel) -> Parcel:
    return parcel


async def run_once(ctx: Context, parcel: Parcel) -> Parcel:
    return Parcel(text=await ctx.run("once", once))


async def once() -> str:
    return VARIABLE.get()


def run_command(name: str, id_: int) -> pb.RunCommandMessage:
    return pb.RunCommandMessage(name=name, result_completion_id=id_)


# ---- When each is called ----


@in_loop
async def test_the_first_is_the_outermost() -> None:
    events: list[str] = []
    case = Case(run_once, interceptors=[Recorder("a ", events), Recorder("b ", events)]).start()
    case.feed(value(1, b'"unset"'))
    assert case.answer() == Parcel(text="unset")
    assert events == [
        *("a handler begins", "b handler begins"),
        *("a run once begins", "b run once begins", "b run once ends", "a run once ends"),
        *("b handler ends", "a handler ends"),
        *("a attempt ended, completed", "b attempt ended, completed"),
    ]


@in_loop
async def test_what_they_are_told() -> None:
    recorder = Recorder()
    case = Case(run_once, interceptors=[recorder], **OBJECT)
    case.stream.headers.append((b"traceparent", b"00-1-2-01"))
    start = {"key": "ada", "retry_count_since_last_stored_entry": 2}
    case.start(headers={"X-User": "ada"}, payload=Parcel(text="hi"), **start)
    case.feed(value(1, b'"unset"'))
    (call,), (run,), (ended,) = recorder.handlers, recorder.runs, recorder.ended
    assert call.attempt is run.attempt is ended.attempt
    attempt = call.attempt
    assert attempt.invocation_id == "inv_1"
    assert attempt.target == Target.object("runtime.v1.Service", "ada", "Handle")
    assert (attempt.number, attempt.known_entries) == (3, 1)
    assert attempt.headers["x-user"] == "ada"
    assert attempt.attempt_headers["traceparent"] == "00-1-2-01"
    assert not attempt.is_repetition
    assert call.request == Parcel(text="hi")
    assert isinstance(call.context, ObjectContext)
    assert (run.name, run.retries) == ("once", 0)  # the run itself is new
    assert (ended.error, ended.code, ended.message) == (None, None, "")
    assert ended.bytes_received == case.fed
    assert ended.bytes_sent > 0
    assert ended.seconds >= 0


@in_loop
async def test_the_headers_of_the_caller_are_there_for_each_hook() -> None:
    """Whichever an interceptor has, and though the request cannot be read."""

    class OfTheEnd(Interceptor):
        @override
        def attempt_ended(self, ended: EndedAttempt) -> None:
            seen.append(ended.attempt.headers["x-user"])

    seen: list[str] = []
    for payload in (b"", b"\xff"):
        case = Case(echo, interceptors=[OfTheEnd()])
        case.start(headers={"X-User": "ada"}, payload=payload)
    assert seen == ["ada", "ada"]


@in_loop
async def test_a_replayed_run_is_not_told() -> None:
    recorder = Recorder()
    case = Case(run_once, interceptors=[recorder])
    case.start(run_command("once", 1), value(1, b'"was"'))
    assert case.answer() == Parcel(text="was")
    assert recorder.runs == []
    assert recorder.handlers[0].attempt.known_entries == 3


@in_loop
async def test_a_run_that_is_retried() -> None:
    recorder = Recorder()
    case = Case(run_once, interceptors=[recorder])
    case.start(run_command("once", 1), retry_count_since_last_stored_entry=2)
    assert recorder.runs[0].retries == 2


@in_loop
async def test_hooks_that_an_interceptor_does_not_have() -> None:
    case = Case(run_once, interceptors=[Interceptor()]).start().feed(value(1, b'"unset"'))
    assert case.answer() == Parcel(text="unset")


@in_loop
async def test_variables_reach_the_handler_its_tasks_and_its_runs() -> None:
    class Sets(Interceptor):
        @override
        async def handler(self, call: HandlerCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
            VARIABLE.set("handler")
            return await call_next()

        @override
        async def run(self, call: RunCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
            assert VARIABLE.get() == "handler"
            VARIABLE.set("run")
            return await call_next()

    async def child(ctx: Context) -> str:
        return VARIABLE.get() + await ctx.run("in_thread", VARIABLE.get)

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(text=await asyncio.create_task(child(ctx)))

    case = Case(handle, interceptors=[Sets()]).start()
    proposal = case.sent()
    while not any(isinstance(m, pb.ProposeRunCompletionMessage) for m in proposal):
        await case.until_written()
        proposal += case.sent()
    (message,) = (m for m in proposal if isinstance(m, pb.ProposeRunCompletionMessage))
    assert message.value == b'"run"'
    case.feed(value(1, message.value))
    assert case.answer() == Parcel(text="handlerrun")
    assert VARIABLE.get() == "unset"


@in_loop
async def test_calls_and_messages_get_headers_in_each_attempt() -> None:
    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.send(OTHER, Parcel(), headers={"own": "1"})
        return await ctx.call(OTHER, Parcel(), Parcel)

    recorder = Recorder("hook")
    case = Case(handle, interceptors=[recorder]).start()
    message, call = case.sent()[:2]
    assert isinstance(message, pb.OneWayCallCommandMessage)
    assert isinstance(call, pb.CallCommandMessage)
    assert [(h.key, h.value) for h in message.headers] == [("own", "1"), ("x-hook", "hook")]
    assert [(h.key, h.value) for h in call.headers] == [("x-hook", "hook")]
    assert [(c.target, c.is_message) for c in recorder.calls] == [(OTHER, True), (OTHER, False)]

    again = Case(handle, interceptors=[Recorder("hook")])
    again.start(message, id_of(1, "inv_2"), call, id_of(2, "inv_3"), value(3))
    assert again.answer() == Parcel()


# ---- How an attempt ends ----


@in_loop
async def test_a_suspension() -> None:
    recorder = Recorder()

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.call(OTHER, Parcel(), Parcel)
        return parcel

    Case(handle, interceptors=[recorder]).start().close_input().suspension()
    assert recorder.events == [
        *("handler begins", "handler raises AttemptEnded", "handler ends"),
        "attempt ended, suspended",
    ]
    assert (recorder.last.error, recorder.last.code) == (None, None)


@in_loop
async def test_a_terminal_failure() -> None:
    recorder = Recorder()

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        raise TerminalError("sold out", code=409)

    Case(handle, interceptors=[recorder]).start().failure()
    last = recorder.last
    assert (last.outcome, last.code, last.message) == (AttemptOutcome.FAILED, 409, "sold out")
    assert isinstance(last.error, TerminalError)


@in_loop
async def test_a_failure_that_is_retried() -> None:
    recorder = Recorder()

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        raise ValueError("a bug")

    Case(handle, interceptors=[recorder]).start().error()
    last = recorder.last
    assert (last.outcome, last.code, last.message) == (
        *(AttemptOutcome.ERROR, 500),
        "ValueError: a bug",
    )
    assert isinstance(last.error, ValueError)


@in_loop
async def test_the_failure_of_a_run() -> None:
    recorder = Recorder()

    async def fails() -> None:
        raise OSError("unreachable")

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("pay", fails)
        return parcel

    Case(handle, interceptors=[recorder]).start().error()
    assert recorder.last.outcome is AttemptOutcome.ERROR
    assert isinstance(recorder.last.error, OSError)
    assert recorder.events[-2:] == ["handler ends", "attempt ended, error"]


@in_loop
async def test_a_mismatch() -> None:
    recorder = Recorder()
    Case(echo, interceptors=[recorder]).start(run_command("pay", 1)).error()
    assert (recorder.last.outcome, recorder.last.code) == (AttemptOutcome.MISMATCH, 570)


@in_loop
async def test_a_stream_that_is_cut_off() -> None:
    recorder = Recorder()

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.call(OTHER, Parcel(), Parcel)
        return parcel

    case = Case(handle, interceptors=[recorder]).start()
    assert recorder.ended == []
    case.attempt.aborted("the server is gone")
    assert recorder.events[-2:] == ["handler ends", "attempt ended, aborted"]


@in_loop
async def test_a_request_that_cannot_be_read() -> None:
    """No handler runs, yet the attempt is told."""
    recorder = Recorder()
    Case(echo, interceptors=[recorder]).start(payload=b"\xff").failure()
    assert recorder.handlers == []
    assert (recorder.last.outcome, recorder.last.code) == (AttemptOutcome.FAILED, 400)
    assert recorder.last.attempt.invocation_id == "inv_1"


@in_loop
async def test_a_stream_that_breaks_before_the_handler_can_start() -> None:
    recorder = Recorder()
    Case(echo, interceptors=[recorder]).close_input().error()
    assert recorder.last.outcome is AttemptOutcome.ERROR
    assert recorder.last.attempt.invocation_id == ""


@in_loop
async def test_tasks_that_are_left_are_over_when_the_end_is_told() -> None:
    recorder = Recorder()
    order = recorder.events

    async def child() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            order.append("task ends")

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        task = asyncio.create_task(child())
        await asyncio.sleep(0)
        del task
        return parcel

    Case(handle, interceptors=[recorder]).start()
    assert order == ["handler begins", "handler ends", "task ends", "attempt ended, completed"]


# ---- What they raise, and change ----


class Raises(Interceptor):
    """Raises in one of its hooks, before or after what it is around."""

    def __init__(self, hook: str, error: BaseException, *, after: bool = False) -> None:
        self._hook, self._error, self._after = hook, error, after

    def _raise(self, hook: str, *, after: bool) -> None:
        if hook == self._hook and after is self._after:
            raise self._error

    @override
    async def handler(self, call: HandlerCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
        self._raise("handler", after=False)
        returned = await call_next()
        self._raise("handler", after=True)
        return returned

    @override
    async def run(self, call: RunCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
        self._raise("run", after=False)
        returned = await call_next()
        self._raise("run", after=True)
        return returned

    @override
    def call(self, call: OutgoingCall) -> None:
        self._raise("call", after=False)

    @override
    def attempt_ended(self, ended: EndedAttempt) -> None:
        self._raise("attempt_ended", after=False)


@pytest.mark.parametrize("after", [False, True])
@in_loop
async def test_what_is_raised_around_a_handler_it_has_raised(*, after: bool) -> None:
    refused = TerminalError("not for you", code=403)
    case = Case(echo, interceptors=[Raises("handler", refused, after=after)]).start()
    assert case.failure().code == 403
    case = Case(echo, interceptors=[Raises("handler", ValueError("a bug"), after=after)]).start()
    assert case.error().message == "ValueError: a bug"


@pytest.mark.parametrize("after", [False, True])
@in_loop
async def test_what_is_raised_around_a_run_its_function_has_raised(*, after: bool) -> None:
    case = Case(run_once, interceptors=[Raises("run", TerminalError("no"), after=after)]).start()
    command, proposal = case.sent()
    assert isinstance(command, pb.RunCommandMessage)
    assert isinstance(proposal, pb.ProposeRunCompletionMessage)
    assert proposal.failure.message == "no"
    case = Case(run_once, interceptors=[Raises("run", OSError("gone"), after=after)]).start()
    assert case.error().message == "ctx.run('once') failed: OSError: gone"


@in_loop
async def test_what_is_raised_for_a_call_is_raised_where_the_handler_calls() -> None:
    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(PermissionError):
            ctx.call(OTHER, Parcel(), Parcel)
        return Parcel(text="not called")

    case = Case(handle, interceptors=[Raises("call", PermissionError("no"))]).start()
    assert case.answer() == Parcel(text="not called")


@in_loop
async def test_what_is_raised_at_the_end_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder()
    case = Case(echo, interceptors=[Raises("attempt_ended", ValueError("a bug")), recorder])
    assert case.start().answer() == Parcel()
    assert "Raises.attempt_ended failed, for invocation inv_1" in caplog.text
    assert "ValueError: a bug" in caplog.text
    assert recorder.last.outcome is AttemptOutcome.COMPLETED


@in_loop
async def test_a_handler_that_is_not_called() -> None:
    class Refuses(Interceptor):
        @override
        async def handler(self, call: HandlerCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
            return Parcel(text="from the cache")

    assert Case(echo, interceptors=[Refuses()]).start().answer() == Parcel(text="from the cache")


@in_loop
async def test_an_operation_around_a_handler_is_recorded() -> None:
    class Records(Interceptor):
        @override
        async def handler(self, call: HandlerCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
            await call.context.run("audit", once)
            return await call_next()

    case = Case(echo, interceptors=[Records()]).start()
    command, _proposal = case.sent()
    assert isinstance(command, pb.RunCommandMessage)
    case.feed(value(1, b'"unset"'))
    assert case.answer() == Parcel()
    again = Case(echo, interceptors=[Records()]).start(command, value(1, b'"unset"'))
    assert again.answer() == Parcel()


@in_loop
async def test_attempt_ended_is_no_exception() -> None:
    assert not issubclass(AttemptEnded, Exception)


# ---- Development mode ----


@in_loop
async def test_a_repetition_says_that_it_is_one() -> None:
    recorder = Recorder()
    debugger = Debugger(Runtime(asyncio.get_running_loop()))
    debugger.close()  # the watchdog
    case = Case(run_once, debugger=debugger, interceptors=[recorder])
    case.stream.headers.append((b"traceparent", b"00-1-2-01"))
    case.start().feed(value(1, b'"unset"'))
    while not case.stream.ended:
        await case.until_written()
    assert [call.attempt.is_repetition for call in recorder.handlers] == [False, True]
    assert [ended.attempt.is_repetition for ended in recorder.ended] == [False, True]
    assert [ended.outcome for ended in recorder.ended] == [AttemptOutcome.COMPLETED] * 2
    assert {e.attempt.attempt_headers["traceparent"] for e in recorder.ended} == {"00-1-2-01"}
    assert len(recorder.runs) == 1


# ---- No hook, no cost ----


@in_loop
async def test_without_interceptors_nothing_of_theirs_is_called() -> None:
    """Not one call in their modules, and none more than there were before there were hooks."""
    import sys

    modules: list[str] = []

    def profile(frame: Any, event: str, argument: Any) -> None:
        if event == "call":
            modules.append(frame.f_code.co_filename.rpartition("/")[2])

    case = Case(run_once)
    sys.setprofile(profile)
    try:
        case.start(run_command("once", 1))
        case.feed(value(1, b'"unset"'))
    finally:
        sys.setprofile(None)
    assert case.answer() == Parcel(text="unset")
    assert modules
    hooks = {"interceptors.py", "hooks.py", "interception.py", "intercepted_attempt.py"}
    assert not hooks & set(modules)


# ---- Wrong arguments ----


class _NotAsynchronous(Interceptor):
    def handler(self, call: Any, call_next: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        return call_next()


class _Asynchronous(Interceptor):
    async def attempt_ended(self, ended: Any) -> None: ...  # pyright: ignore[reportIncompatibleMethodOverride]


@pytest.mark.parametrize(
    ("interceptor", "message"),
    [
        (Interceptor, r"Endpoint\(interceptors=.*\): must be objects of subclasses of Interceptor"),
        (_NotAsynchronous(), "_NotAsynchronous.handler must be `async def`"),
        (_Asynchronous(), "_Asynchronous.attempt_ended must be `def`"),
    ],
)
def test_what_is_no_interceptor(interceptor: Any, message: str) -> None:
    from restate_proto.model.hooks import Hooks

    with pytest.raises(TypeError, match=message):
        Hooks("Endpoint", [interceptor])
