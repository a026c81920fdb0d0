"""Arguments of a wrong type in a handler: a `TypeError` that says where, what and what instead."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from conformance.v1.conformance_pb2 import Parcel, Script
from conformance.v1.conformance_restate import AccountClient, ClerkClient
from restate_proto import (
    Context,
    DurableFuture,
    ObjectContext,
    PromiseKey,
    RetryableError,
    SignalKey,
    StateKey,
    Target,
    TerminalError,
    WorkflowContext,
)
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import AWAKEABLE, INVOCATION, Case, in_loop

if TYPE_CHECKING:
    from collections.abc import Callable

    Wrong: TypeAlias = Callable[[Any], object]

ECHO = Target.service("conformance.v1.Clerk", "Echo")
NO: Any = object()


async def nothing() -> None: ...


def clerk(ctx: WorkflowContext) -> Any:
    return ClerkClient.from_context(ctx)


def account(ctx: WorkflowContext, *args: Any, **options: Any) -> Any:
    return AccountClient.from_context(ctx, *args, **options)


WRONG: list[tuple[Wrong, str]] = [
    (lambda ctx: ctx.sleep(1), r"ctx\.sleep\(duration=1\): must be a timedelta, such as"),
    (lambda ctx: ctx.sleep(timedelta(0), 7), r"ctx\.sleep\(name=7\): must be a str"),
    (lambda ctx: ctx.get("v"), r"ctx\.get\(key='v'\): must be a StateKey"),
    (lambda ctx: ctx.get(SignalKey("v", int)), r"ctx\.get\(key=SignalKey\(.*must be a StateKey"),
    (lambda ctx: ctx.set("v", 1), r"ctx\.set\(key='v'\): must be a StateKey"),
    (lambda ctx: ctx.set(StateKey("v", int), "1"), r"int"),
    (lambda ctx: ctx.clear("v"), r"ctx\.clear\(key='v'\): must be a StateKey"),
    (lambda ctx: ctx.promise("p"), r"ctx\.promise\(key='p'\): must be a PromiseKey"),
    (lambda ctx: ctx.promise(PromiseKey("p", int)).resolve("1"), r"int"),
    (lambda ctx: ctx.promise(PromiseKey("p", int)).reject(NO), r"reject\(reason=.*must be a str"),
    (lambda ctx: ctx.signal("go"), r"ctx\.signal\(key='go'\): must be a SignalKey"),
    (lambda ctx: ctx.awakeable(Parcel()), r"expected a protobuf message class"),
    (lambda ctx: ctx.awakeable("Parcel"), r"no codec for 'Parcel'"),
    (lambda ctx: ctx.resolve_awakeable(7, 1), r"ctx\.resolve_awakeable\(id=7\): must be a str"),
    (lambda ctx: ctx.reject_awakeable(7, ""), r"ctx\.reject_awakeable\(id=7\): must be a str"),
    (
        lambda ctx: ctx.reject_awakeable(AWAKEABLE, ValueError()),
        r"\(reason=ValueError.*must be a str",
    ),
    (lambda ctx: ctx.invocation(7), r"ctx\.invocation\(invocation_id=7\): must be a str"),
    (lambda ctx: ctx.invocation(INVOCATION, "Parcel"), r"no codec for 'Parcel'"),
    (
        lambda ctx: ctx.invocation(INVOCATION, Parcel, encoding="json"),
        r"encoding='json'.*Encoding\.JSON",
    ),
    (
        lambda ctx: ctx.invocation(INVOCATION).signal("go", 1),
        r"signal\(key='go'\): must be a SignalKey",
    ),
    (lambda ctx: ctx.invocation(INVOCATION).reject_signal("go", ""), r"reject_signal\(key='go'\)"),
    (
        lambda ctx: ctx.invocation(INVOCATION).reject_signal(SignalKey("g", int), 7),
        r"reject_signal\(reason=7\): must be a str or a TerminalError",
    ),
    (
        lambda ctx: ctx.reject_awakeable(AWAKEABLE, TerminalError("no"), code=404),
        r"ctx\.reject_awakeable\(code=404\): the TerminalError has a code",
    ),
    (lambda ctx: ctx.run(7, nothing), r"ctx\.run\(name=7\): must be a str"),
    (lambda ctx: ctx.run("n", nothing()), r"function=<coroutine.*must be the function itself"),
    (lambda ctx: ctx.run("n", 7), r"ctx\.run 'n'\(function=7\): must be the function itself"),
    (lambda ctx: ctx.run("n", nothing, retry=3), r"'n'\(retry=3\): must be a RetryPolicy"),
    (lambda ctx: ctx.run("n", nothing, type="Parcel"), r"no codec for 'Parcel'"),
    (lambda ctx: ctx.call("S/h", None, int), r"ctx\.call\(target='S/h'\): must be a Target"),
    (lambda ctx: ctx.call(Target(NO, "h"), None, int), r"service_name=.*must be a str"),
    (lambda ctx: ctx.call(Target("S", NO), None, int), r"handler_name=.*must be a str"),
    (lambda ctx: ctx.call(Target("S", "h", NO), None, int), r"key=.*must be a str"),
    (lambda ctx: ctx.call(Target("S", "h", None, NO), None, int), r"scope=.*must be a str"),
    (lambda ctx: ctx.call(ECHO, None, "int"), r"no codec for 'int'"),
    (lambda ctx: ctx.call(ECHO, None, int, encoding="json"), r"encoding='json'.*Encoding\.JSON"),
    (lambda ctx: ctx.call(ECHO, None, int, idempotency_key=42), r"idempotency_key=42.*a str"),
    (lambda ctx: ctx.call(ECHO, None, int, idempotency_key=b"k"), r"idempotency_key=b'k'.*a str"),
    (lambda ctx: ctx.call(ECHO, None, int, limit_key=42), r"limit_key=42.*must be a str"),
    (lambda ctx: ctx.call(ECHO, None, int, name=42), r"name=42.*must be a str"),
    (lambda ctx: ctx.get(StateKey("s", int), name=42), r"ctx\.get\(name=42\): must be a str"),
    (lambda ctx: ctx.set(StateKey("s", int), 1, name=42), r"ctx\.set\(name=42\): must be a str"),
    (lambda ctx: ctx.clear(StateKey("s", int), name=42), r"ctx\.clear\(name=42\): must be a"),
    (lambda ctx: ctx.clear_all(name=42), r"ctx\.clear_all\(name=42\): must be a str"),
    (lambda ctx: ctx.state_keys(name=42), r"ctx\.state_keys\(name=42\): must be a str"),
    (lambda ctx: ctx.promise(PromiseKey("p", int), name=42), r"ctx\.promise\(name=42\): must be"),
    (lambda ctx: ctx.promise(PromiseKey("p", int)).peek(name=42), r"peek\(name=42\): must be a"),
    (lambda ctx: ctx.promise(PromiseKey("p", int)).reject("", name=42), r"reject\(name=42\): must"),
    (lambda ctx: ctx.promise(PromiseKey("p", int)).resolve(1, name=42), r"resolve\(name=42\): m"),
    (lambda ctx: ctx.resolve_awakeable(AWAKEABLE, 1, name=42), r"resolve_awakeable\(name=42\): m"),
    (lambda ctx: ctx.reject_awakeable(AWAKEABLE, "", name=42), r"reject_awakeable\(name=42\): mu"),
    (lambda ctx: ctx.invocation(INVOCATION).attach(name=42), r"attach\(name=42\): must be a str"),
    (lambda ctx: ctx.invocation(INVOCATION).output(name=42), r"output\(name=42\): must be a str"),
    (lambda ctx: ctx.invocation(INVOCATION).cancel(name=42), r"cancel\(name=42\): must be a str"),
    (lambda ctx: ctx.idempotent_invocation(ECHO, 42, int), r"idempotency_key=42.*must be a str"),
    (lambda ctx: ctx.idempotent_invocation("S", "k", int), r"target='S'\): must be a Target"),
    (lambda ctx: ctx.workflow(42, "k", int), r"service_name=42.*must be a str"),
    (lambda ctx: ctx.workflow("W", 42, int), r"key=42\): must be a str"),
    (lambda ctx: ctx.call(ECHO, None, int, headers=[("a", "b")]), r"headers=.*a mapping of str"),
    (lambda ctx: ctx.call(ECHO, None, int, headers={"a": 1}), r"not of 'a' to 1"),
    (lambda ctx: ctx.call(ECHO, None, int, headers={b"a": "b"}), r"not of b'a' to 'b'"),
    (lambda ctx: ctx.send("S/h", None), r"ctx\.send\(target='S/h'\): must be a Target"),
    (lambda ctx: ctx.send(ECHO, None, encoding="json"), r"encoding='json'.*Encoding\.JSON"),
    (lambda ctx: ctx.send(ECHO, None, delay=3), r"Clerk/Echo\(delay=3\): must be a timedelta"),
    (lambda ctx: ctx.send(ECHO, None, headers="a"), r"headers='a'.*a mapping of str to str"),
    (lambda ctx: clerk(ctx).nothing(idempotency_key=NO), r"idempotency_key=.*a str"),
    (lambda ctx: clerk(ctx).nothing(headers={"a": 1}), r"Nothing\(headers=.*'a' to 1"),
    (lambda ctx: clerk(ctx).send().nothing(delay=3), r"Nothing\(delay=3\): must be a tim"),
    (lambda ctx: ctx.call(ECHO, None, int, delay=3), r"^ctx\.call has no option 'delay'; the op"),
    (lambda ctx: ctx.send(ECHO, None, dealy=3), r"^ctx\.send has no option 'dealy'; .* 'delay'\?$"),
    (lambda ctx: clerk(ctx).echo(Parcel(), header={}), r"^ClerkClient\.echo has .*'headers'\?$"),
    (
        lambda ctx: clerk(ctx).send().echo(Parcel(), after=3),
        r"^ClerkSendClient\.echo .* 'after'; the options are delay, headers, idempotency_key, limit",
    ),
    (lambda ctx: clerk(ctx).echo(Script()), r"Parcel"),
    (lambda ctx: clerk(NO), r"ClerkClient\(ctx=.*must be the context of a handler"),
    (lambda ctx: account(ctx, 42), r"AccountClient\(key=42\): must be a str"),
    (lambda ctx: account(ctx, b"k"), r"AccountClient\(key=b'k'\): must be a str"),
    (lambda ctx: account(ctx, "k", scope=42), r"AccountClient\(scope=42\): must be a str"),
]


@pytest.mark.parametrize(("wrong", "words"), WRONG)
@in_loop
async def test_a_wrong_argument_in_a_handler(wrong: Wrong, words: str) -> None:
    """Nothing has been issued, so the operation after it is the first."""

    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        with pytest.raises(TypeError, match=words):
            wrong(ctx)
        await ctx.sleep(timedelta(0))
        return Parcel()

    case = Case(body, kind=ServiceKind.WORKFLOW, handler_kind=HandlerKind.WORKFLOW, version=7)
    sleep, *_ = case.start(key="k").sent()
    assert getattr(sleep, "result_completion_id", None) == 1


ELSEWHERE: list[tuple[Callable[[], object], str]] = [
    (lambda: Target.service(NO, "h"), r"service_name=.*must be a str"),
    (lambda: Target.object("S", 42, "h"), r"S/h\(key=42\): must be a str"),  # pyright: ignore[reportArgumentType]
    (lambda: Target.object("S", None, "h"), r"S/h\(key=None\): must be a str"),  # pyright: ignore[reportArgumentType]
    (lambda: Target.workflow("S", b"k", "h"), r"S/h\(key=b'k'\): must be a str"),  # pyright: ignore[reportArgumentType]
    (lambda: Target.service("S", "h", scope=NO), r"scope=.*must be a str"),
    (lambda: StateKey(NO, int), r"StateKey\(name=.*must be a str"),
    (lambda: SignalKey("s", "int"), r"SignalKey 's'\(type='int'\): must be a class"),  # pyright: ignore[reportArgumentType, reportUnknownLambdaType]
    (lambda: PromiseKey("p", Parcel()), r"PromiseKey 'p'\(type=.*must be a class"),  # pyright: ignore[reportArgumentType, reportUnknownLambdaType]
    (lambda: TerminalError("", metadata=[("a", "b")]), r"metadata=.*mapping of str to str"),  # pyright: ignore[reportArgumentType]
    (lambda: RetryableError("", retry_after=3), r"retry_after=3\): must be a timedelta"),  # pyright: ignore[reportArgumentType]
]


@pytest.mark.parametrize(("wrong", "words"), ELSEWHERE)
def test_a_wrong_argument_of_a_value(wrong: Callable[[], object], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        wrong()


@in_loop
async def test_a_time_that_is_past_is_now() -> None:
    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        ctx.sleep(timedelta(days=-1))
        ctx.sleep(timedelta(0))
        ctx.sleep(timedelta(days=1))
        return Parcel()

    case = Case(body, kind=ServiceKind.WORKFLOW, handler_kind=HandlerKind.WORKFLOW)
    past, now, later, *_ = case.start(key="k").sent()
    times = [getattr(each, "wake_up_time", 0) for each in (past, now, later)]
    assert 0 < times[0] <= times[1] < times[2]


@in_loop
async def test_wrong_arguments_of_a_run_s_function_are_its_failure() -> None:
    """This holds in the replay, too, where the function is called during a wait."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        function: Any = nothing
        run: DurableFuture[Any] = ctx.run("nothing", function, "too", "many")
        await ctx.sleep(timedelta(0))
        await run
        return parcel

    assert "ctx.run('nothing') failed: TypeError" in Case(body).start().error().message
    case = Case(body).start(
        pb.RunCommandMessage(name="nothing", result_completion_id=1),
        pb.SleepCommandMessage(result_completion_id=2),
    )
    assert "ctx.run('nothing') failed: TypeError" in case.error().message


MALFORMED_IDS: list[tuple[Wrong, str]] = [
    (lambda ctx: ctx.invocation(""), r"ctx\.invocation: '' is not an invocation id, such as inv_1"),
    (lambda ctx: ctx.invocation("inv_1abc"), r"'inv_1abc' is not an invocation id"),
    (lambda ctx: ctx.invocation(AWAKEABLE), r"'sign_1A+' is not an invocation id"),
    (
        lambda ctx: ctx.resolve_awakeable("", 1),
        r"resolve_awakeable: '' is not the id of an awakeable, su",
    ),
    (
        lambda ctx: ctx.resolve_awakeable(f"{AWAKEABLE}===", 1),
        r"A===' is not the id of an awakeable",
    ),
    (
        lambda ctx: ctx.resolve_awakeable(f"{AWAKEABLE[:-1]}B", 1),
        r"AB' is not the id of an awakeable",
    ),
    (
        lambda ctx: ctx.reject_awakeable(INVOCATION, "no"),
        r"'inv_10+' is not the id of an awakeable",
    ),
]


@in_loop
async def test_a_forgotten_await_is_named() -> None:
    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        stored: Any = ctx.get(StateKey("stored", Parcel))
        return Parcel(number=stored.number)

    message = Case(body, kind=ServiceKind.VIRTUAL_OBJECT).start().error().message
    assert message.endswith("has no attribute 'number': this is not the result yet: await it first")


@pytest.mark.parametrize(("wrong", "words"), MALFORMED_IDS)
@in_loop
async def test_what_restate_would_refuse_as_an_id_is_an_error_of_that_line(
    wrong: Wrong, words: str
) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(ValueError, match=words):
            wrong(ctx)
        return Parcel()

    assert Case(body).start().answer() == Parcel(), "nothing else was written"


HALF = os.fsdecode(b"caf\xe9.txt")
HALVES: list[tuple[Wrong, str]] = [
    (lambda ctx: ctx.get(StateKey(HALF, int)), r"^StateKey\(name='caf\\udce9.txt'\)"),
    (lambda ctx: ctx.promise(PromiseKey(HALF, int)), r"^PromiseKey\(name="),
    (lambda ctx: ctx.signal(SignalKey(HALF, int)), r"^SignalKey\(name="),
    (lambda ctx: ctx.get(StateKey("s", int), name=HALF), r"^ctx\.get\(name="),
    (lambda ctx: ctx.set(StateKey("s", int), 1, name=HALF), r"^ctx\.set\(name="),
    (lambda ctx: ctx.clear_all(name=HALF), r"^ctx\.clear_all\(name="),
    (lambda ctx: ctx.resolve_awakeable(HALF, 1), r"^ctx\.resolve_awakeable\(id="),
    (lambda ctx: ctx.resolve_awakeable(AWAKEABLE, 1, name=HALF), r"awakeable\(name="),
    (lambda ctx: ctx.invocation(HALF), r"^ctx\.invocation\(invocation_id="),
    (lambda ctx: ctx.invocation(INVOCATION).cancel(name=HALF), r"^cancel\(name="),
    (lambda ctx: ctx.patched(HALF), r"^ctx\.patched\(name="),
    (lambda ctx: ctx.run(HALF, nothing), r"^'caf\\udce9.txt'"),
    (lambda ctx: ctx.sleep(timedelta(0), HALF), r"^'caf"),
    (lambda ctx: ctx.call(Target(HALF, "h"), None, int), r"^'caf"),
    (lambda ctx: ctx.call(Target("S", HALF), None, int), r"^'caf"),
    (lambda ctx: ctx.call(Target("S", "h", HALF), None, int), r"^'caf"),
    (lambda ctx: ctx.workflow(HALF, "k", int).attach(), r"^'caf"),
    (lambda ctx: ctx.send(ECHO, None, idempotency_key=HALF), r"Echo\(idempotency_key="),
    (lambda ctx: ctx.send(ECHO, None, headers={HALF: "a"}), r"^'caf"),
    (lambda ctx: ctx.send(ECHO, None, headers={"a": HALF}), r"^'caf"),
    (lambda ctx: account(ctx, HALF).perform(Script()), r"^'caf"),
]


@pytest.mark.parametrize(("wrong", "words"), HALVES)
@in_loop
async def test_half_of_a_surrogate_pair_is_an_error_of_that_line(wrong: Wrong, words: str) -> None:
    """The name of a file has one if its bytes are not UTF-8."""

    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        with pytest.raises(ValueError, match=rf"{words}.*: must be text, and '\\udce9' is half"):
            wrong(ctx)
        return Parcel()

    case = Case(body, kind=ServiceKind.WORKFLOW, handler_kind=HandlerKind.WORKFLOW, version=7)
    assert case.start(key="k").answer() == Parcel(), "nothing else was written"
