"""An operation that raises has not happened, or the attempt ends right there.

A handler may catch an exception in the middle of an operation, such as a RecursionError, and go on.
A command that is counted and not written, or written and not counted, would show at the next
replay.
"""

from __future__ import annotations

import gc
import inspect
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, SignalKey, WorkflowContext
from restate_proto.model.codec import CodecError
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restate_proto.protocol import Phase
from restate_proto.runtime.context import operations_of
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import AWAKEABLE, Case, each_version, id_of, in_loop
from tests.runtime.test_operations_elsewhere import ECHO, KEY, OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

each_operation = pytest.mark.parametrize("operation", OPERATIONS)

WORKFLOW: dict[str, Any] = {"kind": ServiceKind.WORKFLOW, "handler_kind": HandlerKind.WORKFLOW}


def depth() -> int:
    frame, count = inspect.currentframe(), 0
    while frame is not None:
        frame, count = frame.f_back, count + 1
    return count


def where_it_fits(operation: Callable[[], object]) -> int:
    """Try with more and more room on the stack until it is enough; count the failures."""
    failures = 0
    base = depth()
    for room in range(200):
        limit = base + room
        try:
            sys.setrecursionlimit(limit)
        except RecursionError:
            continue
        try:
            operation()
        except (RecursionError, CodecError):  # codecs call it nested too deeply
            failures += 1
        else:
            return failures
        finally:
            sys.setrecursionlimit(1000)
    raise AssertionError("it never fits")


def commands_of(sent: list[Message]) -> list[Message]:
    """Return the commands of a handler's operations in an attempt that did not fail."""
    assert not any(isinstance(message, pb.ErrorMessage) for message in sent), sent
    commands = [each for each in sent if type(each).__name__.endswith("CommandMessage")]
    return [each for each in commands if not isinstance(each, pb.OutputCommandMessage)]


def was_cut_short(last: Message) -> bool:
    return isinstance(last, pb.ErrorMessage) and "the attempt ends here" in last.message


@pytest.mark.untraced
@each_version
@each_operation
@in_loop
async def test_no_room_on_the_stack(operation: str, version: int) -> None:
    """Tried again and again at lower depth, the operation takes effect once."""
    failures: list[int] = []

    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        failures.append(where_it_fits(lambda: OPERATIONS[operation](ctx)))
        ctx.sleep(timedelta(0))
        return parcel

    async def once(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        OPERATIONS[operation](ctx)
        ctx.sleep(timedelta(0))
        return parcel

    def play(handler: Any, *entries: Message) -> list[Message]:
        sent = Case(handler, version=version, **WORKFLOW).start(*entries, key="k").sent()
        if sys.version_info >= (3, 14) and was_cut_short(sent[-1]):
            pytest.skip("a constructor took more of the stack than the write before it")
        return commands_of(sent)

    first, expected = play(body), play(once)
    for command in (*first, *expected):  # the only thing that differs from one time to another
        if isinstance(command, pb.SleepCommandMessage):
            command.wake_up_time = 0
    assert first == expected
    # And in a replay, where what the journal has is compared.
    assert play(body, *first) == []
    assert all(count > 0 for count in failures)


class InterruptError(BaseException):
    """An error like KeyboardInterrupt, which may come at any call."""


def interrupt(operation: Callable[[], object], after: int) -> bool:
    """Raise an error in an operation after so many calls; return whether it made so many.

    Python looks for signals where a function begins and where one that is written in C has ended.
    """
    calls = 0
    is_over = False

    def count(_: object, event: str, __: object) -> None:
        nonlocal calls
        if not is_over and event in ("call", "c_call", "c_return"):
            calls += 1
            if calls > after:
                sys.setprofile(None)
                raise InterruptError

    gc.disable()  # a finalizer's calls are not the operation's
    sys.setprofile(count)
    try:
        operation()
        is_over = True
    except InterruptError:
        return True
    finally:
        is_over = True
        sys.setprofile(None)
        gc.enable()
    return False


@each_operation
@in_loop
async def test_an_interruption_at_any_call(operation: str) -> None:
    raised: list[bool] = []

    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        raised.append(interrupt(lambda: OPERATIONS[operation](ctx), len(raised)))
        ctx.sleep(timedelta(0))
        return parcel

    async def alone(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        ctx.sleep(timedelta(0))
        return parcel

    (nap,) = commands_of(Case(alone, **WORKFLOW).start(key="k").sent())
    assert isinstance(nap, pb.SleepCommandMessage)
    while not raised or raised[-1]:
        case = Case(body, **WORKFLOW).start(key="k")
        sent = case.sent()
        if raised[-1] and isinstance(sent[-1], pb.ErrorMessage):
            assert case.stream.ended
            assert "InterruptError was raised before it had returned" in sent[-1].message
        elif raised[-1]:
            (command,) = [it for it in sent if isinstance(it, pb.SleepCommandMessage)]
            assert command.result_completion_id == nap.result_completion_id
            assert len(sent) == 3, sent  # with the output and the end
    assert len(raised) > 5


@in_loop
async def test_an_awakeable_that_nobody_has_takes_no_number() -> None:
    """The next awakeable would otherwise have another id in the next attempt."""
    ids: list[str] = []
    raised: list[bool] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        raised.append(interrupt(lambda: ctx.awakeable(str), len(raised)))
        ids.append(ctx.awakeable(str).id)
        return parcel

    async def first_and_second(ctx: Context, parcel: Parcel) -> Parcel:
        ids.extend([ctx.awakeable(str).id, ctx.awakeable(str).id])
        return parcel

    Case(first_and_second).start()
    first, second = ids
    while not raised or raised[-1]:
        ids.clear()
        case = Case(body).start()
        if raised[-1]:
            assert ids == [first] or "before it had returned" in case.error().message
    assert ids == [second]


# ---- What is wrong with the arguments ----


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise OSError("no text")


class Unprintable:
    def __str__(self) -> str:
        raise UnprintableError

    __repr__ = __str__


class BadHeaders(dict[str, str]):
    def items(self) -> Any:
        yield "a", "b"
        raise UnprintableError


WRONG: dict[str, Callable[[Any], object]] = {
    "name of a run": lambda ctx: ctx.run(3, dict),
    "half of a surrogate pair as the name of a run": lambda ctx: ctx.run("\ud83d", dict),
    "name of a sleep": lambda ctx: ctx.sleep(timedelta(0), Unprintable()),
    "duration of a sleep": lambda ctx: ctx.sleep("1s"),
    "target of a call": lambda ctx: ctx.call(ECHO.service("\ud83d", "x"), b"", bytes),
    "idempotency key": lambda ctx: ctx.call(ECHO, b"", bytes, idempotency_key=Unprintable()),
    "headers of a call": lambda ctx: ctx.call(ECHO, b"", bytes, headers={"a": Unprintable()}),
    "headers of a send": lambda ctx: ctx.send(ECHO, b"", headers={1: "x"}),
    "headers that fail": lambda ctx: ctx.send(ECHO, b"", headers=BadHeaders(a="b")),
    "message of a call": lambda ctx: ctx.call(ECHO, Unprintable(), bytes),
    "id of an awakeable": lambda ctx: ctx.resolve_awakeable("\ud83d", "x"),
    "message of an awakeable": lambda ctx: ctx.resolve_awakeable(AWAKEABLE, "\ud83d"),
    "id of an invocation": lambda ctx: ctx.invocation("\ud83d").attach(),
    "key of a signal": lambda ctx: ctx.send(ECHO, b"").signal(KEY, "x"),
    "name of a signal": lambda ctx: ctx.send(ECHO, b"").signal(SignalKey("\ud83d", str), "x"),
    "value of a state key": lambda ctx: ctx.set(KEY, Unprintable()),
    "name of a state key": lambda ctx: ctx.get(KEY.__class__("\ud83d", str)),
}


@each_version
@pytest.mark.parametrize("wrong", WRONG)
@in_loop
async def test_wrong_arguments_leave_nothing_behind(wrong: str, version: int) -> None:
    raised: list[Exception] = []

    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        try:
            WRONG[wrong](ctx)
        except Exception as error:  # noqa: BLE001 - whatever it is
            raised.append(error.with_traceback(None))
        ctx.run("next", dict)
        await ctx.sleep(timedelta(0))
        return parcel

    case = Case(body, version=version, **WORKFLOW).start(key="k")
    commands = commands_of(case.sent())
    assert len(raised) == 1
    sends = [it for it in commands if isinstance(it, pb.OneWayCallCommandMessage)]
    *_, run, sleep = commands
    assert isinstance(run, pb.RunCommandMessage)
    assert isinstance(sleep, pb.SleepCommandMessage)
    ids = [run.result_completion_id, sleep.result_completion_id]
    assert ids == [len(sends) + 1, len(sends) + 2]
    assert len(commands) == len(sends) + 2
    assert sends == [] or wrong.endswith("of a signal")


# ---- Between a command and its future ----


@pytest.mark.parametrize("error", [MemoryError, RecursionError, KeyboardInterrupt])
@pytest.mark.parametrize("operation", ["run", "call", "send", "sleep", "get", "promise", "attach"])
@in_loop
async def test_a_command_without_a_future_ends_the_attempt(
    operation: str, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the handler does with the error, it issues nothing more."""

    def fail(*_: object) -> None:
        raise error

    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        with monkeypatch.context() as patch:
            patch.setattr("restate_proto.runtime.operations.Operations.expect", fail)
            with pytest.raises(error):
                OPERATIONS[operation](ctx)
        assert operations_of(ctx).journal.phase is Phase.CLOSED
        ctx.send(ECHO, b"")
        return parcel

    case = Case(body, **WORKFLOW).start(key="k", partial_state=True)
    *commands, last = case.sent()
    assert isinstance(last, pb.ErrorMessage)
    assert f"{error.__name__} was raised before it had returned" in last.message
    assert last.related_command_index == 1
    assert len(commands) == 1


@in_loop
async def test_a_deferred_operation_that_fails_ends_the_attempt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is issued once the id is there, during the wait for something else."""

    def fail(*_: object) -> None:
        raise MemoryError

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.send(ECHO, b"").cancel()
        await ctx.sleep(timedelta(0))
        return parcel

    monkeypatch.setattr("restate_proto.protocol.Commands.cancel_invocation", fail)
    case = Case(body).start()
    case.sent()
    case.feed(id_of(1, "inv_2"))
    assert "MemoryError" in case.error().message
