"""Values that a handler makes and that cannot be encoded."""

from __future__ import annotations

from typing import Any, cast

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor_pb2 import DescriptorProto, UninterpretedOption
from google.protobuf.field_mask_pb2 import FieldMask

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import PromiseKey, SignalKey, StateKey, WorkflowContext
from restate_proto.model.codec import CodecError
from restate_proto.model.kinds import Encoding
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import AWAKEABLE, INVOCATION, Case, in_loop
from tests.runtime.values import NamePart, workflow


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
