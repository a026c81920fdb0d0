"""What contexts return and issue, byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import time
from typing import Any
from uuid import UUID

import pytest

from conformance.v1.conformance_pb2 import Entry, Parcel
from restate_proto import (
    AwakeableKey,
    Context,
    Encoding,
    ObjectContext,
    ObjectSharedContext,
    PromiseKey,
    SignalKey,
    StateKey,
    Target,
    WorkflowContext,
    WorkflowSharedContext,
)
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import AWAKEABLE, INVOCATION, Case, each_version, in_loop, value
from tests.runtime.handlers import ECHO

KINDS = {
    Context: (ServiceKind.SERVICE, None),
    ObjectContext: (ServiceKind.VIRTUAL_OBJECT, HandlerKind.EXCLUSIVE),
    ObjectSharedContext: (ServiceKind.VIRTUAL_OBJECT, HandlerKind.SHARED),
    WorkflowContext: (ServiceKind.WORKFLOW, HandlerKind.WORKFLOW),
    WorkflowSharedContext: (ServiceKind.WORKFLOW, HandlerKind.SHARED),
}


@pytest.mark.parametrize("class_", KINDS)
@in_loop
async def test_each_kind_of_handler_has_its_context(class_: type[Context]) -> None:
    async def body(ctx: Any, parcel: Parcel) -> Parcel:
        can = [name for name in ("key", "get", "set", "promise", "sleep") if hasattr(ctx, name)]
        return Parcel(text=f"{type(ctx).__name__}: {' '.join(can)}")

    kind, handler_kind = KINDS[class_]
    case = Case(body, kind=kind, handler_kind=handler_kind).start(key="k")
    abilities = {
        Context: "sleep",
        ObjectContext: "key get set sleep",
        ObjectSharedContext: "key get sleep",
        WorkflowContext: "key get set promise sleep",
        WorkflowSharedContext: "key get promise sleep",
    }
    assert case.answer().text == f"{class_.__name__}: {abilities[class_]}"


WRITES = ("set", "clear", "clear_all")
LACKING = [
    (Context, "key", "a plain service has no key, but .* `option \\(restatepb.v1.object\\) = {};`"),
    *(
        (Context, each, "a plain service has no state, but")
        for each in ("get", "state_keys", *WRITES)
    ),
    (Context, "promise", "only a workflow has promises"),
    (ObjectContext, "promise", "only a workflow has promises"),
    (ObjectSharedContext, "promise", "only a workflow has promises"),
    *((ObjectSharedContext, each, "handler is shared.* Remove `shared: true`") for each in WRITES),
    *((WorkflowSharedContext, each, "handler is shared.* Let the run handler") for each in WRITES),
]


@pytest.mark.parametrize(("class_", "operation", "words"), LACKING)
@in_loop
async def test_an_operation_of_another_kind_says_what_to_do(
    class_: type[Context], operation: str, words: str
) -> None:
    async def body(ctx: Any, parcel: Parcel) -> Parcel:
        with pytest.raises(AttributeError, match=rf"^ctx\.{operation}: .*{words}") as caught:
            getattr(ctx, operation)
        assert (caught.value.name, caught.value.obj) == (operation, None)  # nothing is guessed
        return parcel

    kind, handler_kind = KINDS[class_]
    case = Case(body, kind=kind, handler_kind=handler_kind).start(key="k")
    assert case.answer() == Parcel()


@in_loop
async def test_the_request() -> None:
    seen: list[object] = []

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        seen.extend((ctx.key, ctx.invocation_id, ctx.headers))
        seen.extend((ctx.idempotency_key, ctx.scope, ctx.limit_key))
        return parcel

    kind, handler_kind = KINDS[ObjectContext]
    case = Case(body, kind=kind, handler_kind=handler_kind, version=7)
    headers = {"x-one": "1", "content-type": "application/protobuf"}
    case.start(headers=headers, key="größe", idempotency_key="once", scope="s", limit_key="a/b")
    case.answer()
    assert seen == ["größe", "inv_1", headers, "once", "s", "a/b"]
    seen.clear()
    Case(body, kind=kind, handler_kind=handler_kind).start(key="k")
    assert seen == ["k", "inv_1", {}, None, None, None]


@each_version
@in_loop
async def test_random_numbers_are_the_invocation_s_own(version: int) -> None:
    seen: list[tuple[object, ...]] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        seen.append((ctx.random.random(), ctx.uuid(), ctx.random.randbytes(8)))
        return parcel

    invocations: list[dict[str, Any]] = [{}, {}, {"id": b"1" * 24, "random_seed": 8}]
    for fields in invocations:
        Case(body, version=version).start(**fields).answer()
    assert seen[0] == seen[1]
    assert all(one != other for one, other in zip(seen[0], seen[2], strict=True))
    assert isinstance(seen[0][1], UUID)
    assert seen[0][1].version == 4


@in_loop
async def test_the_time_is_recorded() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(text=repr(await ctx.time()))

    before = time()
    case = Case(body).start()
    run, proposal = case.sent()
    assert isinstance(run, pb.RunCommandMessage)
    assert isinstance(proposal, pb.ProposeRunCompletionMessage)
    assert before <= float(proposal.value) <= time()
    answer = case.feed(value(1, b"12.5")).answer()
    assert answer.text == repr(datetime(1970, 1, 1, 0, 0, 12, 500_000, tzinfo=UTC))


@in_loop
async def test_a_sleep_ends_at_a_point_in_time() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.sleep(timedelta(seconds=100), "a nap")
        ctx.sleep(timedelta(days=-1))
        return parcel

    before = round(time() * 1000)
    nap, past, *_ = Case(body).start().sent()
    after = round(time() * 1000)
    assert isinstance(nap, pb.SleepCommandMessage)
    assert isinstance(past, pb.SleepCommandMessage)
    assert nap.name == "a nap"
    assert before + 100_000 <= nap.wake_up_time <= after + 100_000
    assert before <= past.wake_up_time <= after


@pytest.mark.parametrize("encoding", list(Encoding))
@in_loop
async def test_state_is_in_the_contract_s_encoding_and_read_in_either(encoding: Encoding) -> None:
    key = StateKey("parcel", Parcel)

    async def body(ctx: ObjectContext, parcel: Parcel) -> Parcel:
        state = await ctx.get(key)
        assert state is not None
        ctx.set(key, Parcel(number=state.number + 1))
        return state

    kind, handler_kind = KINDS[ObjectContext]
    for stored in (b"\x10\x05", b'{"number":"5"}'):
        case = Case(body, kind=kind, handler_kind=handler_kind, encoding=encoding)
        state = [pb.StartMessage.StateEntry(key=b"parcel", value=stored)]
        case.start(key="k", state_map=state, payload=b"{}")
        get, set_, *_ = case.sent()
        assert isinstance(get, pb.GetEagerStateCommandMessage)
        assert get.value.content == stored
        assert isinstance(set_, pb.SetStateCommandMessage)
        written = b'{"number":"6"}' if encoding is Encoding.JSON else b"\x10\x06"
        assert set_.value.content == written


@in_loop
async def test_values_of_a_wrong_type_are_refused_before_anything_is_issued() -> None:
    wrong: Any = Entry()

    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        for issue in (
            lambda: ctx.set(StateKey("s", Parcel), wrong),
            lambda: ctx.set(StateKey("s", int), wrong),
            lambda: ctx.promise(PromiseKey("p", Parcel)).resolve(wrong),
            lambda: ctx.invocation(INVOCATION).signal(SignalKey("g", Parcel), wrong),
            lambda: ctx.resolve_awakeable(AWAKEABLE, object()),
            lambda: ctx.call(ECHO, object(), Parcel),
            lambda: ctx.call(ECHO, parcel, object),
            lambda: ctx.send(ECHO, {1, 2}),
            lambda: ctx.run("r", int, type=object),
            lambda: ctx.awakeable(object),
            lambda: ctx.get(StateKey("s", object)),
        ):
            with pytest.raises(TypeError):
                issue()
        return Parcel(number=1)

    kind, handler_kind = KINDS[WorkflowContext]
    case = Case(body, kind=kind, handler_kind=handler_kind).start(key="k")
    output, end = case.sent()
    assert isinstance(output, pb.OutputCommandMessage)
    assert isinstance(end, pb.EndMessage)
    assert Parcel.FromString(output.value.content).number == 1


@pytest.mark.parametrize(
    ("target", "options", "text"),
    [
        (Target.object("O", "", "h"), {}, "the key must not be empty"),
        (ECHO, {"idempotency_key": ""}, "the idempotency key must not be empty"),
        (ECHO, {"limit_key": ""}, "limit_key='': must be one or two parts"),
        (Target.service("S", "h", scope=""), {}, "scope='': must be 1 to 36 characters"),
        (Target.service("S", "h", scope="a b"), {"name": "n"}, "scope='a b': must be 1 to 36"),
        (Target.service("S", "h", scope="s"), {"limit_key": "a/b/c"}, "limit_key='a/b/c': must"),
        (ECHO, {"limit_key": "a"}, "a limit key needs a scope"),
    ],
)
@in_loop
async def test_what_restate_would_refuse(
    target: Target, options: dict[str, str], text: str
) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(ValueError, match=text):
            ctx.call(target, parcel, Parcel, **options)  # pyright: ignore[reportArgumentType] - as tested
        with pytest.raises(ValueError, match=text):
            ctx.send(target, parcel, **options)  # pyright: ignore[reportArgumentType] - as tested
        return Parcel(number=1)

    assert Case(body, version=7).start().answer().number == 1


@pytest.mark.parametrize("version", [5, 6])
@in_loop
async def test_a_scope_before_v7(version: int) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.call(Target.service("S", "h", scope="tenant"), parcel, Parcel)
        return parcel

    error = Case(body, version=version).start().error()
    assert error.code == 573
    assert "'scope' needs service protocol v7" in error.message


@in_loop
async def test_a_message_without_a_delay_has_no_timer() -> None:
    """The calls after it would overtake a message with a timer."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.send(ECHO, parcel)
        ctx.send(ECHO, parcel, delay=timedelta(0))
        ctx.send(ECHO, parcel, delay=timedelta(hours=-1))
        ctx.send(ECHO, parcel, delay=timedelta(milliseconds=1))
        return parcel

    sent = [
        each for each in Case(body).start().sent() if isinstance(each, pb.OneWayCallCommandMessage)
    ]
    assert [bool(each.invoke_time) for each in sent] == [False, False, False, True]


@in_loop
async def test_awakeables() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ids = [ctx.awakeable(Parcel).id for _ in range(2)]
        assert len(set(ids)) == 2
        ctx.resolve_awakeable(ids[0], Parcel(number=1))
        ctx.resolve_awakeable(ids[0], "two")
        ctx.reject_awakeable(ids[1], "no", code=444)
        return Parcel(text=" ".join(ids))

    case = Case(body).start()
    one, two, three, output, _ = case.sent()
    assert isinstance(output, pb.OutputCommandMessage)
    ids = Parcel.FromString(output.value.content).text.split()
    assert isinstance(one, pb.CompleteAwakeableCommandMessage)
    assert isinstance(two, pb.CompleteAwakeableCommandMessage)
    assert isinstance(three, pb.CompleteAwakeableCommandMessage)
    assert (one.awakeable_id, one.value.content) == (ids[0], b"\x10\x01")
    assert (two.awakeable_id, two.value.content) == (ids[0], b'"two"')
    assert (three.awakeable_id, three.failure.code) == (ids[1], 444)


@in_loop
async def test_an_awakeable_by_the_field_that_its_id_is_in() -> None:
    ask = AwakeableKey(Entry, "text", Parcel)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        named = ask.of(Entry(text=ctx.awakeable(ask).id))
        ctx.resolve_awakeable(named, Parcel(number=3))
        ctx.reject_awakeable(named, "no", code=444)
        with pytest.raises(TypeError, match=r"expected a conformance\.v1\.Parcel"):
            ctx.resolve_awakeable(named, "three")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
        return Parcel(text=named.id)

    one, two, output, _ = Case(body).start().sent()
    assert isinstance(output, pb.OutputCommandMessage)
    id_ = Parcel.FromString(output.value.content).text
    assert isinstance(one, pb.CompleteAwakeableCommandMessage)
    assert isinstance(two, pb.CompleteAwakeableCommandMessage)
    assert (one.awakeable_id, one.value.content) == (id_, b"\x10\x03")
    assert (two.awakeable_id, two.failure.code) == (id_, 444)


@in_loop
async def test_a_value_that_is_none_of_its_type_fails_the_attempt() -> None:
    """Only the sender or other code can mend it, so the attempt is retried."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return await ctx.call(ECHO, parcel, Parcel)

    case = Case(body).start().feed(value(2, b"\xff\xff"))
    assert "CodecError" in case.error().message
