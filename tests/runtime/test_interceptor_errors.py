"""Interceptors: what becomes of what they raise, and what they can change."""

from __future__ import annotations

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
    OutgoingCall,
    RunCall,
    TerminalError,
)
from restate_proto.protocol import AttemptEnded
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, in_loop, value
from tests.runtime.handlers import echo
from tests.runtime.recorder import OTHER, Recorder, once, run_once

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


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
