"""Values on the wire: what one party writes, another reads."""

from __future__ import annotations

from typing import Any, cast

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import ListValue, Value
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import BytesValue, Int64Value, StringValue

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import PromiseKey, SignalKey, StateKey, WorkflowContext
from restate_proto.model.kinds import Encoding
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import AWAKEABLE, INVOCATION, Case, in_loop, named, signal, value
from tests.runtime.values import contract, payload, workflow

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
