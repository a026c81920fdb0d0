"""Values on the wire: what one party writes, another reads; and what happens if it cannot."""

from __future__ import annotations

from typing import Any, cast

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor_pb2 import DescriptorProto, UninterpretedOption
from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import ListValue, Value
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import BytesValue, Int64Value, StringValue

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import (
    PromiseKey,
    SignalKey,
    StateKey,
    TerminalError,
    WorkflowContext,
    gather,
    select,
)
from restate_proto.codec.payload import encode
from restate_proto.codec.registry import codec_for
from restate_proto.model.codec import CodecError
from restate_proto.model.kinds import Encoding, HandlerKind, ServiceKind
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import (
    AWAKEABLE,
    CANCEL,
    INVOCATION,
    Case,
    in_loop,
    named,
    result,
    signal,
    value,
)

NamePart = UninterpretedOption.NamePart  # has required fields
NUMBERS = ListValue(values=[Value(number_value=1), Value(number_value=-2.5)])
MESSAGES: list[Message] = [
    Parcel(text="größe", number=2**60, data=b"\xff\x00"),
    Parcel(),
    StringValue(value="hello"),
    StringValue(value='"quoted"'),
    StringValue(value="x" * 33 + '"'),
    Int64Value(value=22),
    BytesValue(value=b"{}"),
    Value(string_value="12"),
    Value(number_value=22),
    Value(bool_value=True),
    Value(list_value=NUMBERS),
    NUMBERS,
    ListValue(),
    Timestamp(seconds=1_700_000_000, nanos=5_000),
    Empty(),
]
every_message = pytest.mark.parametrize("message", MESSAGES, ids=lambda each: repr(str(each))[:30])
written = pytest.mark.parametrize("written", Encoding)
contract = pytest.mark.parametrize("contract", Encoding)


def workflow(body: Any, **options: Any) -> Case:
    return Case(body, kind=ServiceKind.WORKFLOW, handler_kind=HandlerKind.WORKFLOW, **options)


def payload(message: Any, encoding: Encoding) -> bytes:
    return encode(codec_for(cast("Any", type(message))), message, encoding)


# ---- What one party writes, another can read ----


@every_message
@written
@contract
@in_loop
async def test_every_value_is_read_in_either_encoding(
    message: Any, written: Encoding, contract: Encoding
) -> None:
    data = payload(message, written)
    type_ = cast("Any", type(message))

    async def body(ctx: WorkflowContext, _: Parcel) -> Parcel:
        promise = ctx.promise(PromiseKey("p", type_))
        seen = [
            await ctx.get(StateKey("eager", type_)),
            await ctx.awakeable(type_),
            await ctx.signal(SignalKey("s", type_)),
            await promise,
            await promise.peek(),
            await ctx.run("r", lambda: None, type=type_),
            await ctx.invocation(INVOCATION, type_).attach(),
            await ctx.invocation(INVOCATION, type_).output(),
        ]
        assert seen == [message] * len(seen)
        return Parcel(number=len(seen))

    case = workflow(body, encoding=contract)
    run = pb.RunCommandMessage(result_completion_id=3, name="r")
    get = pb.GetEagerStateCommandMessage(key=b"eager", value=pb.Value(content=data))
    entries = [
        *(get, signal(17, data), named("s", data)),
        *(pb.GetPromiseCommandMessage(key="p", result_completion_id=1), value(1, data)),
        *(pb.PeekPromiseCommandMessage(key="p", result_completion_id=2), value(2, data)),
        *(run, value(3, data)),
    ]
    case.start(*entries, headers={"content-type": "application/protobuf"})
    case.feed(value(4, data), value(5, data))
    assert case.answer() == Parcel(number=8)


@every_message
@written
@contract
@in_loop
async def test_a_request_without_a_content_type_is_read_and_answered_in_its_encoding(
    message: Any, written: Encoding, contract: Encoding
) -> None:
    async def body(ctx: Any, request: Any) -> Any:
        assert request == message
        return request

    data = payload(message, written)
    type_ = cast("Any", type(message))
    case = Case(body, encoding=contract, request=type_, response=type_)
    output, _ = case.start(payload=data).sent()
    assert isinstance(output, pb.OutputCommandMessage)
    assert output.value.content == (data or payload(message, contract))


@contract
@in_loop
async def test_what_a_handler_writes_for_others_is_in_its_contracts_encoding(
    contract: Encoding,
) -> None:
    message = StringValue(value="hello")
    key = SignalKey("s", StringValue)

    async def body(ctx: WorkflowContext, _: Parcel) -> Parcel:
        ctx.set(StateKey("k", StringValue), message)
        ctx.invocation(INVOCATION).signal(key, message)
        ctx.invocation(INVOCATION, Parcel).signal(key, message)
        ctx.resolve_awakeable(AWAKEABLE, message)
        ctx.promise(PromiseKey("p", StringValue)).resolve(message)
        await ctx.run("r", lambda: message, type=StringValue)
        return Parcel()

    case = workflow(body, encoding=contract).start()
    await case.until_written()
    contents: list[bytes] = []
    for sent in case.sent():
        match sent:
            case pb.SetStateCommandMessage() | pb.SendSignalCommandMessage():
                contents.append(sent.value.content)
            case pb.CompleteAwakeableCommandMessage():
                contents.append(sent.value.content)
            case pb.CompletePromiseCommandMessage():
                contents.append(sent.completion_value.content)
            case pb.ProposeRunCompletionMessage():
                contents.append(sent.value)
            case _:
                assert isinstance(sent, pb.RunCommandMessage)
    assert contents == [payload(message, contract)] * 6


@contract
@in_loop
async def test_calls_by_name_are_in_the_contracts_encoding_unless_told_otherwise(
    contract: Encoding,
) -> None:
    from restate_proto import Target

    message = StringValue(value="hello")
    target = Target.service("some.Service", "Handle")

    async def body(ctx: Any, _: Parcel) -> Parcel:
        ctx.call(target, message, StringValue)
        ctx.send(target, message)
        ctx.call(target, message, StringValue, encoding=Encoding.JSON)
        ctx.send(target, message, encoding=Encoding.PROTOBUF)
        return Parcel()

    sent = Case(body, encoding=contract).start().sent()
    parameters = [
        each.parameter
        for each in sent
        if isinstance(each, (pb.CallCommandMessage, pb.OneWayCallCommandMessage))
    ]
    expected = [contract, contract, Encoding.JSON, Encoding.PROTOBUF]
    assert parameters == [payload(message, encoding) for encoding in expected]


# ---- What comes from outside and cannot be read ----


def incomplete() -> bytes:
    return NamePart(name_part="x").SerializePartialToString()


@pytest.mark.parametrize(
    ("data", "headers", "reason"),
    [
        (incomplete(), {"content-type": "application/protobuf"}, "required fields: is_extension"),
        (b'{"namePart": "x"}', {"content-type": "application/json"}, "fields: is_extension"),
        (b"\x0a\x05x", {"content-type": "application/protobuf"}, "name_part: it is cut off"),
        (b"\x0a\x05x", {}, "name_part: it is cut off"),
        (b'{"namePart": 3}', {}, "namePart: "),
    ],
)
@pytest.mark.parametrize("also", [(), (CANCEL,)], ids=["", "cancelled"])
@in_loop
async def test_a_request_that_cannot_be_read_is_a_terminal_400(
    data: bytes, headers: dict[str, str], reason: str, also: tuple[Message, ...]
) -> None:
    async def body(ctx: Any, request: Any) -> Parcel:
        raise AssertionError("the handler ran")

    case = Case(body, request=NamePart).start(*also, payload=data, headers=headers)
    failure = case.failure()
    assert failure.code == 400
    assert failure.message.startswith("runtime.v1.Service/Handle: bad request: google.protobuf.")
    assert reason in failure.message


@pytest.mark.parametrize(
    "entries",
    [
        [pb.SleepCommandMessage(result_completion_id=1)],
        [pb.SleepCommandMessage(result_completion_id=1), result(1)],
        [signal(17, b"x")],
        [named("s", b"x"), CANCEL],
    ],
)
@in_loop
async def test_it_is_retried_once_the_invocation_has_begun(
    entries: list[Message], caplog: pytest.LogCaptureFixture
) -> None:
    async def body(ctx: Any, request: Any) -> Parcel:
        raise AssertionError("the handler ran")

    error = Case(body, request=NamePart).start(*entries, payload=incomplete()).error()
    assert error.code == 500
    assert "which has already begun, can no longer be read" in error.message
    assert "missing required fields: is_extension" in error.message
    (record,) = caplog.records
    assert "Restate will retry it" in record.getMessage()


BAD = [incomplete(), b'{"namePart": "x"}', b"\x0a\x05x"]


@pytest.mark.parametrize("data", BAD)
@pytest.mark.parametrize("what", ["awakeable", "signal", "promise", "peek"])
@in_loop
async def test_a_value_from_outside_that_cannot_be_read_is_a_terminal_400_where_it_is_awaited(
    what: str, data: bytes
) -> None:
    async def body(ctx: WorkflowContext, _: Parcel) -> Parcel:
        match what:
            case "awakeable":
                await ctx.awakeable(NamePart)
            case "signal":
                await ctx.signal(SignalKey("s", NamePart))
            case "promise":
                await ctx.promise(PromiseKey("p", NamePart))
            case _:
                await ctx.promise(PromiseKey("p", NamePart)).peek()
        return Parcel()

    notification = {"awakeable": signal(17, data), "signal": named("s", data)}.get(what)
    failure = workflow(body).start().feed(notification or value(1, data)).failure()
    assert failure.code == 400
    name = {"awakeable": "awakeable 'sign_1", "signal": "signal 's'"}.get(what, "promise 'p'")
    assert f"bad value: {name}" in failure.message
    assert "UninterpretedOption.NamePart: not valid " in failure.message
    assert "is_extension" in failure.message or "name_part: it is cut off" in failure.message


@in_loop
async def test_the_handler_may_catch_it_and_does_so_again_on_replay() -> None:
    async def body(ctx: WorkflowContext, _: Parcel) -> Parcel:
        try:
            await ctx.signal(SignalKey("s", NamePart))
        except TerminalError as error:
            ctx.set(StateKey("code", int), error.code)
        await ctx.awakeable(Parcel)
        return Parcel(number=1)

    first = workflow(body).start().feed(named("s", incomplete()))
    (written,) = first.sent()
    assert isinstance(written, pb.SetStateCommandMessage)
    again = workflow(body).start(named("s", incomplete()), written).feed(signal(17))
    assert again.answer() == Parcel(number=1)


@in_loop
async def test_it_counts_as_a_failure_where_it_is_combined() -> None:
    async def body(ctx: WorkflowContext, _: Parcel) -> Parcel:
        await gather(ctx.awakeable(Parcel), ctx.signal(SignalKey("s", NamePart)))
        return Parcel()

    # The other one is never there.
    assert workflow(body).start().feed(named("s", incomplete())).failure().code == 400


@in_loop
async def test_one_that_nobody_waits_for_any_more_does_no_harm() -> None:
    async def body(ctx: WorkflowContext, _: Parcel) -> Parcel:
        late = ctx.awakeable(NamePart)
        await select(go=ctx.signal(SignalKey("go", Parcel)), late=late)
        return await ctx.signal(SignalKey("end", Parcel))

    case = workflow(body).start().feed(named("go", b""))
    case.feed(signal(17, incomplete()), named("end", b""))
    assert case.answer() == Parcel()


# ---- What was stored and cannot be read ----


@pytest.mark.parametrize("data", BAD)
@pytest.mark.parametrize("is_eager", [True, False])
@in_loop
async def test_stored_state_that_cannot_be_read_is_retried(
    data: bytes, is_eager: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(ctx: WorkflowContext, _: Parcel) -> Parcel:
        await ctx.get(StateKey("part", NamePart))
        return Parcel()

    entry = pb.StartMessage.StateEntry(key=b"part", value=data)
    case = workflow(body).start(state_map=[entry] if is_eager else [], partial_state=not is_eager)
    if not is_eager:
        case.feed(value(1, data))
    error = case.error()
    assert error.code == 500
    assert "state 'part': google.protobuf.UninterpretedOption.NamePart: not valid" in error.message
    (record,) = caplog.records
    assert error.message in record.getMessage()


@in_loop
async def test_a_response_that_cannot_be_read_is_retried() -> None:
    from restate_proto import Target

    async def body(ctx: Any, _: Parcel) -> Parcel:
        await ctx.call(Target.service("some.Service", "Handle"), Parcel(), NamePart)
        return Parcel()

    error = Case(body).start().feed(value(2, incomplete())).error()
    assert "the response of some.Service/Handle: google.protobuf." in error.message
    assert "missing required fields: is_extension" in error.message


# ---- What a handler makes and cannot be encoded ----


def too_deep() -> DescriptorProto:
    top = bottom = DescriptorProto()
    for _ in range(101):
        bottom = bottom.nested_type.add()
    return top


GHOST = AnyMessage(type_url="type.googleapis.com/ghost.v1.Bike", value=b"x")
UNWRITABLE: list[tuple[Encoding, Any, str]] = [
    (Encoding.PROTOBUF, NamePart(name_part="x"), "required fields: is_extension"),
    (Encoding.JSON, NamePart(name_part="x"), "required fields: is_extension"),
    (
        Encoding.JSON,
        UninterpretedOption(name=[NamePart(name_part="x")]),
        r"required fields: name\[0\].is_extension",
    ),
    (Encoding.JSON, FieldMask(paths=["Frame"]), "Frame"),
    (Encoding.JSON, GHOST, "ghost.v1.Bike"),
    (Encoding.PROTOBUF, too_deep(), "nested more than 100 messages deep"),
    (Encoding.JSON, too_deep(), "that can be read again"),
]
unwritable = pytest.mark.parametrize(("contract", "message", "reason"), UNWRITABLE)


@unwritable
@in_loop
async def test_what_cannot_be_encoded_fails_at_the_line_that_makes_it(
    contract: Encoding, message: Any, reason: str
) -> None:
    from restate_proto import Target

    type_ = cast("Any", type(message))

    async def body(ctx: WorkflowContext, _: Parcel) -> Parcel:
        target = Target.service("some.Service", "Handle")
        lines: list[Any] = [
            lambda: ctx.set(StateKey("k", type_), message),
            lambda: ctx.call(target, message, Parcel),
            lambda: ctx.send(target, message),
            lambda: ctx.resolve_awakeable(AWAKEABLE, message),
            lambda: ctx.invocation(INVOCATION).signal(SignalKey("s", type_), message),
            lambda: ctx.promise(PromiseKey("p", type_)).resolve(message),
        ]
        for line in lines:
            with pytest.raises(CodecError, match=reason):
                line()
        with pytest.raises(TypeError, match=f"expected a {type_.DESCRIPTOR.full_name} message"):
            ctx.set(StateKey("k", type_), Parcel())
        assert await ctx.get(StateKey("k", type_)) is None
        return Parcel(number=len(lines))

    case = workflow(body, encoding=contract).start(partial_state=False)
    get, output, _ = case.sent()  # nothing of them is written
    assert isinstance(get, pb.GetEagerStateCommandMessage)
    assert isinstance(output, pb.OutputCommandMessage)


@unwritable
@in_loop
async def test_an_answer_that_cannot_be_encoded_is_retried_and_said_in_one_line(
    contract: Encoding, message: Any, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(ctx: Any, _: Parcel) -> Any:
        return message

    case = Case(body, encoding=contract, response=cast("Any", type(message)))
    error = case.start().error()
    assert error.code == 500
    assert error.message.startswith("runtime.v1.Service/Handle returned what cannot be recorded: ")
    (record,) = caplog.records
    assert error.message in record.getMessage()
    assert "\n" not in record.getMessage()
