"""The spans of attempts, runs and clients' calls, and their parents."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.api_pb2 import Mixin
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, IngressClient, ObjectContext, Target, TerminalError
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restate_proto.otel import tracing as module
from restate_proto.runtime import Runtime
from restate_proto.runtime.debug import Debugger
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.ingress.fake_ingress import FakeIngress, Reply, error
from tests.otel.spans import Traced
from tests.runtime.case import Case, in_loop, value

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

ATTEMPT = "attempt runtime.v1.Service/Handle"
OBJECT: Any = {"kind": ServiceKind.VIRTUAL_OBJECT, "handler_kind": HandlerKind.EXCLUSIVE}
OTHER = Target.service("runtime.v1.Other", "Handle")
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


async def echo(ctx: Context, parcel: Parcel) -> Parcel:
    return parcel


async def run_twice(ctx: Context, parcel: Parcel) -> Parcel:
    first = await ctx.run("first", lambda: "thread")
    return Parcel(text=first + await ctx.run("second", name_of_current_span))


async def name_of_current_span() -> str:
    span: Any = trace.get_current_span()
    return span.name


def run_command(name: str, id_: int) -> pb.RunCommandMessage:
    return pb.RunCommandMessage(name=name, result_completion_id=id_)


def ids(span: ReadableSpan) -> tuple[str, str]:
    """Return the trace and the parent of a span; "" for none."""
    context: Any = span.context
    return f"{context.trace_id:032x}", "" if span.parent is None else f"{span.parent.span_id:016x}"


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


@in_loop
async def test_an_attempt() -> None:
    traced = Traced()
    case = Case(echo, interceptors=[traced.tracing], **OBJECT)
    case.start(key="ada", retry_count_since_last_stored_entry=1).answer()
    span = traced.span(ATTEMPT)
    assert span.kind is SpanKind.SERVER
    assert span.parent is None
    assert span.status.status_code is StatusCode.UNSET
    assert attributes(span) == {
        "rpc.system.name": "restate",
        "rpc.method": "runtime.v1.Service/Handle",
        "restate.invocation.id": "inv_1",
        "restate.invocation.target": "runtime.v1.Service/ada/Handle",
        "restate.attempt.number": 2,
        "restate.attempt.replayed_entries": 0,
        "restate.attempt.outcome": "completed",
    }


@pytest.mark.parametrize("source", ["server", "caller", "both"])
@in_loop
async def test_the_parent_of_an_attempt(source: str) -> None:
    """The server's span counts, since it is nearer."""
    traced = Traced()
    case = Case(echo, interceptors=[traced.tracing])
    if source != "caller":
        case.stream.headers.append((b"traceparent", TRACEPARENT.encode()))
    callers = TRACEPARENT if source == "caller" else TRACEPARENT.replace("b7ad", "1111")
    case.start(headers={} if source == "server" else {"traceparent": callers}).answer()
    assert ids(traced.span(ATTEMPT)) == (TRACE, PARENT)


@in_loop
async def test_runs_are_children_of_their_attempt() -> None:
    traced = Traced()
    case = Case(run_twice, interceptors=[traced.tracing])
    case.start(run_command("first", 1), value(1, b'"was "'), run_command("second", 2))
    (proposal,) = case.sent()
    assert isinstance(proposal, pb.ProposeRunCompletionMessage)
    assert proposal.value == b'"run (second)"'  # the current span of its function
    case.feed(value(2, proposal.value)).answer()
    run, attempt = traced.spans()  # `first` was replayed
    assert run.name == "run (second)"
    context: Any = attempt.context
    assert ids(run) == (f"{context.trace_id:032x}", f"{context.span_id:016x}")
    assert attributes(run) == {
        "restate.invocation.id": "inv_1",
        "restate.invocation.target": "runtime.v1.Service/Handle",
        "restate.run.name": "second",
    }
    assert attributes(attempt)["restate.attempt.replayed_entries"] == 3


@in_loop
async def test_a_run_in_a_thread_and_in_a_task() -> None:
    traced = Traced()

    def in_a_thread() -> str:
        span: Any = trace.get_current_span()
        return span.name

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(text=await asyncio.create_task(child(ctx)))

    async def child(ctx: Context) -> str:
        return await ctx.run("in_a_thread", in_a_thread)

    case = Case(handle, interceptors=[traced.tracing]).start()
    messages = case.sent()
    while not any(isinstance(each, pb.ProposeRunCompletionMessage) for each in messages):
        await case.until_written()
        messages += case.sent()
    proposal = messages[-1]
    assert isinstance(proposal, pb.ProposeRunCompletionMessage)
    assert proposal.value == b'"run (in_a_thread)"'
    case.feed(value(1, proposal.value)).answer()
    run, attempt = traced.spans()
    assert run.parent is not None
    context: Any = attempt.context
    assert run.parent.span_id == context.span_id


@in_loop
async def test_a_run_that_fails_and_is_retried() -> None:
    traced = Traced()

    async def fails() -> None:
        raise OSError("unreachable")

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("pay", fails)
        return parcel

    for retries in (0, 1):
        case = Case(handle, interceptors=[traced.tracing])
        entries = () if retries == 0 else (run_command("pay", 1),)
        case.start(*entries, retry_count_since_last_stored_entry=retries).error()
    run, attempt, run_again, attempt_again = traced.spans()
    assert run.status.status_code is StatusCode.ERROR
    assert run.events[0].name == "exception"
    assert "restate.run.retries" not in attributes(run)
    assert attributes(run_again)["restate.run.retries"] == 1
    for each in (attempt, attempt_again):
        assert attributes(each)["restate.attempt.outcome"] == "error"
        assert attributes(each)["rpc.response.status_code"] == "500"
        assert attributes(each)["error.type"] == "OSError"
        assert each.status.status_code is StatusCode.ERROR
        assert each.status.description == "ctx.run('pay') failed: OSError: unreachable"
    assert attempt.links == ()
    (link,) = attempt_again.links
    assert link.context == attempt.context


@in_loop
async def test_a_suspension_is_an_event() -> None:
    traced = Traced()

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.call(OTHER, Parcel(), Parcel)
        return parcel

    Case(handle, interceptors=[traced.tracing]).start().close_input().suspension()
    span = traced.span(ATTEMPT)
    assert [event.name for event in span.events] == ["restate.invocation.lifecycle.suspended"]
    assert span.status.status_code is StatusCode.UNSET
    assert attributes(span)["restate.attempt.outcome"] == "suspended"
    Case(echo, interceptors=[traced.tracing]).start().answer()
    first, second = traced.spans(ATTEMPT)
    assert [link.context for link in second.links] == [first.context]


@pytest.mark.parametrize(("code", "status"), [(409, StatusCode.UNSET), (500, StatusCode.ERROR)])
@in_loop
async def test_a_terminal_failure(code: int, status: StatusCode) -> None:
    traced = Traced()

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        raise TerminalError("sold out", code=code)

    Case(handle, interceptors=[traced.tracing]).start().failure()
    span = traced.span(ATTEMPT)
    assert attributes(span)["restate.attempt.outcome"] == "failed"
    assert attributes(span)["rpc.response.status_code"] == str(code)
    assert span.status.status_code is status
    assert ("error.type" in attributes(span)) is (status is StatusCode.ERROR)


@in_loop
async def test_a_request_that_cannot_be_read_has_a_span() -> None:
    traced = Traced()
    case = Case(echo, interceptors=[traced.tracing])
    case.stream.headers.append((b"traceparent", TRACEPARENT.encode()))
    case.start(payload=b"\xff").failure()
    span = traced.span(ATTEMPT)
    assert ids(span) == (TRACE, PARENT)
    assert attributes(span)["rpc.response.status_code"] == "400"


@in_loop
async def test_a_repetition_has_no_spans() -> None:
    traced = Traced()
    debugger = Debugger(Runtime(asyncio.get_running_loop()))
    debugger.close()  # the watchdog
    case = Case(echo, debugger=debugger, interceptors=[traced.tracing]).start()
    while not case.stream.ended:
        await case.until_written()
    traced.span(ATTEMPT)


@in_loop
async def test_few_attempts_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_INVOCATIONS", 1)
    traced = Traced()

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        raise ValueError("a bug")

    for id_ in ("inv_1", "inv_2", "inv_1", "inv_1"):
        Case(handle, interceptors=[traced.tracing]).start(debug_id=id_).error()
    assert [len(span.links) for span in traced.spans(ATTEMPT)] == [0, 0, 0, 1]


def test_a_call_of_a_client() -> None:
    traced = Traced()
    answer = Reply(200, b"", {"content-type": "application/proto"})
    sent = Reply(202, b'{"invocationId":"inv_1","status":"Accepted"}')
    fake = FakeIngress(answer, sent, error(404, "no such service"))

    async def scenario() -> None:
        async with (
            fake.serve() as url,
            IngressClient(url, interceptors=[traced.tracing]) as client,
        ):
            with traced.provider.get_tracer("a test").start_as_current_span("outer"):
                await client.call(OTHER, Mixin(name="n"), Mixin)
                await client.send(OTHER, Mixin(name="n"), Mixin)
                with pytest.raises(Exception, match="no such service"):
                    await client.call(OTHER, Mixin(name="n"), Mixin)

    asyncio.run(scenario())
    call, message, failed, outer = traced.spans()
    assert outer.name == "outer"
    assert [each.name for each in (call, message, failed)] == ["runtime.v1.Other/Handle"] * 3
    assert [each.kind for each in (call, message)] == [SpanKind.CLIENT, SpanKind.PRODUCER]
    context: Any = outer.context
    for each, request in zip((call, message), fake.requests, strict=False):
        own: Any = each.context
        assert ids(each)[1] == f"{context.span_id:016x}"
        assert request.headers["traceparent"] == f"00-{own.trace_id:032x}-{own.span_id:016x}-01"
    assert failed.status.status_code is StatusCode.ERROR
    assert attributes(failed)["error.type"].endswith("ServiceNotFoundError")


@in_loop
async def test_the_fields_of_context_are_not_of_the_next_handler() -> None:
    """The current span of one handler is not that of another, nor of code in between."""
    traced = Traced()
    names: list[str] = []

    async def handle(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        names.append(await name_of_current_span())
        return parcel

    Case(handle, interceptors=[traced.tracing]).start().answer()
    assert not trace.get_current_span().get_span_context().is_valid
    assert names == [ATTEMPT]


@in_loop
async def test_events_of_a_handler_are_not_added_again() -> None:
    traced = Traced()

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        span = trace.get_current_span()
        assert span.is_recording()
        span.set_attribute("of.the.handler", 1)
        span.add_event("begins")
        span.record_exception(ValueError("begins"))
        await ctx.run("first", lambda: None)
        span.add_event("goes on")
        await asyncio.create_task(child())
        return parcel

    async def child() -> None:
        trace.get_current_span().add_event("in a task")

    case = Case(handle, interceptors=[traced.tracing])
    case.start(run_command("first", 1), value(1, b"null")).answer()
    span = traced.span(ATTEMPT)
    assert [event.name for event in span.events] == ["goes on", "in a task"]
    assert attributes(span)["of.the.handler"] == 1
