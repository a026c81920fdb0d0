"""Interceptors: when each hook is called, and with what."""

from __future__ import annotations

import asyncio
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
    RunCall,
    Target,
)
from restate_proto.runtime import Runtime
from restate_proto.runtime.debug import Debugger
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, id_of, in_loop, value
from tests.runtime.handlers import echo
from tests.runtime.recorder import OBJECT, OTHER, VARIABLE, Recorder, run_command, run_once

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


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
