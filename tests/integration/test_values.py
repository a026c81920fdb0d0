"""Values that cannot be read or written: no endless retries for input, no bad state."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor_pb2 import DescriptorProto, UninterpretedOption
from google.protobuf.empty_pb2 import Empty
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import ListValue, Value
from google.protobuf.wrappers_pb2 import BytesValue, Int64Value, StringValue

from restate_proto import Encoding, Endpoint, StateKey, Target
from restate_proto.model.codec import CodecError
from restate_proto.protocol import DEFAULT_MAX_OUTBOUND, MessageTooLargeError
from tests.integration.scripted_services import unique
from tests.integration.values_services import Handler, Outside, serving, the_object, the_service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.testing import RestateServer
    from tests.integration.world import Loop

JSON, PROTOBUF = Encoding.JSON, Encoding.PROTOBUF
NamePart = UninterpretedOption.NamePart  # has required fields
TREE = StateKey("tree", DescriptorProto)
DATA = StateKey("data", bytes)
# Keys, values and tags take no more of a message than this.
OVERHEAD = 64
SHARE = 64 * 2**10

ids: asyncio.Queue[str]
runs: list[Any] = []


async def echo(ctx: Any, request: Any) -> Any:
    runs.append(request)
    return request


async def wait(ctx: Any, request: Empty) -> Any:
    awakeable = ctx.awakeable(NamePart)
    ids.put_nowait(awakeable.id)
    await ctx.run("tell", lambda: None)
    return await awakeable


async def make(ctx: Any, request: StringValue) -> Any:
    match request.value:
        case "mask":
            return AnyMessage(type_url="type.googleapis.com/ghost.v1.Bike", value=b"x")
        case _:
            return FieldMask(paths=["Frame"])


def tree(depth: int) -> DescriptorProto:
    top = bottom = DescriptorProto(name=str(depth))
    for _ in range(depth):
        bottom = bottom.nested_type.add()
    return top


async def put(ctx: Any, request: Int64Value) -> StringValue:
    try:
        ctx.set(TREE, tree(request.value))
    except CodecError as error:
        return StringValue(value=str(error))
    return StringValue()


async def look(ctx: Any, request: Empty) -> StringValue:
    found = await ctx.get(TREE)
    return StringValue(value=found.name)


async def fill(ctx: Any, request: Int64Value) -> StringValue:
    """Set state of this many bytes, and call, answer and wait with the largest payloads allowed."""
    ctx.set(DATA, bytes(request.value))
    return StringValue()


async def pass_on(ctx: Any, request: Int64Value) -> StringValue:
    sink = Target.service("values.v1.JSON", "Swallow")
    try:
        answer = await ctx.call(sink, bytes(request.value), bytes)
    except MessageTooLargeError as error:
        return StringValue(value=str(error))
    return StringValue(value=str(len(answer)))


async def swallow(ctx: Any, request: bytes) -> bytes:
    return request


@pytest.fixture(scope="module")
def outside(loop: Loop, patient_server: RestateServer) -> Iterator[Outside]:
    global ids  # noqa: PLW0603 - the one place that makes it
    ids = asyncio.Queue()
    services = [
        the_service(
            f"values.v1.{encoding.value}",
            encoding,
            Echo=Handler(echo, NamePart, NamePart),
            Wait=Handler(wait, Empty, NamePart),
            Numbers=Handler(echo, ListValue, ListValue),
            Bytes=Handler(echo, BytesValue, BytesValue),
            Anything=Handler(echo, Value, Value),
            MakeMask=Handler(make, StringValue, FieldMask),
            MakeAny=Handler(make, StringValue, AnyMessage),
            Swallow=Handler(swallow, bytes, bytes),
        )
        for encoding in Encoding
    ]
    objects = [
        the_object(
            f"values.v1.Object{encoding.value}",
            encoding,
            Put=Handler(put, Int64Value, StringValue),
            Look=Handler(look, Empty, StringValue),
            Fill=Handler(fill, Int64Value, StringValue),
            PassOn=Handler(pass_on, Int64Value, StringValue),
        )
        for encoding in Encoding
    ]
    with serving(loop, patient_server, Endpoint(*services, *objects)) as found:
        yield found


contracts = pytest.mark.parametrize("contract", Encoding)
BINARY_TYPE, JSON_TYPE = "application/protobuf", "application/json"


@contracts
@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (NamePart(name_part="x").SerializePartialToString(), BINARY_TYPE, "is_extension"),
        (b'{"namePart": "x"}', JSON_TYPE, "is_extension"),
        (b"\x0a\x05x", BINARY_TYPE, "name_part: it is cut off"),
        (b'{"namePart": 3}', JSON_TYPE, "namePart: "),
    ],
)
def test_a_request_that_cannot_be_read_is_a_400_at_once(
    loop: Loop, outside: Outside, contract: Encoding, body: bytes, content_type: str, reason: str
) -> None:
    runs.clear()
    path = f"/values.v1.{contract.value}/Echo"
    status, answer = loop.run(outside.post(path, body, content_type))
    assert status == 400
    assert reason in json.loads(answer)["message"]
    assert not runs


@contracts
@pytest.mark.parametrize("text", ["*", "QU!!JD", "QU JD="])
def test_bytes_that_are_no_base64_are_a_400(
    loop: Loop, outside: Outside, contract: Encoding, text: str
) -> None:
    path = f"/values.v1.{contract.value}/Bytes"
    status, answer = loop.run(outside.post(path, json.dumps(text).encode(), JSON_TYPE))
    assert status == 400
    assert "expected base64" in json.loads(answer)["message"]


@contracts
def test_whole_numbers_have_no_fraction(loop: Loop, outside: Outside, contract: Encoding) -> None:
    for handler, body in (("Numbers", b"[1,2.0,2.5]"), ("Anything", b'{"a":[34],"b":{"c":7.0}}')):
        path = f"/values.v1.{contract.value}/{handler}"
        status, answer = loop.run(outside.post(path, body, JSON_TYPE))
        assert (status, answer) == (200, body.replace(b".0", b""))


@contracts
@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"\x0a\x01x", BINARY_TYPE, "is_extension"),
        (b'{"namePart": "x"}', JSON_TYPE, "is_extension"),
        (b'"approved"', JSON_TYPE, ""),
    ],
)
def test_an_awakeable_that_cannot_be_read_ends_the_wait_with_a_400(
    loop: Loop, outside: Outside, contract: Encoding, body: bytes, content_type: str, reason: str
) -> None:
    async def scenario() -> None:
        name = f"values.v1.{contract.value}"
        sent = await outside.client.send(Target.service(name, "Wait"), Empty(), NamePart)
        id_ = await ids.get()
        path = f"/restate/awakeables/{id_}/resolve"
        assert (await outside.post(path, body, content_type))[0] == 202
        with pytest.raises(Exception, match=f"bad value: awakeable '{id_}'.*{reason}") as raised:
            await sent.attach()
        assert getattr(raised.value, "code", None) == 400

    loop.run(scenario())


@pytest.mark.parametrize("handler", ["MakeMask", "MakeAny"])
def test_an_answer_that_json_cannot_say_is_retried_with_a_reason(
    loop: Loop, outside: Outside, handler: str
) -> None:
    async def scenario() -> None:
        request = StringValue(value="mask" if handler == "MakeAny" else "")
        target = Target.service("values.v1.JSON", handler)
        sent = await outside.client.send(target, request, AnyMessage, encoding=JSON)
        id_ = await sent.invocation_id()
        failure = await outside.failure_of(id_)
        await outside.kill(id_)
        assert (
            f"{handler} returned what cannot be recorded: CodecError: google.protobuf." in failure
        )
        assert "Frame" in failure or "ghost.v1.Bike" in failure

    loop.run(scenario())


@contracts
def test_state_that_could_not_be_read_again_is_refused_and_the_old_one_stays(
    loop: Loop, outside: Outside, contract: Encoding
) -> None:
    async def scenario() -> None:
        name, key = f"values.v1.Object{contract.value}", unique()

        async def tell(handler: str, request: Any) -> str:
            target = Target.object(name, key, handler)
            return (await outside.call(target, request, StringValue, contract)).value

        assert await tell("Put", Int64Value(value=99)) == ""
        assert await tell("Look", Empty()) == "99"
        assert "deep" in await tell("Put", Int64Value(value=101))
        assert await tell("Look", Empty()) == "99"

    loop.run(scenario())


def test_what_is_written_below_the_limit_is_taken_and_above_it_is_refused_at_once(
    loop: Loop, outside: Outside
) -> None:
    async def scenario() -> None:
        async def tell(handler: str, size: int) -> str:
            target = Target.object("values.v1.ObjectPROTOBUF", unique(), handler)
            request = Int64Value(value=size)
            return (await outside.call(target, request, StringValue, PROTOBUF)).value

        assert await tell("Fill", DEFAULT_MAX_OUTBOUND - OVERHEAD) == ""
        largest = DEFAULT_MAX_OUTBOUND - SHARE - OVERHEAD
        assert await tell("PassOn", largest) == str(largest)
        for size in (DEFAULT_MAX_OUTBOUND - SHARE, DEFAULT_MAX_OUTBOUND):
            assert "more than Restate takes at once" in await tell("PassOn", size)

    loop.run(scenario())
